import { type DelegateSet, headerHash, quorum, SKIP, type Vote } from '@smartshare/chain'
import { hashTagged, toHex } from '@smartshare/crypto'
import type { ConsensusConfig } from '../config.ts'
import type { Ask, Effect, Message, Recipient, TermStart } from '../events.ts'
import { positionOf } from '../step.ts'
import { genesisTerm } from '../terms.ts'
import { Agenda } from './agenda.ts'
import { Checkers } from './checkers.ts'
import { Ledger } from './ledger.ts'
import { isFor, SimulatedNetwork } from './network.ts'
import { SimulatedNode, type World } from './node.ts'
import type { Misdeed, SimulationOptions } from './options.ts'
import { type Random, seededRandom } from './random.ts'
import { misbehave } from './traitors.ts'

/** Genesis time of every simulation: 2025-01-01 UTC. */
const GENESIS_MS = 1_735_689_600_000
/** Blocks that every honest node must make final after the storm, within the calm slots. */
const CALM_BLOCKS = 3
/** A run in which nothing moves ends after this much simulated time per slot. */
const MOST_MS_PER_SLOT = 2_000
const MOST_STEPS_PER_SLOT = 200_000

export interface SimulationReport {
  readonly violations: readonly string[]
  readonly finalBlocks: number
  readonly height: number
  readonly slots: number
  readonly terms: number
  readonly crashes: number
  readonly messages: number
  readonly evidence: number
  /** Delegates whom the evidence convicts. */
  readonly convictedDelegates: number
  readonly reproposals: number
  /** Fewest seats that two contradicting certificates convict; null if there are none. */
  readonly convicted: number | null
  readonly simulatedMs: number
  /** Hash of the whole course: equal options give equal prints. */
  readonly print: string
}

interface Member {
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly address: Uint8Array
}

/** Is told what honest nodes do; `candidate` is the number of the node, `nowMs` counts from genesis. */
export type Observe = (candidate: number, effect: Effect, nowMs: number) => void

/**
 * Runs one simulation to its end. `trace`, if given, is called with a readable line for whatever happens, `observe` with
 * every effect of honest nodes.
 */
export function simulate(
  options: SimulationOptions,
  trace: ((line: string) => void) | null = null,
  observe: Observe | null = null,
): SimulationReport {
  return new Simulation(options, trace, observe).run()
}

class Simulation implements World {
  readonly agenda = new Agenda()
  readonly options: SimulationOptions
  readonly genesis: TermStart
  readonly #random: Random
  readonly #network: SimulatedNetwork<SimulatedNode>
  readonly #checkers: Checkers
  readonly #trace: ((line: string) => void) | null
  readonly #observe: Observe | null
  readonly #misdeeds = new Map<string, { misdeed: Misdeed; config: ConsensusConfig }>()
  readonly #honest: SimulatedNode[] = []
  readonly #silenced = new Set<string>()
  #calm = false
  #fetching: { node: SimulatedNode; height: number } | null = null
  #print = new Uint8Array(32)
  #terms = 1
  /** Most slots that any honest node has seen. */
  #slots = 0

  constructor(options: SimulationOptions, trace: ((line: string) => void) | null, observe: Observe | null) {
    this.options = options
    this.#trace = trace
    this.#observe = observe
    this.#random = seededRandom(options.seed)
    const { scheme, candidates, seats } = options
    const chainId = hashTagged('genesis', new Uint8Array(new Float64Array([options.seed]).buffer))
    const members = Array.from({ length: candidates }, (_, i): Member => {
      const secret = hashTagged('genesis', chainId, Uint8Array.of(i))
      // The top bit would take a secret out of the group's range.
      secret[0] = secret[0]! & 0x3f
      return { secret, key: scheme.publicKey(secret), address: hashTagged('address/key', Uint8Array.of(i)) }
    })
    const set: DelegateSet = { term: 0, members: members.slice(0, seats).map(seatOf) }
    const root = hashTagged('receipt', chainId)
    this.genesis = genesisTerm({ chainId, timeMs: GENESIS_MS, set, stateRoot: root, rangeRoot: root })
    this.#network = new SimulatedNetwork(this.agenda, options.network, this.#random.fork())
    const traitors = new Set<string>()
    const { slotMs, deltaMs, maxDeltaMs, driftMs, termHeights } = options
    for (const [i, member] of members.entries()) {
      const misdeed = options.traitors[i]
      const config = { chainId, scheme, secretKey: member.secret, slotMs, deltaMs, maxDeltaMs, driftMs, termHeights }
      for (const name of misdeed === 'twins' ? [`${i}a`, `${i}b`] : [`${i}`]) {
        const genesis = { height: 0, hash: chainId, stateRoot: root, rangeRoot: root, term: 0, base: 0, nextSet: null }
        const ledger = new Ledger(genesis, termHeights, (seed, term) => elect(members, seats, seed, term))
        const node = new SimulatedNode(this, name, toHex(member.address), config, ledger, this.#random.fork())
        this.#network.join(node)
        if (misdeed === undefined) this.#honest.push(node)
        else {
          traitors.add(name)
          node.lies = misdeed === 'liar'
          node.isDeaf = misdeed === 'silent'
          this.#misdeeds.set(name, { misdeed, config })
        }
      }
    }
    const traitorDelegates = members.slice(0, options.traitors.length).map(({ address }) => toHex(address))
    this.#checkers = new Checkers({ chainId, scheme, traitors, traitorDelegates: new Set(traitorDelegates) })
  }

  run(): SimulationReport {
    const { options, agenda } = this
    this.#traceCast()
    for (const node of this.#network.peers) {
      if (!node.isDeaf) agenda.after(this.#random.between(0, 50), () => node.start())
    }
    const stormSlots = Math.floor(options.slots * (1 - options.calmShare))
    const mostMs = options.slots * MOST_MS_PER_SLOT
    const mostSteps = options.slots * MOST_STEPS_PER_SLOT
    let goalHeight = Number.POSITIVE_INFINITY
    let steps = 0
    while (this.#slots < options.slots && agenda.nowMs < mostMs && steps++ < mostSteps && agenda.runNext()) {
      if (!this.#calm && this.#slots >= stormSlots) {
        this.#endStorm()
        goalHeight = this.#checkers.height + CALM_BLOCKS
      }
    }
    this.#checkProgress(goalHeight)
    const { violations, finalBlocks, height, evidence, reproposals, convicted, convictedDelegates } = this.#checkers
    const crashes = this.#honest.reduce((sum, node) => sum + node.crashes, 0)
    return {
      violations,
      finalBlocks,
      height,
      slots: this.#slots,
      terms: this.#terms,
      crashes,
      messages: this.#network.sent,
      evidence,
      convictedDelegates: convictedDelegates.size,
      reproposals,
      convicted,
      simulatedMs: agenda.nowMs,
      print: toHex(this.#print),
    }
  }

  stormy(): boolean {
    return !this.#calm
  }

  send(from: SimulatedNode, to: Recipient, message: Message): void {
    const traitor = this.#misdeeds.get(from.name)
    const isSplit = traitor?.misdeed === 'twins' && this.options.network.slotPartitions !== null
    if (traitor === undefined || isSplit) {
      this.#network.send(from, to, message)
      return
    }
    const { misdeed, config } = traitor
    for (const sending of misbehave(misdeed, config, this.#random, to, message, from.state.instance)) {
      for (const peer of this.#network.peers) {
        if (peer === from || !isFor(from, sending.to, peer)) continue
        if (this.#random.chance(sending.share)) this.#network.deliver(from, peer, sending.message, sending.extraMs)
      }
    }
  }

  ask(from: SimulatedNode, peer: string | null, ask: Ask): void {
    const others = this.#network.peers.filter((other) => other !== from)
    const to = others.find((other) => other.name === peer) ?? this.#random.pick(others)
    this.send(from, { peer: to.name }, { type: 'ask', ask })
  }

  onEffect(node: SimulatedNode, effect: Effect): void {
    if (this.#misdeeds.has(node.name)) return
    this.#checkers.watch(node, effect)
    this.#observe?.(node.site, effect, this.agenda.nowMs)
    if (effect.type === 'final') {
      this.#print = new Uint8Array(hashTagged('event', this.#print, effect.hash, new TextEncoder().encode(node.name)))
    }
    if (effect.type === 'term') {
      this.#terms = Math.max(this.#terms, effect.start.set.term + 1)
      if (effect.start.base.timeMs >= node.state.floor.silentUntilMs) this.#silenced.delete(node.name)
    }
    if (this.#trace !== null) this.#traceEffect(node, effect)
  }

  /** No honest delegate ever makes a block that another finds invalid, whatever it lost before. */
  onStep(node: SimulatedNode): void {
    const { instance } = node.state
    if (instance === null || this.#misdeeds.has(node.name)) return
    if (node.slotsSeen > this.#slots) this.#slots = node.slotsSeen
    for (const candidate of instance.slots.get(instance.slot)?.candidates ?? []) {
      if (candidate.phase !== 'invalid' || candidate.again) continue
      const leader = toHex(instance.start.set.members[candidate.leader]!.address)
      if (!this.#honest.some((other) => other.delegate === leader)) continue
      this.#checkers.fail(`${node.name} finds the honest block of slot ${instance.term}/${candidate.slot} invalid`)
    }
  }

  onStart(node: SimulatedNode): void {
    this.#trace?.(this.#line(node, 'starts'))
  }

  onCrash(node: SimulatedNode): void {
    const missing = this.#misdeeds.size > 0 ? this.options.traitors.length : 0
    const spare = Math.floor((this.options.seats - 1) / 3) - missing - this.#silenced.size
    const honest = !this.#misdeeds.has(node.name)
    if (honest && spare > 0 && this.#random.chance(this.options.node.loseVotes)) {
      node.disk.votes.cut(0)
      node.votesLost = true
      this.#silenced.add(node.name)
      this.#trace?.(this.#line(node, 'crashes and loses its log of votes'))
    } else if (honest && this.#mayLoseBlocks(node)) {
      node.disk.blocks.cut(this.#random.between(0, node.disk.blocks.length))
      this.#trace?.(this.#line(node, 'crashes and loses blocks'))
    } else this.#trace?.(this.#line(node, 'crashes'))
  }

  /** One node at a time: while it fetches its blocks again all others have them. */
  #mayLoseBlocks(node: SimulatedNode): boolean {
    const fetching = this.#fetching
    if (fetching !== null && fetching.node.finalHeight < fetching.height) return false
    if (!this.#random.chance(this.options.node.loseBlocks)) return false
    this.#fetching = { node, height: this.#checkers.height }
    return true
  }

  #endStorm(): void {
    this.#calm = true
    this.#network.heal()
    this.#trace?.(`${this.agenda.nowMs} --- the storm is over ---`)
  }

  /** Liveness: when the storm is over every honest node makes new blocks final within the calm slots. */
  #checkProgress(goalHeight: number): void {
    for (const node of this.#honest) {
      if (node.finalHeight >= goalHeight) continue
      const { term, slot } = positionOf(node.state)
      this.#checkers.fail(`${node.name} stands at height ${node.finalHeight} of ${goalHeight} (slot ${term}/${slot})`)
    }
  }

  /** Who is who, and how to read the lines. */
  #traceCast(): void {
    if (this.#trace === null) return
    const { seed, seats, slots, traitors, network } = this.options
    this.#trace(`seed ${seed}: ${seats} seats, quorum ${quorum(seats)}, ${slots} slots`)
    for (const node of this.#network.peers) {
      this.#trace(`  ${node.name.padEnd(3)} ${this.#misdeeds.get(node.name)?.misdeed ?? 'honest'}`)
    }
    const { loss, slow, duplication, partition, slotPartitions } = network
    const splits = partition !== null || slotPartitions !== null ? 'with' : 'without'
    this.#trace(`  loss ${loss}, slow ${slow}, duplication ${duplication}, ${splits} partitions`)
    if (traitors.length > 0) this.#trace('  what traitors do is not shown')
    this.#trace('      ms who term/slot: what; [Notar 3] is a certificate of slot 3')
  }

  #line(node: SimulatedNode, text: string): string {
    const { term, slot } = positionOf(node.state)
    return `${String(this.agenda.nowMs).padStart(8)} ${node.name.padEnd(3)} ${term}/${slot}: ${text}`
  }

  #traceEffect(node: SimulatedNode, effect: Effect): void {
    const text = describe(effect)
    if (text !== null) this.#trace?.(this.#line(node, text))
  }
}

function seatOf({ address, key }: Member) {
  return { address, key }
}

/** The set of a term: all candidates but some, rotated by the state at the election. */
function elect(members: readonly Member[], seats: number, seed: Uint8Array, term: number): DelegateSet {
  const first = seed[0]! % members.length
  const rotated = [...members.slice(first), ...members.slice(0, first)]
  return { term, members: rotated.slice(0, seats).map(seatOf) }
}

const KINDS = ['Notar', 'Skip', 'Final', 'Propose']

function describe(effect: Effect): string | null {
  if (effect.type === 'final') {
    const { height, slot } = effect.block.header
    return `final ${height} ${toHex(effect.hash).slice(0, 8)} (slot ${slot})`
  }
  if (effect.type === 'term') return `begins term ${effect.start.set.term}, seat ${effect.seat}`
  if (effect.type === 'evidence') return `evidence of ${effect.evidence.kind}`
  if (effect.type === 'misbehaviour') return `cuts ${effect.peer}: ${effect.code}`
  if (effect.type === 'request') return `asks from height ${effect.ask.finalHeight}, slot ${effect.ask.fromSlot}`
  if (effect.type !== 'send') return null
  const { message } = effect
  if (message.type === 'votes') {
    return message.votes.map(voteText).join(', ')
  }
  if (message.type === 'proposal') {
    const { slot, height, rootHeight, parent } = message.block.header
    const hash = toHex(headerHash(message.block.header)).slice(0, 8)
    return `proposes ${hash} in slot ${slot}: height ${height} on ${toHex(parent).slice(0, 8)}, root ${rootHeight}`
  }
  if (message.type === 'certificates') {
    return message.certificates.map(({ kind, slot }) => `[${KINDS[kind]} ${slot}]`).join(' ')
  }
  return null
}

function voteText({ kind, slot, seat, value }: Vote): string {
  const block = kind === SKIP ? '' : ` ${toHex(value).slice(0, 8)}`
  return `${KINDS[kind]} ${slot}${block} of seat ${seat}`
}
