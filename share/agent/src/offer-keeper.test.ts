import { addressOfToken } from '@smartshare/crypto'
import { callOf } from '@smartshare/runtime/testing'
import { describe, expect, it } from 'vitest'
import { keepOffer } from './offer-keeper.ts'
import { EventfulChain } from './testing-chain.ts'

const inSsp = {
  ...{ region: 'test', token: 0 as const, priceGrains: 1_000_000n, pledgeGrains: null },
  ...{ capacityBytes: 2 ** 30, collateralGrains: 10n ** 10n, peer: 'peer', addresses: [] },
}

/** A chain on which `vendor` issued a token. */
function world() {
  const chain = new EventfulChain(['vendor', 'provider'])
  const nobody = { admin: null, minter: null, freezer: null, schedule: null }
  const flags = { burnable: false, deviceOnlyRewards: false, metadata: { description: '', uri: '', hash: null } }
  const numbers = { decimals: 0, cap: 1_000n, initial: 1_000n }
  chain.chain.run(
    'vendor',
    callOf('tokens', 'issue', { name: 'Acme', symbol: 'ACME', ...numbers, ...nobody, ...flags }),
  )
  const token = addressOfToken(chain.chain.account('vendor').address, 0)
  return { chain, token, agent: chain.agent('provider') }
}

describe('the standing offer of an agent', () => {
  it('is posted, and follows the owner’s price, pledge and capacity', async () => {
    const { chain, token, agent } = world()
    const terms = { ...inSsp, token, priceGrains: 5n, pledgeGrains: 2_000_000n }
    expect(await keepOffer(agent, terms)).toMatchObject({ token, priceGrains: 5n, pledgeGrains: 2_000_000n })
    const height = chain.chain.head.height
    await keepOffer(agent, terms)
    expect(chain.chain.head.height).toBe(height)
    expect(await keepOffer(agent, { ...terms, pledgeGrains: 3_000_000n })).toMatchObject({ pledgeGrains: 3_000_000n })
    expect(await keepOffer(agent, { ...terms, priceGrains: 6n })).toMatchObject({ priceGrains: 6n })
  })

  it('is withdrawn and posted anew when its token changes', async () => {
    const { token, agent } = world()
    const first = await keepOffer(agent, inSsp)
    expect(first).toMatchObject({ token: 0, pledgeGrains: 1_000_000n })
    const terms = { ...inSsp, token, priceGrains: 5n, pledgeGrains: 2_000_000n }
    expect(await keepOffer(agent, terms)).toBeUndefined()
    expect(await keepOffer(agent, terms)).toMatchObject({ token, priceGrains: 5n, state: 'maturing' })
  })
})
