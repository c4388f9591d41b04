import type { BlsScheme } from '@smartshare/crypto'

/** The part of BLS that consensus needs; the simulator injects a keyed hash instead. */
export type SignatureScheme = Pick<BlsScheme, 'publicKey' | 'sign' | 'verify' | 'aggregate' | 'verifyAggregate'>

export interface ConsensusConfig {
  readonly chainId: Uint8Array
  readonly scheme: SignatureScheme
  /** The delegate's secret key, with which `step` signs by itself; null if it is elsewhere, or for a node that only follows. */
  readonly secretKey: Uint8Array | null
  /**
   * The delegate's public key if a signer elsewhere holds the secret one: signatures are then asked for by `sign` effects, and
   * the signer alone keeps the promises.
   */
  readonly publicKey?: Uint8Array
  /** Least time between the times of a block and its child. */
  readonly slotMs: number
  /** Δ to begin with: a message between honest delegates should arrive within it. */
  readonly deltaMs: number
  /** Cap of the adaptive Δ. */
  readonly maxDeltaMs: number
  /** How far a block's time may be ahead of the own clock. */
  readonly driftMs: number
  /** The last block of a term is the first at least this many heights above its base whose `nextSet` is known. */
  readonly termHeights: number
}

/** Votes are taken for slots up to this far ahead of the own; a node further behind is moved by certificates. */
export const MAX_VOTE_SLOTS_AHEAD = 16
/** Votes for slots this far behind the own still count (late Final votes, gap Skips). */
export const MAX_VOTE_SLOTS_BEHIND = 64
/** Proposals are held for slots up to this far ahead. */
export const MAX_PROPOSAL_SLOTS_AHEAD = 4
/** Blocks held per slot of which the leader is known; more than one is equivocation, more than two shows nothing new. */
export const MAX_PROPOSALS_PER_SLOT = 2
/** Blocks held per slot whose parent is unknown, at most one per link. */
export const MAX_ORPHANS_PER_SLOT = 4
/** Other links than the seat's own over which a vote may wait unverified. */
export const MAX_RELAYS_PER_VOTE = 3
/** Certified blocks that are held although an ancestor is missing reach at most this far above the last final height. */
export const MAX_BLOCKS_AHEAD = 256
/** A leader of whom no vote came while this many slots passed gets no wait. */
export const SILENT_SLOTS = 12
/** Slots at and below the last final one that are kept to convict late equivocation. */
export const EVIDENCE_SLOTS = 16
/** Bounds of one message. */
export const MAX_VOTES_PER_MESSAGE = 512
export const MAX_PAGE_CERTIFICATES = 64
/** Blocks that a page from the log should hold; it may reach MAX_PAGE_BLOCKS to end with a certified one. */
export const PAGE_BLOCKS = 64
export const MAX_PAGE_BLOCKS = 256
export const MAX_PAGE_BYTES = 8 * 1024 * 1024
export const MAX_PROPOSAL_CERTIFICATES = 32
export const MAX_WANTED = 16
/** Certificates of named roots whose signatures were checked are remembered, and Final certificates to name roots by. */
export const MAX_CHECKED_CERTIFICATES = 64
export const MAX_FINAL_CERTIFICATES = 4096
/** Peers of which something is remembered (reported heights, links cut off, answers given). */
export const MAX_PEERS = 1024
/** Slots for which a link that delivered bad signatures is ignored. */
export const CUT_SLOTS = 64

/**
 * Headers of final blocks that a restart needs in a set of `seats`: the order of turns reaches back less than two
 * rounds of slots, and no two blocks share a slot.
 */
export function historyHeaders(seats: number): number {
  return 2 * seats + 1
}
