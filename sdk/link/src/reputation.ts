/** What a peer did wrong, and how much it weighs against `banThreshold`. */
export const FaultWeight = {
  /** One request over the quota, or a protocol nobody speaks. */
  OverQuota: 0.1,
  UnknownProtocol: 0.5,
  /** A gossip message that was rejected. */
  RejectedGossip: 2,
  /** Half a frame, or nothing taken, for too long. */
  Stalled: 4,
  /** A frame that breaks the protocol, or is above its bound. */
  Junk: 10,
  /** An attack on the multiplexer itself. */
  Flood: 20,
} as const

export interface ReputationInit {
  readonly banThreshold: number
  readonly forgivenPerSecond: number
  readonly banMs: number
  readonly mostMerit: number
  readonly meritKeptPerSecond: number
  readonly maxRemembered: number
  now(): number
  onBan(peer: string, reason: string): void
}

interface Record {
  /** Of faults. */
  weight: number
  merit: number
  atMs: number
}

/**
 * Adds up the faults of each peer, forgives them with time, and bans for a time whoever has too many. Merits fade too; they
 * make up for no fault, or an attacker would save them up first: they only tell who stays when there is no room for all.
 */
export class Reputation {
  readonly #init: ReputationInit
  readonly #records = new Map<string, Record>()
  readonly #bannedUntilMs = new Map<string, number>()

  constructor(init: ReputationInit) {
    this.#init = init
  }

  /** Counts a fault; true if the peer is banned by it, or was: what is still on its way from it is not counted anew. */
  fault(peer: string, weight: number, reason: string): boolean {
    if (this.isBanned(peer)) return true
    const record = this.#record(peer)
    record.weight += weight
    if (record.weight < this.#init.banThreshold) return false
    this.ban(peer, reason)
    return true
  }

  /** Counts something that was of use. */
  merit(peer: string, weight: number): void {
    const record = this.#record(peer)
    record.merit = Math.min(this.#init.mostMerit, record.merit + weight)
  }

  /** Merits less faults. */
  score(peer: string): number {
    const { weight, merit } = this.#now(this.#records.get(peer))
    return merit - weight
  }

  /** Peers that are banned now. */
  get banned(): number {
    const nowMs = this.#init.now()
    return [...this.#bannedUntilMs.values()].filter((untilMs) => nowMs < untilMs).length
  }

  ban(peer: string, reason: string): void {
    this.#records.delete(peer)
    remember(this.#bannedUntilMs, peer, this.#init.now() + this.#init.banMs, this.#init.maxRemembered)
    this.#init.onBan(peer, reason)
  }

  isBanned(peer: string): boolean {
    const untilMs = this.#bannedUntilMs.get(peer)
    if (untilMs === undefined) return false
    if (this.#init.now() < untilMs) return true
    this.#bannedUntilMs.delete(peer)
    return false
  }

  #record(peer: string): Record {
    const record = this.#now(this.#records.get(peer))
    remember(this.#records, peer, record, this.#init.maxRemembered)
    return record
  }

  /** What is left of it by now. */
  #now(record: Record | undefined): Record {
    const nowMs = this.#init.now()
    if (record === undefined) return { weight: 0, merit: 0, atMs: nowMs }
    const seconds = (nowMs - record.atMs) / 1000
    const { forgivenPerSecond, meritKeptPerSecond } = this.#init
    return {
      weight: Math.max(0, record.weight - seconds * forgivenPerSecond),
      merit: record.merit * meritKeptPerSecond ** seconds,
      atMs: nowMs,
    }
  }
}

/** Sets and keeps the map in order of the last change, dropping the oldest above the bound. */
function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
}
