import { ADDRESS_BYTES, tokenSchema } from '@smartshare/chain'
import { amount, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import type { EventKind, Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import type { Method, Module } from '../module.ts'
import { applyChanges } from '../offers/changes.ts'
import { spendToken } from '../tokens/coins.ts'
import { pools } from '../tokens/tokens.ts'
import { matchEvents, matchTenders } from './match.ts'
import { addTender, type Demand, demandSchema, ID_BYTES, TENDERS, wholePrice } from './tender.ts'

/** Matching one lot in gas: comparing offers, and the records of the agreement. The tender pays for it in advance. */
const LOT_GAS = 10_000

const postedEvent = {
  target: TENDERS,
  name: 'posted',
  schema: record({
    tender: uint(),
    buyer: fixedBytes(ADDRESS_BYTES),
    object: fixedBytes(ID_BYTES),
    lots: uint(),
    token: tokenSchema,
    lockedGrains: amount,
  }),
} satisfies EventKind<unknown>

/** `tenders.post`: asks for providers of all copies of an object at once. The whole price at the maximum is locked. */
const post: Method<Demand> = {
  id: 1,
  name: 'post',
  arguments: demandSchema,
  gas: 0,
  check(demand) {
    if (demand.maxPriceGrains === 0n) throw new SmartshareError('TENDER_PRICE', 'a price is at least one grain')
    if (new Set(demand.lots.map(({ copyId }) => mapKey(copyId))).size < demand.lots.length) {
      throw new SmartshareError('TENDER_LOTS', 'every lot is a copy of its own')
    }
  },
  execute(host, demand, sender) {
    host.gas.charge(LOT_GAS * demand.lots.length)
    const lockedGrains = wholePrice(demand, demand.maxPriceGrains)
    spendToken(host, demand.token, sender, pools.agreements, lockedGrains)
    const tender = addTender(host, sender, demand, lockedGrains)
    const { object, lots, token } = demand
    host.emit(postedEvent, { tender, buyer: sender, object, lots: lots.length, token, lockedGrains })
  },
}

/** Tenders, and the hook of the market: at the end of a block tenders are matched, and only then offers change. */
export const tenders: Module = {
  id: TENDERS,
  name: 'tenders',
  methods: [post],
  events: [postedEvent, ...matchEvents],
  endBlock,
}

function endBlock(host: Host): void {
  matchTenders(host)
  applyChanges(host)
}
