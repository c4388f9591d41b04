import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FINAL, NOTAR, PROPOSE, SKIP, type Vote } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { decodeMessage, encodeMessage, type Message } from '@smartshare/consensus'
import { KeyPair, toHex } from '@smartshare/crypto'
import { peerIdOfKey } from '@smartshare/link'
import fc from 'fast-check'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bend, dice } from '../blocks/test-bend.ts'
import { readConfig } from '../config.ts'
import { NodeKeeper } from '../node-keeper.ts'
import { TestNetwork } from '../test-network.ts'

const PATIENCE = { timeout: 30_000, interval: 20 }
const MESSAGES = 6_000
const SEED = 20_261_120
/** Names that a link could have. */
const PEERS = Array.from({ length: 7 }, (_, i) =>
  peerIdOfKey(KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(i)).publicKey.subarray(1)),
)

let dir = ''
let keeper: NodeKeeper
const faults: string[] = []
const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line) })

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'consensus-fuzz-'))
  await TestNetwork.make(1, () => dir, ['alice'])
  keeper = await NodeKeeper.start(readConfig(join(dir, 'node.json')), log)
  await expect.poll(() => keeper.node.committedHeight, PATIENCE).toBeGreaterThan(6)
})
afterEach(async () => {
  await keeper.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Messages of the node's own chain, of every kind. */
async function honest(): Promise<Message[]> {
  const { finals, term } = keeper.node
  const all = await Promise.all(Array.from({ length: finals.height }, (_, i) => finals.at(i + 1)))
  const blocks = all.flatMap((final) => (final === undefined ? [] : [final.block]))
  const certificates = all.flatMap((final) => (final?.certificate ? [final.certificate] : []))
  const { slot } = keeper.node.position
  const signature = certificates[0]!.signature
  const votes = [PROPOSE, NOTAR, SKIP, FINAL].flatMap((kind) =>
    [0, 1, 2].map((ahead): Vote => ({ term: 0, slot: slot + ahead, kind, value: all[0]!.hash, seat: 0, signature })),
  )
  return [
    ...blocks.slice(-4).map((block): Message => ({ type: 'proposal', block, certificates: certificates.slice(-2) })),
    { type: 'votes', votes, executedHeight: finals.height },
    { type: 'certificates', certificates },
    { type: 'ask', ask: { term: 0, finalHeight: 1, fromSlot: 1, wanted: [all[0]!.hash] } },
    { type: 'page', page: { term: 0, certificates, blocks, nextSet: term.set } },
    { type: 'page', page: { term: 0, certificates: certificates.slice(-1), blocks: blocks.slice(-3), nextSet: null } },
  ]
}

async function expectGoesOn(): Promise<void> {
  expect(keeper.halted).toBeUndefined()
  const { height } = keeper.node.finals
  await expect.poll(() => keeper.node.committedHeight, PATIENCE).toBeGreaterThan(height + 2)
  expect(keeper.halted).toBeUndefined()
  expect(faults).toEqual([])
}

describe('a node that is told nonsense', () => {
  it('goes on with its own chain, whatever well-formed messages of consensus it hears', async () => {
    const material = await honest()
    const before = await Promise.all(Array.from({ length: 6 }, (_, i) => keeper.node.finals.at(i + 1)))
    const seats = [null, toHex(keeper.node.term.set.members[0]!.address)]
    let heard = 0
    for (const [i, rolls] of fc.sample(dice, { numRuns: MESSAGES, seed: SEED }).entries()) {
      let message: unknown = material[i % material.length]
      for (let bends = 0; bends < 1 + (i % 3); bends++) message = bend(message, rolls, bends)
      let decoded: Message
      try {
        decoded = decodeMessage(encodeMessage(message as Message))
      } catch (error) {
        // What cannot be encoded cannot be heard.
        expect(error).toBeInstanceOf(SmartshareError)
        continue
      }
      heard++
      const link = { peer: PEERS[i % PEERS.length] as string, delegate: seats[i % 2] as string | null }
      keeper.node.hear(link, decoded)
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
      expect([i, keeper.halted]).toEqual([i, undefined])
    }
    expect(heard).toBeGreaterThan(MESSAGES / 4)
    await expectGoesOn()
    const after = await Promise.all(Array.from({ length: 6 }, (_, i) => keeper.node.finals.at(i + 1)))
    expect(after).toEqual(before)
  })

  it('decodes nothing but what is whole, and refuses the rest by code', async () => {
    const parts = (await honest()).map(encodeMessage)
    for (const [i, [place, byte, cut]] of fc
      .sample(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { numRuns: MESSAGES, seed: SEED })
      .entries()) {
      const part = parts[i % parts.length] as Uint8Array
      const bent = part.slice(0, cut ? place % part.length : part.length)
      if (bent.length > 0) bent[place % bent.length] = byte
      try {
        const message = decodeMessage(bent)
        keeper.node.hear({ peer: PEERS[0] as string, delegate: null }, message)
      } catch (error) {
        expect(SmartshareError.is(error) && /^(CODEC|CONSENSUS|BLOCK)_/.test(error.code)).toBe(true)
      }
      expect([i, keeper.halted]).toEqual([i, undefined])
    }
    await expectGoesOn()
  })
})
