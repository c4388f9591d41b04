import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ChunkMemory } from './chunk-memory.ts'

// Bytes from the network come in records of 16 KiB, each an array outside V8's heap. Left to itself, V8 marks the whole
// heap for every ten megabytes of them: a third of a provider's time. These settings are for whole processes that move
// data, once at their start.

/** For an owner's process: what died young is found early, so its memory stays low whatever the size of the object. */
export function memoryForOwner(): ChunkMemory {
  setFlagsFromString('--semi-space-growth-factor=1')
  return collectingMemory()
}

/** For a provider's process: its heap is hardly ever marked any more, only what died young is collected. */
export function memoryForProvider(): ChunkMemory {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  return collectingMemory()
}

/** Memory that has what died young collected for every few chunks, which takes a millisecond. */
function collectingMemory(): ChunkMemory {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  return new ChunkMemory(() => collect({ type: 'minor' }))
}
