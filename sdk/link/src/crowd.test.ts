import { afterEach, describe, expect, it } from 'vitest'
import { addressOf, codeOf, Links, until } from './link-fixture.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const links = new Links()
afterEach(() => links.close())

describe('a link that many connect to', () => {
  it('takes only so many of one network, and still connects to whom it chooses itself', async () => {
    const node = await links.make('node', { limits: { maxInboundPerGroup: 2 } })
    const crowd = await Promise.all([1, 2, 3, 4].map((i) => links.make(`crowd ${i}`)))
    for (const one of crowd) await codeOf(one.dial(addressOf(node)))
    await until(() => node.metrics().crowdedOut === 2)
    expect(node.peers()).toHaveLength(2)
    const chosen = await links.make('chosen')
    await node.dial(addressOf(chosen))
    expect(node.isConnected(chosen.peerId)).toBe(true)
  })

  it('lets a protected peer in and keeps it when all places are taken', async () => {
    const node = await links.make('node', { limits: { maxInboundConnections: 2 } })
    const [first, second, third, delegate] = await Promise.all(
      ['first', 'second', 'third', 'delegate'].map((name) => links.make(name)),
    )
    for (const one of [first, second]) await one!.dial(addressOf(node))
    await until(() => node.peers().length === 2)
    // All come from one network, so nobody makes another go.
    await codeOf(third!.dial(addressOf(node)))
    await until(() => node.metrics().crowdedOut === 1)
    node.protect(delegate!.peerId)
    await delegate!.dial(addressOf(node))
    await until(() => node.isConnected(delegate!.peerId))
    expect(node.peers()).toHaveLength(3)
    node.reward(delegate!.peerId, 5)
    expect(node.scoreOf(delegate!.peerId)).toBeGreaterThan(4)
    // It says them only after it is connected.
    await expect.poll(() => node.addressesOf(delegate!.peerId), PATIENCE).toEqual(delegate!.addresses)
  })
})
