import { type ParsedTransaction, wireHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { Gate } from '@smartshare/runtime'
import { mapKey } from '@smartshare/runtime'
import { Heap } from './heap.ts'

export interface MempoolLimits {
  readonly mostTransactions: number
  readonly mostBytes: number
  /** Transactions of one account and lane that may wait. */
  readonly mostPerLane: number
  /** Transactions of one account, and such that one account is to pay for, that may wait. */
  readonly mostPerAccount: number
  /** Times that one place of a lane may be taken over by a higher offer. */
  readonly mostReplacements: number
}

export const MEMPOOL_LIMITS: MempoolLimits = {
  mostTransactions: 60_000,
  mostBytes: 128 * 1024 * 1024,
  mostPerLane: 4_096,
  mostPerAccount: 8_192,
  mostReplacements: 8,
}
/** First bytes of a transaction's wire hash by which blocks name it: two alike would cost 2^64 hashes to find. */
export const SHORT_ID_BYTES = 16

/** A transaction whose form and signatures were checked. */
export interface Pending {
  readonly tx: ParsedTransaction
  readonly idKey: string
  readonly laneKey: string
  /** Short id under which blocks name it. */
  readonly wireKey: string
  /** Who sends and who pays. */
  readonly accounts: readonly string[]
  /** Order of arrival. */
  readonly arrival: number
  /** How many transactions stood in its place before it. */
  readonly replacements: number
}

interface Lane {
  readonly byNonce: Map<bigint, Pending>
  first: bigint
  /** Nonces above it are not there; it may itself be gone. */
  last: bigint
}

/** Transactions that wait to be ordered: by account and lane in the order of nonces, among lanes by tip and arrival. */
export class Mempool {
  private readonly limits: MempoolLimits
  private readonly byId = new Map<string, Pending>()
  private readonly lanes = new Map<string, Lane>()
  private readonly byWire = new Map<string, Pending>()
  private readonly byExpiry = new Map<number, Set<string>>()
  /** Transactions that each account sends or pays for. */
  private readonly byAccount = new Map<string, number>()
  /** The lowest offer first; holds also some that are gone. */
  private cheapest = new Heap<Pending>(isCheaper)
  private sizeBytes = 0
  private arrivals = 0
  /** Transactions that went because another offered more: for their place, or for room at all. */
  replaced = 0
  displaced = 0

  constructor(limits: MempoolLimits = MEMPOOL_LIMITS) {
    this.limits = limits
  }

  get count(): number {
    return this.byId.size
  }

  get bytes(): number {
    return this.sizeBytes
  }

  /** All that waits as it travels, in the order in which it came. */
  get wires(): Uint8Array[] {
    return [...this.byId.values()].map(({ tx }) => tx.wire)
  }

  has(id: Uint8Array): boolean {
    return this.byId.has(mapKey(id))
  }

  get(id: Uint8Array): ParsedTransaction | undefined {
    return this.byId.get(mapKey(id))?.tx
  }

  /** The transaction that blocks name by this short id. */
  byShortId(shortId: Uint8Array): Uint8Array | undefined {
    return this.byWire.get(mapKey(shortId))?.tx.wire
  }

  /**
   * Takes a transaction in. One that offers at least a tenth more takes the place of another with its nonce, and in a full
   * pool that of those that offer least. Throws what `check` throws; what is refused leaves no trace, but that a large one
   * may have displaced some of less worth before it met others of more.
   */
  add(tx: ParsedTransaction): void {
    this.check(tx)
    const laneKey = laneKeyOf(tx.from, tx.body.lane)
    const former = this.lanes.get(laneKey)?.byNonce.get(tx.body.nonce)
    if (former !== undefined) {
      this.drop(former)
      this.replaced++
    }
    for (let victim = this.victimFor(tx, laneKey); victim !== undefined; victim = this.victimFor(tx, laneKey)) {
      this.drop(victim)
      this.displaced++
    }
    this.insert(tx, laneKey, former === undefined ? 0 : former.replacements + 1)
  }

  /**
   * Whether a transaction would be taken in; cheap, so that it can be asked before signatures are checked. Throws
   * MEMPOOL_FULL, MEMPOOL_LANE_FULL, MEMPOOL_ACCOUNT_FULL, TX_KNOWN or TX_NONCE_TAKEN.
   */
  check(tx: ParsedTransaction): void {
    const { mostPerLane, mostPerAccount, mostReplacements } = this.limits
    if (this.byId.has(mapKey(tx.id))) throw new SmartshareError('TX_KNOWN', 'the transaction waits already')
    const laneKey = laneKeyOf(tx.from, tx.body.lane)
    const lane = this.lanes.get(laneKey)
    const former = lane?.byNonce.get(tx.body.nonce)
    if (former !== undefined && (!outbids(tx, former.tx) || former.replacements >= mostReplacements)) {
      throw new SmartshareError('TX_NONCE_TAKEN', `another transaction with nonce ${tx.body.nonce} waits`, {
        leastMaxGasPrice: leastToOutbid(former.tx.body.maxGasPrice),
        leastTipGasPrice: leastToOutbid(former.tx.body.tipGasPrice),
        replacementsLeft: mostReplacements - former.replacements,
      })
    }
    if (former === undefined && (lane?.byNonce.size ?? 0) >= mostPerLane) {
      throw new SmartshareError('MEMPOOL_LANE_FULL', `at most ${mostPerLane} transactions of a lane wait`)
    }
    for (const account of accountsOf(tx)) {
      if (former?.accounts.includes(account)) continue
      if ((this.byAccount.get(account) ?? 0) < mostPerAccount) continue
      throw new SmartshareError('MEMPOOL_ACCOUNT_FULL', `at most ${mostPerAccount} transactions of an account wait`)
    }
    const count = this.byId.size - (former === undefined ? 0 : 1)
    const bytes = this.sizeBytes - (former?.tx.wire.length ?? 0)
    if (this.hasRoom(count, bytes + tx.wire.length)) return
    const least = this.leastOffer()
    if (least === undefined || least.laneKey === laneKey || !isWorthMore(tx, least.tx)) {
      throw this.full(least)
    }
  }

  private full(least: Pending | undefined): SmartshareError {
    return new SmartshareError('MEMPOOL_FULL', 'too many transactions wait', {
      waiting: this.byId.size,
      leastTipGasPrice: leastToOutbid(least?.tx.body.tipGasPrice ?? 0n),
    })
  }

  private hasRoom(count: number, bytes: number): boolean {
    return count < this.limits.mostTransactions && bytes <= this.limits.mostBytes
  }

  /** What goes so that `tx` has room: the last of the lane in which the lowest offer stands, for that one is of no use without it. */
  private victimFor(tx: ParsedTransaction, laneKey: string): Pending | undefined {
    if (this.hasRoom(this.byId.size, this.sizeBytes + tx.wire.length)) return undefined
    const least = this.leastOffer()
    if (least === undefined || least.laneKey === laneKey || !isWorthMore(tx, least.tx)) throw this.full(least)
    const lane = this.lanes.get(least.laneKey)!
    while (!lane.byNonce.has(lane.last)) lane.last--
    return lane.byNonce.get(lane.last)
  }

  private leastOffer(): Pending | undefined {
    for (;;) {
      const least = this.cheapest.peek()
      if (least === undefined || this.byId.get(least.idKey) === least) return least
      this.cheapest.pop()
    }
  }

  private insert(tx: ParsedTransaction, laneKey: string, replacements: number): void {
    const idKey = mapKey(tx.id)
    const wireKey = mapKey(wireHash(tx.wire).subarray(0, SHORT_ID_BYTES))
    const accounts = accountsOf(tx)
    const pending: Pending = { tx, idKey, laneKey, wireKey, accounts, arrival: this.arrivals++, replacements }
    const { nonce, expiryHeight } = tx.body
    const lane = this.lanes.get(laneKey)
    if (lane === undefined) {
      this.lanes.set(laneKey, { byNonce: new Map([[nonce, pending]]), first: nonce, last: nonce })
    } else {
      lane.byNonce.set(nonce, pending)
      if (nonce < lane.first) lane.first = nonce
      if (nonce > lane.last) lane.last = nonce
    }
    this.byId.set(idKey, pending)
    this.byWire.set(wireKey, pending)
    for (const account of accounts) this.byAccount.set(account, (this.byAccount.get(account) ?? 0) + 1)
    this.sizeBytes += tx.wire.length
    const expiring = this.byExpiry.get(expiryHeight)
    if (expiring === undefined) this.byExpiry.set(expiryHeight, new Set([idKey]))
    else expiring.add(idKey)
    this.cheapest.push(pending)
    if (this.cheapest.size <= 2 * this.byId.size + LEAST_CLEARED) return
    // Most of the heap is gone from the pool: it is made anew, which costs no more than the additions since.
    this.cheapest = new Heap<Pending>(isCheaper)
    for (const waiting of this.byId.values()) this.cheapest.push(waiting)
  }

  /** Takes a transaction out: it is final, expired or can never be ordered. */
  remove(id: Uint8Array): void {
    const pending = this.byId.get(mapKey(id))
    if (pending !== undefined) this.drop(pending)
  }

  /** Takes out what can no longer be ordered at `height`. */
  expire(height: number): void {
    for (const [expiry, ids] of this.byExpiry) {
      if (expiry >= height) continue
      for (const idKey of ids) {
        const pending = this.byId.get(idKey)
        if (pending !== undefined) this.drop(pending)
      }
      this.byExpiry.delete(expiry)
    }
  }

  /** Takes out whatever of a lane stands below the nonce that comes next on the chain. */
  forgetBelow(from: Uint8Array, laneNumber: number, nonce: bigint): void {
    const lane = this.lanes.get(laneKeyOf(from, laneNumber))
    if (lane === undefined) return
    for (let at = lane.first; at < nonce; at++) {
      const pending = lane.byNonce.get(at)
      if (pending !== undefined) this.drop(pending)
      if (lane.byNonce.size === 0) return
    }
  }

  /**
   * Chooses the transactions of a block: the highest tip first, then the earliest; those of one lane in the order of nonces.
   * Everything chosen was admitted by `gate`. Stops at `mostBytes` and `mostCount`.
   */
  select(gate: Gate, mostBytes: number, mostCount: number): ParsedTransaction[] {
    const heads = new Heap<Pending>(comesFirst)
    for (const lane of this.lanes.values()) {
      const head = this.headFrom(lane, lane.first)
      if (head !== undefined) heads.push(head)
    }
    const chosen: ParsedTransaction[] = []
    let sizeBytes = 0
    let misfits = 0
    for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
      if (chosen.length >= mostCount || misfits > MOST_MISFITS) break
      const { tx } = head
      const lane = this.lanes.get(head.laneKey)!
      const expected = gate.expectedNonce(tx)
      if (tx.body.nonce !== expected) {
        const next = tx.body.nonce < expected ? lane.byNonce.get(expected) : undefined
        if (next !== undefined) heads.push(next)
        continue
      }
      // An entry of a byte string: its head and its bytes.
      const entryBytes = tx.wire.length + 5
      if (sizeBytes + entryBytes > mostBytes) {
        misfits++
        continue
      }
      try {
        gate.admit(tx)
      } catch (error) {
        if (!SmartshareError.is(error)) throw error
        misfits++
        continue
      }
      chosen.push(tx)
      sizeBytes += entryBytes
      const next = lane.byNonce.get(tx.body.nonce + 1n)
      if (next !== undefined) heads.push(next)
    }
    return chosen
  }

  private headFrom(lane: Lane, nonce: bigint): Pending | undefined {
    const direct = lane.byNonce.get(nonce)
    if (direct !== undefined) return direct
    let least: Pending | undefined
    for (const pending of lane.byNonce.values()) {
      if (least === undefined || pending.tx.body.nonce < least.tx.body.nonce) least = pending
    }
    if (least !== undefined) lane.first = least.tx.body.nonce
    return least
  }

  private drop(pending: Pending): void {
    const { tx, idKey, laneKey, wireKey, accounts } = pending
    this.byId.delete(idKey)
    if (this.byWire.get(wireKey) === pending) this.byWire.delete(wireKey)
    for (const account of accounts) {
      const left = this.byAccount.get(account)! - 1
      if (left === 0) this.byAccount.delete(account)
      else this.byAccount.set(account, left)
    }
    this.sizeBytes -= tx.wire.length
    const lane = this.lanes.get(laneKey)!
    lane.byNonce.delete(tx.body.nonce)
    if (lane.byNonce.size === 0) this.lanes.delete(laneKey)
    else if (tx.body.nonce === lane.first) lane.first = tx.body.nonce + 1n
    const expiring = this.byExpiry.get(tx.body.expiryHeight)
    expiring?.delete(idKey)
    if (expiring?.size === 0) this.byExpiry.delete(tx.body.expiryHeight)
  }
}

/** Transactions that do not fit after which a block is taken as full. */
const MOST_MISFITS = 1_000

/** Entries of the heap of offers that may be gone before it is made anew. */
const LEAST_CLEARED = 1_024

/** What replaces another offers so many tenths of both its prices: each replacement costs the network a round of gossip. */
const OUTBIDDING_TENTHS = 11n

function leastToOutbid(price: bigint): bigint {
  const least = (price * OUTBIDDING_TENTHS + 9n) / 10n
  return least > price ? least : price + 1n
}

function outbids({ body }: ParsedTransaction, { body: former }: ParsedTransaction): boolean {
  return body.maxGasPrice >= leastToOutbid(former.maxGasPrice) && body.tipGasPrice >= leastToOutbid(former.tipGasPrice)
}

/** Worth room in a full pool that another has: at least a tenth more of what orders the pool. */
function isWorthMore({ body }: ParsedTransaction, { body: least }: ParsedTransaction): boolean {
  if (body.tipGasPrice === least.tipGasPrice) return body.maxGasPrice >= leastToOutbid(least.maxGasPrice)
  return body.tipGasPrice >= leastToOutbid(least.tipGasPrice)
}

/** The lower offer, and of equal ones the later. */
function isCheaper(a: Pending, b: Pending): boolean {
  const [one, other] = [a.tx.body, b.tx.body]
  if (one.tipGasPrice !== other.tipGasPrice) return one.tipGasPrice < other.tipGasPrice
  if (one.maxGasPrice !== other.maxGasPrice) return one.maxGasPrice < other.maxGasPrice
  return a.arrival > b.arrival
}

function laneKeyOf(from: Uint8Array, lane: number): string {
  return mapKey(from) + String.fromCharCode(lane)
}

/** Who sends and who pays: often the same. */
function accountsOf({ from, payer }: ParsedTransaction): string[] {
  const sender = mapKey(from)
  const paying = from === payer ? sender : mapKey(payer)
  return paying === sender ? [sender] : [sender, paying]
}

function comesFirst(a: Pending, b: Pending): boolean {
  const tipA = a.tx.body.tipGasPrice
  const tipB = b.tx.body.tipGasPrice
  return tipA === tipB ? a.arrival < b.arrival : tipA > tipB
}
