import {
  type Block,
  bitmapOf,
  FINAL,
  FIRST_VERSION,
  type Header,
  headerHash,
  NOTAR,
  SKIP,
  transactionsRoot,
  type Vote,
} from '@smartshare/chain'
import { toHex } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import type { ConsensusConfig } from '../config.ts'
import type { Event, LogRecord, Message } from '../events.ts'
import type { SafetyRules } from '../rules.ts'
import { messageOf } from '../signing.ts'
import type { State } from '../state.ts'
import { createWithRules, step } from '../step.ts'
import { type Actor, type Place, placeOf, Stage } from './stage.ts'

// Explicit-state exploration of the real `step`: three honest delegates and a traitor who signs whatever its key can.
// A delegate is a machine: what it does depends on its own state and on what comes. So each distinct state of a delegate
// is stepped once per event, and a state of the whole is three numbers. docs/spec/model.md says what is left out.

const SEATS = 4
const HONEST = 3
/** Words of 32 statements each. */
const WORDS = 4
const MOST_STATEMENTS = 32 * WORDS
/** Distinct states of one delegate; three of them make a number that is exact in a double. */
const MOST_LOCALS = 2 ** 17
const FAR_MS = Number.MAX_SAFE_INTEGER

export interface ModelOptions {
  readonly rules: SafetyRules
  /** The turn of the traitor in the first round: it leads this slot. */
  readonly traitorTurn: number
  readonly slots: number
  /** Restarts in the whole run, after which a delegate knows its own votes but no block or certificate. */
  readonly restarts: number
  /** Blocks that the traitor may make on each parent. */
  readonly variants: number
  /** States of the whole after which the exploration gives up. */
  readonly mostStates: number
}

export interface ModelReport {
  /** States of the whole that were visited. */
  readonly states: number
  readonly transitions: number
  /** States of single delegates. */
  readonly locals: number
  /** Events on the longest of the shortest ways to a state. */
  readonly depth: number
  /** True if nothing was left to visit. */
  readonly complete: boolean
  /** The shortest way to two conflicting certificates (two Notar for one slot, two Final apart); null if there was none. */
  readonly trace: readonly string[] | null
}

interface Statement {
  readonly slot: number
  readonly kind: number
  readonly value: Uint8Array
  readonly text: string
}

interface KnownBlock {
  readonly block: Block
  readonly key: string
  readonly parentKey: string
  /** Index of the block's Propose statement. */
  readonly statement: number
  /** Index of the parent's; null for the base. A traitor's block can be made once its parent is known. */
  readonly parentStatement: number | null
  readonly byTraitor: boolean
}

/** One state of one delegate: the real one, what it has on disk and what it ever said. */
interface Local {
  readonly state: State
  readonly records: readonly LogRecord[]
  readonly said: Int32Array
  readonly restarted: boolean
  /** States after events, by the event's number. */
  readonly next: Map<number, number>
}

const PROPOSED = 3
const KINDS = ['Notar', 'Skip', 'Final', 'Propose']
const TIMEOUT = -1
const RESTART = -2

/** Explores breadth first until a violation, the end, or `mostStates`. */
export function explore(options: ModelOptions): ModelReport {
  return new Model(options).run()
}

class Model {
  readonly #options: ModelOptions
  readonly #stage: Stage
  readonly #actors: Actor[]
  readonly #traitor: Actor
  readonly #statements: Statement[] = []
  readonly #statementIndex = new Map<string, number>()
  readonly #blocks = new Map<string, KnownBlock>()
  readonly #blockOfStatement = new Map<number, KnownBlock>()
  /** Of each honest delegate. */
  readonly #locals: Local[][] = []
  readonly #localIndex: Map<string, number>[] = []

  constructor(options: ModelOptions) {
    this.#options = options
    this.#stage = new Stage({ rules: options.rules, seats: SEATS })
    const turns = Array.from({ length: SEATS }, (_, turn) => turn)
    this.#traitor = this.#stage.actor(options.traitorTurn)
    this.#actors = turns.filter((turn) => turn !== options.traitorTurn).map((turn) => this.#stage.actor(turn))
    this.#addTraitorBlocks(this.#stage.base)
    for (let i = 0; i < HONEST; i++) {
      this.#locals.push([])
      this.#localIndex.push(new Map())
      this.#start(i, [], new Int32Array(WORDS), false)
    }
  }

  run(): ModelReport {
    const { mostStates, restarts } = this.#options
    const index = new Map<number, number>()
    const worlds: number[] = []
    const parents: number[] = []
    const events: number[] = []
    const actors: number[] = []
    const depths: number[] = []
    const add = (a: number, b: number, c: number, parent: number, actor: number, event: number): void => {
      const world = (a * MOST_LOCALS + b) * MOST_LOCALS + c
      if (index.has(world)) return
      index.set(world, worlds.length)
      worlds.push(world)
      parents.push(parent)
      actors.push(actor)
      events.push(event)
      depths.push(parent < 0 ? 0 : depths[parent]! + 1)
    }
    add(0, 0, 0, -1, 0, 0)
    let transitions = 0
    let trace: string[] | null = null
    let at = 0
    const certified = new Int32Array(WORDS)
    const said = new Int32Array(WORDS)
    for (; at < worlds.length && worlds.length <= mostStates; at++) {
      const world = worlds[at]!
      const ids = [
        Math.floor(world / MOST_LOCALS ** 2),
        Math.floor(world / MOST_LOCALS) % MOST_LOCALS,
        world % MOST_LOCALS,
      ]
      const [a, b, c] = ids.map((id, i) => this.#locals[i]![id]!) as [Local, Local, Local]
      for (let word = 0; word < WORDS; word++) {
        const [x, y, z] = [a.said[word]!, b.said[word]!, c.said[word]!]
        // With the traitor two honest signatures are a quorum of three.
        certified[word] = (x & y) | (x & z) | (y & z)
        said[word] = x | y | z
      }
      if (this.#conflicts(certified)) {
        trace = this.#traceTo(at, parents, actors, events)
        break
      }
      const enabled = this.#enabled(certified, said)
      const mayRestart = [a, b, c].filter((local) => local.restarted).length < restarts
      for (let i = 0; i < HONEST; i++) {
        const local = [a, b, c][i]!
        const take = (event: number): void => {
          const next = this.#next(i, local, ids[i]!, event)
          if (next === ids[i]) return
          transitions += 1
          add(i === 0 ? next : ids[0]!, i === 1 ? next : ids[1]!, i === 2 ? next : ids[2]!, at, i, event)
        }
        for (const event of enabled) take(event)
        take(TIMEOUT)
        if (mayRestart && !local.restarted) take(RESTART)
      }
    }
    const locals = this.#locals.reduce((sum, list) => sum + list.length, 0)
    const complete = trace === null && at === worlds.length
    return {
      states: worlds.length,
      transitions,
      locals,
      depth: depths[Math.min(at, depths.length - 1)]!,
      complete,
      trace,
    }
  }

  /** Certificates that can be there, and proposals. */
  #enabled(certified: Int32Array, said: Int32Array): number[] {
    const enabled: number[] = []
    for (const [i, { kind }] of this.#statements.entries()) {
      if (kind !== PROPOSED) {
        if (has(certified, i)) enabled.push(i)
        continue
      }
      const { byTraitor, parentStatement } = this.#blockOfStatement.get(i)!
      const isThere = byTraitor ? parentStatement === null || has(said, parentStatement) : has(said, i)
      if (isThere) enabled.push(i)
    }
    return enabled
  }

  /** Two Notar certificates for one slot, or two Final certificates for blocks of which neither stands on the other. */
  #conflicts(certified: Int32Array): boolean {
    const there = this.#statements.filter((_, i) => has(certified, i))
    const notars = there.filter(({ kind }) => kind === NOTAR)
    if (new Set(notars.map(({ slot }) => slot)).size < notars.length) return true
    const finals = there.filter(({ kind }) => kind === FINAL).map(({ value }) => toHex(value))
    const apart = (one: string, two: string) => !this.#standsOn(one, two) && !this.#standsOn(two, one)
    return finals.some((one) => finals.some((two) => apart(one, two)))
  }

  #standsOn(key: string, ancestor: string): boolean {
    for (let at: string | undefined = key; at !== undefined; at = this.#blocks.get(at)?.parentKey) {
      if (at === ancestor) return true
    }
    return false
  }

  #next(i: number, local: Local, id: number, event: number): number {
    let next = local.next.get(event)
    if (next === undefined) {
      next = this.#compute(i, local, id, event)
      local.next.set(event, next)
    }
    return next
  }

  #compute(i: number, local: Local, id: number, event: number): number {
    if (event === RESTART) return this.#start(i, local.records, local.said, true)
    if (event === TIMEOUT && local.state.instance!.slot >= this.#options.slots) return id
    const state = cloneState(local.state)
    const { nowMs } = this.#stage
    if (event === TIMEOUT) {
      state.instance!.proposalAtMs = nowMs
      state.instance!.certificateAtMs = nowMs
      return this.#finish(i, state, { type: 'tick', nowMs }, local)
    }
    return this.#finish(
      i,
      state,
      { type: 'message', nowMs, link: this.#traitor.link, message: this.#messageOf(event) },
      local,
    )
  }

  #start(i: number, records: readonly LogRecord[], said: Int32Array, restarted: boolean): number {
    const { genesis, nowMs } = this.#stage
    const state = createWithRules(this.#configOf(this.#actors[i]!), this.#options.rules)
    const event: Event = {
      type: 'start',
      nowMs,
      term: genesis,
      finals: [],
      records,
      executedHeight: 0,
      voteLogIntact: true,
    }
    return this.#finish(i, state, event, { records, said, restarted })
  }

  #configOf(actor: Actor): ConsensusConfig {
    return { ...actor.config, slotMs: 0 }
  }

  /** Gives an event and the answers of disk, executor and builder; returns the state that it leads to. */
  #finish(i: number, state: State, first: Event, from: Pick<Local, 'records' | 'said' | 'restarted'>): number {
    const said = from.said.slice()
    const records = [...from.records]
    const { nowMs } = this.#stage
    const queue: Event[] = [first]
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      for (const effect of step(state, event)) {
        if (effect.type === 'persist') {
          // All that outlives a restart: own statements and the floor.
          records.push(...effect.records.filter(({ type }) => type === 'vote' || type === 'floor'))
          queue.push({ type: 'persisted', nowMs, ticket: effect.ticket })
        } else if (effect.type === 'validate') {
          queue.push({ type: 'validated', nowMs, hash: effect.hash, verdict: 'valid' })
        } else if (effect.type === 'build' && effect.slot < this.#options.slots) {
          const { stateRoot, rangeRoot } = this.#stage.genesis.base
          const body = { transactionsRoot: transactionsRoot([]), transactionCount: 0, gas: 0, basePrice: 1n, mode: 0 }
          const header: Header = {
            version: FIRST_VERSION,
            ...effect.template,
            stateRoot,
            rangeRoot,
            ...body,
            nextSet: null,
          }
          queue.push({ type: 'proposalReady', nowMs, slot: effect.slot, header, transactions: [], quarantines: [] })
        } else if (effect.type === 'send') this.#hear(effect.message, said)
      }
    }
    rearm(state)
    const local: Local = { state, records, said, restarted: from.restarted, next: new Map() }
    return this.#intern(i, local)
  }

  #hear(message: Message, said: Int32Array): void {
    const votes: readonly Pick<Vote, 'slot' | 'kind' | 'value'>[] = message.type === 'votes' ? message.votes : []
    for (const vote of votes) {
      if (vote.slot < this.#options.slots && vote.kind !== PROPOSED) mark(said, this.#statement(vote))
    }
    if (message.type !== 'proposal') return
    mark(said, this.#addBlock(message.block, false).statement)
  }

  #addBlock(block: Block, byTraitor: boolean): KnownBlock {
    const hash = headerHash(block.header)
    const key = toHex(hash)
    const held = this.#blocks.get(key)
    if (held !== undefined) return held
    const { slot, parent } = block.header
    const parentKey = toHex(parent)
    const statement = this.#statement({ slot, kind: PROPOSED, value: hash })
    const parentStatement = this.#blocks.get(parentKey)?.statement ?? null
    const known: KnownBlock = { block, key, parentKey, statement, parentStatement, byTraitor }
    this.#blocks.set(key, known)
    this.#blockOfStatement.set(statement, known)
    if (!byTraitor && slot < this.#options.traitorTurn) this.#addTraitorBlocks(placeOf(block))
    return known
  }

  /** What the traitor may propose on a block: in its turn, blocks that differ in what they hold. */
  #addTraitorBlocks(parent: Place): void {
    const { traitorTurn, slots, variants } = this.#options
    if (traitorTurn >= slots) return
    for (let variant = 0; variant < variants; variant++) {
      const { nowMs } = this.#stage
      this.#addBlock(
        this.#stage.block(this.#traitor, traitorTurn, parent, { timeMs: nowMs }, [Uint8Array.of(variant)]),
        true,
      )
    }
  }

  #statement({ slot, kind, value }: Pick<Vote, 'slot' | 'kind' | 'value'>): number {
    const key = `${slot}/${kind}/${toHex(value)}`
    const known = this.#statementIndex.get(key)
    if (known !== undefined) return known
    const index = this.#statements.length
    if (index >= MOST_STATEMENTS) throw new Error(`more than ${MOST_STATEMENTS} statements`)
    const text = `${KINDS[kind]} ${slot}${kind === SKIP ? '' : ` ${toHex(value).slice(0, 8)}`}`
    this.#statements.push({ slot, kind, value, text })
    this.#statementIndex.set(key, index)
    return index
  }

  #messageOf(event: number): Message {
    const { slot, kind, value } = this.#statements[event]!
    if (kind === PROPOSED)
      return { type: 'proposal', block: this.#blockOfStatement.get(event)!.block, certificates: [] }
    // Who signed makes no difference to `step`, so that every certificate is that of all seats.
    const seats = [...this.#actors, this.#traitor].sort((a, b) => a.seat - b.seat)
    const statement = messageOf(this.#stage.chainId, 0, slot, kind, value)
    const signature = hashScheme.aggregate(seats.map(({ secret }) => hashScheme.sign(secret, statement)))
    const bitmap = bitmapOf(
      seats.map(({ seat }) => seat),
      SEATS,
    )
    return { type: 'certificates', certificates: [{ term: 0, slot, kind, value, bitmap, signature }] }
  }

  #intern(i: number, local: Local): number {
    const key = keyOf(local)
    const index = this.#localIndex[i]!
    let id = index.get(key)
    if (id === undefined) {
      id = this.#locals[i]!.length
      if (id >= MOST_LOCALS) throw new Error(`more than ${MOST_LOCALS} states of one delegate`)
      this.#locals[i]!.push(local)
      index.set(key, id)
    }
    return id
  }

  #traceTo(end: number, parents: readonly number[], actors: readonly number[], events: readonly number[]): string[] {
    const lines: string[] = []
    for (let at = end; parents[at]! >= 0; at = parents[at]!) {
      const event = events[at]!
      const what =
        event === TIMEOUT ? 'times out' : event === RESTART ? 'restarts with its votes only' : this.#eventText(event)
      lines.push(`seat ${this.#actors[actors[at]!]!.seat} ${what}`)
    }
    return lines.reverse()
  }

  #eventText(event: number): string {
    const { kind, text } = this.#statements[event]!
    if (kind !== PROPOSED) return `gets the certificate ${text}`
    const { byTraitor, parentKey } = this.#blockOfStatement.get(event)!
    return `gets ${text} on ${parentKey.slice(0, 8)}${byTraitor ? ' of the traitor' : ''}`
  }
}

function has(set: Int32Array, bit: number): boolean {
  return ((set[bit >> 5]! >>> (bit & 31)) & 1) === 1
}

function mark(set: Int32Array, bit: number): void {
  set[bit >> 5]! |= 1 << (bit & 31)
}

/** Time does not pass: deadlines are over when the exploration says so, and asking for what is there already is left out. */
function rearm(state: State): void {
  const instance = state.instance!
  instance.proposalAtMs = FAR_MS
  instance.certificateAtMs = FAR_MS
  instance.rebroadcastAtMs = FAR_MS
  instance.ask = null
  instance.hint = null
  instance.deltaMs = state.config.deltaMs
}

/** A copy that shares nothing that changes. */
function cloneState(state: State): State {
  const { config, rules, publicKey, ...rest } = state
  return { config, rules, publicKey, ...structuredClone(rest) }
}

/** All of a delegate's state on which its further course depends, but for times. */
function keyOf({ state, said, restarted }: Local): string {
  const instance = state.instance!
  const hex = (value: Uint8Array | null | undefined) => (value ? toHex(value).slice(0, 16) : '')
  const slots = [...instance.slots.values()]
    .sort((a, b) => a.slot - b.slot)
    .map(({ slot, notar, skip, final, own, candidates }) => {
      const held = candidates.map(({ key, phase }) => `${key.slice(0, 16)}${phase}`).sort()
      const votes = `${hex(own.propose)},${hex(own.notar)},${own.skip},${hex(own.final)}`
      return `${slot}:${hex(notar?.value)},${skip !== null},${hex(final?.value)};${votes};${held}`
    })
  const entries = [...instance.entries.values()].map(
    ({ key, connected, certified }) => `${key.slice(0, 16)}${connected}${certified}`,
  )
  return [
    restarted,
    [...said],
    instance.slot,
    instance.certifiedSlot,
    instance.finalSlot,
    instance.tip.key.slice(0, 16),
    state.floor.slot,
    [...slots],
    entries.sort(),
    [...instance.wanted.keys()].sort(),
    [...instance.finals.keys()].sort(),
  ].join('|')
}
