import type { Block, Certificate, DelegateSet, Header, Quarantine, StatementEvidence, Vote } from '@smartshare/chain'

/** An authenticated connection as consensus sees it. Keep one object per connection. */
export interface Link {
  /** Name of the peer; whatever the network layer uses, at most 128 characters. */
  readonly peer: string
  /** Lower-case hexadecimal of the delegate's address that the peer proved to hold; null for everyone else. */
  readonly delegate: string | null
}

/** The block on which a term stands (genesis for term 0), as far as later blocks need it. */
export interface BaseBlock {
  readonly hash: Uint8Array
  readonly height: number
  readonly timeMs: number
  readonly accumulator: Uint8Array
  /** The executed ancestor that it names, which later blocks may not fall behind. */
  readonly rootHeight: number
  readonly stateRoot: Uint8Array
  readonly rangeRoot: Uint8Array
  /** Final certificate of the named ancestor; null while `rootHeight` is 0. */
  readonly rootCertificate: Certificate | null
}

/** All that a term's instance starts from; written to the log when the term begins. */
export interface TermStart {
  /** The delegates; `set.term` is the number of the term. */
  readonly set: DelegateSet
  readonly base: BaseBlock
  /** Seed of the order of turns in rounds 0 and 1 (docs/spec/bytes.md §9). */
  readonly seed: Uint8Array
  /** The term before: its set, and the Final certificate of its last block, which answers its late messages. */
  readonly previous: { readonly set: DelegateSet; readonly terminal: Certificate } | null
}

/**
 * What must be on disk before something is sent. A log holds these in order; on recovery it gives them back;
 * `compactLog` tells which are still needed.
 */
export type LogRecord =
  | { readonly type: 'term'; readonly start: TermStart }
  | { readonly type: 'vote'; readonly vote: Vote }
  /** Never sign again in `term` for a slot below `slot`; nor at all in a term whose base is before `silentUntilMs`. */
  | { readonly type: 'floor'; readonly term: number; readonly slot: number; readonly silentUntilMs: number }
  | { readonly type: 'block'; readonly block: Block }
  | { readonly type: 'certificate'; readonly certificate: Certificate }

/** Position of a node that lacks something, and what it lacks. */
export interface Ask {
  readonly term: number
  /** Height of its last final block. */
  readonly finalHeight: number
  /** It wants every certificate from this slot on. */
  readonly fromSlot: number
  /** Hashes of certified blocks that it has not; at most MAX_WANTED. */
  readonly wanted: readonly Uint8Array[]
}

/** Answer to an Ask; every part is optional and within the MAX_PAGE bounds. */
export interface Page {
  /** Term of the certificates and blocks. */
  readonly term: number
  readonly certificates: readonly Certificate[]
  /** Ascending by height. Those of a page from the block log end with a block whose Final certificate is in the page. */
  readonly blocks: readonly Block[]
  /** The delegates of `term + 1`, if the page holds or follows the last block of `term`. */
  readonly nextSet: DelegateSet | null
}

/** What delegates (and followers) say to each other; `wire.ts` has the bytes. */
export type Message =
  /** A new block with the certificates that show its parent notarized and the slots between skipped. */
  | { readonly type: 'proposal'; readonly block: Block; readonly certificates: readonly Certificate[] }
  /** Votes (Propose statements are re-proposals of a last block), and how far their sender has executed. */
  | { readonly type: 'votes'; readonly votes: readonly Vote[]; readonly executedHeight: number }
  | { readonly type: 'certificates'; readonly certificates: readonly Certificate[] }
  | { readonly type: 'ask'; readonly ask: Ask }
  | { readonly type: 'page'; readonly page: Page }

/** Recovered state: everything that a node read from its disk. */
export interface StartEvent {
  readonly type: 'start'
  readonly nowMs: number
  /** The latest `term` record, or `genesisTerm(…)`. */
  readonly term: TermStart
  /**
   * Headers of this term's final blocks that the node already holds as final: ascending, without gaps, ending with
   * the last; all of the term or the last `historyHeaders(n)`. Empty if there is none.
   */
  readonly finals: readonly Header[]
  /** Records of the log in their order, as `compactLog` leaves them: the block of the last final header is among them. */
  readonly records: readonly LogRecord[]
  readonly executedHeight: number
  /** False if the log of own votes was lost or damaged: then the node stays silent until a later term. */
  readonly voteLogIntact: boolean
}

/** What a delegate's key is asked to sign. */
export type SignRequest =
  /** `H("vote", statement)`. `baseMs` is the time of the block on which the term stands. */
  | {
      readonly type: 'statement'
      readonly term: number
      readonly baseMs: number
      readonly slot: number
      readonly kind: number
      readonly value: Uint8Array
    }
  /** `H("reveal", …)`: the part of the randomness of a round. */
  | { readonly type: 'reveal'; readonly term: number; readonly round: number }

export type Verdict = 'valid' | 'invalid' | 'later'

/**
 * What happens to a node. `nowMs` is its clock (Unix epoch, UTC) and never goes back within a run.
 */
export type Event =
  | StartEvent
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'message'; readonly nowMs: number; readonly link: Link; readonly message: Message }
  /** Answer to `validate`. `later`: a named root is not executed here yet; consensus asks again when more is. */
  | { readonly type: 'validated'; readonly nowMs: number; readonly hash: Uint8Array; readonly verdict: Verdict }
  /** Answer to `build`. */
  | {
      readonly type: 'proposalReady'
      readonly nowMs: number
      readonly slot: number
      /** Its `certificateHash` covers `quarantines` too. */
      readonly header: Header
      readonly transactions: Uint8Array[]
      readonly quarantines: Quarantine[]
    }
  /** Answer to `sign`, however late; null if it was refused, or is not worth asking for any more. */
  | {
      readonly type: 'signed'
      readonly nowMs: number
      readonly request: SignRequest
      readonly signature: Uint8Array | null
    }
  /** Every `persist` effect up to this ticket is on disk. */
  | { readonly type: 'persisted'; readonly nowMs: number; readonly ticket: number }
  /** The executor has finished this height and all below. */
  | { readonly type: 'executed'; readonly nowMs: number; readonly height: number }
  /** The executor knows the outcome of the election: the delegates of the next term. */
  | { readonly type: 'elected'; readonly nowMs: number; readonly set: DelegateSet }

/** The part of a header that consensus decides; the node adds version, roots, transactions and price. */
export interface HeaderTemplate {
  readonly chainId: Uint8Array
  readonly term: number
  readonly slot: number
  readonly height: number
  readonly parent: Uint8Array
  readonly timeMs: number
  readonly leader: number
  readonly reveal: Uint8Array
  readonly accumulator: Uint8Array
  readonly rootHeight: number
  readonly certificateHash: Uint8Array
}

export type Recipient =
  /** Every delegate of the term. */
  | 'delegates'
  /** Delegates and followers. */
  | 'all'
  | { readonly peer: string }

/** Why a peer is to be cut off. */
export type MisbehaviourCode =
  | 'CONSENSUS_BAD_VOTE'
  | 'CONSENSUS_BAD_CERTIFICATE'
  | 'CONSENSUS_BAD_PROPOSAL'
  | 'CONSENSUS_BAD_MESSAGE'

/** What a node has to do, in this order. */
export type Effect =
  /**
   * Write `records` in order and sync them; then send `persisted` with `ticket`. Tickets ascend. Blocks that were told to
   * be final before this effect must be marked as final on disk before its records. What waits for a ticket
   * is held in memory: a node whose disk does not answer must stop feeding events.
   */
  | { readonly type: 'persist'; readonly ticket: number; readonly records: readonly LogRecord[] }
  | { readonly type: 'send'; readonly to: Recipient; readonly message: Message }
  /** Ask the signer, if the secret key is not here. What it promises by a signature is on its disk before it answers. */
  | { readonly type: 'sign'; readonly request: SignRequest }
  /**
   * Check everything that consensus cannot: transactions, prices, `stateRoot` and `rangeRoot` against the own execution
   * of `rootHeight`, that the root certificate's value is the hash of that block, gas caps, `mode`, and that `nextSet`
   * is non-null exactly if the named root includes the election and is its outcome. `ancestors` are the
   * blocks above the last final one, ascending, the parent last.
   */
  | {
      readonly type: 'validate'
      readonly hash: Uint8Array
      readonly block: Block
      readonly ancestors: readonly Block[]
    }
  /**
   * Make the block of a slot now. `roots` are to be copied; null means those of the own execution of `template.rootHeight`.
   * `nextSet` is to be copied if non-null, else the node decides it from the named root.
   */
  | {
      readonly type: 'build'
      readonly slot: number
      readonly template: HeaderTemplate
      readonly roots: { readonly stateRoot: Uint8Array; readonly rangeRoot: Uint8Array } | null
      readonly nextSet: Uint8Array | null
      readonly ancestors: readonly Block[]
    }
  /** The block is final; ascending without gaps. `certificate` is its own Final certificate, null if only a descendant has one. */
  | {
      readonly type: 'final'
      readonly hash: Uint8Array
      readonly block: Block
      readonly certificate: Certificate | null
    }
  /** A term began; `seat` is the own seat or null. */
  | { readonly type: 'term'; readonly start: TermStart; readonly seat: number | null }
  /** Send `tick` at this time (Unix ms); replaces the timer before. */
  | { readonly type: 'timer'; readonly atMs: number }
  /** Send `ask` to `peer`; to any connected peer if null or gone. */
  | { readonly type: 'request'; readonly peer: string | null; readonly ask: Ask }
  /**
   * Answer a peer's ask from the block log: a page of at most MAX_PAGE_BLOCKS final blocks of `term` from `fromHeight` on,
   * ending with one whose Final certificate goes along, and the next set if that or the one before is the term's last.
   */
  | { readonly type: 'serve'; readonly peer: string; readonly term: number; readonly fromHeight: number }
  /** Somebody signed what convicts it; the signatures were checked. At most once for each slot and seat, and for the certificates of each slot. */
  | { readonly type: 'evidence'; readonly evidence: StatementEvidence }
  | { readonly type: 'misbehaviour'; readonly peer: string; readonly code: MisbehaviourCode }
