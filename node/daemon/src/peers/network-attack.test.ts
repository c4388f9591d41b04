import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, FINAL } from '@smartshare/chain'
import { decodeMessage, encodeMessage, type Message, type Page } from '@smartshare/consensus'
import { sha256 } from '@smartshare/crypto'
import { type Channel, createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.ts'
import { NodeKeeper } from '../node-keeper.ts'
import { TestNetwork } from '../test-network.ts'
import { encodeHello, NETWORK_VERSION } from './handshake.ts'

// Real nodes, and peers that keep to the protocol by its words but not by its measure.

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
const CONSENSUS_PROTOCOL = '/smartshare/consensus/1'
const PATIENCE = { timeout: 60_000, interval: 20 }
const HELLO = 0
const CONSENSUS = 2
const utf8 = new TextEncoder()

const dirs: string[] = []
const keepers: NodeKeeper[] = []
const strangers: Link[] = []
afterEach(async () => {
  await Promise.all(strangers.splice(0).map((stranger) => stranger.close()))
  await Promise.all(keepers.splice(0).map((keeper) => keeper.stop()))
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

async function networkOf(count: number, parameters = {}): Promise<TestNetwork> {
  const dir = mkdtempSync(join(tmpdir(), 'network-attack-'))
  dirs.push(dir)
  return TestNetwork.make(count, (i) => join(dir, `${i}`), ['alice'], parameters)
}

/** Starts a node; `peers` instead of those in its settings. */
async function startNode(dir: string, peers?: string[]): Promise<NodeKeeper> {
  const config = readConfig(join(dir, 'node.json'))
  const p2p = { ...config.p2p, peers: peers ?? config.p2p.peers }
  const keeper = await NodeKeeper.start({ ...config, p2p }, pino({ level: 'silent' }))
  keepers.push(keeper)
  return keeper
}

const frame = (tag: number, content: Uint8Array) => Buffer.concat([Uint8Array.of(tag), content])

/** A stranger that has greeted the node, and what the node says to it from then on. */
async function greeted(keeper: NodeKeeper, name: string): Promise<{ link: Link; channel: Channel; pages: Page[] }> {
  const link = await createLink({
    privateKeySeed: sha256(utf8.encode(name)),
    listen: [],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
  })
  strangers.push(link)
  const peer = await link.dial(keeper.node.link.addresses[0] as string)
  const channel = await link.openChannel(peer, CONSENSUS_PROTOCOL, { maxMessageBytes: 12 * 1024 * 1024 })
  const { chainId } = keeper.node
  await channel.send(frame(HELLO, encodeHello({ version: NETWORK_VERSION, chainId, nonce: new Uint8Array(32) })))
  const pages: Page[] = []
  const listening = async () => {
    for await (const heard of channel) {
      const message = heard[0] === CONSENSUS ? decodeMessage(heard.subarray(1)) : undefined
      if (message?.type === 'page') pages.push(message.page)
    }
  }
  listening().catch(() => undefined)
  return { link, channel, pages }
}

const say = (channel: Channel, message: Message) => channel.send(frame(CONSENSUS, encodeMessage(message)))
const goesOn = async ({ node }: NodeKeeper) => {
  const before = node.finals.height
  await expect.poll(() => node.finals.height, PATIENCE).toBeGreaterThan(before + 2)
}

describe('a node under attack', () => {
  it('answers so many asks of a peer and no more, bans it for a flood of them, and goes on', async () => {
    const network = await networkOf(1)
    const keeper = await startNode(network.nodes[0]!.dir)
    await expect.poll(() => keeper.node.committedHeight, PATIENCE).toBeGreaterThan(2)
    const { link, channel, pages } = await greeted(keeper, 'asker')
    const ask = { term: 0, finalHeight: 0, fromSlot: 0, wanted: [] }
    let sent = 0
    for (; sent < 20_000 && !keeper.node.link.isBanned(link.peerId); sent++) {
      await say(channel, { type: 'ask', ask }).catch(() => undefined)
    }
    await expect.poll(() => keeper.node.link.isBanned(link.peerId), PATIENCE).toBe(true)
    // A second's worth at once, and what was forgiven meanwhile: far less than was asked.
    expect(pages.length).toBeLessThan(sent)
    await goesOn(keeper)
    expect(keeper.node.link.metrics().bans).toBe(1)
  })

  it('answers messages of the term before by its last certificate once in a slot, older ones not at all', async () => {
    const network = await networkOf(1, { termBlocks: 8, electionBlock: 6, freezeBlock: 3 })
    const keeper = await startNode(network.nodes[0]!.dir)
    await expect.poll(() => keeper.node.position.term, PATIENCE).toBeGreaterThanOrEqual(2)
    const { channel, pages } = await greeted(keeper, 'late')
    const old = (term: number): Certificate => ({
      ...{ term, slot: 1, kind: FINAL, value: new Uint8Array(32).fill(1) },
      ...{ bitmap: Uint8Array.of(1), signature: new Uint8Array(96) },
    })
    const begun = keeper.node.finals.height
    let at = begun
    while (pages.length === 0 || at < begun + 6) {
      const { term } = keeper.node.position
      for (let again = 0; again < 5; again++) {
        await say(channel, { type: 'certificates', certificates: [old(term - 1)] })
        await say(channel, { type: 'certificates', certificates: [old(0)] })
      }
      await expect.poll(() => keeper.node.finals.height, PATIENCE).toBeGreaterThan(at)
      at = keeper.node.finals.height
    }
    const slots = keeper.node.finals.height - begun + 2
    expect(pages.length).toBeGreaterThan(0)
    expect(pages.length).toBeLessThanOrEqual(slots)
    for (const { term, certificates, nextSet } of pages) {
      expect(term).toBeGreaterThan(0)
      expect(certificates.map((certificate) => certificate.kind)).toEqual([FINAL])
      expect(nextSet?.term).toBe(term + 1)
    }
    await goesOn(keeper)
  })

  it('finds delegates again after a restart although nobody in its settings is there any more', async () => {
    const network = await networkOf(2)
    const [a, b] = network.nodes.map(({ dir }) => dir) as [string, string]
    const [first, second] = [await startNode(a), await startNode(b, [])]
    const knows = (keeper: NodeKeeper) => keeper.node.network.peers().map(({ delegate }) => delegate !== null)
    await expect.poll(() => knows(second), PATIENCE).toEqual([true])
    await expect.poll(() => second.node.link.isConnected(first.node.link.peerId), PATIENCE).toBe(true)
    await expect.poll(() => second.node.network.figures().remembered, PATIENCE).toBe(1)
    await first.stop()
    await second.stop()
    const [again] = [await startNode(b, []), await startNode(a, [])]
    await expect.poll(() => knows(again), PATIENCE).toEqual([true])
    await goesOn(again)
  })
})
