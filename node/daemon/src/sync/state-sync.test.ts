import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeBlock, encodeCertificate, headerHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { encodeRecord } from '@smartshare/consensus'
import { sha256, toHex } from '@smartshare/crypto'
import { firstState, type LightState } from '@smartshare/light'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { firstSet } from '@smartshare/runtime'
import { ChainStore, nodeDisk, type OpenedStore, openStore, SnapshotFolder, writeChunks } from '@smartshare/store'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { FinalChain } from '../consensus/final-chain.ts'
import { BlockExecutor } from '../execution/block-executor.ts'
import type { Node } from '../node.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { checkAnchor, makeAnchor, termOfAnchor } from './anchor.ts'
import { decodeRequest, SYNC_PROTOCOL } from './protocol.ts'
import { SNAPSHOTS } from './snapshots.ts'
import { StateSync } from './state-sync.ts'
import { startFollower } from './sync-rig.ts'
import { finalAt, writeChain } from './write-chain.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 30_000, interval: 50 }
const DAY_MS = 86_400_000
const TERM_BLOCKS = 40
/** The last block of the third term: a snapshot is taken there. */
const SNAPSHOT_HEIGHT = 3 * TERM_BLOCKS
const HEIGHT = SNAPSHOT_HEIGHT + 30
/** Small, so that even this state has many chunks. */
const CHUNK_BYTES = 2_000
/** Bytes of the anchor that are tried. */
const FLIP_EVERY = 29
const utf8 = new TextEncoder()
const accounts = Array.from({ length: 40 }, (_, i) => `account ${i}`)
const chain = new MemoryNode({
  accounts,
  genesisTimeMs: Date.now() - DAY_MS,
  parameters: { termBlocks: TERM_BLOCKS, freezeBlock: 5, electionBlock: 10 },
})

let folder = ''
let source: Node
const running: Node[] = []
const links: Link[] = []
let names = 0

/** The snapshot that a node takes at the end of a term, written beside its chain. */
async function addSnapshot(dataDir: string): Promise<void> {
  const state = ChainStore.open(join(folder, 'at the height'))
  const executor = new BlockExecutor(state, chain.genesis.record)
  for (let height = 1; height <= SNAPSHOT_HEIGHT; height++) {
    const { block, certificate } = await finalAt(chain, height)
    const { endsTerm } = executor.execute(encodeBlock(block), encodeCertificate(certificate!))
    expect(endsTerm).toBe(height % TERM_BLOCKS === 0)
  }
  executor.commit()
  const snapshots = new SnapshotFolder(nodeDisk, join(dataDir, SNAPSHOTS))
  const view = state.view()
  const depths = await writeChunks(nodeDisk, await snapshots.begin(SNAPSHOT_HEIGHT), view, CHUNK_BYTES)
  view.end()
  const { stateRoot } = state.facts(SNAPSHOT_HEIGHT)!
  await state.close()
  const store = await openStore(dataDir, { chainId: chain.chainId })
  const anchor = (await makeAnchor(await FinalChain.open(store.blocks), store.state, SNAPSHOT_HEIGHT))!
  await store.close()
  await snapshots.finish({ chainId: chain.chainId, height: SNAPSHOT_HEIGHT, stateRoot, depths, anchor })
}

async function start(name: string, settings: Parameters<typeof startFollower>[3] = {}): Promise<Node> {
  const node = await startFollower(chain, folder, name, settings)
  running.push(node)
  return node
}

const genesisTrust = () => firstState(chain.chainId, firstSet(chain.genesis.record), chain.genesis.record.timeMs)

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

type Lie = (kind: string, answer: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** A peer that says what the source says, changed. */
async function liar(lie: Lie): Promise<Link> {
  const link = await linkOf(`liar ${names++}`)
  await link.dial(source.link.addresses[0]!)
  await link.handle(SYNC_PROTOCOL, async (request) => {
    const asked = decodeRequest(request)
    const options = { maxResponseBytes: 16 * 1024 * 1024 }
    const answer = await link.request(source.link.peerId, SYNC_PROTOCOL, request, options)
    return lie(asked.kind, answer)
  })
  return link
}

/** The same folder with a disk that has no room for votes. */
function fullDisk(store: OpenedStore): OpenedStore {
  const log = Object.create(store.votes.log) as OpenedStore['votes']['log']
  log.append = () => Promise.reject(new SmartshareError('STORE_FULL', 'no room'))
  return { ...store, votes: { ...store.votes, log } }
}

interface Fetched {
  readonly done: boolean
  readonly dataDir: string
  readonly punished: readonly string[]
  readonly chunks: number
}

/** Fetches the state from some peers into a new folder. */
async function fetchFrom(
  peers: readonly Pick<Link, 'addresses'>[],
  options: { trust?: LightState; dataDir?: string; stopAfter?: number; full?: boolean } = {},
): Promise<Fetched> {
  const link = await linkOf(`asker ${names++}`)
  const punished: string[] = []
  const punish = link.punish.bind(link)
  link.punish = (peer, ...rest) => {
    punished.push(peer)
    punish(peer, ...rest)
  }
  for (const { addresses } of peers) await link.dial(addresses[0]!)
  const dataDir = options.dataDir ?? join(folder, `fetched ${names++}`)
  const store = await openStore(dataDir, { chainId: chain.chainId })
  const control = new AbortController()
  let chunks = 0
  const sync = new StateSync({
    link,
    log: pino({ level: 'silent' }),
    genesis: chain.genesis.record,
    chainId: chain.chainId,
    dataDir,
    folder: options.full ? fullDisk(store) : store,
    trust: options.trust ?? genesisTrust(),
    isDelegate: false,
    signal: control.signal,
    onProgress: () => {
      if (++chunks === options.stopAfter) control.abort()
    },
  })
  try {
    return { done: await sync.run(), dataDir, punished, chunks }
  } finally {
    await store.close()
    await link.close()
  }
}

async function expectState({ done, dataDir }: Fetched): Promise<void> {
  expect(done).toBe(true)
  const store = await openStore(dataDir, { chainId: chain.chainId })
  expect(store.state.height).toBe(SNAPSHOT_HEIGHT)
  expect(toHex(store.state.facts(SNAPSHOT_HEIGHT)!.stateRoot)).toBe(toHex(chain.executed(SNAPSHOT_HEIGHT)!.stateRoot))
  expect(store.blocks.firstHeight).toBe(SNAPSHOT_HEIGHT)
  await store.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smartshare-sync-'))
  while (chain.height < HEIGHT) chain.makeBlock()
  await writeChain(chain, join(folder, 'source'))
  await addSnapshot(join(folder, 'source'))
  source = await start('source')
})

afterEach(async () => {
  await Promise.all(running.splice(1).map((node) => node.stop()))
})

afterAll(async () => {
  await Promise.all([...running.map((node) => node.stop()), ...links.map((link) => link.close())])
  await rm(folder, { recursive: true, force: true })
})

const termText = ({ term }: Node) => toHex(encodeRecord({ type: 'term', start: term }))

describe('fetching the state', () => {
  it('begins a node at the last snapshot, from which it goes on to the head and proves what it executed', async () => {
    const peers = [`${source.link.addresses[0]!}`]
    const node = await start('new', {
      sync: { mode: 'state', trust: genesisTrust() },
      p2p: { listen: ['/ip4/127.0.0.1/tcp/0'], peers },
    })
    expect(node.finals.lowestHeight).toBe(SNAPSHOT_HEIGHT)
    await expect.poll(() => node.committedHeight, PATIENCE).toBe(HEIGHT)
    expect(toHex(node.store.facts(HEIGHT)!.rangeRoot)).toBe(toHex(source.store.facts(HEIGHT)!.rangeRoot))
    expect(termText(node)).toBe(termText(source))
    await expect(node.finals.at(5)).rejects.toMatchObject({ code: 'BLOCK_PRUNED' })
    await node.stop()
    running.splice(running.indexOf(node), 1)
    const again = await start('new')
    expect(again.committedHeight).toBe(HEIGHT)
    expect(again.executor.startHeight).toBe(HEIGHT)
    expect(termText(again)).toBe(termText(source))
  })

  it('takes up after it was stopped, and fetches only what is missing', async () => {
    const dataDir = join(folder, 'interrupted')
    const total = await fetchFrom([source.link])
    expect(total.chunks).toBeGreaterThan(4)
    await expect(fetchFrom([source.link], { dataDir, stopAfter: 1 })).rejects.toMatchObject({ code: 'SYNC_STOPPED' })
    const rest = await fetchFrom([source.link], { dataDir })
    await expectState(rest)
    expect(rest.chunks).toBeLessThan(total.chunks)
  })

  it('goes on from the loaded state when it failed right after loading', async () => {
    const dataDir = join(folder, 'full')
    await expect(fetchFrom([source.link], { dataDir, full: true })).rejects.toMatchObject({ code: 'STORE_FULL' })
    const again = await fetchFrom([], { dataDir })
    await expectState(again)
    expect(again.chunks).toBe(0)
    expect(await new SnapshotFolder(nodeDisk, join(dataDir, 'sync')).heights()).toEqual([])
  })

  const LIES: Record<string, Lie> = {
    'chunks with a byte changed': (kind, answer) =>
      kind === 'chunk' ? answer.map((byte, i) => (i === 300 ? byte ^ 1 : byte)) : answer,
    'chunks cut short': (kind, answer) => (kind === 'chunk' ? answer.subarray(0, answer.length >> 1) : answer),
    'another manifest': (kind, answer) =>
      kind === 'manifest' ? answer.map((byte, i) => (i === 60 ? byte ^ 1 : byte)) : answer,
    'hand-overs that nobody signed': (kind, answer) =>
      kind === 'handOvers' ? answer.map((byte, i) => (i === 500 ? byte ^ 1 : byte)) : answer,
  }
  for (const [what, lie] of Object.entries(LIES)) {
    it(`does not take ${what}, punishes who sent them, and takes them from another`, async () => {
      const wrong = await liar(lie)
      const fetched = await fetchFrom([wrong, source.link])
      await expectState(fetched)
      expect(fetched.punished.filter((peer) => peer !== wrong.peerId)).toEqual([])
      if (what.startsWith('chunks')) expect(fetched.punished).toContain(wrong.peerId)
    })
  }

  it('takes no anchor in which anything that matters is changed', async () => {
    const snapshots = new SnapshotFolder(nodeDisk, join(folder, 'source', SNAPSHOTS))
    const { anchor } = (await snapshots.manifest(SNAPSHOT_HEIGHT))!
    const term = termOfAnchor(anchor)
    const { members } = (await chain.handOver(term))!.set
    const trust = { ...genesisTrust(), term, members: [...members] }
    const rules = { nowMs: Date.now() }
    const facts = (bytes: Uint8Array) => {
      const { stateRoot, receiptsRoot, range, final, headers, accumulator } = checkAnchor(
        trust,
        bytes,
        SNAPSHOT_HEIGHT,
        rules,
      )
      const hashes = [stateRoot, receiptsRoot, range.root(), final.hash, accumulator, ...headers.map(headerHash)]
      return hashes.map(toHex).join()
    }
    const right = facts(anchor)
    let refused = 0
    for (let at = 0; at < anchor.length; at += FLIP_EVERY) {
      const bent = anchor.slice()
      bent[at]! ^= 1 << (at % 8)
      try {
        expect(facts(bent)).toBe(right)
      } catch (error) {
        expect(SmartshareError.is(error) ? error.code : String(error)).toMatch(/^(SNAPSHOT|PROOF|CODEC|LIGHT|BLOCK)_/)
        refused++
      }
    }
    // What remains are signatures that are checked against the state, or by nobody once a block is final.
    expect(refused).toBeGreaterThan(0.7 * (anchor.length / FLIP_EVERY))
    expect(() =>
      checkAnchor({ ...trust, members: trust.members.toReversed() }, anchor, SNAPSHOT_HEIGHT, rules),
    ).toThrow()
    expect(() => checkAnchor(trust, anchor, SNAPSHOT_HEIGHT - 1, rules)).toThrow()
  })

  it('goes to another peer when one has not got what it promised', async () => {
    const missing = await liar((kind, answer) => {
      if (kind === 'chunk') throw new SmartshareError('SNAPSHOT_MISSING', 'gone')
      return answer
    })
    const fetched = await fetchFrom([missing, source.link])
    await expectState(fetched)
    expect(fetched.punished).toEqual([])
  })

  it('refuses to begin with delegates from outside the trust period', async () => {
    const old = { ...genesisTrust(), timeMs: Date.now() - 15 * DAY_MS }
    await expect(fetchFrom([source.link], { trust: old })).rejects.toMatchObject({ code: 'LIGHT_TRUST_EXPIRED' })
  })

  it('begins at genesis when no peer has a snapshot', async () => {
    const node = await start('without', {})
    const { done } = await fetchFrom([node.link])
    expect(done).toBe(false)
  })
})
