import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SSP } from '@smartshare/chain'
import { pack } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { type Channel, createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.ts'
import { NodeKeeper } from '../node-keeper.ts'
import { signed } from '../rpc/test-transaction.ts'
import { TestNetwork } from '../test-network.ts'
import { encodeHello, encodeProof, NETWORK_VERSION } from './handshake.ts'
import { TRANSACTIONS_TOPIC } from './network.ts'

// A real node, and peers that speak its protocols over real links up to the point where they do not.

vi.setConfig({ testTimeout: 120_000 })
const CONSENSUS_PROTOCOL = '/smartshare/consensus/1'
const PATIENCE = { timeout: 30_000, interval: 20 }
const SEED = 20_261_120
const HELLO = 0
const PROOF = 1
const CONSENSUS = 2
const MIB = 1024 * 1024
const utf8 = new TextEncoder()
const alice = testAccount('alice')

let dir = ''
let network: TestNetwork
let keeper: NodeKeeper
const faults: string[] = []
const strangers: Link[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'network-fuzz-'))
  network = await TestNetwork.make(1, () => dir, ['alice'])
  const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line) })
  keeper = await NodeKeeper.start(readConfig(join(dir, 'node.json')), log)
  await vi.waitFor(() => expect(keeper.node.committedHeight).toBeGreaterThan(1), PATIENCE)
})
afterAll(async () => {
  await Promise.all(strangers.map((stranger) => stranger.close()))
  await keeper?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** A peer of the node that speaks libp2p well. */
async function stranger(name: string): Promise<Link> {
  const link = await createLink({
    privateKeySeed: sha256(utf8.encode(name)),
    listen: [],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
    gossip: { topics: [TRANSACTIONS_TOPIC] },
  })
  strangers.push(link)
  await link.dial(keeper.node.link.addresses[0] as string)
  return link
}

const frame = (tag: number, content: Uint8Array) => Buffer.concat([Uint8Array.of(tag), content])
const hello = (changes: object = {}) =>
  frame(
    HELLO,
    encodeHello({ version: NETWORK_VERSION, chainId: keeper.node.chainId, nonce: new Uint8Array(32), ...changes }),
  )
const proof = () => frame(PROOF, encodeProof({ address: new Uint8Array(32), signature: new Uint8Array(96) }))

/** Opens a channel, says these frames, and waits until the node has broken it off. */
async function say(link: Link, frames: readonly Uint8Array[]): Promise<void> {
  const target = keeper.node.link.peerId
  const channel: Channel = await link.openChannel(target, CONSENSUS_PROTOCOL, { maxMessageBytes: 16 * MIB })
  const heard = (async () => {
    for await (const _message of channel);
  })()
  const ended = heard.catch(() => undefined)
  for (const bytes of frames) await channel.send(bytes).catch(() => undefined)
  await ended
}

async function expectGoesOn(): Promise<void> {
  expect(keeper.halted).toBeUndefined()
  const { height } = keeper.node.finals
  await expect.poll(() => keeper.node.committedHeight, PATIENCE).toBeGreaterThan(height + 2)
  expect(faults).toEqual([])
}

/** Everything that no honest node says. */
const JUNK: [string, () => Uint8Array[]][] = [
  ['nothing at all', () => [new Uint8Array()]],
  ['a message before its greeting', () => [frame(CONSENSUS, Uint8Array.of(1))]],
  ['a proof before its greeting', () => [proof()]],
  ['a greeting that is none', () => [frame(HELLO, Uint8Array.of(1, 2, 3))]],
  ['a greeting of another network', () => [hello({ chainId: new Uint8Array(32).fill(1) })]],
  ['a greeting of another version', () => [hello({ version: NETWORK_VERSION + 1 })]],
  ['two greetings', () => [hello(), hello()]],
  ['a proof that is none', () => [hello(), frame(PROOF, new Uint8Array(40))]],
  ['two proofs', () => [hello(), proof(), proof()]],
  ['an unknown kind of message', () => [hello(), frame(9, new Uint8Array(8))]],
  ['a message of consensus that is none', () => [hello(), frame(CONSENSUS, new Uint8Array(64).fill(0xff))]],
  [
    'a message of consensus that says it is endless',
    () => [hello(), frame(CONSENSUS, Uint8Array.of(0x82, 1, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255))],
  ],
  ['a message above the largest size', () => [hello(), frame(CONSENSUS, new Uint8Array(12 * MIB + 1))]],
]

describe('a node among strangers', () => {
  it.each(JUNK)('cuts and bans a peer that says %s, and goes on', async (name, frames) => {
    const link = await stranger(name)
    for (let times = 0; times < 4 && !keeper.node.link.isBanned(link.peerId); times++) {
      await say(link, frames()).catch(() => undefined)
    }
    expect(keeper.node.link.isBanned(link.peerId)).toBe(true)
    await expect.poll(() => keeper.node.link.isConnected(link.peerId), PATIENCE).toBe(false)
    await link.close()
    await expectGoesOn()
  })

  it('bans a peer that gossips what is no batch of good transactions, and passes none of it on', async () => {
    const call = callOf('tokens', 'transfer', { to: alice.address, token: SSP, amount: 1n, memo: null })
    const good = signed(network.genesis, alice, [call], { nonce: 0n }).wire
    const bent = (at: number) => good.map((byte, i) => (i === good.length - 3 - at ? byte ^ 1 : byte))
    // Each message is another one, or it would be taken for known.
    const batches: [string, (time: number) => Uint8Array][] = [
      ['no list', (time) => Uint8Array.of(1, 2, 3, time)],
      ['a list that is cut off', (time) => pack([Uint8Array.of(time), good]).subarray(0, -1)],
      ['too many items', (time) => pack(Array.from({ length: 1_001 }, () => Uint8Array.of(time)))],
      ['no transaction', (time) => pack([new Uint8Array(100).fill(time)])],
      ['a wrong signature', (time) => pack([bent(time)])],
    ]
    for (const [name, batch] of batches) {
      const link = await stranger(`gossip ${name}`)
      link.subscribe(TRANSACTIONS_TOPIC, { validate: () => 'accept', onMessage: () => undefined })
      await expect.poll(() => link.subscribers(TRANSACTIONS_TOPIC).length, PATIENCE).toBe(1)
      for (let time = 0; time < 20; time++) await link.publish(TRANSACTIONS_TOPIC, batch(time)).catch(() => 0)
      await expect.poll(() => [name, keeper.node.link.isBanned(link.peerId)], PATIENCE).toEqual([name, true])
      await link.close()
    }
    expect(keeper.node.mempool.count).toBe(0)
    await expectGoesOn()
  })

  it('judges any batch without breaking, and admits only what is whole', async () => {
    const wires = [0n, 1n, 2n].map((nonce) => {
      const call = callOf('tokens', 'transfer', { to: alice.address, token: SSP, amount: 1n, memo: null })
      return signed(network.genesis, alice, [call], { nonce }).wire
    })
    const bends = fc.tuple(fc.nat(), fc.nat(255), fc.boolean())
    for (const [i, [place, byte, cut]] of fc.sample(bends, { numRuns: 3_000, seed: SEED }).entries()) {
      const wire = wires[i % wires.length] as Uint8Array
      const bent = wire.slice(0, cut ? place % wire.length : wire.length)
      if (bent.length > 0) bent[place % bent.length] = byte
      if (Buffer.compare(bent, wire) === 0) continue
      expect(['reject', 'ignore']).toContain(await keeper.node.intake.judge([bent]))
    }
    expect(keeper.node.mempool.count).toBe(0)
    await expectGoesOn()
  })

  it('still listens to those who speak well', async () => {
    const link = await stranger('honest')
    const target = keeper.node.link.peerId
    const channel = await link.openChannel(target, CONSENSUS_PROTOCOL)
    await channel.send(hello())
    await expect.poll(() => keeper.node.network.peers().map(({ id }) => id), PATIENCE).toEqual([link.peerId])
  })
})
