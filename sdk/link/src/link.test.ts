import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { createLink } from './create-link.ts'
import { keyOfPeerId, peerIdOfKey } from './identity.ts'
import { addressOf, codeOf, Links, seedOf, until } from './link-fixture.ts'

const PROTOCOL = '/smartshare/test/1'
const MIB = 1024 * 1024
const links = new Links()
afterEach(() => links.close())

describe('a link', () => {
  it('has the identity of its seed, which leads back to the key', async () => {
    const one = await links.make('same')
    const two = await links.make('same')
    expect(one.peerId).toBe(two.peerId)
    expect(peerIdOfKey(keyOfPeerId(one.peerId))).toBe(one.peerId)
    expect(() => keyOfPeerId('nobody')).toThrow(expect.objectContaining({ code: 'LINK_BAD_PEER_ID' }))
  })

  it('refuses wrong seeds, addresses, ports in use and bounds above all bounds with a code', async () => {
    const link = await links.make('first')
    const options = { privateKeySeed: seedOf('x'), listen: ['/ip4/127.0.0.1/tcp/0'], localNetwork: true }
    expect(await codeOf(createLink({ ...options, privateKeySeed: new Uint8Array(31) }))).toBe('LINK_BAD_SEED')
    expect(await codeOf(createLink({ ...options, listen: ['127.0.0.1:80'] }))).toBe('LINK_BAD_ADDRESS')
    const taken = addressOf(link).replace(/\/p2p\/.*/, '')
    expect(await codeOf(createLink({ ...options, listen: [taken] }))).toBe('LINK_LISTEN_FAILED')
    expect(await codeOf(link.dial('/ip4/127.0.0.1/tcp/1'))).toBe('LINK_DIAL_FAILED')
    expect(await codeOf(link.handle(PROTOCOL, (body) => body, { maxRequestBytes: 1e9 }))).toBe('LINK_TOO_LARGE')
  })

  it('takes one handler per protocol', async () => {
    const link = await links.make('one')
    await link.handle(PROTOCOL, (body) => body)
    expect(await codeOf(link.onChannel(PROTOCOL, () => undefined))).toBe('LINK_PROTOCOL_TAKEN')
    expect(await codeOf(link.request('nobody', PROTOCOL, new Uint8Array()))).toBe('LINK_BAD_PEER_ID')
  })

  it('sends what was accepted before it closes', async () => {
    const reader = await links.make('reader')
    const received: number[] = []
    const ended = Promise.withResolvers<void>()
    await reader.onChannel(PROTOCOL, async (channel) => {
      for await (const message of channel) received.push(message.length)
      ended.resolve()
    })
    const writer = await links.make('writer')
    const channel = await writer.openChannel(await writer.dial(addressOf(reader)), PROTOCOL)
    for (let i = 0; i < 12; i++) await channel.send(new Uint8Array(MIB))
    await channel.close()
    await writer.close()
    await ended.promise
    expect(received.length).toBe(12)
  })

  it('is closed once, fails everything afterwards and lets its process end', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, (channel) => until(() => channel.gone))
    const channel = await asker.openChannel(answerer.peerId, PROTOCOL)
    const reading = codeOf(channel.receive())
    await Promise.all([asker.close(), asker.close()])
    expect(await reading).toBe('LINK_CLOSED')
    expect(await codeOf(asker.dial(addressOf(answerer)))).toBe('LINK_CLOSED')
    expect(await codeOf(asker.request(answerer.peerId, PROTOCOL, new Uint8Array()))).toBe('LINK_CLOSED')
    await until(() => answerer.peers().length === 0)
    const child = fork(new URL('./peer-worker.ts', import.meta.url), ['ending', 'end', '0', addressOf(answerer)], {
      execArgv: ['--conditions=source'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })

  it('counts what passes', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(PROTOCOL, (body) => body)
    await asker.request(answerer.peerId, PROTOCOL, new Uint8Array(1_000))
    const [asked, answered] = [asker.metrics(), answerer.metrics()]
    expect(asked.protocols[PROTOCOL]).toMatchObject({
      requestsOut: 1,
      framesOut: 1,
      framesIn: 1,
      bytesOut: 1_013,
      bytesIn: 1_009,
    })
    expect(answered.protocols[PROTOCOL]).toMatchObject({ requestsIn: 1, failed: 0, refused: 0 })
    expect(asked).toMatchObject({ peers: 1, connections: 1, framesIn: 1, framesOut: 1, bans: 0, faults: 0 })
    expect(asked.bytesOut).toBeGreaterThan(1_013)
    expect(answered.bytesIn).toBeGreaterThan(1_013)
  })
})
