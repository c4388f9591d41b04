import { ADDRESS_BYTES, SSP, type Token, tokenSchema } from '@smartshare/chain'
import { amount, array, bytes, fixedBytes, type Infer, optional, record, u64, uint } from '@smartshare/codec'
import { addAmount, checkAmount } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { descendingKey, u64Key, uintKey } from '../keys.ts'
import { drawOf } from '../offers/changes.ts'
import { periodPrice } from '../offers/offer.ts'
import { Table } from '../table.ts'

/** Module number of tenders. */
export const TENDERS = 6
export const MAX_LOTS = 64
/** 64 GiB: at 66 segments, the proof of an inspection of such a lot still fits a call. */
export const MAX_LOT_BYTES = 2 ** 36
/** Ten years of days. */
export const MAX_PERIODS = 3660
export const MAX_EXCLUDED = 64
export const MAX_SEALED_BYTES = 1024
/** Bytes of the random ids that owners give to objects and copies. */
export const ID_BYTES = 16

const lotSchema = record({ copyId: fixedBytes(ID_BYTES), sizeBytes: uint(MAX_LOT_BYTES, 1) })

/** One copy of an object, to be stored by one provider. */
export type Lot = Infer<typeof lotSchema>

/** What a buyer asks for. */
export const demandSchema = record({
  object: fixedBytes(ID_BYTES),
  lots: array(lotSchema, MAX_LOTS, 1),
  /** What it is paid with: only offers for the same token are matched. */
  token: tokenSchema,
  /** Per GiB and period, in the smallest units of the token. */
  maxPriceGrains: amount,
  /** Least that a provider must answer for in SSP, per GiB and period. */
  leastPledgeGrains: amount,
  periods: uint(MAX_PERIODS, 1),
  /** Providers that shall get none of the lots. */
  exclude: array(fixedBytes(ADDRESS_BYTES), MAX_EXCLUDED),
  /** What the owner wants to find again with the object; sealed by the owner. */
  memo: bytes(MAX_SEALED_BYTES),
})

export type Demand = Infer<typeof demandSchema>

const tenderSchema = record({
  buyer: fixedBytes(ADDRESS_BYTES),
  demand: demandSchema,
  height: uint(),
  /** Place of the token among those of a block: SSP first, the others as they are drawn. */
  rank: u64,
  draw: u64,
  /** Locked for all lots at the highest price; nothing once they are matched or refunded. */
  lockedGrains: amount,
  /** The agreement of each lot, null where none was found; null while the tender waits. */
  agreements: optional(array(optional(uint()), MAX_LOTS)),
  /** Records of agreements that refer to this one. */
  references: uint(MAX_LOTS),
})

/** A demand with what became of it. */
export type Tender = Infer<typeof tenderSchema>

const tenders = new Table<Tender>(TENDERS, 1, tenderSchema)
/** Number of tenders there ever were: the next one's id. */
const counts = new Table(TENDERS, 2, uint())
/** Tenders that wait for matching: those of an earlier block first, then by token, then the higher price, then the draw. */
const queue = new Table(TENDERS, 3, uint())

/** Grains that all periods of all lots cost at a price. Throws AMOUNT_RANGE. */
export function wholePrice({ lots, periods }: Pick<Demand, 'lots' | 'periods'>, priceGrains: bigint): bigint {
  return lots.reduce(
    (sum, { sizeBytes }) => addAmount(sum, checkAmount(periodPrice(priceGrains, sizeBytes) * BigInt(periods))),
    0n,
  )
}

/** The tender of an id; undefined also once all agreements that came of it are forgotten. */
export function getTender(reader: Pick<StateReader, 'get'>, id: number): Tender | undefined {
  return tenders.get(reader, uintKey(id))
}

/** Stores a new tender and has it wait for matching; returns its id. */
export function addTender(host: Host, buyer: Uint8Array, demand: Demand, lockedGrains: bigint): number {
  const id = counts.get(host) ?? 0
  counts.set(host, id + 1)
  const draw = drawOf(host, 'market/tender', uintKey(id))
  const tender = {
    buyer,
    demand,
    height: host.block.height,
    rank: rankOf(host, demand.token),
    draw,
    lockedGrains,
    agreements: null,
    references: 0,
  }
  saveTender(host, id, tender)
  queue.set(host, id, ...placeOf(id, tender))
  return id
}

/**
 * Prices in different tokens cannot be compared, and a price in a worthless token costs nothing: so it must not push tenders in
 * SSP, or in another token, out of a block.
 */
function rankOf(host: Host, token: Token): bigint {
  return token === SSP ? 0n : drawOf(host, 'market/token', token) | 1n
}

export function saveTender(host: Host, id: number, tender: Tender): void {
  tenders.set(host, tender, uintKey(id))
}

export function forgetTender(host: Host, id: number): void {
  tenders.delete(host, uintKey(id))
}

/** Ids of waiting tenders in the order in which they are matched. */
export function* waitingTenders(reader: StateReader, limit: number): Generator<number> {
  for (const [, id] of queue.entries(reader, [], { limit })) yield id
}

export function stopWaiting(host: Host, id: number, tender: Tender): void {
  queue.delete(host, ...placeOf(id, tender))
}

function placeOf(id: number, { height, rank, demand, draw }: Tender): Uint8Array[] {
  return [uintKey(height), u64Key(rank), descendingKey(demand.maxPriceGrains), u64Key(draw), uintKey(id)]
}

/** Every tender; for audits, not for blocks. */
export function* allTenders(reader: StateReader): Generator<Tender> {
  for (const [, tender] of tenders.entries(reader, [], { limit: Number.MAX_SAFE_INTEGER })) yield tender
}
