import {
  type Block,
  type Certificate,
  type DelegateSet,
  FINAL,
  type Header,
  NOTAR,
  type Quarantine,
  quorum,
  SKIP,
  type Vote,
} from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import type { ConsensusConfig } from './config.ts'
import type { Ask, Effect, HeaderTemplate, LogRecord, SignRequest, TermStart } from './events.ts'
import type { Ancestor } from './order.ts'
import type { SafetyRules } from './rules.ts'

/** Hash of a block in lower-case hexadecimal: the key of maps. */
export type Key = string

/** A block that the instance knows: the base, a final one still needed, a certified one, or a mere proposal. */
export interface Entry extends Ancestor {
  readonly key: Key
  readonly hash: Uint8Array
  readonly parentKey: Key
  readonly height: number
  readonly timeMs: number
  readonly rootHeight: number
  readonly stateRoot: Uint8Array
  readonly rangeRoot: Uint8Array
  readonly rootCertificate: Certificate | null
  readonly nextSet: Uint8Array | null
  /** Null for the base and for final blocks, which have gone to the log. */
  block: Block | null
  parent: Entry | null
  /** All ancestors down to the last final block are known. */
  connected: boolean
  /** A certificate for it or for a descendant exists, so that an honest delegate found it valid. */
  certified: boolean
  /** Its record was given to the log. */
  logged: boolean
}

/** One signature of a seat for a statement; `peer` delivered it (null: made here). */
export interface Ballot {
  readonly signature: Uint8Array
  readonly peer: string | null
  /** True once it was in a sum that checked. */
  verified: boolean
  /** True once it was checked by itself, so that it may be passed on or used as evidence. */
  single: boolean
}

/** The votes of one slot for one statement. A seat's first ballot counts, the others wait in case it is wrong. */
export interface Tally {
  readonly kind: number
  readonly value: Uint8Array
  readonly message: Uint8Array
  readonly bySeat: Map<number, Ballot[]>
  /** A certificate exists, or none is wanted: votes are kept as evidence only. */
  done: boolean
}

type Phase =
  /** Parent, order or gaps are not known yet. */
  | 'waiting'
  /** All that consensus itself checks is right. */
  | 'checked'
  /** The node is checking the rest. */
  | 'validating'
  /** The named root is not executed here yet. */
  | 'later'
  | 'valid'
  | 'invalid'

/** A leader's proposal for a slot. */
export interface Candidate {
  readonly slot: number
  readonly key: Key
  readonly hash: Uint8Array
  readonly leader: number
  /** The last block of the term, proposed again in a later slot. */
  readonly again: boolean
  readonly peer: string | null
  phase: Phase
}

export interface SlotState {
  readonly slot: number
  notar: Certificate | null
  skip: Certificate | null
  final: Certificate | null
  /** What was signed here; a Propose, Notar or Final by its value. */
  readonly own: {
    propose: Uint8Array | null
    notar: Uint8Array | null
    skip: boolean
    final: Uint8Array | null
  }
  readonly tallies: Tally[]
  readonly candidates: Candidate[]
  /** Seats that their votes for this slot convict, and whether two certificates for it do. */
  readonly convicted: Set<number>
  contradicted: boolean
}

/** A notarized block to extend, and the slot of the certificate that notarizes it. */
export interface ParentChoice {
  readonly entry: Entry
  readonly slot: number
}

/** The slot from which certificates are missing. */
export interface Gap {
  readonly gap: number
}

/** A block that the node made, and the parent as it was chosen. */
interface MadeBlock {
  readonly header: Header
  readonly hash: Uint8Array
  readonly rootCertificate: Certificate | null
  readonly transactions: Uint8Array[]
  readonly quarantines: Quarantine[]
  readonly parent: ParentChoice
}

/** One term. */
export interface Instance {
  readonly start: TermStart
  readonly term: number
  readonly seats: number
  readonly quorum: number
  readonly keys: readonly Uint8Array[]
  readonly seatOf: ReadonlyMap<string, number>
  readonly seat: number | null
  /** First height at which the term may end. */
  readonly lastHeight: number
  /** The last final block, or the base. */
  tip: Entry
  /** Slot of the certificate that made `tip` final; −1 for the base. */
  finalSlot: number
  /** Current slot and when it was entered. */
  slot: number
  enteredMs: number
  /** Highest slot with any certificate; −1 for none. */
  certifiedSlot: number
  readonly slots: Map<number, SlotState>
  readonly entries: Map<Key, Entry>
  /** Entries above the tip by their parent, known or not. */
  readonly children: Map<Key, Entry[]>
  /** Certified blocks that are missing. */
  readonly wanted: Map<Key, Uint8Array>
  /** Final certificates above the tip, of which the block or an ancestor may be missing. */
  readonly finals: Map<Key, Certificate>
  /** Changes whenever a certificate or block came, so that what depends on them is looked at again. */
  version: number
  /** The last answers of `bestParent` and `leaderOf`, which are asked at every step. */
  parentMemo: { slot: number; version: number; choice: ParentChoice | Gap } | null
  leaderMemo: { parent: Entry; slot: number; seat: number } | null
  /** Certificates to log and pass on at the end of the step. */
  news: { certificate: Certificate; passOn: boolean }[]
  /** Slots whose Notar certificate is new: Final may be due. */
  notarized: number[]
  /** Slot at which something from this seat's own link came last. */
  readonly heardSlot: number[]
  deltaMs: number
  proposalAtMs: number
  certificateAtMs: number
  rebroadcastAtMs: number
  /** Own reveals by round, and the round whose reveal was asked for last. */
  readonly reveals: Map<number, Uint8Array>
  askedReveal: number | null
  /** The own block of a slot, which waits for its signature. */
  made: MadeBlock | null
  /** Slot and parent for which a block was ordered from the node. */
  building: { template: HeaderTemplate; rootCertificate: Certificate | null } | null
  /** Time at which a proposal or the own turn must be looked at again; Infinity for none. */
  wakeAtMs: number
  hint: { peer: string; term: number; slot: number } | null
  ask: { ask: Ask; atMs: number; attempts: number } | null
  /** The last block is final: nothing more is signed here. */
  over: { terminal: Certificate; entry: Entry } | null
  readonly orders: Map<string, number[]>
}

export interface State {
  readonly config: ConsensusConfig
  readonly rules: SafetyRules
  readonly publicKey: Uint8Array | null
  nowMs: number
  instance: Instance | null
  executedHeight: number
  /** Heights that delegates say they executed, by address. */
  readonly reported: Map<string, number>
  /** Delegates of the next term, as elected here or told by peers; used only if a final header names their hash. */
  nextSet: DelegateSet | null
  floor: { term: number; slot: number; silentUntilMs: number }
  /** Own statements of the log about terms that this node has not come to again since its restart. */
  oldVotes: Vote[]
  /** Final certificates by height, to name roots by. */
  readonly finalCertificates: Map<number, Certificate>
  /** Hashes of certificates whose signatures were checked. */
  readonly checkedCertificates: Set<string>
  /** Links that delivered bad signatures, and the slot until which they are ignored. */
  readonly cut: Map<string, { term: number; slot: number }>
  /** Peers of an old term and the slot in which they were last answered. */
  readonly answered: Map<string, number>
  nextTicket: number
  readonly outbox: { ticket: number; effects: Effect[] }[]
  timerAtMs: number
  /** Signatures that came, not taken in yet. */
  signed: { request: SignRequest; signature: Uint8Array | null }[]
  /** Own votes of the step under way, which travel together. */
  votes: Vote[]
  /** Of the step under way: what to log, what to send after that, what to do at once. */
  records: LogRecord[]
  durable: Effect[]
  effects: Effect[]
}

function createSlot(slot: number): SlotState {
  return {
    slot,
    notar: null,
    skip: null,
    final: null,
    own: { propose: null, notar: null, skip: false, final: null },
    tallies: [],
    candidates: [],
    convicted: new Set(),
    contradicted: false,
  }
}

/** The state of a slot, made if it is new. The caller has checked that the slot is within bounds. */
export function slotOf(instance: Instance, slot: number): SlotState {
  let state = instance.slots.get(slot)
  if (state === undefined) {
    state = createSlot(slot)
    instance.slots.set(slot, state)
  }
  return state
}

/** The certificate of a kind that is known for a slot. */
export function certificateOf(slot: SlotState | undefined, kind: number): Certificate | null {
  if (slot === undefined) return null
  if (kind === NOTAR) return slot.notar
  if (kind === SKIP) return slot.skip
  return kind === FINAL ? slot.final : null
}

/** The certificate that shows a block of the slot notarized: Notar, or Final which implies it. */
export function notarOf(slot: SlotState | undefined): Certificate | null {
  return slot?.notar ?? slot?.final ?? null
}

export function createInstance(config: ConsensusConfig, publicKey: Uint8Array | null, start: TermStart, nowMs: number) {
  const { set, base } = start
  const key = toHex(base.hash)
  const tip: Entry = {
    key,
    hash: base.hash,
    parentKey: '',
    slot: -1,
    height: base.height,
    timeMs: base.timeMs,
    accumulator: base.accumulator,
    rootHeight: base.rootHeight,
    stateRoot: base.stateRoot,
    rangeRoot: base.rangeRoot,
    rootCertificate: base.rootCertificate,
    nextSet: null,
    block: null,
    parent: null,
    connected: true,
    certified: true,
    logged: true,
  }
  const seat = publicKey === null ? -1 : set.members.findIndex((member) => equalBytes(member.key, publicKey))
  const instance: Instance = {
    start,
    term: set.term,
    seats: set.members.length,
    quorum: quorum(set.members.length),
    keys: set.members.map((member) => member.key),
    seatOf: new Map(set.members.map((member, index) => [toHex(member.address), index])),
    seat: seat < 0 ? null : seat,
    lastHeight: base.height + config.termHeights,
    tip,
    finalSlot: -1,
    slot: 0,
    enteredMs: nowMs,
    certifiedSlot: -1,
    slots: new Map(),
    entries: new Map([[key, tip]]),
    children: new Map(),
    wanted: new Map(),
    finals: new Map(),
    version: 0,
    parentMemo: null,
    leaderMemo: null,
    news: [],
    notarized: [],
    heardSlot: set.members.map(() => 0),
    deltaMs: config.deltaMs,
    proposalAtMs: nowMs,
    certificateAtMs: nowMs,
    rebroadcastAtMs: nowMs,
    reveals: new Map(),
    askedReveal: null,
    made: null,
    building: null,
    wakeAtMs: Number.POSITIVE_INFINITY,
    hint: null,
    ask: null,
    over: null,
    orders: new Map(),
  }
  return instance
}

/** True if the block may be the last of its term. */
export function isTerminal(instance: Instance, entry: Entry): boolean {
  return entry.nextSet !== null && entry.height >= instance.lastHeight && entry.slot >= 0
}
