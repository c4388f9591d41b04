import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeLightState, firstState } from '@smartshare/light'
import { firstSet } from '@smartshare/runtime'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.ts'
import { callNode, TestNetwork, type TestNode } from '../test-network.ts'
import { exportSnapshot, restoreSnapshot } from './snapshot-files.ts'

// Three delegates of four, as real processes; the fourth begins with the state, is killed meanwhile, and takes its seat.

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 120_000, interval: 100 }
const TERM_BLOCKS = 10

let home = ''
let network: TestNetwork
let late: TestNode

const statusOf = async (node: TestNode) => (await callNode(node, 'chain_status').catch(() => undefined))?.result
const heightOf = async (node: TestNode): Promise<number> => (await statusOf(node))?.height ?? -1

/** Heights of the finished snapshots of a node. */
function snapshotsOf({ dir }: TestNode): number[] {
  const folder = join(dir, 'data', 'snapshots')
  try {
    return readdirSync(folder)
      .filter((name) => readdirSync(join(folder, name)).includes('manifest'))
      .map(Number)
  } catch {
    return []
  }
}

/** Two files of what is believed, as an operator gets them from two sources. */
function checkpointsIn(dir: string): [string, string] {
  const { chainId, genesis } = network.genesis
  const content = encodeLightState(firstState(chainId, firstSet(genesis.record), Date.now()))
  for (const name of ['one.cbor', 'other.cbor']) writeFileSync(join(dir, name), content)
  return ['one.cbor', 'other.cbor']
}

function change({ dir }: TestNode, settings: object): void {
  const path = join(dir, 'node.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...settings }))
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-sync-'))
  const parameters = { slotMs: 100, termBlocks: TERM_BLOCKS, freezeBlock: 2, electionBlock: 4 }
  network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), ['alice'], parameters)
  late = network.nodes[3]!
  for (const node of network.nodes.slice(0, 3)) network.start(node)
})

afterAll(async () => {
  await network.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('a delegate with an empty folder', () => {
  it('fetches the state although it is killed meanwhile, goes on from there, and makes blocks in a later term', async () => {
    const [first] = network.nodes
    await expect.poll(() => snapshotsOf(first!).length, PATIENCE).toBeGreaterThan(0)
    change(late, { sync: { mode: 'state', checkpoints: checkpointsIn(late.dir) } })
    network.start(late)
    const staging = join(late.dir, 'data', 'sync')
    const begun = () => {
      try {
        return (
          readdirSync(staging).length > 0 ||
          readFileSync(join(late.dir, 'node.log'), 'utf8').includes('the state is loaded')
        )
      } catch {
        return false
      }
    }
    await expect.poll(begun, { ...PATIENCE, interval: 2 }).toBe(true)
    late.child!.kill('SIGKILL')
    await once(late.child!, 'exit')
    network.start(late)
    await expect.poll(async () => (await heightOf(first!)) - (await heightOf(late)), PATIENCE).toBeLessThan(5)
    const old = await callNode(late, 'chain_block', { height: 5 })
    expect(old.error?.data?.code ?? old.error?.code).toBe('BLOCK_PRUNED')
    const height = await heightOf(late)
    const [own, others] = await Promise.all(
      [late, first!].map((node) => callNode(node, 'chain_block', { height, limit: 0 })),
    )
    expect(own.result.header).toEqual(others.result.header)
    // It must not sign before a term that began after it came; then it leads slots like everybody.
    const { address } = JSON.parse(readFileSync(join(late.dir, 'delegate.json'), 'utf8'))
    const leads = async () => {
      const last = await heightOf(first!)
      for (let at = Math.max(1, last - 8); at <= last; at++) {
        const { header } = (await callNode(first!, 'chain_block', { height: at, limit: 0 })).result
        const set =
          header.term === 0 ? undefined : (await callNode(first!, 'chain_handOver', { term: header.term })).result
        if (set?.members[header.leader]?.address === address) return true
      }
      return false
    }
    await expect.poll(leads, { ...PATIENCE, interval: 300 }).toBe(true)
  })

  it('can be filled from the copied snapshot of another node, and goes on from there too', async () => {
    const [first, , third] = network.nodes
    const backup = join(home, 'backup')
    const exported = await exportSnapshot(readConfig(join(first!.dir, 'node.json')), backup, () => undefined)
    expect(exported.height % TERM_BLOCKS).toBe(0)
    third!.child!.kill('SIGTERM')
    await once(third!.child!, 'exit')
    rmSync(join(third!.dir, 'data'), { recursive: true })
    mkdirSync(join(third!.dir, 'data'))
    const checkpoints = checkpointsIn(home).map((name) => join(home, name))
    const config = readConfig(join(third!.dir, 'node.json'), { checkpoints })
    const restored = await restoreSnapshot(config, backup, () => undefined)
    expect(restored.height).toBe(exported.height)
    await expect(restoreSnapshot(config, backup, () => undefined)).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_EMPTY' })
    network.start(third!)
    await expect.poll(async () => (await heightOf(first!)) - (await heightOf(third!)), PATIENCE).toBeLessThan(5)
    expect((await statusOf(third!)).height).toBeGreaterThan(exported.height)
  })
})
