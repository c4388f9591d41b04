import { fork } from 'node:child_process'
import { once } from 'node:events'
import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Channel } from './channel.ts'
import { DEFAULT_CHANNEL_LIMITS, DEFAULT_LINK_LIMITS, DEFAULT_MAX_MESSAGE_BYTES } from './limits.ts'
import type { Link } from './link.ts'
import { addressOf, codeOf, Links, until } from './link-fixture.ts'

const PROTOCOL = '/smartshare/test/1'
const KIB = 1024
const MIB = 1024 * KIB
const links = new Links()

afterEach(() => links.close())

/** Both ends of one channel; the far end stays open until the test ends. */
async function ends(opener: Link, taker: Link, limits = {}): Promise<{ near: Channel; far: Channel }> {
  const taken = Promise.withResolvers<Channel>()
  await taker.onChannel(
    PROTOCOL,
    async (channel) => {
      taken.resolve(channel)
      await until(() => channel.gone)
    },
    limits,
  )
  const near = await opener.openChannel(taker.peerId, PROTOCOL)
  return { near, far: await taken.promise }
}

function fill(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) bytes[i] = (seed + i * 31) & 0xff
  return bytes
}

describe('a channel', () => {
  it('carries messages of every size in order, in both directions, and ends on each side by itself', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, async (channel) => {
      for await (const message of channel) await channel.send([message.subarray(0, 10), message.subarray(10)])
      await channel.send(Uint8Array.of(1, 2, 3))
    })
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 300_000 })), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(sizes, async (list) => {
        const channel = await asker.openChannel(answerer.peerId, PROTOCOL)
        const sent = list.map((size, i) => fill(size, i))
        const got: Uint8Array[] = []
        const reading = (async () => {
          for await (const message of channel) got.push(message)
        })()
        for (const message of sent) await channel.send(message)
        await channel.close()
        await reading
        expect(got.map((message) => message.length)).toEqual([...list, 3])
        for (const [i, message] of sent.entries()) expect(Buffer.compare(message, got[i] ?? new Uint8Array())).toBe(0)
        expect(channel.gone).toBe(true)
      }),
      { numRuns: 25 },
    )
    await until(() => answerer.metrics().protocols[PROTOCOL]?.streams === 0)
  })

  it('holds the sender back when nobody reads, within the bounds of queue, window and one message', async () => {
    const { asker, answerer } = await links.pair()
    const { near, far } = await ends(asker, answerer)
    const message = new Uint8Array(MIB)
    let sent = 0
    const sending = (async () => {
      for (; sent < 64; sent++) await near.send(message)
      await near.close()
    })()
    // The sender stands still once the receiver's queue, its window and the buffers of the sockets are full.
    let before = -1
    await until(() => {
      const same = before === sent
      before = sent
      return same && sent > 0
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const most = DEFAULT_CHANNEL_LIMITS.receiveQueueBytes + DEFAULT_LINK_LIMITS.streamWindowBytes + 4 * MIB
    expect(sent * MIB).toBeLessThanOrEqual(most)
    expect(answerer.metrics().bytesIn).toBeLessThanOrEqual(most)
    expect(answerer.metrics().protocols[PROTOCOL]?.bytesIn).toBeLessThanOrEqual(
      DEFAULT_CHANNEL_LIMITS.receiveQueueBytes + DEFAULT_MAX_MESSAGE_BYTES,
    )
    let received = 0
    for await (const got of far) received += got.length
    await sending
    expect(received).toBe(64 * MIB)
  })

  it('refuses further sends when too many are not awaited', async () => {
    const { asker, answerer } = await links.pair()
    const { near } = await ends(asker, answerer)
    const codes = await Promise.all(
      Array.from({ length: 64 }, () => Promise.race([codeOf(near.send(new Uint8Array(MIB))), codeAfter(500)])),
    )
    expect(codes).toContain('LINK_QUEUE_FULL')
    const waiting = codes.filter((code) => code !== 'LINK_QUEUE_FULL').length * MIB
    expect(waiting).toBeLessThanOrEqual(
      DEFAULT_CHANNEL_LIMITS.maxQueuedBytes +
        DEFAULT_CHANNEL_LIMITS.receiveQueueBytes +
        DEFAULT_LINK_LIMITS.streamWindowBytes +
        4 * MIB,
    )
    expect(await codeOf(near.send(new Uint8Array(DEFAULT_MAX_MESSAGE_BYTES + 1)))).toBe('LINK_TOO_LARGE')
  })

  it('brings the code of an abort to reader and writer on the other side', async () => {
    const { asker, answerer } = await links.pair()
    const { near, far } = await ends(asker, answerer)
    const reading = far.receive()
    near.abort(new SmartshareError('PAYMENT_MISSING', 'Pay first'))
    await expect(reading).rejects.toMatchObject({ code: 'PAYMENT_MISSING', message: 'Pay first' })
    expect(await codeOf(far.send(new Uint8Array(1)))).toBe('PAYMENT_MISSING')
    expect(await codeOf(near.send(new Uint8Array(1)))).toBe('PAYMENT_MISSING')
    expect(await codeOf(near.receive())).toBe('PAYMENT_MISSING')
  })

  it('is broken off with the code that its handler throws', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, async (channel) => {
      await channel.receive()
      throw new SmartshareError('NO_AGREEMENT', 'Unknown agreement')
    })
    const channel = await asker.openChannel(answerer.peerId, PROTOCOL)
    await channel.send(Uint8Array.of(1))
    expect(await codeOf(channel.receive())).toBe('NO_AGREEMENT')
  })

  it('drops what still comes when its handler has returned, and the sender can finish', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, (channel) => channel.send(Uint8Array.of(7)))
    const channel = await asker.openChannel(answerer.peerId, PROTOCOL)
    for (let i = 0; i < 32; i++) await channel.send(new Uint8Array(MIB))
    await channel.close()
    expect(await channel.receive()).toEqual(Uint8Array.of(7))
    expect(await channel.receive()).toBeUndefined()
    await until(() => answerer.metrics().protocols[PROTOCOL]?.streams === 0)
  })

  it('may be ended or broken off by its handler before the opener has it', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, () => undefined)
    await answerer.onChannel('/smartshare/refused/1', () => {
      throw new SmartshareError('NOT_NOW', 'Come back later')
    })
    for (let i = 0; i < 40; i++) {
      const ended = await asker.openChannel(answerer.peerId, PROTOCOL)
      expect(await ended.receive()).toBeUndefined()
      await ended.close()
      const refused = await asker.openChannel(answerer.peerId, '/smartshare/refused/1')
      expect(await codeOf(refused.receive())).toBe('NOT_NOW')
    }
    await until(() => answerer.metrics().protocols['/smartshare/refused/1']?.streams === 0)
  })

  it('slows a peer that is faster than its quota instead of cutting it', async () => {
    const { asker, answerer } = await links.pair()
    const { near, far } = await ends(asker, answerer, { bytesPerSecond: 8 * MIB })
    const startMs = performance.now()
    const sending = (async () => {
      for (let i = 0; i < 16; i++) await near.send(new Uint8Array(MIB))
      await near.close()
    })()
    let received = 0
    for await (const message of far) received += message.length
    await sending
    expect(received).toBe(16 * MIB)
    // 8 MiB may come at once, the other 8 take a second, of which the last chunk's debt is not waited for.
    expect(performance.now() - startMs).toBeGreaterThan(400)
  })

  it('may be open only so many times at once from one peer', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.onChannel(PROTOCOL, (channel) => until(() => channel.gone), { channelsPerPeer: 2 })
    const open = (): Promise<Channel> => asker.openChannel(answerer.peerId, PROTOCOL)
    await open()
    await open()
    await until(() => answerer.metrics().protocols[PROTOCOL]?.streams === 2)
    const third = await open()
    expect(await codeOf(third.receive())).toBe('LINK_QUOTA')
    expect(answerer.metrics().protocols[PROTOCOL]?.refused).toBe(1)
    await until(() => answerer.metrics().protocols[PROTOCOL]?.streams === 2)
  })

  it('tells its reader when the sender is killed in the middle, after what had arrived', async () => {
    const link = await links.make('reader')
    const taken = Promise.withResolvers<Channel>()
    await link.onChannel(PROTOCOL, async (channel) => {
      taken.resolve(channel)
      await until(() => channel.gone)
    })
    const child = fork(new URL('./peer-worker.ts', import.meta.url), ['killed', 'flood', '0', addressOf(link)], {
      execArgv: ['--conditions=source'],
    })
    const channel = await taken.promise
    let received = 0
    const reading = (async () => {
      for await (const message of channel) {
        received += message.length
        if (received === 16 * MIB) child.kill('SIGKILL')
      }
    })()
    expect(await codeOf(reading)).toBe('LINK_CLOSED')
    expect(received).toBeGreaterThanOrEqual(16 * MIB)
    expect(channel.gone).toBe(true)
    await until(() => link.peers().length === 0)
    expect(link.metrics().protocols[PROTOCOL]?.streams).toBe(0)
  })

  it('tells its sender when the reader is killed in the middle', async () => {
    const link = await links.make('sender')
    const child = fork(new URL('./peer-worker.ts', import.meta.url), ['sink', 'sink', '0'], {
      execArgv: ['--conditions=source'],
    })
    const [address] = (await once(child, 'message')) as [string]
    const channel = await link.openChannel(await link.dial(address), PROTOCOL)
    const sending = (async () => {
      for (let sent = 0; ; sent++) {
        await channel.send(new Uint8Array(MIB))
        if (sent === 16) child.kill('SIGKILL')
      }
    })()
    expect(await codeOf(sending)).toBe('LINK_CLOSED')
    await until(() => channel.gone && link.peers().length === 0)
  })

  it('is cut when one side has ended and the other says nothing more', async () => {
    const { asker, answerer } = await links.pair()
    const { near, far } = await ends(asker, answerer)
    await near.close()
    await far.close()
    await until(() => near.gone && far.gone)
    const other = await asker.openChannel(answerer.peerId, PROTOCOL, { lingerTimeoutMs: 100 })
    await other.close()
    expect(await codeOf(other.receive())).toBe('LINK_STALLED')
  })
})

async function codeAfter(waitMs: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  return 'waiting'
}
