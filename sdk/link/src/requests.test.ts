import { SmartshareError } from '@smartshare/codec'
import { afterEach, describe, expect, it } from 'vitest'
import { codeOf, Links, until } from './link-fixture.ts'

const PROTOCOL = '/smartshare/test/1'
const links = new Links()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

afterEach(() => links.close())

describe('requests', () => {
  it('are answered, by bytes or by parts, over one stream', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(PROTOCOL, (body, { peer }) => [bytes(`${text(body)} from `), bytes(peer)])
    for (const word of ['one', 'two', 'three']) {
      expect(text(await asker.request(answerer.peerId, PROTOCOL, bytes(word)))).toBe(`${word} from ${asker.peerId}`)
    }
    expect(answerer.metrics().protocols[PROTOCOL]).toMatchObject({
      streams: 1,
      requestsIn: 3,
      framesIn: 3,
      framesOut: 3,
    })
  })

  it('run many at a time in both directions, each with its own answer, in any order', async () => {
    const { asker, answerer } = await links.pair()
    const sizes = Array.from({ length: 400 }, (_, i) => (i * 7919) % 20_000)
    for (const link of [asker, answerer]) {
      await link.handle(PROTOCOL, async (body) => {
        if (body.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, body.length % 7))
        return body
      })
    }
    const ask = async (from: typeof asker, to: typeof asker, size: number): Promise<void> => {
      const body = new Uint8Array(size).fill(size)
      expect(Buffer.compare(await from.request(to.peerId, PROTOCOL, body), body)).toBe(0)
    }
    await Promise.all(sizes.flatMap((size) => [ask(asker, answerer, size), ask(answerer, asker, size + 1)]))
  })

  it('bring the code and message of what the handler threw, and nothing of other failures', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(PROTOCOL, (body) => {
      if (text(body) === 'coded') throw new SmartshareError('STORE_FULL', 'No room left', { path: 'secret' })
      throw new TypeError('secret')
    })
    const coded = asker.request(answerer.peerId, PROTOCOL, bytes('coded'))
    const details = { peer: answerer.peerId, remote: true }
    await expect(coded).rejects.toMatchObject({ code: 'STORE_FULL', message: 'No room left', details })
    const other = asker.request(answerer.peerId, PROTOCOL, bytes('other'))
    await expect(other).rejects.toMatchObject({
      code: 'LINK_HANDLER_FAILED',
      message: expect.not.stringContaining('secret'),
    })
  })

  it('end after their time, and the handler learns that nobody waits', async () => {
    const { asker, answerer } = await links.pair()
    const reasons: string[] = []
    await answerer.handle(PROTOCOL, async (body, { signal }) => {
      if (body.length === 0) return body
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      reasons.push((signal.reason as SmartshareError).code)
      return new Uint8Array()
    })
    // The first opens the stream, so that the others are on their way before they are given up.
    await asker.request(answerer.peerId, PROTOCOL, new Uint8Array())
    expect(await codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x'), { timeoutMs: 20 }))).toBe('LINK_TIMEOUT')
    const control = new AbortController()
    const given = asker.request(answerer.peerId, PROTOCOL, bytes('x'), { signal: control.signal })
    control.abort()
    expect(await codeOf(given)).toBe('LINK_CANCELLED')
    await until(() => reasons.length === 2)
    expect(reasons).toEqual(['LINK_CANCELLED', 'LINK_CANCELLED'])
  })

  it('end with LINK_TIMEOUT when the handler takes longer than it may', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(
      PROTOCOL,
      (_body, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)),
      {
        handlerTimeoutMs: 30,
      },
    )
    const late = asker.request(answerer.peerId, PROTOCOL, bytes('x'))
    await expect(late).rejects.toMatchObject({ code: 'LINK_TIMEOUT', details: { remote: true } })
  })

  it('are refused when nobody is there, or nobody speaks the protocol', async () => {
    const { asker, answerer } = await links.pair()
    const stranger = await links.make('stranger')
    expect(await codeOf(asker.request(stranger.peerId, PROTOCOL, bytes('x')))).toBe('LINK_NO_PEER')
    expect(await codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x')))).toBe('LINK_UNSUPPORTED')
    await answerer.handle(PROTOCOL, (body) => body)
    expect(text(await asker.request(answerer.peerId, PROTOCOL, bytes('x')))).toBe('x')
  })

  it('never give more than the asker takes, nor take more than the handler does', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(PROTOCOL, () => new Uint8Array(2_000), { maxRequestBytes: 100 })
    const long = asker.request(answerer.peerId, PROTOCOL, bytes('x'), { maxResponseBytes: 1_999 })
    await expect(long).rejects.toMatchObject({ code: 'LINK_TOO_LARGE', details: { remote: true } })
    expect(await codeOf(asker.request(answerer.peerId, PROTOCOL, new Uint8Array(101)))).toBe('LINK_CLOSED')
    await until(() => answerer.metrics().faults === 1)
    expect((await asker.request(answerer.peerId, PROTOCOL, new Uint8Array(100))).length).toBe(2_000)
  })

  it('over the quota are refused with LINK_QUOTA, and with enough of them the peer is banned', async () => {
    const { asker, answerer } = await links.pair({ limits: { banThreshold: 3, forgivenPerSecond: 0, banMs: 60_000 } })
    await answerer.handle(PROTOCOL, (body) => body, { requestsPerSecond: 5 })
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x')))),
    )
    expect(codes.filter((code) => code === 'none').length).toBeGreaterThanOrEqual(5)
    expect(codes).toContain('LINK_QUOTA')
    while (!answerer.isBanned(asker.peerId)) await codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x')))
    await until(() => !asker.isConnected(answerer.peerId))
    expect(answerer.metrics().bans).toBe(1)
    await asker.dial((answerer.addresses[0] ?? '').toString()).catch(() => undefined)
    await until(() => !asker.isConnected(answerer.peerId) && !answerer.isConnected(asker.peerId))
  })

  it('that are too many wait in a bounded queue and are refused beyond it', async () => {
    const { asker, answerer } = await links.pair({ limits: { maxInFlightRequests: 4, maxQueuedRequests: 6 } })
    const gate = Promise.withResolvers<Uint8Array>()
    let running = 0
    await answerer.handle(
      PROTOCOL,
      () => {
        running++
        return gate.promise
      },
      { maxConcurrent: 3 },
    )
    const answers = Array.from({ length: 14 }, () => codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x'))))
    await until(() => running === 3)
    // The first six queue while the stream opens; four of them are sent, and nothing else had room.
    gate.resolve(bytes('done'))
    const codes = await Promise.all(answers)
    expect(codes.filter((code) => code === 'none').length).toBe(6)
    expect(codes.filter((code) => code === 'LINK_QUEUE_FULL').length).toBe(8)
    expect(running).toBe(6)
  })

  it('work on no more at a time than the handler wants', async () => {
    const { asker, answerer } = await links.pair()
    let running = 0
    let most = 0
    await answerer.handle(
      PROTOCOL,
      async (body) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        running--
        return body
      },
      { maxConcurrent: 8 },
    )
    await Promise.all(Array.from({ length: 100 }, () => asker.request(answerer.peerId, PROTOCOL, bytes('x'))))
    expect(most).toBe(8)
  })

  it('in flight fail when the link is closed', async () => {
    const { asker, answerer } = await links.pair()
    await answerer.handle(PROTOCOL, () => new Promise(() => undefined))
    const asked = codeOf(asker.request(answerer.peerId, PROTOCOL, bytes('x')))
    await until(() => answerer.metrics().protocols[PROTOCOL]?.requestsIn === 1)
    await answerer.close()
    expect(await asked).toBe('LINK_CLOSED')
  })
})
