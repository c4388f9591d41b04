import { dataRoot } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { offerById, offersInBook } from '../offers/queries.ts'
import { callOf, TestChain } from '../testing.ts'
import {
  activation,
  answer,
  dataOf,
  GIB,
  idOf,
  mature,
  postOffer,
  postTender,
  recordedGrains,
  recordedUnits,
  viewOf,
} from '../testing-market.ts'
import { issueToken, payIn, tokenOf, units } from '../testing-tokens.ts'
import { pools } from '../tokens/tokens.ts'
import { tenderById } from './queries.ts'

const data = dataOf('data', 70_000)
const PRICE = BigInt(GIB)
/** Per period, in the token, and in SSP. */
const PERIOD = BigInt(data.length)
const PLEDGE = 3n * PERIOD
const HELD = PERIOD / 10n
const code = (expected: string) => expect.objectContaining({ code: expected })
const PERIODS = 5

/** A chain on which `vendor` issued a token, in which `provider` offers storage, and of which `buyer` has plenty. */
function priced(freezer: string | null = null) {
  const names = ['vendor', 'provider', 'buyer', 'watcher']
  const chain = new TestChain({ accounts: names, parameters: { activationMs: 60_000 } })
  const token = tokenOf(chain, 'vendor')
  const supply = 10n ** 15n
  const role = freezer === null ? null : chain.account(freezer).address
  chain.run(
    'vendor',
    issueToken({ cap: supply, initial: supply, freezer: role }),
    payIn(chain, token, 'buyer', 10n ** 14n),
  )
  chain.run('provider', postOffer({ token, priceGrains: PRICE, pledgeGrains: 3n * PRICE }))
  mature(chain)
  const tender = (more: Parameters<typeof postTender>[0] = {}) =>
    postTender({
      ...{ token, maxPriceGrains: 2n * PRICE, periods: PERIODS },
      lots: [{ copyId: idOf('copy'), sizeBytes: data.length }],
      ...more,
    })
  const has = (name: string) => [chain.balance(name), units(chain, token, name)] as const
  const check = () => {
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
    expect(units(chain, token, pools.agreements)).toBe(recordedUnits(chain.state, token))
  }
  return { chain, token, tender, has, check }
}

/** The same with agreement 0 active. */
function active(freezer: string | null = null) {
  const world = priced(freezer)
  const { chain, tender, check } = world
  chain.run('buyer', tender())
  const lot = { root: dataRoot(data), sizeBytes: data.length }
  chain.run('buyer', activation(chain, 0, chain.account('provider'), lot))
  check()
  return world
}

function waitFor(chain: TestChain, inspection: number): void {
  for (let i = 0; i < 1_000; i++) {
    const next = viewOf(chain, 0).nextInspection
    if (next !== null && next.inspection >= inspection && next.seed !== null) return
    chain.makeBlock([], 3_000)
  }
  throw new Error('the inspection never opened')
}

const settle = callOf('agreements', 'settle', { agreement: 0 })
const end = callOf('agreements', 'end', { agreement: 0 })

describe('an offer in a token', () => {
  it('needs a pledge in SSP, which an offer in SSP must not have', () => {
    const { chain, token } = priced()
    const refused = [
      [{ token, pledgeGrains: null }, 'OFFER_PLEDGE'],
      [{ token, pledgeGrains: 0n }, 'OFFER_PLEDGE'],
      [{ pledgeGrains: 5n }, 'OFFER_PLEDGE'],
      [{ token: new Uint8Array(32), pledgeGrains: 5n }, 'TOKENS_UNKNOWN'],
    ] as const
    for (const [offer, error] of refused) expect(() => chain.run('watcher', postOffer(offer))).toThrow(code(error))
    const change = (pledgeGrains: bigint | null) =>
      callOf('offers', 'change', { offer: 0, priceGrains: PRICE, pledgeGrains, capacityBytes: GIB })
    chain.run('provider', change(7n))
    expect(offerById(chain.state, 0)).toMatchObject({ token, pledgeGrains: 7n, capacityBytes: GIB })
    chain.run('provider', change(null))
    expect(offerById(chain.state, 0)?.pledgeGrains).toBe(7n)
    expect(() => chain.run('provider', change(0n))).toThrow(code('OFFER_PLEDGE'))
  })

  it('stands in the book of its token', () => {
    const { chain, token } = priced()
    expect(offersInBook(chain.state).items).toEqual([])
    expect(offersInBook(chain.state, { token }).items).toMatchObject([{ offer: 0, token, pledgeGrains: 3n * PRICE }])
  })

  it('is matched with tenders in the same token alone, and only if it pledges enough', () => {
    const { chain, tender, has, check } = priced()
    const before = has('buyer')[1]
    chain.run('buyer', tender({ token: 0 }))
    expect(tenderById(chain.state, 0)).toBeUndefined()
    chain.run('buyer', tender({ leastPledgeGrains: 3n * PRICE + 1n }))
    expect(tenderById(chain.state, 1)).toBeUndefined()
    expect(has('buyer')[1]).toBe(before)
    chain.run('buyer', tender({ leastPledgeGrains: 3n * PRICE }))
    expect(tenderById(chain.state, 2)?.agreements).toEqual([0])
    check()
    expect(viewOf(chain, 0)).toMatchObject({
      periodGrains: PERIOD,
      pledgeGrains: PLEDGE,
      collateralGrains: 14n * PLEDGE,
    })
    expect(() => chain.run('watcher', tender())).toThrow(code('TOKENS_BALANCE'))
  })
})

describe('tenders of one block', () => {
  it('in a token that costs nothing do not push out those in SSP', () => {
    const chain = new TestChain({
      accounts: ['rich', 'buyer', 'p'],
      parameters: { maxUncoveredGas: 10 ** 10, maxBlockGas: 10 ** 10 },
    })
    chain.run('rich', issueToken({ cap: 10n ** 18n, initial: 10n ** 18n }))
    chain.run('p', postOffer())
    mature(chain)
    const token = tokenOf(chain, 'rich')
    const lots = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ copyId: idOf(`copy ${i}`), sizeBytes: 2 ** 20 }))
    const flood = postTender({ token, maxPriceGrains: 10n ** 12n, periods: 1, lots: lots(64) })
    chain.makeBlock([
      chain.transaction('rich', new Array(16).fill(flood), { gasLimit: 16_000_000 }),
      chain.transaction('buyer', [postTender({ lots: lots(1) })]),
    ])
    expect(tenderById(chain.state, 16)?.agreements).toEqual([0])
    // One lot in SSP and seven times 64 in the token fill the block; the other nine wait.
    const waiting = Array.from({ length: 17 }, (_, id) => tenderById(chain.state, id)?.state === 'waiting')
    expect(waiting.filter(Boolean)).toHaveLength(9)
  })
})

describe('an agreement in a token', () => {
  it('is paid in it from the deposit to the balance; only collateral is SSP', () => {
    const { chain, token, has, check } = active()
    const start = { provider: has('provider'), buyer: has('buyer')[1], mining: units(chain, token, pools.mining) }
    expect(viewOf(chain, 0)).toMatchObject({ token, escrowGrains: PERIOD * BigInt(PERIODS) })
    for (let inspection = 0; inspection <= PERIODS; inspection++) {
      waitFor(chain, inspection)
      chain.run('provider', answer(chain, 0, data))
      check()
    }
    expect(viewOf(chain, 0)).toMatchObject({ state: 'ended', passed: PERIODS + 1, missed: 0 })
    const gross = PERIOD * BigInt(PERIODS)
    const fee = (((PERIOD - HELD) * 30n) / 1000n) * BigInt(PERIODS) + (HELD * BigInt(PERIODS) * 30n) / 1000n
    expect(has('provider')[1] - start.provider[1]).toBe(gross - fee)
    expect(units(chain, token, pools.mining) - start.mining).toBe(fee)
    expect(has('buyer')[1]).toBe(start.buyer)
    expect(units(chain, token, pools.agreements)).toBe(0n)
    expect(offerById(chain.state, 0)).toMatchObject({ freeGrains: 10n ** 10n, lockedGrains: 0n })
  })

  it('that is breached gives the buyer its tokens back and SSP for the repair', () => {
    const { chain, has, check } = active()
    const before = has('buyer')
    chain.makeBlock([], 1_000)
    for (let i = 0; i < 40; i++) chain.makeBlock([], 3_000)
    const { receipt } = chain.run('watcher', settle)
    expect(receipt.events.at(-1)).toMatchObject({
      name: 'closed',
      data: {
        refundGrains: PERIOD * BigInt(PERIODS),
        compensationGrains: 2n * PLEDGE,
        bountyGrains: (14n * PLEDGE) / 100n,
        forfeitGrains: 12n * PLEDGE - (14n * PLEDGE) / 100n,
        poolGrains: 0n,
      },
    })
    expect(has('buyer')).toEqual([before[0] + 2n * PLEDGE, before[1] + PERIOD * BigInt(PERIODS)])
    check()
  })

  it('ends early for its price in the token', () => {
    const { chain, token, has, check } = active()
    const [provider, buyer] = [has('provider')[1], has('buyer')[1]]
    const { receipt } = chain.run('buyer', end)
    expect(receipt.events.at(-1)?.data).toMatchObject({ token, refundGrains: 0n, compensationGrains: 0n })
    const gross = PERIOD * BigInt(PERIODS)
    expect(has('provider')[1] - provider).toBe(gross - (gross * 30n) / 1000n)
    expect(has('buyer')[1]).toBe(buyer)
    check()
  })

  it('that never becomes active returns everything', () => {
    const { chain, tender, has, check } = priced()
    const before = has('buyer')[1]
    chain.run('buyer', tender())
    expect(before - has('buyer')[1]).toBe(PERIOD * BigInt(PERIODS))
    chain.run('buyer', callOf('agreements', 'cancel', { agreement: 0 }))
    expect(has('buyer')[1]).toBe(before)
    check()
  })

  it('is settled although the issuer froze both parties: nobody is made to fail by a freezer', () => {
    const { chain, token, has, check } = active('vendor')
    for (const name of ['provider', 'buyer']) {
      chain.run('vendor', callOf('tokens', 'freeze', { token, account: chain.account(name).address }))
    }
    expect(() => chain.run('vendor', callOf('tokens', 'freeze', { token, account: pools.agreements }))).toThrow(
      code('TOKENS_POOL'),
    )
    const before = has('provider')[1]
    waitFor(chain, 0)
    chain.run('provider', answer(chain, 0, data))
    expect(has('provider')[1]).toBeGreaterThan(before)
    chain.run('buyer', end)
    expect(viewOf(chain, 0).state).toBe('ended')
    expect(() => chain.run('provider', payIn(chain, token, 'buyer', 1n))).toThrow(code('TOKENS_FROZEN'))
    check()
  })
})
