import type { ParsedTransaction } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { Gate } from '@smartshare/runtime'
import { mapKey } from '@smartshare/runtime'
import { Heap } from './heap.ts'

export interface MempoolLimits {
  readonly mostTransactions: number
  readonly mostBytes: number
  /** Transactions of one account and lane that may wait. */
  readonly mostPerLane: number
}

export const MEMPOOL_LIMITS: MempoolLimits = {
  mostTransactions: 60_000,
  mostBytes: 128 * 1024 * 1024,
  mostPerLane: 4_096,
}

/** A transaction whose form and signatures were checked. */
export interface Pending {
  readonly tx: ParsedTransaction
  readonly idKey: string
  readonly laneKey: string
  /** Order of arrival. */
  readonly arrival: number
}

interface Lane {
  readonly byNonce: Map<bigint, Pending>
  first: bigint
}

/** Transactions that wait to be ordered: by account and lane in the order of nonces, among lanes by tip and arrival. */
export class Mempool {
  private readonly limits: MempoolLimits
  private readonly byId = new Map<string, Pending>()
  private readonly lanes = new Map<string, Lane>()
  private readonly byExpiry = new Map<number, Set<string>>()
  private sizeBytes = 0
  private arrivals = 0

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

  /**
   * Takes a transaction in. One that offers at least a tenth more takes the place of another with its nonce. Throws
   * MEMPOOL_FULL, MEMPOOL_LANE_FULL, TX_KNOWN or TX_NONCE_TAKEN; what is refused leaves no trace.
   */
  add(tx: ParsedTransaction): void {
    const idKey = mapKey(tx.id)
    if (this.byId.has(idKey)) throw new SmartshareError('TX_KNOWN', 'the transaction waits already')
    const laneKey = mapKey(tx.from) + String.fromCharCode(tx.body.lane)
    const former = this.lanes.get(laneKey)?.byNonce.get(tx.body.nonce)
    if (former !== undefined && !outbids(tx, former.tx)) {
      throw new SmartshareError('TX_NONCE_TAKEN', `another transaction with nonce ${tx.body.nonce} waits`, {
        leastMaxGasPrice: leastToOutbid(former.tx.body.maxGasPrice),
        leastTipGasPrice: leastToOutbid(former.tx.body.tipGasPrice),
      })
    }
    this.mustHaveRoom(tx, laneKey, former)
    if (former !== undefined) this.drop(former)
    const lane = this.lanes.get(laneKey)
    const pending: Pending = { tx, idKey, laneKey, arrival: this.arrivals++ }
    if (lane === undefined) {
      this.lanes.set(laneKey, { byNonce: new Map([[tx.body.nonce, pending]]), first: tx.body.nonce })
    } else {
      lane.byNonce.set(tx.body.nonce, pending)
      if (tx.body.nonce < lane.first) lane.first = tx.body.nonce
    }
    this.byId.set(idKey, pending)
    this.sizeBytes += tx.wire.length
    const expiring = this.byExpiry.get(tx.body.expiryHeight)
    if (expiring === undefined) this.byExpiry.set(tx.body.expiryHeight, new Set([idKey]))
    else expiring.add(idKey)
  }

  /** Throws MEMPOOL_FULL or MEMPOOL_LANE_FULL; `former` goes when `tx` comes. */
  private mustHaveRoom(tx: ParsedTransaction, laneKey: string, former: Pending | undefined): void {
    const { mostTransactions, mostBytes, mostPerLane } = this.limits
    const count = this.byId.size - (former === undefined ? 0 : 1)
    const bytes = this.sizeBytes - (former?.tx.wire.length ?? 0)
    if (count >= mostTransactions || bytes + tx.wire.length > mostBytes) {
      throw new SmartshareError('MEMPOOL_FULL', 'too many transactions wait', { waiting: this.byId.size })
    }
    if (former === undefined && (this.lanes.get(laneKey)?.byNonce.size ?? 0) >= mostPerLane) {
      throw new SmartshareError('MEMPOOL_LANE_FULL', `at most ${mostPerLane} transactions of a lane wait`)
    }
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
    const lane = this.lanes.get(mapKey(from) + String.fromCharCode(laneNumber))
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
    const { tx, idKey, laneKey } = pending
    this.byId.delete(idKey)
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

/** What replaces another offers so many tenths of both its prices: each replacement costs the network a round of gossip. */
const OUTBIDDING_TENTHS = 11n

function leastToOutbid(price: bigint): bigint {
  const least = (price * OUTBIDDING_TENTHS + 9n) / 10n
  return least > price ? least : price + 1n
}

function outbids({ body }: ParsedTransaction, { body: former }: ParsedTransaction): boolean {
  return body.maxGasPrice >= leastToOutbid(former.maxGasPrice) && body.tipGasPrice >= leastToOutbid(former.tipGasPrice)
}

function comesFirst(a: Pending, b: Pending): boolean {
  const tipA = a.tx.body.tipGasPrice
  const tipB = b.tx.body.tipGasPrice
  return tipA === tipB ? a.arrival < b.arrival : tipA > tipB
}
