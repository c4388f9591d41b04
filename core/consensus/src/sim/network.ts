import type { Link, Message, Recipient } from '../events.ts'
import type { Agenda } from './agenda.ts'
import type { SimulationOptions } from './options.ts'
import { type Random, seededRandom } from './random.ts'

/** An end of the network. */
export interface Peer {
  readonly name: string
  /** Place in the matrix of delays. */
  readonly site: number
  readonly delegate: string
  /** Nothing needs to be carried to it: it would say nothing anyway. */
  readonly isDeaf: boolean
  /** Where it stands: partitions by slots go by it. */
  position(): { readonly term: number; readonly slot: number }
  /** True if it takes `delegate` for one of the term's delegates. */
  isDelegate(delegate: string): boolean
  receive(link: Link, message: Message): void
}

/** How many times longer a slow message takes. */
const SLOW_FACTOR = 10
/** A slot is split into two sides or three. */
const MOST_SIDES = 3
/** Slots whose sides are remembered. */
const MOST_SLOTS_KEPT = 256
/** How long a slot may be split from its first message on; then it is whole, or it would stand for ever. */
const SPLIT_MS = [200, 4000] as const
const NO_SIDES: ReadonlyMap<string, number> = new Map()

interface Split {
  readonly untilMs: number
  readonly sides: ReadonlyMap<string, number>
}

/** Carries messages between peers with delay, loss, duplication and partitions, until it is healed. */
export class SimulatedNetwork<P extends Peer> {
  readonly peers: P[] = []
  healed = false
  sent = 0
  readonly #agenda: Agenda
  readonly #options: SimulationOptions['network']
  readonly #random: Random
  readonly #links = new Map<string, Link>()
  /** Side of the partition on which each peer is; null while there is none. */
  #sides: Map<string, number> | null = null
  readonly #splits = new Map<string, Split>()
  readonly #slotSeed: number

  constructor(agenda: Agenda, options: SimulationOptions['network'], random: Random) {
    this.#agenda = agenda
    this.#options = options
    this.#random = random
    this.#slotSeed = options.slotPartitions === null ? 0 : random.between(0, 2 ** 30)
    if (options.partition !== null) this.#planPartition(options.partition)
  }

  /** Adds a peer; its links exist at once. */
  join(peer: P): void {
    this.peers.push(peer)
    this.#links.set(peer.name, { peer: peer.name, delegate: peer.delegate })
  }

  /** No fault from now on. */
  heal(): void {
    this.healed = true
    this.#sides = null
  }

  send(from: Peer, to: Recipient, message: Message): void {
    for (const peer of this.peers) {
      if (peer.name === from.name) continue
      if (!isFor(from, to, peer)) continue
      this.deliver(from, peer, message)
    }
  }

  /** One message over one link. */
  deliver(from: Peer, to: P, message: Message, extraMs = 0): void {
    if (to.isDeaf) return
    this.sent += 1
    const { delayMs, delays, slow, loss, duplication } = this.#options
    const random = this.#random
    if (!this.healed) {
      if (this.#sides !== null && this.#sides.get(from.name) !== this.#sides.get(to.name)) return
      if (this.#options.slotPartitions !== null) {
        const sides = this.#sidesOf(from.position())
        if (sides.get(from.name) !== sides.get(to.name)) return
      }
      if (random.chance(loss)) return
    }
    const times = !this.healed && random.chance(duplication) ? 2 : 1
    const link = this.#links.get(from.name)!
    for (let i = 0; i < times; i++) {
      const factor = !this.healed && random.chance(slow) ? SLOW_FACTOR : 1
      const wayMs = (delays?.[from.site]?.[to.site] ?? 0) + random.between(...delayMs)
      this.#agenda.after(extraMs + factor * wayMs, () => to.receive(link, message))
    }
  }

  /** The sides of a slot, by the seed; nobody is on a side while it is whole. */
  #sidesOf({ term, slot }: { term: number; slot: number }): ReadonlyMap<string, number> {
    const key = `${term}/${slot}`
    const { nowMs } = this.#agenda
    let split = this.#splits.get(key)
    if (split === undefined) {
      const random = seededRandom(this.#slotSeed ^ Math.imul(term + 1, 0x5bd1e995) ^ Math.imul(slot + 1, 0x27d4eb2f))
      const isSplit = random.chance(this.#options.slotPartitions ?? 0)
      const untilMs = nowMs + random.between(...SPLIT_MS)
      split = { untilMs, sides: isSplit ? this.#split(random) : NO_SIDES }
      if (this.#splits.size >= MOST_SLOTS_KEPT) {
        for (const oldest of [...this.#splits.keys()].slice(0, MOST_SLOTS_KEPT / 2)) this.#splits.delete(oldest)
      }
      this.#splits.set(key, split)
    }
    return nowMs < split.untilMs ? split.sides : NO_SIDES
  }

  #split(random: Random): Map<string, number> {
    const count = random.between(2, MOST_SIDES)
    const sides = new Map<string, number>()
    const bySite = new Map<number, number>()
    for (const { name, site } of this.peers) {
      const twin = bySite.get(site)
      const side = twin === undefined ? random.between(0, count - 1) : (twin + random.between(1, count - 1)) % count
      bySite.set(site, side)
      sides.set(name, side)
    }
    return sides
  }

  #planPartition(plan: { everyMs: number; lastsMs: number }): void {
    this.#agenda.after(this.#random.between(1, 2 * plan.everyMs), () => {
      if (this.healed) return
      this.#sides = new Map(this.peers.map((peer) => [peer.name, this.#random.between(0, 1)]))
      this.#agenda.after(this.#random.between(1, 2 * plan.lastsMs), () => {
        this.#sides = null
        this.#planPartition(plan)
      })
    })
  }
}

/** True if a message to `to` goes to `peer`. */
export function isFor(from: Peer, to: Recipient, peer: Peer): boolean {
  if (to === 'all') return true
  return to === 'delegates' ? from.isDelegate(peer.delegate) : to.peer === peer.name
}
