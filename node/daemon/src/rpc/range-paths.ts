import { setImmediate } from 'node:timers/promises'
import { executedHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { HASH_BYTES, hashPairs } from '@smartshare/crypto'

type ExecutedAt = (height: number) => Parameters<typeof executedHash>[0] | undefined

/** Trees of 2^8 heights are kept by their tops alone, 32 bytes for each; what is below is computed when it is asked for. */
const TOP_LEVEL = 8
const TOP_HEIGHTS = 2 ** TOP_LEVEL

/** A path of the range over executed blocks (bytes.md §6). */
export interface RangePath {
  readonly siblings: Uint8Array[]
  readonly peaks: Uint8Array[]
}

/** Finds paths in the range over what was executed. It never changes, so what was computed once stays true. */
export class RangePaths {
  private readonly executedAt: ExecutedAt
  private readonly tops: Uint8Array[] = []
  private filling: Promise<void> = Promise.resolve()

  constructor(executedAt: ExecutedAt) {
    this.executedAt = executedAt
  }

  /** The path of a height in the range over heights 0 … `count` − 1, all of which are executed. */
  async path(height: number, count: number): Promise<RangePath> {
    // One after the other: two that ask at once share the work.
    const filled = this.filling.then(() => this.fill(Math.floor(count / TOP_HEIGHTS)))
    this.filling = filled.catch(() => undefined)
    await filled
    const siblings: Uint8Array[] = []
    const peaks: Uint8Array[] = []
    let first = 0
    for (let level = levelsOf(count); level >= 0; level--) {
      const size = 2 ** level
      if (count - first < size) continue
      if (height < first || height >= first + size) {
        peaks.push(this.node(level, first / size))
      } else {
        for (let below = 0, at = height; below < level; below++, at = Math.floor(at / 2)) {
          siblings.push(this.node(below, at % 2 === 0 ? at + 1 : at - 1))
        }
      }
      first += size
    }
    return { siblings, peaks }
  }

  /** Computes tops that are missing, after each of which others have their turn. */
  private async fill(count: number): Promise<void> {
    while (this.tops.length < count) {
      this.tops.push(this.fromLeaves(TOP_LEVEL, this.tops.length))
      await setImmediate()
    }
  }

  private node(level: number, index: number): Uint8Array {
    if (level < TOP_LEVEL) return this.fromLeaves(level, index)
    const width = 2 ** (level - TOP_LEVEL)
    return folded(this.tops.slice(index * width, (index + 1) * width))
  }

  private fromLeaves(level: number, index: number): Uint8Array {
    const size = 2 ** level
    return folded(Array.from({ length: size }, (_, i) => this.leaf(index * size + i)))
  }

  private leaf(height: number): Uint8Array {
    const executed = this.executedAt(height)
    if (executed === undefined) throw new SmartshareError('RANGE_NODE_MISSING', 'a height is not stored', { height })
    return executedHash(executed)
  }
}

function levelsOf(count: number): number {
  let levels = 0
  while (2 ** (levels + 1) <= count) levels++
  return levels
}

/** The top of a perfect tree over nodes. */
function folded(nodes: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(nodes.length * HASH_BYTES)
  for (const [i, node] of nodes.entries()) packed.set(node, i * HASH_BYTES)
  for (let size = packed.length / 2; size >= HASH_BYTES; size /= 2) {
    hashPairs(packed.subarray(0, size * 2), packed.subarray(0, size))
  }
  return packed.slice(0, HASH_BYTES)
}
