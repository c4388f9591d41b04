import {
  type Block,
  type Certificate,
  type DelegateSet,
  FIRST_VERSION,
  type Header,
  headerHash,
  NO_VALUE,
  nextAccumulator,
  PROPOSE,
  revealHash,
  setHash,
  statementHash,
  transactionsRoot,
  type Vote,
} from '@smartshare/chain'
import { hashTagged, toHex } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import type { ConsensusConfig } from '../config.ts'
import type { Effect, Event, Link, LogRecord, Message, TermStart, Verdict } from '../events.ts'
import { orderOfRound } from '../order.ts'
import type { SafetyRules } from '../rules.ts'
import type { State } from '../state.ts'
import { createWithRules, step } from '../step.ts'
import { genesisTerm } from '../terms.ts'
import { Checkers } from './checkers.ts'

const GENESIS_MS = 1_735_689_600_000

export interface Actor {
  readonly seat: number
  readonly secret: Uint8Array
  readonly link: Link
  readonly config: ConsensusConfig
  state: State
  /** What its disk holds; a write is on disk at once. */
  records: LogRecord[]
}

interface Pending {
  readonly from: Actor
  readonly to: Actor
  readonly message: Message
}

/** Where a block stands, as far as a child needs it. */
export interface Place {
  readonly hash: Uint8Array
  readonly height: number
  readonly timeMs: number
  readonly accumulator: Uint8Array
}

export interface StageOptions {
  readonly rules: SafetyRules
  readonly seats: number
  readonly termHeights?: number
}

/**
 * Delegates on a stage: a script decides what arrives where and when, so that a schedule can be told message by message.
 * Writes, checks and building take no time. Actors are named by their turn: `actor(0)` leads slot 0.
 */
export class Stage {
  readonly checkers: Checkers
  readonly genesis: TermStart
  readonly chainId: Uint8Array = hashTagged('genesis', Uint8Array.of(1))
  /** Late enough that the leader of slot 0 need not wait. */
  nowMs = GENESIS_MS + 1000
  /** What the nodes answer to `validate`. */
  verdict: Verdict = 'valid'
  /** Outcome of the election, which every header names from now on. */
  nextSet: DelegateSet | null = null
  /** False: writes do not come to the disk. */
  writes = true
  /** Everything sent and not delivered yet. */
  pending: Pending[] = []
  /** Effects of each seat, in order. */
  readonly effects: Effect[][] = []
  readonly #actors: Actor[] = []
  readonly #order: number[]
  readonly #rules: SafetyRules

  constructor({ rules, seats, termHeights = 1000 }: StageOptions) {
    this.#rules = rules
    const secrets = Array.from({ length: seats }, (_, seat) => hashTagged('genesis', Uint8Array.of(seat, 7)))
    const members = secrets.map((secret, seat) => ({
      address: hashTagged('address/key', Uint8Array.of(seat)),
      key: hashScheme.publicKey(secret),
    }))
    const root = hashTagged('receipt', this.chainId)
    const { chainId } = this
    // Scripts sign in the name of any seat.
    const traitorDelegates = new Set(members.map(({ address }) => toHex(address)))
    this.checkers = new Checkers({ chainId, scheme: hashScheme, traitors: new Set(), traitorDelegates })
    this.genesis = genesisTerm({
      chainId,
      timeMs: GENESIS_MS,
      set: { term: 0, members },
      stateRoot: root,
      rangeRoot: root,
    })
    this.#order = orderOfRound(this.genesis.seed, 0, 0, seats)
    for (const [seat, secret] of secrets.entries()) {
      const config: ConsensusConfig = {
        chainId,
        scheme: hashScheme,
        secretKey: secret,
        slotMs: 100,
        deltaMs: 100,
        maxDeltaMs: 1000,
        driftMs: 200,
        termHeights,
      }
      const link = { peer: `${seat}`, delegate: toHex(members[seat]!.address) }
      this.#actors.push({ seat, secret, link, config, state: createWithRules(config, rules), records: [] })
      this.effects.push([])
    }
  }

  /** The delegate whose turn slot `turn` is in round 0. */
  actor(turn: number): Actor {
    return this.#actors[this.#order[turn]!]!
  }

  get base(): Place {
    return this.genesis.base
  }

  start(...actors: readonly Actor[]): void {
    for (const actor of actors) this.startWith(actor, true)
  }

  /** Starts an actor from its records; it holds no block as final then but learns of them again. */
  startWith(actor: Actor, voteLogIntact: boolean): void {
    const { nowMs, genesis } = this
    const { records } = actor
    const term = records.findLast((record) => record.type === 'term')?.start ?? genesis
    this.give(actor, { type: 'start', nowMs, term, finals: [], records, executedHeight: 0, voteLogIntact })
  }

  /** The actor falls over and starts again from its disk. */
  restart(actor: Actor, voteLogIntact = true): void {
    actor.state = createWithRules(actor.config, this.#rules)
    this.startWith(actor, voteLogIntact)
  }

  /** The actor falls over and starts again with its own votes, but without the blocks and certificates of its log. */
  restartWithVotesOnly(actor: Actor): void {
    actor.records = actor.records.filter((record) => record.type === 'vote' || record.type === 'floor')
    this.pending = this.pending.filter(({ from, to }) => from !== actor && to !== actor)
    this.restart(actor)
  }

  /** One step of an actor, with the answers of its disk, its executor and its builder. */
  give(actor: Actor, event: Event): Effect[] {
    const effects = step(actor.state, event)
    for (const effect of effects) {
      this.effects[actor.seat]!.push(effect)
      this.checkers.watch({ name: actor.link.peer }, effect)
      this.#answer(actor, effect)
    }
    return effects
  }

  #answer(actor: Actor, effect: Effect): void {
    const { nowMs } = this
    if (effect.type === 'persist') {
      if (!this.writes) return
      actor.records.push(...effect.records)
      this.give(actor, { type: 'persisted', nowMs, ticket: effect.ticket })
    } else if (effect.type === 'validate') {
      this.give(actor, { type: 'validated', nowMs, hash: effect.hash, verdict: this.verdict })
    } else if (effect.type === 'build') {
      const { stateRoot, rangeRoot } = this.genesis.base
      const header: Header = {
        version: FIRST_VERSION,
        ...effect.template,
        stateRoot,
        rangeRoot,
        ...bodyOf([]),
        nextSet: this.#nextSetHash(),
      }
      this.give(actor, { type: 'proposalReady', nowMs, slot: effect.slot, header, transactions: [], quarantines: [] })
    } else if (effect.type === 'send') {
      const { to, message } = effect
      for (const other of this.#actors) {
        if (other === actor || (typeof to !== 'string' && to.peer !== other.link.peer)) continue
        this.pending.push({ from: actor, to: other, message })
      }
    }
  }

  #nextSetHash(): Uint8Array | null {
    return this.nextSet === null ? null : setHash(this.nextSet)
  }

  /** Delivers what the filter lets through, and what follows from it and passes too; the rest stays on its way. */
  deliver(filter: (from: Actor, to: Actor, message: Message) => boolean): void {
    for (let moved = true; moved; ) {
      moved = false
      const { pending } = this
      this.pending = []
      for (const one of pending) {
        if (!filter(one.from, one.to, one.message)) this.pending.push(one)
        else {
          moved = true
          this.hand(one.from, one.to, one.message)
        }
      }
    }
  }

  /** Delivers everything among these actors. */
  deliverAmong(...actors: readonly Actor[]): void {
    this.deliver((from, to) => actors.includes(from) && actors.includes(to))
  }

  /** One message straight from hand to hand. */
  hand(from: Actor, to: Actor, message: Message): void {
    if (to.state.instance === null) return
    this.give(to, { type: 'message', nowMs: this.nowMs, link: from.link, message })
  }

  /** Time passes for these actors. */
  wait(ms: number, ...actors: readonly Actor[]): void {
    this.nowMs += ms
    for (const actor of actors) this.give(actor, { type: 'tick', nowMs: this.nowMs })
  }

  /** A vote by the actor's key, whatever its node thinks of it. */
  vote(actor: Actor, kind: number, slot: number, value: Uint8Array): Message {
    const message = statementHash({ chainId: this.chainId, term: 0, slot, kind, value })
    const signature = hashScheme.sign(actor.secret, message)
    const vote: Vote = { term: 0, slot, kind, value, seat: actor.seat, signature }
    return { type: 'votes', votes: [vote], executedHeight: 0 }
  }

  /** A block by the actor's key. */
  block(
    actor: Actor,
    slot: number,
    parent: Place,
    change: Partial<Header> = {},
    transactions: Uint8Array[] = [],
  ): Block {
    const { chainId } = this
    const { stateRoot, rangeRoot } = this.genesis.base
    const round = Math.floor(slot / this.#actors.length)
    const reveal = hashScheme.sign(actor.secret, revealHash(chainId, 0, round))
    const header: Header = {
      version: FIRST_VERSION,
      chainId,
      term: 0,
      slot,
      height: parent.height + 1,
      parent: parent.hash,
      timeMs: Math.max(this.nowMs, parent.timeMs + actor.config.slotMs),
      leader: actor.seat,
      reveal,
      accumulator: nextAccumulator(parent.accumulator, reveal),
      rootHeight: 0,
      certificateHash: NO_VALUE,
      stateRoot,
      rangeRoot,
      ...bodyOf(transactions),
      nextSet: null,
      ...change,
    }
    const value = headerHash(header)
    const message = statementHash({ chainId, term: 0, slot, kind: PROPOSE, value })
    const proposal = hashScheme.sign(actor.secret, message)
    return { header, proposal, rootCertificate: null, transactions, quarantines: [] }
  }

  /** Heights that an actor was told to be final, with their hashes. */
  finalsOf(actor: Actor): string[] {
    return this.effects[actor.seat]!.filter((effect) => effect.type === 'final').map(
      ({ hash, block }) => `${block.header.height} ${toHex(hash)}`,
    )
  }

  /** Votes of its own that an actor has sent. */
  votesOf(actor: Actor): Vote[] {
    return this.effects[actor.seat]!.flatMap((effect) =>
      effect.type === 'send' && effect.message.type === 'votes' ? effect.message.votes : [],
    ).filter(({ seat }) => seat === actor.seat)
  }

  /** Certificates that an actor has sent. */
  certificatesOf(actor: Actor): Certificate[] {
    return this.effects[actor.seat]!.flatMap((effect) =>
      effect.type === 'send' && effect.message.type === 'certificates' ? effect.message.certificates : [],
    )
  }
}

function bodyOf(transactions: Uint8Array[]) {
  return {
    transactionsRoot: transactionsRoot(transactions),
    transactionCount: transactions.length,
    gas: 0,
    basePrice: 1n,
    mode: 0,
  }
}

export function placeOf(block: Block): Place {
  const { height, timeMs, accumulator } = block.header
  return { hash: headerHash(block.header), height, timeMs, accumulator }
}

export function proposalOf(block: Block, certificates: readonly Certificate[] = []): Message {
  return { type: 'proposal', block, certificates }
}
