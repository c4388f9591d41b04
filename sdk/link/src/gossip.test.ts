import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type GossipVerdict, gossipMessageId } from './gossip.ts'
import type { Link } from './link.ts'
import { addressOf, codeOf, Links, until } from './link-fixture.ts'

const TOPIC = '/smartshare/blocks'
const OTHER = '/smartshare/transactions'
const gossip = { topics: [TOPIC, OTHER] }
const links = new Links()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

afterEach(() => links.close())

interface Node {
  link: Link
  judged: string[]
  got: string[]
}

/** Rejects what begins with "bad", ignores what begins with "dull". */
function verdictOn(message: string): GossipVerdict {
  if (message.startsWith('bad')) return 'reject'
  return message.startsWith('dull') ? 'ignore' : 'accept'
}

async function node(name: string, options = {}): Promise<Node> {
  const made: Node = { link: await links.make(name, { gossip, ...options }), judged: [], got: [] }
  made.link.subscribe(TOPIC, {
    validate: (message) => {
      made.judged.push(text(message))
      return verdictOn(text(message))
    },
    onMessage: (message) => made.got.push(text(message)),
  })
  return made
}

/** A chain: each is connected to the next only, so that everything has to be passed on. */
async function chain(nodes: readonly Node[]): Promise<void> {
  for (const [i, { link }] of nodes.entries()) {
    const next = nodes[i + 1]
    if (next !== undefined) await link.dial(addressOf(next.link))
  }
  const neighbours = (i: number): number => (i === 0 || i === nodes.length - 1 ? 1 : 2)
  await until(() => nodes.every(({ link }, i) => link.subscribers(TOPIC).length === neighbours(i)))
}

describe('gossip', () => {
  it('brings each message once to six nodes over five hops, and passes on nothing that is not accepted', async () => {
    const nodes = await Promise.all(Array.from({ length: 6 }, (_, i) => node(`gossip-${i}`)))
    await chain(nodes)
    const [first, second, ...rest] = nodes as [Node, Node, ...Node[]]
    const sent = ['bad news', 'dull news', 'news 1', 'news 2', 'news 1']
    for (const message of sent) await first.link.publish(TOPIC, bytes(message))
    await until(() => nodes.slice(1).every(({ got }) => got.length >= 2))
    for (const { got } of [second, ...rest]) expect(got.toSorted()).toEqual(['news 1', 'news 2'])
    expect(second.judged.toSorted()).toEqual(['bad news', 'dull news', 'news 1', 'news 2'])
    for (const { judged } of rest) expect(judged.toSorted()).toEqual(['news 1', 'news 2'])
    expect(second.link.metrics()).toMatchObject({ gossipRejected: 1, gossipIgnored: 1, gossipIn: 2, faults: 1 })
    expect(first.got).toEqual([])
  })

  it('bans a neighbour that keeps sending what is rejected', async () => {
    const nodes = [await node('honest', { limits: { banThreshold: 5, forgivenPerSecond: 0 } }), await node('liar')]
    const [honest, liar] = nodes as [Node, Node]
    await chain(nodes)
    for (let i = 0; i < 4; i++) await liar.link.publish(TOPIC, bytes(`bad ${i}`))
    await until(() => honest.link.isBanned(liar.link.peerId) && honest.link.peers().length === 0)
  })

  it('refuses messages above the bound, unknown topics and a second subscriber', async () => {
    const { link } = await node('alone', { gossip: { ...gossip, limits: { maxMessageBytes: 100 } } })
    expect(await codeOf(link.publish(TOPIC, new Uint8Array(101)))).toBe('LINK_TOO_LARGE')
    expect(await codeOf(link.publish('/nobody', new Uint8Array(1)))).toBe('LINK_UNKNOWN_TOPIC')
    expect(await link.publish(TOPIC, new Uint8Array(100))).toBe(0)
    const subscriber = { validate: () => 'accept' as const, onMessage: () => undefined }
    expect(() => link.subscribe(TOPIC, subscriber)).toThrow(expect.objectContaining({ code: 'LINK_TOPIC_TAKEN' }))
  })

  it('always reaches direct peers', async () => {
    const far = await node('direct-far')
    const directPeers = [{ peerId: far.link.peerId, addresses: [addressOf(far.link)] }]
    const near = await node('direct-near', { gossip: { ...gossip, directPeers } })
    await until(() => near.link.subscribers(TOPIC).length === 1)
    await near.link.publish(TOPIC, bytes('hello'))
    await until(() => far.got.length === 1)
  })

  it('names a message by topic and data together', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), fc.string({ maxLength: 50 }), fc.uint8Array(), (one, two, data) => {
        const same = Buffer.compare(gossipMessageId(one, data), gossipMessageId(two, data)) === 0
        expect(same).toBe(one === two)
      }),
    )
  })
})
