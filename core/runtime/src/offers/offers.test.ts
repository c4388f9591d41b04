import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { GIB, idOf, mature, postOffer, postTender, recordedGrains } from '../testing-market.ts'
import { pools } from '../tokens/tokens.ts'
import { MAX_CHANGES_PER_BLOCK } from './changes.ts'
import { LEAST_ROOM_BYTES, periodPrice } from './offer.ts'
import { offerById, offerOfProvider, offersInBook } from './queries.ts'

const PRICE = 1_000_000n
const COLLATERAL = 10n ** 10n
const code = (expected: string) => expect.objectContaining({ code: expected })
const change = (priceGrains: bigint, capacityBytes = 10 * GIB) =>
  callOf('offers', 'change', { offer: 0, priceGrains, pledgeGrains: null, capacityBytes })
const take = (grains: bigint) => callOf('offers', 'take', { offer: 0, grains })
const deposit = (grains: bigint) => callOf('offers', 'deposit', { offer: 0, grains })
const withdraw = (offer = 0) => callOf('offers', 'withdraw', { offer })
const book = (chain: TestChain) => offersInBook(chain.state).items.map(({ offer }) => offer)

/** A chain with one offer, 0, of `provider`, in the book if `isMature`. */
function offered(isMature = true, parameters = {}): TestChain {
  const chain = new TestChain({ accounts: ['provider', 'second', 'buyer'], parameters })
  chain.run('provider', postOffer())
  if (isMature) mature(chain)
  return chain
}

describe('the price of a period', () => {
  it('is rounded up, so that nothing is stored for nothing', () => {
    expect(periodPrice(1n, 1)).toBe(1n)
    expect(periodPrice(5n, GIB)).toBe(5n)
    expect(periodPrice(5n, GIB + 1)).toBe(6n)
    expect(() => periodPrice(2n ** 62n, 3 * GIB)).toThrow(code('AMOUNT_RANGE'))
  })
})

describe('an offer', () => {
  it('locks its collateral and stands in the book when its price is mature', () => {
    const chain = new TestChain({ accounts: ['provider', 'buyer'], parameters: { offerMaturityBlocks: 3 } })
    chain.run('provider', postOffer())
    expect(chain.balance(pools.agreements)).toBe(COLLATERAL)
    const tender = () => chain.transaction('buyer', [postTender({ maxPriceGrains: PRICE })])
    const matchedIn = (block: ReturnType<TestChain['makeBlock']>) =>
      block.own.events.filter(({ module, name }) => module === 'agreements' && name === 'matched').length
    expect(matchedIn(chain.makeBlock([tender()]))).toBe(0)
    expect(matchedIn(chain.makeBlock([tender()]))).toBe(0)
    expect(matchedIn(chain.makeBlock([tender()]))).toBe(1)
    expect(offerById(chain.state, 0)).toMatchObject({ state: 'listed', kind: 'storage', region: 'test', agreements: 1 })
  })

  it('is one for each account and kind', () => {
    const chain = offered(false)
    expect(() => chain.run('provider', postOffer())).toThrow(code('OFFER_EXISTS'))
    chain.run('provider', withdraw())
    chain.run('provider', postOffer())
    expect(offerOfProvider(chain.state, chain.account('provider').address)?.offer).toBe(1)
  })

  it('is refused without price, room or collateral, and for a token that there is not', () => {
    const chain = new TestChain({ accounts: ['provider'] })
    const refused = [
      [postOffer({ priceGrains: 0n }), 'OFFER_PRICE'],
      [postOffer({ capacityBytes: LEAST_ROOM_BYTES - 1 }), 'OFFER_CAPACITY'],
      [postOffer({ collateralGrains: chain.parameters.leastOfferGrains - 1n }), 'OFFER_COLLATERAL'],
      [postOffer({ collateralGrains: 10n ** 15n }), 'TOKENS_BALANCE'],
      [postOffer({ token: new Uint8Array(32), pledgeGrains: 1n }), 'TOKENS_UNKNOWN'],
      [callOf('offers', 'deposit', { offer: 5, grains: 1n }), 'OFFER_UNKNOWN'],
    ] as const
    for (const [call, error] of refused) expect(() => chain.run('provider', call)).toThrow(code(error))
  })

  it('is changed by its provider alone', () => {
    const chain = offered()
    for (const call of [change(5n), take(1n), deposit(1n), withdraw()]) {
      expect(() => chain.run('second', call)).toThrow(code('OFFER_OWNER'))
    }
  })

  it('stays as it was for the tenders of the block in which it changes', () => {
    for (const call of [
      change(2n * PRICE),
      change(PRICE, LEAST_ROOM_BYTES),
      take(COLLATERAL - 10n ** 8n),
      withdraw(),
    ]) {
      const chain = offered()
      const { own } = chain.makeBlock([
        chain.transaction('provider', [call]),
        chain.transaction('buyer', [postTender({ maxPriceGrains: PRICE })]),
      ])
      const matched = own.events.find(({ module, name }) => module === 'agreements' && name === 'matched')
      expect(matched?.data).toMatchObject({ offer: 0, periodGrains: PRICE })
      expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
    }
  })

  it('has to mature again after a new price, but not after a new capacity', () => {
    const chain = offered()
    chain.run('provider', change(PRICE, 20 * GIB))
    expect(offerById(chain.state, 0)).toMatchObject({ capacityBytes: 20 * GIB, state: 'listed' })
    chain.run('provider', change(PRICE - 1n))
    expect(offerById(chain.state, 0)).toMatchObject({ priceGrains: PRICE - 1n, state: 'maturing' })
    expect(book(chain)).toEqual([])
    mature(chain)
    expect(book(chain)).toEqual([0])
  })

  it('leaves the book while it has no room or collateral, and comes back to its place', () => {
    const chain = offered()
    const least = chain.parameters.leastOfferGrains
    chain.run('provider', take(COLLATERAL - least))
    expect(offerById(chain.state, 0)).toMatchObject({ freeGrains: least, state: 'listed' })
    expect(() => chain.run('provider', take(1n))).toThrow(code('OFFER_COLLATERAL'))
    const since = offerById(chain.state, 0)!.sinceHeight
    chain.run('provider', change(PRICE, LEAST_ROOM_BYTES))
    chain.run('buyer', postTender({ lots: [{ copyId: idOf('c'), sizeBytes: 1 }] }))
    expect(offerById(chain.state, 0)).toMatchObject({ state: 'full', usedBytes: 1 })
    expect(book(chain)).toEqual([])
    chain.run('buyer', callOf('agreements', 'cancel', { agreement: 0 }))
    expect(book(chain)).toEqual([0])
    expect(offerById(chain.state, 0)!.sinceHeight).toBe(since)
  })

  it('gives back at the end of the block what was asked for, and never what matching locked before', () => {
    const chain = offered()
    const before = chain.balance('provider')
    const tender = postTender({ maxPriceGrains: PRICE, periods: 1 })
    const { own, receipts } = chain.makeBlock([
      chain.transaction('provider', [take(COLLATERAL - 10n ** 8n)]),
      chain.transaction('provider', [deposit(7n)]),
      chain.transaction('buyer', [tender]),
    ])
    const fees = receipts[0]!.feeGrains + receipts[1]!.feeGrains
    const taken = own.events.filter(
      ({ name, data }) => name === 'transfer' && Buffer.compare(data.to, chain.account('provider').address) === 0,
    )
    expect(taken.map(({ data }) => data.amount)).toEqual([COLLATERAL - 10n ** 8n])
    expect(chain.balance('provider')).toBe(before - fees - 7n + COLLATERAL - 10n ** 8n)
    expect(offerById(chain.state, 0)).toMatchObject({
      lockedGrains: 14n * PRICE,
      freeGrains: 10n ** 8n + 7n - 14n * PRICE,
    })
  })

  it('keeps collateral that matching locked after it was asked back', () => {
    const chain = offered()
    const least = chain.parameters.leastOfferGrains
    const lots = [{ copyId: idOf('c'), sizeBytes: 10 * GIB }]
    const locked = 14n * 10n * PRICE
    chain.makeBlock([
      chain.transaction('provider', [take(COLLATERAL - least)]),
      chain.transaction('buyer', [postTender({ lots, periods: 1 })]),
    ])
    expect(locked).toBeGreaterThan(least)
    expect(offerById(chain.state, 0)).toMatchObject({ state: 'full', freeGrains: 0n, lockedGrains: locked })
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
  })

  it('tells where its provider is reached, as long as an agreement needs it', () => {
    const chain = offered()
    chain.run('buyer', postTender())
    chain.run('provider', withdraw())
    expect(() => chain.run('provider', withdraw())).toThrow(code('OFFER_CLOSED'))
    expect(offerById(chain.state, 0)).toMatchObject({ state: 'withdrawn', freeGrains: 0n, lockedGrains: 14n * PRICE })
    const moved = { offer: 0, region: 'elsewhere', peer: 'new peer', addresses: [] }
    chain.run('provider', callOf('offers', 'move', moved))
    expect(offerById(chain.state, 0)).toMatchObject({ region: 'elsewhere', peer: 'new peer', addresses: [] })
    chain.run('buyer', callOf('agreements', 'cancel', { agreement: 0 }))
    expect(offerById(chain.state, 0)).toBeUndefined()
    expect(chain.balance(pools.agreements)).toBe(0n)
  })

  it('is listed with others from the cheapest on, page by page', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const chain = new TestChain({ accounts: names })
    for (const [i, name] of names.entries()) chain.run(name, postOffer({ priceGrains: [3n, 1n, 2n, 1n, 3n][i]! }))
    mature(chain)
    expect(book(chain)).toEqual([1, 3, 2, 0, 4])
    const first = offersInBook(chain.state, { limit: 2 })
    const second = offersInBook(chain.state, { limit: 2, after: first.next! })
    const third = offersInBook(chain.state, { limit: 2, after: second.next! })
    expect([...first.items, ...second.items, ...third.items].map(({ offer }) => offer)).toEqual([1, 3, 2, 0, 4])
    expect(third.next).toBeNull()
    expect(() => offersInBook(chain.state, { after: Uint8Array.of(9) })).toThrow(code('QUERY_CURSOR'))
  })

  it('changes in a later block when very many change at once', () => {
    const names = Array.from({ length: 600 }, (_, i) => `provider ${i}`)
    const parameters = { maxUncoveredGas: 10 ** 10, maxBlockGas: 10 ** 10 }
    const chain = new TestChain({ accounts: names, grains: 10n ** 11n, parameters })
    chain.makeBlock(names.map((name) => chain.transaction(name, [postOffer()], { gasLimit: 100_000 })))
    mature(chain)
    expect(offersInBook(chain.state).next).not.toBeNull()
    const all = names.map((name, offer) => chain.transaction(name, [withdraw(offer)], { gasLimit: 100_000 }))
    const { own } = chain.makeBlock(all)
    const closed = (events: typeof own.events) =>
      events.filter(({ name, data }) => name === 'offer' && !data.open).length
    expect(closed(own.events)).toBe(MAX_CHANGES_PER_BLOCK)
    expect(closed(chain.makeBlock().own.events)).toBe(names.length - MAX_CHANGES_PER_BLOCK)
    expect(chain.balance(pools.agreements)).toBe(0n)
  })
})
