import type { Parameters } from '@smartshare/runtime'

/** What a node keeps: everything; what others may still need; what it needs itself. Headers, range and state stay always. */
type PruningMode = 'archive' | 'full' | 'light'

export interface Pruning {
  readonly mode: PruningMode
  /** Blocks that are kept, instead of as many as the mode says. */
  readonly keepBlocks?: number | undefined
  /** Size of the files of the block log, which are dropped as a whole. */
  readonly segmentBytes?: number | undefined
}

/** Blocks that named roots, their windows and a restart can reach back to. */
export const LEAST_KEPT_BLOCKS = 128
const LIGHT_BLOCKS = 1_024
/** The log is looked at every so many blocks. */
const PRUNE_EVERY_BLOCKS = 64
/** A node that drops files soon has small ones. */
const PRUNED_SEGMENT_BYTES = 8 * 1024 * 1024

/** The size of files of the block log; undefined: the usual one. */
export function segmentBytesOf({ mode, segmentBytes }: Pruning): number | undefined {
  return segmentBytes ?? (mode === 'archive' ? undefined : PRUNED_SEGMENT_BYTES)
}

/** Decides what may go. */
export class Pruner {
  private readonly keepBlocks: number
  private prunedAt = 0

  constructor({ mode, keepBlocks }: Pruning, parameters: Parameters) {
    // As long as bonds can be taken for what was signed: longer than evidence counts and than light clients trust.
    const full = Math.ceil(parameters.unbondingMs / parameters.slotMs)
    const wanted = keepBlocks ?? (mode === 'light' ? LIGHT_BLOCKS : full)
    this.keepBlocks = mode === 'archive' ? Number.POSITIVE_INFINITY : Math.max(LEAST_KEPT_BLOCKS, wanted)
  }

  /**
   * Height below which everything may go, when `height` is on disk and `oldestSnapshot` must lead on to it; undefined if it is not
   * time yet.
   */
  below(height: number, oldestSnapshot: number | undefined): number | undefined {
    if (height - this.prunedAt < PRUNE_EVERY_BLOCKS) return undefined
    const below = Math.min(height - this.keepBlocks, oldestSnapshot ?? height)
    if (below <= 1) return undefined
    this.prunedAt = height
    return below
  }
}
