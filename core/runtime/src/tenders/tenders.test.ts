import { createHash } from 'node:crypto'
import type { ParsedTransaction } from '@smartshare/chain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allAgreements } from '../agreements/agreement.ts'
import { tenderById } from '../agreements/queries.ts'
import { mapKey } from '../keys.ts'
import { allOffers, collateralFor, type Offer, periodPrice } from '../offers/offer.ts'
import { callOf, TestChain } from '../testing.ts'
import { GIB, idOf, mature, postOffer, postTender, recordedGrains } from '../testing-market.ts'
import { pools } from '../tokens/tokens.ts'
import { MAX_LOTS_PER_BLOCK, MAX_OFFERS_PER_BLOCK, MAX_WAIT_BLOCKS, mostOffersFor } from './match.ts'
import { type Demand, MAX_EXCLUDED, MAX_LOTS, type Tender } from './tender.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const lotsOf = (count: number, sizeBytes = 1000) =>
  Array.from({ length: count }, (_, i) => ({ copyId: idOf(`copy ${i}`), sizeBytes }))

/** A chain with mature offers at these prices, of providers p0, p1, … */
function market(prices: readonly bigint[], offer: Parameters<typeof postOffer>[0] = {}, options = {}): TestChain {
  const providers = prices.map((_, i) => `p${i}`)
  const chain = new TestChain({ accounts: ['buyer', 'rich', ...providers], ...options })
  const posts = prices.map((priceGrains, i) => chain.transaction(`p${i}`, [postOffer({ ...offer, priceGrains })]))
  for (let at = 0; at < posts.length; at += 20) chain.makeBlock(posts.slice(at, at + 20))
  mature(chain)
  return chain
}

/** Names of the providers that got the lots of a tender, in the order of the lots. */
function providersOf(chain: TestChain, tender: number, among: number): (string | null)[] {
  const names = new Map(Array.from({ length: among }, (_, i) => [mapKey(chain.account(`p${i}`).address), `p${i}`]))
  const records = [...allAgreements(chain.state)]
  return tenderById(chain.state, tender)!.agreements.map((id) =>
    id === null ? null : names.get(mapKey(records[id]!.provider))!,
  )
}

describe('a tender', () => {
  it('gets each lot from another provider, from the cheapest on, at the price of the offer', () => {
    const chain = market([5n, 3n, 4n, 9n].map((price) => price * 1_000_000n))
    const before = chain.balance('buyer')
    const { receipt, own } = chain.run('buyer', postTender({ lots: lotsOf(3, GIB), maxPriceGrains: 8_000_000n }))
    expect(providersOf(chain, 0, 4)).toEqual(['p1', 'p2', 'p0'])
    expect(receipt.events.find(({ name }) => name === 'posted')?.data).toMatchObject({ lockedGrains: 240_000_000n })
    expect(own.events.find(({ module, name }) => module === 'tenders' && name === 'matched')?.data).toMatchObject({
      agreements: [0, 1, 2],
      refundGrains: 120_000_000n,
    })
    expect(before - chain.balance('buyer') - receipt.feeGrains).toBe(120_000_000n)
  })

  it('gets its money back for lots that find no offer, and all of it when none does', () => {
    const chain = market([1_000_000n, 2_000_000n])
    const before = chain.balance('buyer')
    const some = chain.run('buyer', postTender({ lots: lotsOf(3, GIB), maxPriceGrains: 1_500_000n }))
    expect(tenderById(chain.state, 0)).toMatchObject({ state: 'matched', agreements: [0, null, null] })
    expect(before - chain.balance('buyer') - some.receipt.feeGrains).toBe(10_000_000n)
    const rest = chain.balance('buyer')
    const none = chain.run('buyer', postTender({ lots: lotsOf(2, GIB), maxPriceGrains: 1n }))
    expect(none.own.events.find(({ module }) => module === 'tenders')?.data).toMatchObject({
      agreements: [null, null],
      refundGrains: 20n,
    })
    expect(rest - chain.balance('buyer')).toBe(none.receipt.feeGrains)
    expect(tenderById(chain.state, 1)).toBeUndefined()
  })

  it('gets no lot from excluded providers, nor from the buyer itself', () => {
    const chain = market([1n, 2n, 3n, 4n])
    const exclude = [chain.account('p1').address, chain.account('p2').address]
    chain.run('p0', postTender({ lots: lotsOf(2), exclude }))
    expect(providersOf(chain, 0, 4)).toEqual(['p3', null])
  })

  it('is refused without price or with a copy twice, and when it cannot be paid', () => {
    const chain = market([1n])
    const twice = [0, 1].map(() => ({ copyId: idOf('same'), sizeBytes: 1 }))
    expect(() => chain.run('buyer', postTender({ maxPriceGrains: 0n }))).toThrow(code('TENDER_PRICE'))
    expect(() => chain.run('buyer', postTender({ lots: twice }))).toThrow(code('TENDER_LOTS'))
    expect(() => chain.run('buyer', postTender({ maxPriceGrains: 10n ** 15n }))).toThrow(code('TOKENS_BALANCE'))
    const endless = { maxPriceGrains: 2n ** 62n, lots: lotsOf(64, GIB), periods: 3660 }
    expect(() => chain.run('buyer', postTender(endless))).toThrow(code('AMOUNT_RANGE'))
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
  })

  it('pays for the matching of each lot with gas', () => {
    const chain = market([1n])
    const gasOf = (lots: number) => {
      const tender = chain.transaction('buyer', [postTender({ lots: lotsOf(lots) })], {
        gasLimit: 5_000 + 11_000 * lots,
      })
      return chain.makeBlock([tender]).receipts[0]!.gasUsed
    }
    expect(gasOf(20) - gasOf(10)).toBeGreaterThan(100_000)
  })

  it('comes before others of its block when it pays more', () => {
    const chain = market([1_000_000n, 2_000_000n], { capacityBytes: GIB })
    chain.makeBlock([
      chain.transaction('buyer', [postTender({ maxPriceGrains: 2_000_000n })]),
      chain.transaction('rich', [postTender({ maxPriceGrains: 3_000_000n })]),
    ])
    expect([0, 1].map((tender) => providersOf(chain, tender, 2))).toEqual([['p1'], ['p0']])
  })

  it('waits for its turn when a block has more lots than it may match, and goes home after a while', () => {
    const buyers = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5']
    const parameters = { maxUncoveredGas: 10 ** 10, maxBlockGas: 10 ** 10, feeReserveGrains: 10n ** 11n }
    const providers = Array.from({ length: MAX_LOTS }, (_, i) => `p${i}`)
    const chain = new TestChain({ accounts: [...buyers, ...providers], parameters })
    const offer = { priceGrains: 1n, capacityBytes: 2 ** 40 }
    chain.makeBlock(providers.map((name) => chain.transaction(name, [postOffer(offer)])))
    mature(chain)
    const call = postTender({ lots: lotsOf(MAX_LOTS), maxPriceGrains: 2n, periods: 1 })
    const posts = [...buyers, ...buyers, ...buyers].map((name) =>
      chain.transaction(name, new Array(16).fill(call), { gasLimit: 16_000_000 }),
    )
    const matchedPerBlock: number[] = []
    let expired = 0
    for (let i = 0; i <= MAX_WAIT_BLOCKS + 1; i++) {
      const { own, receipts } = chain.makeBlock(i === 0 ? posts : [])
      expect(receipts.every(({ status }) => status === 0)).toBe(true)
      matchedPerBlock.push(own.events.filter(({ module, name }) => module === 'tenders' && name === 'matched').length)
      expired += own.events.filter(({ name }) => name === 'expired').length
    }
    const most = MAX_LOTS_PER_BLOCK / MAX_LOTS
    expect(matchedPerBlock).toEqual([...new Array(MAX_WAIT_BLOCKS + 1).fill(most), 0])
    expect(expired).toBe(posts.length * 16 - most * (MAX_WAIT_BLOCKS + 1))
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
  })

  it('is compared with a bounded number of offers, which always fits a block', () => {
    const demand = { lots: new Array(MAX_LOTS), exclude: new Array(MAX_EXCLUDED) }
    expect(mostOffersFor({ demand } as unknown as Tender)).toBeLessThanOrEqual(MAX_OFFERS_PER_BLOCK)
    expect(MAX_LOTS).toBeLessThanOrEqual(MAX_LOTS_PER_BLOCK)
    // 64 + 32 offers are compared with one lot; all are too small for it.
    const small = { priceGrains: 1n, capacityBytes: 2 ** 20 }
    const names = Array.from({ length: 97 }, (_, i) => `p${i}`)
    const chain = new TestChain({ accounts: ['buyer', 'late', ...names], grains: 10n ** 12n })
    for (let at = 0; at < names.length; at += 10) {
      const some = names.slice(at, at + 10)
      chain.makeBlock(some.map((name) => chain.transaction(name, [postOffer(small)], { gasLimit: 100_000 })))
    }
    chain.run('late', postOffer({ priceGrains: 2n }))
    mature(chain)
    const large = { lots: [{ copyId: idOf('x'), sizeBytes: 2 ** 21 }], maxPriceGrains: 9n }
    chain.run('buyer', postTender(large))
    expect(tenderById(chain.state, 0)).toBeUndefined()
    chain.makeBlock([0, 1].map((i) => chain.transaction(names[i]!, [callOf('offers', 'withdraw', { offer: i })])))
    chain.run('buyer', postTender(large))
    expect(tenderById(chain.state, 1)?.agreements).toEqual([0])
  })
})

interface Bid {
  buyer: number
  sizes: number[]
  maxPrice: number
  exclude: number[]
}

const PROVIDERS = 8
const offersArbitrary = fc.array(
  fc.record({
    price: fc.integer({ min: 1, max: 6 }),
    capacity: fc.constantFrom(2 ** 20, 2 ** 20 + 500_000, 2 ** 21, 2 ** 30),
    /** Enough for between one and many lots. */
    collateral: fc.constantFrom(1n, 2n, 3n, 50n),
    /** Posted in a later block than the one before. */
    later: fc.boolean(),
  }),
  { maxLength: PROVIDERS },
)
const bidsArbitrary = fc.array(
  fc.record({
    buyer: fc.nat(PROVIDERS + 1),
    sizes: fc.array(fc.constantFrom(1, 300_000, 2 ** 20, 2 ** 20 + 400_000, 2 ** 22), { minLength: 1, maxLength: 5 }),
    maxPrice: fc.integer({ min: 1, max: 7 }),
    exclude: fc.array(fc.nat(PROVIDERS - 1), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
)

const PRICE_UNIT = 10n ** 10n

/** The rules of matching, as plainly as they can be said. Changes `book`. */
function naive(book: Offer[], tenders: { demand: Demand; buyer: Uint8Array; draw: bigint }[]) {
  const order = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
  const offers = book.sort(
    (a, b) => order(a.priceGrains, b.priceGrains) || a.sinceHeight - b.sinceHeight || order(a.draw!, b.draw!),
  )
  const turns = tenders
    .map((tender, id) => ({ ...tender, id }))
    .sort((a, b) => order(b.demand.maxPriceGrains, a.demand.maxPriceGrains) || order(a.draw, b.draw))
  const result = new Map<number, (string | null)[]>()
  for (const { id, demand, buyer } of turns) {
    const taken = new Set([buyer, ...demand.exclude].map(mapKey))
    const inBook = offers.filter(({ usedBytes, capacityBytes, freeGrains, priceGrains }) => {
      const least = collateralFor(periodPrice(priceGrains, 2 ** 20))
      return capacityBytes - usedBytes >= 2 ** 20 && freeGrains >= least
    })
    const got = demand.lots.map(({ sizeBytes }) => {
      for (const offer of inBook) {
        if (offer.priceGrains > demand.maxPriceGrains || taken.has(mapKey(offer.provider))) continue
        const collateral = collateralFor(periodPrice(offer.priceGrains, sizeBytes))
        if (offer.capacityBytes - offer.usedBytes < sizeBytes || offer.freeGrains < collateral) continue
        offer.usedBytes += sizeBytes
        offer.freeGrains -= collateral
        taken.add(mapKey(offer.provider))
        return mapKey(offer.provider)
      }
      return null
    })
    result.set(id, got)
  }
  return result
}

describe('matching', () => {
  it('gives the lots of a block to the same offers as a plain reading of the rules', () => {
    fc.assert(
      fc.property(offersArbitrary, fc.array(bidsArbitrary, { minLength: 1, maxLength: 3 }), (posted, blocks) => {
        const names = Array.from({ length: PROVIDERS + 2 }, (_, i) => `p${i}`)
        const chain = new TestChain({ accounts: names, parameters: { leastOfferGrains: 1n } })
        const address = (i: number) => chain.account(`p${i}`).address
        let together: ParsedTransaction[] = []
        for (const [i, { price, capacity, collateral, later }] of posted.entries()) {
          const priceGrains = BigInt(price) * PRICE_UNIT
          const one = collateralFor(periodPrice(priceGrains, 2 ** 20))
          const offer = { priceGrains, capacityBytes: capacity, collateralGrains: one * collateral }
          if (later) {
            chain.makeBlock(together)
            together = []
          }
          together.push(chain.transaction(`p${i}`, [postOffer(offer)]))
        }
        chain.makeBlock(together)
        mature(chain)
        let firstTender = 0
        for (const bids of blocks) {
          const book = [...allOffers(chain.state)].map((offer) => ({ ...offer }))
          const demandOf = ({ sizes, maxPrice, exclude }: Bid): Demand => ({
            object: idOf('object'),
            lots: sizes.map((sizeBytes, i) => ({ copyId: idOf(`copy ${i}`), sizeBytes })),
            token: 0,
            maxPriceGrains: BigInt(maxPrice) * PRICE_UNIT,
            leastPledgeGrains: 0n,
            periods: 2,
            exclude: exclude.map(address),
            memo: new Uint8Array(0),
          })
          const posts = bids.map((bid) => chain.transaction(`p${bid.buyer}`, [postTender(demandOf(bid))]))
          const { header, own } = chain.makeBlock(posts)
          const tenders = bids.map((bid, i) => ({
            demand: demandOf(bid),
            buyer: address(bid.buyer),
            draw: drawOf(header.accumulator, firstTender + i),
          }))
          const expected = naive(book, tenders)
          const records = new Map([...allAgreements(chain.state)].map((record, id) => [id, record]))
          const matched = own.events.filter(({ module, name }) => module === 'tenders' && name === 'matched')
          expect(matched).toHaveLength(bids.length)
          for (const { data } of matched) {
            const got = data.agreements.map((id: number | null) =>
              id === null ? null : mapKey(records.get(id)!.provider),
            )
            expect(got).toEqual(expected.get(data.tender - firstTender))
          }
          firstTender += bids.length
          expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** `market/tender` drawn again, from the text of the specification. */
function drawOf(accumulator: Uint8Array, tender: number): bigint {
  const id = Buffer.alloc(8)
  id.writeBigUInt64BE(BigInt(tender))
  const tag = createHash('sha256').update('smartshare/market/tender').digest()
  return createHash('sha256').update(tag).update(accumulator).update(id).digest().readBigUInt64BE(0)
}
