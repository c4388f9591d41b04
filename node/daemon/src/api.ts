import type { Certificate, DelegateSet, Evidence, Executed, Header } from '@smartshare/chain'
import type { ErrorDetails, SmartshareError } from '@smartshare/codec'
import type { Genesis, Load } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import type { Registry } from 'prom-client'

// What a node shows to its edges: the RPC server stands on this interface and on nothing else of the node.
// Byte arrays that come out belong to the node and must not be changed.

/** Most transactions in one `submit`. */
export const MAX_SUBMIT = 1000

/** The latest executed state, to be read at once: a reader may follow later blocks after the next turn of the loop. */
export interface CommittedState {
  readonly height: number
  /** Hash of the block of `height`; for height 0 the chain id. */
  readonly hash: Uint8Array
  readonly stateRoot: Uint8Array
  /** Time of that block, ms since the Unix epoch. */
  readonly timeMs: number
  /** Base price of gas of the block after it, in grains. */
  readonly basePrice: bigint
  readonly reader: StateReader
}

/** Versions of the protocol: the one in force, the newest that this node knows, and what is decided. */
export interface ProtocolStatus {
  readonly version: number
  readonly latest: number
  /** A newer version and the term with which it begins. */
  readonly next: { readonly version: number; readonly term: number } | null
}

/** What a node does while the chain is busy, in blocks since its start (docs/spec/load.md). */
export interface FollowingStatus {
  /** False: it executes every block. */
  readonly follows: boolean
  /** Taken over as others gave them. */
  readonly followed: number
  /** Of those: executed at once as samples, executed when the chain was calm, still waiting for that, and not to be executed any more. */
  readonly sampled: number
  readonly executed: number
  readonly waiting: number
  readonly missed: number
  /** Wrong differences that peers gave. */
  readonly lies: number
}

export interface NodeStatus {
  /** Name that the operator gave to the node. */
  readonly name: string
  readonly version: string
  /** Height of the latest final block; at least the executed height. */
  readonly finalHeight: number
  readonly term: number
  readonly slot: number
  /** 0 calm, 1 busy, as in the latest final header. */
  readonly mode: number
  /** Of the last round, at the executed height. */
  readonly load: Load
  readonly following: FollowingStatus
  readonly peers: number
  readonly mempoolTransactions: number
  readonly protocol: ProtocolStatus
  /** Final transactions per second, averaged over the last seconds. */
  readonly txPerSecond: number
  /** Sum of all balances in grains at the executed height. */
  readonly supplyGrains: bigint
  /** False while the node is far behind its peers or has stopped. */
  readonly healthy: boolean
  /** Why it is not healthy, for people. */
  readonly problem?: string
}

/** One of the nodes to which this one is linked. */
export interface PeerInfo {
  readonly id: string
  readonly address: string
  /** Seat in the current term, if it proved one. */
  readonly seat?: number
}

/** A final block. Genesis, height 0, is none: it has neither header nor certificate. */
export interface FinalBlock {
  readonly header: Header
  readonly hash: Uint8Array
  /** A Final certificate for it; the latest blocks may have one only for a descendant: then it is absent. */
  readonly certificate?: Certificate
  /** Transactions as they travel. */
  readonly transactions: readonly Uint8Array[]
}

/** A block that has become final and been executed. */
export interface ExecutedNotice {
  readonly height: number
  readonly hash: Uint8Array
  readonly header: Header
  /** Encoded receipts in the order of the transactions; the block's own is the last. */
  readonly receipts: readonly Uint8Array[]
}

/**
 * `executed`: this node executed the block, at once or later; `sampled`: it took over what others said and executed the block as a
 * sample; `followed`: it only held what others said against the certified roots so far.
 */
export type Verification = 'executed' | 'sampled' | 'followed'

/** Where a transaction is. */
export type TransactionPlace =
  | { readonly state: 'pending' }
  | { readonly state: 'executed'; readonly height: number; readonly index: number }

/** What `submit` says about one transaction. */
export type SubmitOutcome =
  | { readonly id: Uint8Array }
  | { readonly error: { readonly code: string; readonly message: string; readonly details?: ErrorDetails } }

/** An entry of the state, or its absence, under a certified header. */
export interface StateProof {
  readonly key: Uint8Array
  /** Undefined: the key is not in the state. */
  readonly value: Uint8Array | undefined
  /** `encodeProof` of @smartshare/state, against `header.stateRoot`. */
  readonly proof: Uint8Array
  /** A final header that names the state root; the state is that of `header.rootHeight`. */
  readonly header: Header
  /** Final certificate for `header`. */
  readonly certificate: Certificate
}

/** How trust moves from one term to the next (docs/spec/bytes.md §8, `nextSet`). */
export interface HandOver {
  /** The set that is seated by it. */
  readonly set: DelegateSet
  /** A final header of the term before, whose `nextSet` is the hash of `set`. */
  readonly header: Header
  readonly certificate: Certificate
}

/** Evidence that convicts somebody as soon as it is reported. */
export interface PendingEvidence {
  readonly evidence: Evidence
  /** `early`: the chain has not come to its term yet. */
  readonly standing: 'open' | 'early'
  /** Addresses of those whom it convicts; nobody while it is early. */
  readonly accused: readonly Uint8Array[]
  /** Reports that this node sent, and the id of the last of them. */
  readonly attempts: number
  readonly transaction: Uint8Array | null
  /** Why the last report did not come off. */
  readonly error: SmartshareError | null
}

/** The insides of a node as its RPC server sees them. */
export interface NodeApi {
  readonly chainId: Uint8Array
  readonly genesis: { readonly encoded: Uint8Array; readonly record: Genesis }
  /** Everything the node measures; served as /metrics. */
  readonly metrics: Registry
  /**
   * NODE_HALTED while the node cannot go on: its disk is full or damaged, say. What it knows grows stale then, so whatever
   * reads or writes the chain throws this; only `status` and the figures are told still.
   */
  readonly halted: SmartshareError | undefined
  /** Calls `listener` each time the node halts; returns how to end it. */
  onHalt(listener: () => void): () => void
  status(): NodeStatus
  peers(): readonly PeerInfo[]
  state(): CommittedState
  /**
   * Checks up to MAX_SUBMIT transactions and admits them to the mempool; answers in their order. The same bytes may come
   * again: what is pending or executed already is answered with its id, so that a client can repeat without harm.
   */
  submit(wires: readonly Uint8Array[]): Promise<SubmitOutcome[]>
  /** A final block by height, also one that is not executed yet. */
  block(height: number): Promise<FinalBlock | undefined>
  /** Encoded receipts of an executed block, its own last; undefined if it is not executed (or pruned). */
  receipts(height: number): Promise<readonly Uint8Array[] | undefined>
  /** How this node came to the receipts of a height that is on disk. */
  verification(height: number): Verification
  transaction(id: Uint8Array): Promise<TransactionPlace | undefined>
  /** Undefined while no final header names a root yet. */
  proof(key: Uint8Array): Promise<StateProof | undefined>
  /** The latest final header that has a certificate of its own; undefined while there is none. */
  certified(): { readonly header: Header; readonly certificate: Certificate } | undefined
  /** What was executed at a height, the leaf of the range; undefined above the executed height. */
  executed(height: number): Executed | undefined
  /** A node of the range over executed blocks (bytes.md §6); undefined if it is not known. */
  rangeNode(level: number, index: number): Uint8Array | undefined
  /** What this node saw of traitors and is not reported with success yet, and the account with which it reports by itself. */
  evidence(): { readonly reporter: Uint8Array | null; readonly pending: readonly PendingEvidence[] }
  /** How the set of `term` (1 or later) was seated; undefined if that term's set is not elected yet. */
  handOver(term: number): Promise<HandOver | undefined>
  /** Calls `listener` for every executed block from now on, in the order of heights; returns how to end it. */
  subscribe(listener: (notice: ExecutedNotice) => void): () => void
}
