import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the heaps of this process and its threads near what they hold. A busy node holds 60 to 100 MiB of objects, most of
 * which die young; left to itself V8 lets each heap grow to several times that, never gives it back while transactions
 * come, and a long run then looks like a leak (docs/decisions/020-a-heap-near-what-it-holds.md). To be called before
 * threads are started.
 */
export function tuneHeap(): void {
  // Room for what dies young in threads, which begin with a mebibyte otherwise: a third of the executor's work was collecting it.
  setFlagsFromString('--min-semi-space-size=8')
  // The young generation stays as small as it begins: it is collected more often, each time from what the cache still holds.
  setFlagsFromString('--semi-space-growth-factor=1')
  // The old one is collected when it has grown by half.
  setFlagsFromString('--heap-growing-percent=50')
}
