import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bitmapOf, decodeCertificate, encodeCertificate, encodeSet, FINAL, statementHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, sha256, toHex } from '@smartshare/crypto'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { type OpenedStore, openStore } from '@smartshare/store'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FinalChain } from '../consensus/final-chain.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { BlockSync } from './block-sync.ts'
import type { CheckedRange } from './check-range.ts'
import {
  type BlockRange,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  SYNC_PROTOCOL,
  type SyncStatus,
} from './protocol.ts'
import { Snapshots } from './snapshots.ts'
import { SyncServer } from './sync-server.ts'
import { termsOf, writeChain } from './write-chain.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const HEIGHT = 400
const TERM_BLOCKS = 90
const utf8 = new TextEncoder()
const chain = new MemoryNode({ parameters: { termBlocks: TERM_BLOCKS, freezeBlock: 10, electionBlock: 30 } })

let folder = ''
let store: OpenedStore
let asker: Link
let honest: Link
let terms: Awaited<ReturnType<typeof termsOf>>
const links: Link[] = []

async function linkOf(name: string): Promise<Link> {
  const link = await createLink({
    privateKeySeed: sha256(utf8.encode(name)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
  })
  links.push(link)
  return link
}

type Lie = (range: BlockRange, from: number) => BlockRange | Promise<BlockRange>

let liars = 0
/** A peer that answers what an honest one says, changed. */
async function liar(lie: Lie): Promise<Link> {
  const link = await linkOf(`liar ${liars++}`)
  await link.dial(honest.addresses[0]!)
  await link.handle(SYNC_PROTOCOL, async (request) => {
    const asked = decodeRequest(request)
    const options = { maxResponseBytes: 16 * 1024 * 1024 }
    const answer = decodeAnswer('blocks', await link.request(honest.peerId, SYNC_PROTOCOL, request, options))
    return encodeAnswer('blocks', await lie(answer, asked.kind === 'blocks' ? asked.request.from : 0))
  })
  await asker.dial(link.addresses[0]!)
  return link
}

/** What a run brought, who was asked and who was punished. */
async function run(peers: readonly Link[], claimed = HEIGHT) {
  const taken: string[] = []
  const punished: string[] = []
  const asked = new Map<string, number>()
  let at = { hash: chain.chainId, height: 0 }
  let term = 0
  const control = new AbortController()
  const sync = new BlockSync(
    {
      link: {
        request: (peer, ...rest) => {
          asked.set(peer, (asked.get(peer) ?? 0) + 1)
          return asker.request(peer, ...rest)
        },
        punish: (peer) => punished.push(peer),
      },
      log: pino({ level: 'silent' }),
      end: () => {
        const { set, base } = terms[term]!
        return { chainId: chain.chainId, ...at, set, lastHeight: base.height + TERM_BLOCKS }
      },
      append: async ({ finals, nextSet }: CheckedRange) => {
        for (const { hash, block } of finals) {
          taken.push(toHex(hash))
          at = { hash, height: block.header.height }
        }
        if (nextSet !== null) term++
      },
      statuses: async () => {
        const status: SyncStatus = { chainId: chain.chainId, lowest: 1, height: claimed, snapshots: [] }
        return new Map(peers.map(({ peerId }) => [peerId, status]))
      },
    },
    control.signal,
  )
  await sync.run(1)
  return { taken, punished, asked, sync }
}

async function hashes(): Promise<string[]> {
  const all: string[] = []
  for (let height = 1; height <= HEIGHT; height++) all.push(toHex((await chain.block(height))!.hash))
  return all
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smartshare-sync-'))
  while (chain.height < HEIGHT) chain.makeBlock()
  terms = await termsOf(chain, HEIGHT)
  await writeChain(chain, folder)
  store = await openStore(folder, { chainId: chain.chainId })
  asker = await linkOf('asker')
  honest = await linkOf('honest')
  const finals = await FinalChain.open(store.blocks)
  const snapshots = await Snapshots.open(folder, {
    log: pino({ level: 'silent' }),
    chainId: chain.chainId,
    finals,
    store: store.state,
  })
  const parts = { link: honest, chainId: chain.chainId, finals, store: store.state, snapshots }
  await SyncServer.start({ ...parts, committedHeight: () => HEIGHT })
  await asker.dial(honest.addresses[0]!)
})

afterAll(async () => {
  await Promise.all(links.map((link) => link.close()))
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** A certificate for the last block of a range that all but one of a quorum signed, or keys of nobody. */
function forged(range: BlockRange, signers: number, secretOf: (seat: number) => Uint8Array): BlockRange {
  const { term, slot, value } = decodeCertificate(range.certificate)
  const message = statementHash({ chainId: chain.chainId, term, slot, kind: FINAL, value })
  const seats = Array.from({ length: signers }, (_, seat) => seat)
  const signature = bls.aggregate(seats.map((seat) => bls.sign(secretOf(seat), message)))
  return {
    ...range,
    certificate: encodeCertificate({ term, slot, kind: FINAL, value, bitmap: bitmapOf(seats, 4), signature }),
  }
}

const strangers = (seat: number) => bls.secretFromSeed(sha256(utf8.encode(`nobody ${seat}`)))
const blocksFrom = async (from: number) =>
  decodeAnswer(
    'blocks',
    await asker.request(honest.peerId, SYNC_PROTOCOL, encodeRequest('blocks', { from, count: 32 }), {
      maxResponseBytes: 16 * 1024 * 1024,
    }),
  )

describe('fetching blocks from several peers', () => {
  it('brings the whole chain over all terms in order, and asks each of the peers', async () => {
    const second = await liar((range) => range)
    const { taken, punished, asked } = await run([honest, second])
    expect(taken).toEqual(await hashes())
    expect(punished).toEqual([])
    expect(Math.min(asked.get(honest.peerId) ?? 0, asked.get(second.peerId) ?? 0)).toBeGreaterThan(1)
  })

  const LIES: Record<string, Lie> = {
    'a certificate with too few votes': (range) => forged(range, 2, strangers),
    'a certificate signed by nobody of the set': (range) => forged(range, 3, strangers),
    'a block left out': (range) => ({ ...range, blocks: range.blocks.toSpliced(range.blocks.length >> 1, 1) }),
    'a transaction slipped in': (range) => {
      const last = Uint8Array.from(range.blocks.at(-1)!)
      // The list of transactions is the last field, and empty here: 80 becomes 81 41 00.
      const bent = new Uint8Array([...last.subarray(0, -1), 0x81, 0x41, 0x00])
      return { ...range, blocks: range.blocks.with(-1, bent) }
    },
    'blocks from long ago': (range, from) => (from < 40 ? { ...range, blocks: [] } : blocksFrom(1)),
    'blocks of a later place': () => blocksFrom(200),
    'another next set': (range) => {
      const members = terms[0]!.set.members.toReversed()
      return range.nextSet === null
        ? forged(range, 2, strangers)
        : { ...range, nextSet: encodeSet({ term: 1, members }) }
    },
    'bytes that are no block': (range) => ({ ...range, blocks: [Uint8Array.of(1, 2, 3)] }),
  }
  for (const [what, lie] of Object.entries(LIES)) {
    it(`does not take ${what}, punishes who sent it, and fetches from another`, async () => {
      const wrong = await liar(lie)
      const { taken, punished } = await run([wrong, honest])
      expect(taken).toEqual(await hashes())
      expect(punished.filter((peer) => peer !== wrong.peerId)).toEqual([])
      if (what !== 'blocks from long ago') expect(punished).toContain(wrong.peerId)
    })
  }

  it('does not wait for a peer that never answers, and does not take it for a liar', async () => {
    const silent = await liar(() => new Promise<BlockRange>(() => undefined))
    const { taken, punished, sync } = await run([silent, honest])
    expect(taken).toEqual(await hashes())
    expect(punished).toEqual([])
    expect(sync.target).toBe(HEIGHT)
  })

  it('asks another when a peer has pruned what is wanted', async () => {
    const pruned = await liar(() => {
      throw new SmartshareError('BLOCK_PRUNED', 'not kept here')
    })
    const { taken, punished, asked } = await run([pruned, honest])
    expect(taken).toEqual(await hashes())
    expect(punished).toEqual([])
    expect(asked.get(pruned.peerId)).toBeLessThanOrEqual(2)
  })

  it('ends when nobody can show what was claimed, with all that there is', async () => {
    const { taken, sync } = await run([honest], HEIGHT + 1_000)
    expect(taken).toEqual(await hashes())
    expect(sync.target).toBe(0)
  })
})
