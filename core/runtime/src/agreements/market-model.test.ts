import { dataRoot, equalBytes } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapKey } from '../keys.ts'
import { allOffers, isListable, standingOffer, walkBook } from '../offers/offer.ts'
import { callOf, type TestBlock, TestChain } from '../testing.ts'
import {
  activation,
  answer,
  dataOf,
  idOf,
  postOffer,
  postTender,
  recordedGrains,
  recordedUnits,
  viewOf,
} from '../testing-market.ts'
import { issueToken, payIn, tokenOf } from '../testing-tokens.ts'
import { MAX_CAP, tokenBalanceOf } from '../tokens/coins.ts'
import { pools } from '../tokens/tokens.ts'
import { ACTIVE, allAgreements, MATCHED } from './agreement.ts'

// Random calls by several parties, right and wrong, over random stretches of time; beside the chain runs a ledger that knows
// only events, and a count of inspections that goes through them one by one.

const PARTIES = ['a', 'b', 'c', 'd', 'e']
const SIZES = [1, 64, 5000, 70_000]
const GRAINS = 10n ** 13n
const WATCHED = [...PARTIES.map((name) => name), 'agreements', 'mining'] as const

const action = fc.oneof(
  fc.record({
    do: fc.constant('post' as const),
    price: fc.integer({ min: 1, max: 3 }),
    tight: fc.boolean(),
    inCoin: fc.boolean(),
  }),
  fc.record({ do: fc.constant('change' as const), price: fc.integer({ min: 1, max: 3 }), tight: fc.boolean() }),
  fc.record({ do: fc.constantFrom('deposit' as const, 'take' as const), part: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('withdraw' as const) }),
  fc.record({
    do: fc.constant('tender' as const),
    sizes: fc.array(fc.nat(SIZES.length - 1), { minLength: 1, maxLength: 4 }),
    price: fc.integer({ min: 1, max: 4 }),
    periods: fc.integer({ min: 1, max: 6 }),
    inCoin: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('tender' as const),
    sizes: fc.constant([2, 2]),
    price: fc.constant(4),
    periods: fc.constant(4),
    inCoin: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('activate' as const, 'prove' as const), good: fc.boolean(), of: fc.nat(30) }),
  fc.record({ do: fc.constantFrom('activate' as const, 'prove' as const), good: fc.constant(true), of: fc.nat(5) }),
  fc.record({
    do: fc.constantFrom('cancel' as const, 'settle' as const, 'settle' as const, 'end' as const),
    of: fc.nat(30),
  }),
)
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** One block: who does what, and how long after the block before. */
const step = fc.record({
  acts: fc.array(fc.record({ by: fc.nat(PARTIES.length - 1), asParty: fc.boolean(), action }), { maxLength: 5 }),
  advanceMs: fc.constantFrom(500, 2000, 3750, 3750, 60_000),
})

const PRICE = 10n ** 12n
const posting = (by: number) => ({
  by,
  asParty: false,
  action: { do: 'post' as const, price: 2, tight: false, inCoin: by > 2 },
})
/** Offers in SSP and in a token, mature, so that the runs have something to go on. */
const OPENING = [
  { acts: [0, 1, 2, 3, 4].map(posting), advanceMs: 500 },
  { acts: [], advanceMs: 500 },
]

/** What the model knows of an active agreement. */
interface Watch {
  startMs: number
  passed: Set<number>
}

class Model {
  readonly chain = new TestChain({ accounts: PARTIES, grains: GRAINS, parameters: { activationMs: 30_000 } })
  readonly ledger = new Map<string, bigint>()
  readonly watches = new Map<number, Watch>()
  readonly codes = new Map<string, number>()
  /** Time of blocks, of which no gap counts more than a quarter of a window. */
  clockMs = 0

  /** What every second offer and tender is in. */
  readonly token: Uint8Array

  constructor() {
    const { chain } = this
    this.token = tokenOf(chain, 'a')
    const shares = PARTIES.slice(1).map((name) => payIn(chain, this.token, name, MAX_CAP / 10n))
    chain.run('a', issueToken({ cap: MAX_CAP, initial: MAX_CAP }), ...shares)
    for (const name of WATCHED) this.ledger.set(mapKey(this.addressOf(name)), this.chain.balance(this.addressOf(name)))
  }

  addressOf(name: string): Uint8Array {
    if (name === 'agreements' || name === 'mining') return pools[name]
    return this.chain.account(name).address
  }

  run({ acts, advanceMs }: { acts: { by: number; asParty: boolean; action: Action }[]; advanceMs: number }): void {
    const { chain } = this
    const transactions = acts.flatMap(({ by, asParty, action: act }) => {
      const call = this.callOf(act, PARTIES[by]!)
      if (call === null) return []
      return [chain.transaction(asParty ? this.partyTo(act, by) : PARTIES[by]!, [call])]
    })
    const block = chain.makeBlock(transactions, advanceMs)
    const most = Math.floor(chain.parameters.inspectionWindowMs / 4)
    this.clockMs = this.clockMs === 0 ? block.header.timeMs : this.clockMs + Math.min(advanceMs, most)
    this.follow(block)
  }

  /** The party that this call is for, so that most calls do something. */
  private partyTo(act: Action, by: number): string {
    if (!('of' in act)) return PARTIES[by]!
    const record = this.recordFor(act)
    if (record === undefined) return PARTIES[by]!
    const address = act.do === 'prove' ? record.provider : record.buyer
    return PARTIES.find((name) => equalBytes(this.addressOf(name), address))!
  }

  /** An open agreement: now and then any, mostly one in the state that the call is for. */
  private record(of: number, wanted = of % 5 === 0 ? undefined : ACTIVE) {
    const records = [...allAgreements(this.chain.state)]
    const open = records
      .map((record, id) => ({ ...record, id }))
      .filter(({ state }) => state === wanted || (wanted === undefined && (state === MATCHED || state === ACTIVE)))
    return open.length > 0 ? open[of % open.length] : undefined
  }

  private callOf(act: Action, by: string) {
    const offer = standingOffer(this.chain.state, this.addressOf(by)) ?? 0
    switch (act.do) {
      case 'post':
        return postOffer({
          priceGrains: BigInt(act.price) * PRICE,
          ...(act.inCoin ? { token: this.token, pledgeGrains: PRICE } : {}),
          capacityBytes: act.tight ? 2 ** 20 : 2 ** 30,
          collateralGrains: act.tight ? 5n * 10n ** 10n : 10n ** 12n,
        })
      case 'change': {
        const capacityBytes = act.tight ? 2 ** 20 : 2 ** 30
        return callOf('offers', 'change', {
          offer,
          priceGrains: BigInt(act.price) * PRICE,
          pledgeGrains: null,
          capacityBytes,
        })
      }
      case 'deposit':
      case 'take':
        return callOf('offers', act.do, { offer, grains: BigInt(act.part) * 10n ** 10n })
      case 'withdraw':
        return callOf('offers', 'withdraw', { offer })
      case 'tender':
        return postTender({
          lots: act.sizes.map((size, i) => ({ copyId: idOf(`${i}`), sizeBytes: SIZES[size]! })),
          ...(act.inCoin ? { token: this.token } : {}),
          maxPriceGrains: BigInt(act.price) * PRICE,
          periods: act.periods,
        })
      case 'activate':
        return this.activate(act.of, act.good)
      case 'prove':
        return this.prove(act.of, act.good)
      default:
        return callOf('agreements', act.do, { agreement: this.recordFor(act)?.id ?? act.of })
    }
  }

  private recordFor({ do: what, of }: { do: string; of: number }) {
    return this.record(of, what === 'activate' || what === 'cancel' ? MATCHED : undefined) ?? this.record(of)
  }

  private activate(of: number, good: boolean) {
    const record = this.record(of, MATCHED)
    if (record === undefined) return null
    const provider = PARTIES.find((name) => equalBytes(this.addressOf(name), record.provider))!
    const root = dataRoot(dataOf('data', record.sizeBytes))
    const account = this.chain.account(good ? provider : PARTIES.find((name) => name !== provider)!)
    return activation(this.chain, record.id, account, { root, sizeBytes: record.sizeBytes })
  }

  private prove(of: number, good: boolean) {
    const record = this.record(of)
    if (record === undefined || viewOf(this.chain, record.id).nextInspection?.seed == null) return null
    return answer(this.chain, record.id, dataOf(good ? 'data' : 'other data', record.sizeBytes))
  }

  /** Books what the events of a block say, and nothing else. */
  private follow({ receipts, own }: TestBlock): void {
    const book = (address: Uint8Array, grains: bigint) => {
      const key = mapKey(address)
      if (this.ledger.has(key)) this.ledger.set(key, this.ledger.get(key)! + grains)
    }
    for (const receipt of [...receipts, own]) {
      if (receipt !== own) book(receipt.payer, -receipt.feeGrains)
      if (receipt.error) this.codes.set(receipt.error.code, (this.codes.get(receipt.error.code) ?? 0) + 1)
      for (const { module, name, data } of receipt.events) {
        if (module === 'tokens' && name === 'transfer' && data.token === 0) {
          book(data.from, 0n - data.amount)
          book(data.to, data.amount)
        }
        if (module === 'delegates' && name === 'fees') book(pools.mining, data.toMining)
        if (module === 'agreements' && name === 'active') {
          this.watches.set(data.agreement, { startMs: data.startMs, passed: new Set() })
        }
        if (module === 'agreements' && name === 'passed') this.watches.get(data.agreement)!.passed.add(data.inspection)
      }
    }
  }

  check(): void {
    const { chain } = this
    for (const name of WATCHED) {
      expect(chain.balance(this.addressOf(name))).toBe(this.ledger.get(mapKey(this.addressOf(name))))
    }
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
    expect(tokenBalanceOf(chain.state, this.token, pools.agreements)).toBe(recordedUnits(chain.state, this.token))
    this.checkOffers()
    for (const [id, watch] of this.watches) this.checkInspections(id, watch)
  }

  /** Offers add up with the agreements that use them, and the book names exactly those that belong there. */
  private checkOffers(): void {
    const { state, parameters } = this.chain
    const open = [...allAgreements(state)].filter(({ state: at }) => at === MATCHED || at === ACTIVE)
    const listed: Uint8Array[] = []
    for (const offer of allOffers(state)) {
      const mine = open.filter(({ provider }) => equalBytes(provider, offer.provider))
      if (isListable(offer, parameters.leastOfferGrains)) listed.push(offer.provider)
      expect(offer.freeGrains).toBeGreaterThanOrEqual(0n)
      expect(offer.agreements).toBeLessThanOrEqual(mine.length)
    }
    const all = [...allOffers(state)]
    const sum = (of: (offer: (typeof all)[number]) => bigint) => all.reduce((total, offer) => total + of(offer), 0n)
    expect(sum(({ lockedGrains }) => lockedGrains)).toBe(open.reduce((total, one) => total + one.collateralGrains, 0n))
    expect(sum(({ usedBytes }) => BigInt(usedBytes))).toBe(
      open.reduce((total, one) => total + BigInt(one.sizeBytes), 0n),
    )
    expect(sum(({ agreements }) => BigInt(agreements))).toBe(BigInt(open.length))
    expect([...walkBook(state, 0, { limit: 100 }), ...walkBook(state, this.token, { limit: 100 })]).toHaveLength(
      listed.length,
    )
  }

  private checkInspections(id: number, { startMs, passed }: Watch): void {
    const record = [...allAgreements(this.chain.state)][id]!
    const view = viewOf(this.chain, id)
    if (record.state !== ACTIVE) {
      expect(view.settled).toBe(true)
      return
    }
    let missed = 0
    let isOver = true
    for (let k = 0; k <= record.periods; k++) {
      if (passed.has(k)) continue
      if (startMs + k * record.periodMs + record.windowMs <= this.clockMs) missed += 1
      else isOver = false
    }
    expect(view).toMatchObject({ passed: passed.size, missed })
    expect(view.state).toBe(missed >= 3 ? 'breached' : isOver ? 'ended' : 'active')
    const paid = record.periodGrains * BigInt(passed.size)
    expect(view.paidGrains + view.feeGrains + view.heldGrains).toBe(paid)
    expect(view.escrowGrains).toBe(record.periodGrains * BigInt(record.periods) - paid)
  }
}

describe('the market under random calls', () => {
  it('loses and makes no grain, books every move, and knows every miss', () => {
    const reached = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 70 }), (steps) => {
        const model = new Model()
        for (const one of [...OPENING, ...steps]) {
          model.run(one)
          model.check()
        }
        for (const [code, count] of model.codes) reached.set(code, (reached.get(code) ?? 0) + count)
        for (const { state, token } of allAgreements(model.chain.state)) {
          if (token !== 0) reached.set('in coin', (reached.get('in coin') ?? 0) + 1)
          reached.set(`state ${state}`, (reached.get(`state ${state}`) ?? 0) + 1)
        }
      }),
      { numRuns: 20, seed: 20_261_120 },
    )
    // The runs mean something only if they came into every state and were refused for many reasons.
    for (let state = MATCHED; state <= 4; state++) expect(reached.get(`state ${state}`) ?? 0).toBeGreaterThan(0)
    expect(reached.get('in coin') ?? 0).toBeGreaterThan(5)
    for (const code of ['AGREEMENT_STATE', 'AGREEMENT_PARTY', 'AGREEMENT_RECEIPT', 'OFFER_EXISTS', 'OFFER_OWNER']) {
      expect(reached.get(code) ?? 0).toBeGreaterThan(0)
    }
    expect([...reached.keys()].filter((code) => /^STATE_|^CODEC_/.test(code))).toEqual([])
  })
})
