import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { balanceOf, banOf } from '@smartshare/runtime'
import { testAccount } from '@smartshare/runtime/testing'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryNode } from '../rpc/memory-node.ts'
import { twoCommitments, twoFinals } from '../rpc/test-evidence.ts'
import { AccountCaller, EVIDENCE_LANE } from './account-caller.ts'
import { EvidenceFile, MAX_PENDING_EVIDENCE } from './evidence-file.ts'
import { EvidenceWatcher } from './evidence-watcher.ts'

/** Longer than any node of four waits for its turn, with the report executed. */
const BLOCKS = 12
let folder = ''
let node: MemoryNode

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  node = new MemoryNode({ accounts: ['alice', 'bob'] })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function watcherOf(reporter: string | null, on: MemoryNode = node, submit = on.submit.bind(on)): EvidenceWatcher {
  const { chainId, genesis } = on
  const state = () => on.state()
  const parts = { chainId, genesis, state, submit }
  return new EvidenceWatcher({
    log: pino({ level: 'silent' }),
    chainId,
    parameters: genesis.record.parameters,
    file: new EvidenceFile(join(folder, 'evidence.cbor'), chainId),
    state,
    caller:
      reporter === null
        ? null
        : new AccountCaller({ keys: testAccount(reporter).keys, lane: EVIDENCE_LANE, node: parts }),
    delegate: null,
  })
}

/** Blocks, after each of which the watchers have done what they have to. */
async function makeBlocks(count: number, ...watchers: EvidenceWatcher[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    node.makeBlock()
    for (const watcher of watchers) {
      watcher.onBlock()
      await watcher.stop()
    }
  }
}

const isBanned = (seat: number) => banOf(node.state().reader, testAccount(`delegate ${seat}`).address) !== undefined
const grainsOf = (name: string) => balanceOf(node.state().reader, testAccount(name).address)

describe('a watcher of evidence', () => {
  it('reports each traitor once, and is paid for it', async () => {
    const watcher = watcherOf('alice')
    const before = grainsOf('alice')
    watcher.take(twoFinals(node, 1))
    watcher.take(twoFinals(node, 1, { slot: 7 }))
    expect(watcher.count).toBe(1)
    await makeBlocks(BLOCKS, watcher)
    expect(isBanned(1)).toBe(true)
    expect(watcher.count).toBe(0)
    expect(grainsOf('alice')).toBeGreaterThan(before)
    watcher.take(twoFinals(node, 1, { slot: 9 }))
    expect(watcher.count).toBe(0)
  })

  it('sends one report after the other where there are many traitors', async () => {
    const watcher = watcherOf('alice')
    for (const seat of [0, 1, 2]) watcher.take(twoFinals(node, seat))
    await makeBlocks(3 * BLOCKS, watcher)
    expect([0, 1, 2, 3].map(isBanned)).toEqual([true, true, true, false])
    expect(watcher.count).toBe(0)
  })

  it('goes on after a restart with what it had seen, and forgets what is settled on disk too', async () => {
    const first = watcherOf('alice')
    first.take(twoFinals(node, 2))
    await first.stop()
    const second = watcherOf('alice')
    await second.recall()
    expect(second.list().pending.map(({ evidence }) => evidence)).toEqual([twoFinals(node, 2)])
    await makeBlocks(BLOCKS, second)
    expect(isBanned(2)).toBe(true)
    const third = watcherOf('alice')
    await third.recall()
    expect(third.count).toBe(0)
    expect(readFileSync(join(folder, 'evidence.cbor'))).toEqual(Buffer.of(0x80))
  })

  it('starts with nothing where its file is damaged or of another network', async () => {
    const path = join(folder, 'evidence.cbor')
    writeFileSync(path, 'not CBOR')
    const watcher = watcherOf('alice')
    await watcher.recall()
    expect(watcher.count).toBe(0)
    const other = new MemoryNode({ accounts: ['carol'] })
    const stranger = watcherOf(null, other)
    stranger.take(twoFinals(other, 1))
    await stranger.stop()
    await watcher.recall()
    expect(watcher.count).toBe(0)
  })

  it('keeps evidence and lists it where no account is named, until somebody else has reported it', async () => {
    const silent = watcherOf(null)
    silent.take(twoFinals(node, 3))
    await makeBlocks(BLOCKS, silent)
    expect(silent.list()).toMatchObject({
      reporter: null,
      pending: [{ standing: 'open', attempts: 0, accused: [testAccount('delegate 3').address] }],
    })
    const other = watcherOf('bob')
    other.take(twoFinals(node, 3))
    await makeBlocks(BLOCKS, silent, other)
    expect(isBanned(3)).toBe(true)
    expect([silent.count, other.count]).toEqual([0, 0])
  })

  it('reports two commitments to results of a heavy call, also after a restart', async () => {
    const first = watcherOf('alice')
    const before = grainsOf('alice')
    first.take(twoCommitments(node, 2))
    first.take(twoCommitments(node, 2))
    expect(first.count).toBe(1)
    await first.stop()
    const second = watcherOf('alice')
    await second.recall()
    expect(second.list().pending).toMatchObject([{ accused: [testAccount('delegate 2').address] }])
    await makeBlocks(BLOCKS, second)
    expect([isBanned(2), second.count]).toEqual([true, 0])
    expect(grainsOf('alice')).toBeGreaterThan(before)
  })

  it('waits for the term of what it saw early', async () => {
    const watcher = watcherOf('alice')
    watcher.take(twoFinals(node, 1, { term: 1 }))
    await makeBlocks(BLOCKS, watcher)
    expect(watcher.list().pending).toMatchObject([{ standing: 'early', attempts: 0 }])
  })

  it('says why it could not report, tries again later, and pays for no report that would fail', async () => {
    const refusing = async () => [{ error: { code: 'MEMPOOL_FULL', message: 'full' } }]
    const watcher = watcherOf('alice', node, refusing)
    watcher.take(twoFinals(node, 1))
    await makeBlocks(BLOCKS, watcher)
    expect(watcher.list().pending).toMatchObject([{ attempts: 0, error: new SmartshareError('MEMPOOL_FULL', 'full') }])
    const forged = twoFinals(node, 2)
    const before = grainsOf('bob')
    const other = watcherOf('bob')
    other.take({ ...forged, first: { ...forged.first, signature: forged.second.signature } })
    await makeBlocks(BLOCKS, other)
    expect(other.list().pending).toMatchObject([{ attempts: 0, error: { code: 'EVIDENCE_SIGNATURE' } }])
    expect(grainsOf('bob')).toBe(before)
  })

  it('holds a bounded number of pieces', () => {
    const watcher = watcherOf(null)
    const { first, second } = twoFinals(node, 1, { term: 1 })
    for (let term = 1; term <= MAX_PENDING_EVIDENCE + 5; term++) {
      watcher.take({ kind: 'votes', first: { ...first, term }, second: { ...second, term } })
    }
    expect(watcher.count).toBe(MAX_PENDING_EVIDENCE)
  })
})
