import { type Block, type Certificate, FIRST_VERSION, type Header, NO_VALUE, transactionsRoot } from '@smartshare/chain'
import { compactLog } from '../compact.ts'
import { type ConsensusConfig, historyHeaders } from '../config.ts'
import type { Ask, Effect, Event, Link, LogRecord, Message, Page, Recipient, TermStart } from '../events.ts'
import type { State } from '../state.ts'
import { createWithRules, positionOf, step } from '../step.ts'
import type { Agenda } from './agenda.ts'
import { SimulatedDisk } from './disk.ts'
import { type FinalBlock, INVALID_TRANSACTION, type Ledger, pageOf } from './ledger.ts'
import type { SimulationOptions } from './options.ts'
import type { Random } from './random.ts'

/** What a node needs from the world around it. */
export interface World {
  readonly agenda: Agenda
  readonly options: SimulationOptions
  readonly genesis: TermStart
  /** True while crashes and other faults are allowed. */
  stormy(): boolean
  send(from: SimulatedNode, to: Recipient, message: Message): void
  ask(from: SimulatedNode, peer: string | null, ask: Ask): void
  /** Tells the checkers. */
  onEffect(node: SimulatedNode, effect: Effect): void
  onStep(node: SimulatedNode): void
  onCrash(node: SimulatedNode): void
  onStart(node: SimulatedNode): void
}

/** A crash sets the executed state back by at most this many heights. */
const MOST_EXECUTED_AGAIN = 20

/** A whole node around the pure step: disk, executor, builder, clock; it crashes and starts again. */
export class SimulatedNode {
  readonly name: string
  /** Number of the candidate; twins share it. */
  readonly site: number
  readonly delegate: string
  readonly disk = new SimulatedDisk()
  /** Final blocks by height − 1; marked in the log with its next write, so that after a crash some are told again. */
  finals: FinalBlock[] = []
  isUp = false
  crashes = 0
  /** Slots of all terms that this node has seen. */
  slotsSeen = 0
  state: State
  /** Names wrong roots and packs invalid transactions. */
  lies = false
  votesLost = false
  /** Of a silent traitor: it never starts. */
  isDeaf = false
  readonly #world: World
  readonly #random: Random
  readonly #config: ConsensusConfig
  readonly #ledger: Ledger
  readonly #skewMs: number
  #life = 0
  #timer = 0
  #executing = false
  #term = 0
  #slotsBefore = 0

  constructor(world: World, name: string, delegate: string, config: ConsensusConfig, ledger: Ledger, random: Random) {
    this.name = name
    this.site = Number.parseInt(name, 10)
    this.delegate = delegate
    this.#world = world
    this.#config = config
    this.#ledger = ledger
    this.#random = random
    const { clockSkewMs } = world.options.node
    this.#skewMs = random.between(-clockSkewMs, clockSkewMs)
    this.state = createWithRules(config, world.options.rules)
  }

  get nowMs(): number {
    const { clockSkewMs, clockDriftPpm } = this.#world.options.node
    const passedMs = this.#world.agenda.nowMs
    const driftMs = Math.floor((passedMs * clockDriftPpm * (this.site % 2 === 0 ? -1 : 1)) / 1_000_000)
    return this.#world.genesis.base.timeMs + passedMs + driftMs + this.#skewMs + clockSkewMs
  }

  get finalHeight(): number {
    return this.finals.length
  }

  position(): { term: number; slot: number } {
    return positionOf(this.state)
  }

  isDelegate(delegate: string): boolean {
    return this.state.instance?.seatOf.has(delegate) ?? false
  }

  /** Starts from what the disk holds. */
  start(): void {
    this.isUp = true
    this.#life += 1
    this.state = createWithRules(this.#config, this.#world.options.rules)
    const records = compactLog(this.disk.read(), this.finals.at(-1)?.block.header ?? null)
    const begun = records.findLast((record) => record.type === 'term')
    const term = begun === undefined ? this.#world.genesis : begun.start
    const finals = this.finals.map((final) => final.block.header)
    const ofTerm = finals.filter((header) => header.term === term.set.term)
    this.#world.onStart(this)
    this.take({
      type: 'start',
      nowMs: this.nowMs,
      term,
      finals: ofTerm.slice(-historyHeaders(term.set.members.length)),
      records,
      executedHeight: this.#ledger.height,
      voteLogIntact: !this.votesLost,
    })
    if (!this.isUp) return
    const { nextSet } = this.#ledger.at(this.#ledger.height)
    if (nextSet !== null) this.take({ type: 'elected', nowMs: this.nowMs, set: nextSet })
    this.#execute()
  }

  /** Falls over in the middle of whatever it does; the disk keeps what it had got to. */
  crash(downMs: number): void {
    if (!this.isUp) return
    this.isUp = false
    this.#life += 1
    this.crashes += 1
    this.disk.crash(this.#random)
    this.#world.onCrash(this)
    this.finals = this.disk.finals()
    this.#ledger.rollBack(
      this.#random.between(Math.max(0, this.finals.length - MOST_EXECUTED_AGAIN), this.finals.length),
    )
    this.#executing = false
    const life = this.#life
    this.#world.agenda.after(downMs, () => {
      if (this.#life === life) this.start()
    })
  }

  receive(link: Link, message: Message): void {
    this.take({ type: 'message', nowMs: this.nowMs, link, message })
  }

  /** One step and what it brings about. */
  take(event: Event): void {
    if (!this.isUp) return
    const life = this.#life
    const effects = step(this.state, event)
    this.#countSlots()
    this.#world.onStep(this)
    for (const effect of effects) {
      if (this.#life !== life) return
      this.#world.onEffect(this, effect)
      this.#do(effect)
    }
  }

  #countSlots(): void {
    const { term, slot } = positionOf(this.state)
    // A node that lost blocks comes to old terms again: their slots are counted already.
    if (term < this.#term) return
    if (term > this.#term) {
      this.#slotsBefore = this.slotsSeen
      this.#term = term
    }
    this.slotsSeen = Math.max(this.slotsSeen, this.#slotsBefore + slot)
  }

  /** Runs later unless the node crashes before. */
  #later(delayMs: number, run: () => void): void {
    const life = this.#life
    this.#world.agenda.after(delayMs, () => {
      if (this.#life === life) run()
    })
  }

  #do(effect: Effect): void {
    const { options } = this.#world
    switch (effect.type) {
      case 'persist':
        this.#persist(effect.ticket, effect.records)
        return
      case 'send':
        this.#world.send(this, effect.to, effect.message)
        return
      case 'request':
        this.#world.ask(this, effect.peer, effect.ask)
        return
      case 'validate':
        this.#later(this.#random.between(...options.node.syncMs), () => {
          const verdict = this.#ledger.judge(effect.block)
          this.take({ type: 'validated', nowMs: this.nowMs, hash: effect.hash, verdict })
        })
        return
      case 'build':
        this.#later(this.#random.between(...options.node.syncMs), () => this.#build(effect))
        return
      case 'final':
        this.#takeFinal(effect)
        return
      case 'timer': {
        const timer = ++this.#timer
        this.#later(effect.atMs - this.nowMs, () => {
          if (this.#timer === timer) this.take({ type: 'tick', nowMs: this.nowMs })
        })
        return
      }
      case 'serve':
        this.#serve(effect.peer, effect.term, effect.fromHeight)
        return
      default:
    }
  }

  #persist(ticket: number, records: readonly LogRecord[]): void {
    const { options } = this.#world
    const mark = this.disk.write(records)
    if (this.#world.stormy() && this.#random.chance(options.node.crash)) {
      this.crash(this.#random.between(...options.node.downMs))
      return
    }
    this.#later(this.#random.between(...options.node.syncMs), () => {
      this.disk.sync(mark)
      // From now on the log says itself that it is to be silent.
      if (records.some((record) => record.type === 'floor')) this.votesLost = false
      this.take({ type: 'persisted', nowMs: this.nowMs, ticket })
    })
  }

  #build(effect: Extract<Effect, { type: 'build' }>): void {
    const { template, roots, nextSet } = effect
    const root = roots ?? this.#ledger.at(template.rootHeight)
    const random = this.#random
    const lies = this.lies && random.chance(0.5)
    const transactions = [Uint8Array.of(lies ? INVALID_TRANSACTION : 1, random.between(0, 255), random.between(0, 255))]
    const header: Header = {
      version: FIRST_VERSION,
      ...template,
      stateRoot: this.lies && random.chance(0.5) ? NO_VALUE : root.stateRoot,
      rangeRoot: root.rangeRoot,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      gas: 0,
      basePrice: 1n,
      mode: 0,
      nextSet: nextSet ?? (roots === null ? this.#ledger.nextSetHash(template.rootHeight, template.term) : null),
    }
    this.take({ type: 'proposalReady', nowMs: this.nowMs, slot: effect.slot, header, transactions, quarantines: [] })
  }

  #takeFinal(effect: Extract<Effect, { type: 'final' }>): void {
    const { hash, block, certificate } = effect
    if (block.header.height <= this.finals.length) return
    const final: FinalBlock = { hash, block, certificate }
    this.finals.push(final)
    this.disk.blocks.append({ type: 'final', final })
    this.#execute()
  }

  #execute(): void {
    if (!this.isUp || this.#executing || this.#ledger.height >= this.finals.length) return
    this.#executing = true
    this.#later(this.#random.between(...this.#world.options.node.executeMs), () => {
      this.#executing = false
      const next = this.finals[this.#ledger.height]
      if (next !== undefined) {
        const { height, nextSet, term } = this.#ledger.execute(next.hash, next.block.header)
        this.take({ type: 'executed', nowMs: this.nowMs, height })
        if (
          this.isUp &&
          nextSet !== null &&
          this.#ledger.at(height - 1).nextSet === null &&
          nextSet.term === term + 1
        ) {
          this.take({ type: 'elected', nowMs: this.nowMs, set: nextSet })
        }
      }
      this.#execute()
    })
  }

  #serve(peer: string, term: number, fromHeight: number): void {
    const page = pageOf(this.finals, term, fromHeight)
    const certificates: Certificate[] = page.map((final) => final.certificate).filter((held) => held !== null)
    const blocks: Block[] = page.map((final) => final.block)
    const last = page.at(-1)?.block.header ?? this.finals[fromHeight - 2]?.block.header
    const isLast = last !== undefined && this.finals[last.height]?.block.header.term === term + 1
    const nextSet = isLast && last.height <= this.#ledger.height ? this.#ledger.at(last.height).nextSet : null
    if (blocks.length === 0 && nextSet === null) return
    const answer: Page = { term, certificates: certificates.slice(-1), blocks, nextSet }
    this.#world.send(this, { peer }, { type: 'page', page: answer })
  }
}
