import { pack, unpack } from '@smartshare/codec'
import {
  comparePaths,
  MOST_PART_DEPTH,
  type NewPage,
  pathOf,
  provePart,
  type StateEntry,
  type StatePart,
} from '@smartshare/state'
import type { Disk, DiskFile } from './disk.ts'
import { CHUNK_TARGET_BYTES, chunkFile, encodeChunk } from './snapshot.ts'

/** The state as it was at one height, however it goes on. */
export interface StateView {
  /** The next entries after a key (all of them from the first on without one), at most `limit`. */
  entries(after: Uint8Array | undefined, limit: number): StateEntry[]
  page(name: NewPage['name']): Uint8Array | undefined
}

/** Entries read at a time. */
const BATCH_ENTRIES = 4_096
/** The state is sorted in so many piles at most, each of which has to fit into memory. */
const MOST_PILE_BITS = 8
/** A pile is written out when it has grown by so much. */
const PILE_BUFFER_BYTES = 256 * 1_024
const MOST_EVEN_DEPTH = 24

interface Sorted {
  readonly path: Uint8Array
  readonly entry: StateEntry
}

/**
 * Writes the chunks of a snapshot into an empty folder, each of them durable, and returns the depths of their parts. Where it
 * is cut depends on the state alone, so that all nodes have the same chunks. Keys lie on disk in their own order, chunks are in
 * that of hashed keys: so the state is first dealt out into piles by its hashed keys, then sorted pile by pile.
 */
export async function writeChunks(
  disk: Disk,
  folder: string,
  view: StateView,
  targetBytes: number = CHUNK_TARGET_BYTES,
): Promise<number[]> {
  let totalBytes = 0
  for await (const entries of batches(view)) for (const [key, value] of entries) totalBytes += key.length + value.length
  let even = 0
  while (even < MOST_EVEN_DEPTH && totalBytes / 2 ** even > targetBytes / 2) even += 1
  const bits = Math.min(even, MOST_PILE_BITS)
  const piles: Pile[] = []
  for (let i = 0; i < 2 ** bits; i += 1) piles.push(new Pile(await disk.open(`${folder}/pile-${i}`, true)))
  for await (const entries of batches(view)) {
    for (const entry of entries) piles[(pathOf(entry[0])[0] as number) >> (8 - bits)]!.add(entry)
    for (const pile of piles) await pile.spill(PILE_BUFFER_BYTES)
  }
  const depths: number[] = []
  for (const [i, pile] of piles.entries()) {
    await pile.spill(0)
    const sorted = (await pile.read()).map((entry): Sorted => ({ path: pathOf(entry[0]), entry }))
    sorted.sort((a, b) => comparePaths(a.path, b.path))
    const path = new Uint8Array(32)
    path[0] = i << (8 - bits)
    for (const { part, entries } of cut({ path, depth: bits }, sorted, { even, targetBytes })) {
      const name = `${folder}/${chunkFile(depths.length)}`
      await writeDurable(
        disk,
        name,
        encodeChunk(
          provePart((page) => view.page(page), part),
          entries,
        ),
      )
      depths.push(part.depth)
    }
    await pile.close()
    await disk.remove(`${folder}/pile-${i}`)
  }
  await disk.syncFolder(folder)
  return depths
}

async function* batches(view: StateView): AsyncGenerator<StateEntry[]> {
  let after: Uint8Array | undefined
  for (;;) {
    const entries = view.entries(after, BATCH_ENTRIES)
    if (entries.length === 0) return
    yield entries
    after = entries.at(-1)![0]
  }
}

interface ChunkSize {
  /** Depth down to which parts are cut evenly. */
  readonly even: number
  readonly targetBytes: number
}

/** Cuts a part evenly down to a depth, and further where it is still too large. */
function* cut(
  part: StatePart,
  sorted: readonly Sorted[],
  size: ChunkSize,
): Generator<{ part: StatePart; entries: StateEntry[] }> {
  let sizeBytes = 0
  for (const { entry } of sorted) sizeBytes += entry[0].length + entry[1].length
  const isTooLarge = sizeBytes > size.targetBytes && sorted.length > 1 && part.depth < MOST_PART_DEPTH
  if (part.depth >= size.even && !isTooLarge) {
    yield { part, entries: sorted.map(({ entry }) => entry) }
    return
  }
  const { depth } = part
  const isRight = ({ path }: Sorted) => ((path[depth >> 3] as number) & (0x80 >> (depth & 7))) !== 0
  const middle = sorted.findIndex(isRight)
  const at = middle < 0 ? sorted.length : middle
  const right = part.path.slice()
  right[depth >> 3]! |= 0x80 >> (depth & 7)
  yield* cut({ path: part.path, depth: depth + 1 }, sorted.slice(0, at), size)
  yield* cut({ path: right, depth: depth + 1 }, sorted.slice(at), size)
}

/** Entries on disk for as long as the snapshot is being written; nothing of it needs to last. */
class Pile {
  readonly #file: DiskFile
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #size = 0

  constructor(file: DiskFile) {
    this.#file = file
  }

  add([key, value]: StateEntry): void {
    this.#waiting.push(key, value)
    this.#waitingBytes += key.length + value.length
  }

  async spill(above: number): Promise<void> {
    if (this.#waitingBytes <= above) return
    const packed = pack(this.#waiting)
    await this.#file.write(this.#size, packed)
    this.#size += packed.length
    this.#waiting = []
    this.#waitingBytes = 0
  }

  async read(): Promise<StateEntry[]> {
    const items = unpack(await this.#file.read(0, this.#size))
    return Array.from({ length: items.length / 2 }, (_, i): StateEntry => [items[2 * i]!, items[2 * i + 1]!])
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Writes a file that did not exist, and makes its content durable. */
async function writeDurable(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const file = await disk.open(path, true)
  try {
    await file.truncate(0)
    await file.write(0, content)
    await file.sync()
  } finally {
    await file.close()
  }
}
