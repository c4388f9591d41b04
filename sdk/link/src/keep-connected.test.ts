import { fork } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { backoffMs } from './keep-connected.ts'
import { addressOf, Links, portOf, until } from './link-fixture.ts'

const PROTOCOL = '/smartshare/test/1'
const links = new Links()
afterEach(() => links.close())

describe('staying connected', () => {
  it('waits longer with every failure, within its bounds, and never the same for all', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const waitMs = backoffMs(failures, random)
        expect(waitMs).toBeGreaterThanOrEqual(125)
        expect(waitMs).toBeLessThanOrEqual(30_000)
        expect(backoffMs(failures + 1, random)).toBeGreaterThanOrEqual(waitMs)
      }),
    )
    expect(backoffMs(3, 0)).not.toBe(backoffMs(3, 0.9))
  })

  it('finds a peer again that was killed and came back on the same port', async () => {
    const link = await links.make('keeper')
    const start = async (port: number) => {
      const script = new URL('./peer-worker.ts', import.meta.url)
      const child = fork(script, ['kept', 'answer', String(port)], { execArgv: ['--conditions=source'] })
      const [address] = (await once(child, 'message')) as [string]
      return { child, address }
    }
    const first = await start(0)
    link.keepConnected([first.address])
    await until(() => link.peers().length === 1)
    const [peer = ''] = link.peers()
    expect(await link.request(peer, PROTOCOL, Uint8Array.of(1))).toEqual(Uint8Array.of(1))
    first.child.kill('SIGKILL')
    await until(() => link.peers().length === 0)
    const second = await start(Number(/\/tcp\/(\d+)/.exec(first.address)?.[1]))
    await until(() => link.isConnected(peer))
    expect(await link.request(peer, PROTOCOL, Uint8Array.of(2))).toEqual(Uint8Array.of(2))
    second.child.kill('SIGKILL')
  })

  it('finds a peer that starts later, and dials no more when stopped', async () => {
    const seldom = await links.make('later')
    const address = addressOf(seldom)
    const port = portOf(seldom)
    await seldom.close()
    const link = await links.make('early')
    const stop = link.keepConnected([address, address])
    const later = await links.make('later', { listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    await until(() => link.isConnected(later.peerId) && later.isConnected(link.peerId))
    stop()
    stop()
    await later.disconnect(link.peerId)
    await until(() => link.peers().length === 0)
    // Longer than the first wait would be.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(link.peers()).toEqual([])
  })
})
