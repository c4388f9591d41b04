import { setFlagsFromString } from 'node:v8'

/**
 * For processes that pump data, once at their start. V8 holds byte arrays outside its heap against a small limit of their
 * own and marks the whole heap whenever it is reached: with the records of TLS that was a third of a provider's time.
 * With this they count like everything else.
 */
export function tuneHeapForTransfers(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
