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
  readonly maxRemembered: number
  now(): number
  onBan(peer: string, reason: string): void
}

interface Record {
  weight: number
  atMs: number
}

/** Adds up the faults of each peer, forgives them with time, and bans for a time whoever has too many. */
export class Reputation {
  readonly #init: ReputationInit
  readonly #faults = new Map<string, Record>()
  readonly #bannedUntilMs = new Map<string, number>()

  constructor(init: ReputationInit) {
    this.#init = init
  }

  /** Counts a fault; true if the peer is banned by it. */
  fault(peer: string, weight: number, reason: string): boolean {
    const nowMs = this.#init.now()
    const record = this.#faults.get(peer) ?? { weight: 0, atMs: nowMs }
    const forgiven = ((nowMs - record.atMs) / 1000) * this.#init.forgivenPerSecond
    record.weight = Math.max(0, record.weight - forgiven) + weight
    record.atMs = nowMs
    remember(this.#faults, peer, record, this.#init.maxRemembered)
    if (record.weight < this.#init.banThreshold) return false
    this.ban(peer, reason)
    return true
  }

  ban(peer: string, reason: string): void {
    this.#faults.delete(peer)
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
}

/** Sets and keeps the map in order of the last change, dropping the oldest above the bound. */
function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
}
