import { SSP, type Token } from '@smartshare/chain'
import { addressOfToken, MAX_AMOUNT } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modules } from '../modules.ts'
import { MAX_CAPACITY_BYTES } from '../offers/offer.ts'
import { MAX_LOT_BYTES, MAX_LOTS, MAX_PERIODS } from '../tenders/tender.ts'
import { callOf, TestChain, testAccount } from '../testing.ts'
import { idOf, mature, postOffer, postTender, recordedGrains, recordedUnits } from '../testing-market.ts'
import { issueToken, payIn } from '../testing-tokens.ts'
import { MAX_CAP, tokenBalanceOf } from '../tokens/coins.ts'
import { pools } from '../tokens/tokens.ts'

// What would stop a chain for good is an error that is no refusal: in the hook of a block, or of another kind.

const MARKET = ['offers', 'tenders', 'agreements']
const GRAINS = 10n ** 16n

const amounts = fc.oneof(
  fc.constantFrom(1n, 2n ** 30n, MAX_AMOUNT, MAX_AMOUNT - 1n, 10n ** 8n, GRAINS),
  fc.bigInt({ min: 1n, max: MAX_AMOUNT }),
)
const sizes = fc.oneof(fc.constantFrom(1, 63, 64, 65, MAX_LOT_BYTES), fc.integer({ min: 1, max: MAX_LOT_BYTES }))
const capacities = fc.oneof(
  fc.constantFrom(2 ** 20, MAX_CAPACITY_BYTES),
  fc.integer({ min: 2 ** 20, max: MAX_CAPACITY_BYTES }),
)
const numbers = fc.oneof(fc.nat(3), fc.constant(Number.MAX_SAFE_INTEGER))

/** Of each two offers and tenders, one in SSP and one in the token that `a` issues. */
const TOKEN = addressOfToken(testAccount('a').address, 0)
const coin = { token: fc.constantFrom<Token>(SSP, TOKEN) }

const call = fc.oneof(
  fc
    .record({
      priceGrains: amounts,
      capacityBytes: capacities,
      collateralGrains: amounts,
      pledgeGrains: amounts,
      ...coin,
    })
    .map(({ pledgeGrains, ...offer }) =>
      postOffer({ ...offer, pledgeGrains: offer.token === SSP ? null : pledgeGrains }),
    ),
  fc
    .record({
      offer: numbers,
      priceGrains: amounts,
      pledgeGrains: fc.option(amounts, { freq: 2 }),
      capacityBytes: capacities,
    })
    .map((a) => callOf('offers', 'change', a)),
  fc.record({ offer: numbers, grains: amounts }).map((a) => callOf('offers', 'deposit', a)),
  fc.record({ offer: numbers, grains: amounts }).map((a) => callOf('offers', 'take', a)),
  fc
    .record({
      maxPriceGrains: amounts,
      leastPledgeGrains: fc.oneof(fc.constant(0n), amounts),
      ...coin,
      periods: fc.constantFrom(1, MAX_PERIODS),
      sizes: fc.array(sizes, { minLength: 1, maxLength: MAX_LOTS }),
    })
    .map(({ sizes: all, ...demand }) =>
      postTender({ ...demand, lots: all.map((sizeBytes, i) => ({ copyId: idOf(`${i}`), sizeBytes })) }),
    ),
  fc
    .record({ agreement: numbers, inspection: numbers, segments: fc.uint8Array(), siblings: fc.uint8Array() })
    .map((a) => callOf('agreements', 'prove', a)),
  fc
    .tuple(fc.constantFrom('cancel', 'settle', 'end'), numbers)
    .map(([name, agreement]) => callOf('agreements', name, { agreement })),
)

/** Any bytes as the arguments of any method of the market. */
const methods = modules
  .filter(({ name }) => MARKET.includes(name))
  .flatMap(({ id, methods: of }) => of.map((method) => [id, method.id] as const))
const garbage = fc
  .tuple(fc.constantFrom(...methods), fc.uint8Array({ maxLength: 200 }))
  .map(([[target, method], bytes]) => ({ target, method, arguments: bytes, funds: [] }))

describe('the market', () => {
  it('refuses or does what is asked at the edges of all ranges, and never stops the chain', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), call), { minLength: 1, maxLength: 12 }),
        (calls) => {
          const chain = new TestChain({ accounts: ['a', 'b', 'c', 'd', 'e'], grains: GRAINS })
          const posts = [
            ['a', postOffer({ priceGrains: MAX_AMOUNT, collateralGrains: GRAINS / 2n })],
            ['d', postOffer({ token: TOKEN, pledgeGrains: MAX_AMOUNT, collateralGrains: GRAINS / 2n })],
            ['e', postOffer({ token: TOKEN, pledgeGrains: 10n ** 9n, collateralGrains: GRAINS / 2n })],
          ] as const
          chain.run('a', issueToken({ cap: MAX_CAP, initial: MAX_CAP }), payIn(chain, TOKEN, 'b', MAX_CAP / 2n))
          chain.makeBlock(posts.map(([by, one]) => chain.transaction(by, [one])))
          mature(chain)
          for (const [by, one] of calls) chain.makeBlock([chain.transaction(by, [one])])
          expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
          expect(tokenBalanceOf(chain.state, TOKEN, pools.agreements)).toBe(recordedUnits(chain.state, TOKEN))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses arguments of any other form with a stable code', () => {
    const chain = new TestChain({ accounts: ['a'], grains: GRAINS })
    fc.assert(
      fc.property(garbage, (one) => {
        const { receipts } = chain.makeBlock([chain.transaction('a', [one])])
        expect(receipts[0]!.error?.code ?? 'DONE').toMatch(/^(CODEC|OFFER|TENDER|AGREEMENT|TOKENS|DONE|INSPECTION)/)
      }),
      { numRuns: 200 },
    )
  })
})
