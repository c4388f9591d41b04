import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executedHash } from '@smartshare/chain'
import { encodeRecord } from '@smartshare/consensus'
import { proveInRange, toHex, verifyRangeProof } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NodeConfig } from '../config.ts'
import type { Node } from '../node.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { findHandOver } from './hand-overs.ts'
import { connect, startFollower } from './sync-rig.ts'
import { writeChain } from './write-chain.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 30_000, interval: 50 }
const HEIGHT = 420

let folder = ''
const chain = new MemoryNode({ parameters: { termBlocks: 60, freezeBlock: 10, electionBlock: 30 } })
const running: Node[] = []

const termText = ({ term }: Node) => toHex(encodeRecord({ type: 'term', start: term }))

async function start(name: string, settings: Partial<NodeConfig> = {}): Promise<Node> {
  const node = await startFollower(chain, folder, name, settings)
  running.push(node)
  return node
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smartshare-sync-'))
  while (chain.height < HEIGHT) chain.makeBlock()
  for (const name of ['one', 'two']) await writeChain(chain, join(folder, name))
})

afterAll(async () => {
  await Promise.all(running.map((node) => node.stop()))
  await rm(folder, { recursive: true, force: true })
})

describe('a node that is behind', () => {
  it('fetches final blocks of several terms from its peers, executes them to the same roots, and goes on after a restart', async () => {
    const [one, two] = [await start('one'), await start('two')]
    const late = await start('late')
    await connect(late, [one, two])
    await expect.poll(() => late.committedHeight, PATIENCE).toBe(HEIGHT)
    await expect.poll(() => late.progress, PATIENCE).toBeUndefined()
    expect(toHex(late.store.facts(HEIGHT)!.stateRoot)).toBe(toHex(chain.executed(HEIGHT)!.stateRoot))
    expect(late.term.set.term).toBe(one.term.set.term)
    expect(termText(late)).toBe(termText(one))
    expect(late.position.term).toBe(one.term.set.term)
    await late.stop()
    running.splice(running.indexOf(late), 1)
    const again = await start('late')
    expect(again.committedHeight).toBe(HEIGHT)
    expect(termText(again)).toBe(termText(one))
    expect(again.position).toEqual(one.position)
  })

  it('drops old bodies as its settings say, starts again without them, and sends who asks for them to others', async () => {
    const [one] = running
    const pruning = { mode: 'light', keepBlocks: 128, segmentBytes: 65_536 } as const
    const light = await start('light', { pruning })
    await connect(light, [one!])
    await expect.poll(() => light.committedHeight, PATIENCE).toBe(HEIGHT)
    await expect.poll(() => light.finals.lowestHeight, PATIENCE).toBeGreaterThan(100)
    const { lowestHeight } = light.finals
    expect(lowestHeight).toBeLessThanOrEqual(HEIGHT - 128)
    await expect(light.finals.at(lowestHeight - 1)).rejects.toMatchObject({ code: 'BLOCK_PRUNED' })
    expect((await light.finals.at(lowestHeight))!.block.header.height).toBe(lowestHeight)
    await expect.poll(() => light.store.receipts(100), PATIENCE).toBeUndefined()
    expect(light.store.receipts(HEIGHT - 10)).toBeDefined()
    await light.stop()
    running.splice(running.indexOf(light), 1)
    const again = await start('light', { pruning })
    expect(again.finals.lowestHeight).toBe(lowestHeight)
    expect(again.position).toEqual(one!.position)
    // Headers, the range and what they prove stay.
    const path = proveInRange(HEIGHT + 1, 7, (level, index) => again.store.rangeNode(level, index))
    const leaf = executedHash(chain.executed(7)!)
    expect(verifyRangeProof(again.store.facts(HEIGHT)!.rangeRoot, leaf, path)).toBe(true)
    expect(findHandOver(again.store, HEIGHT, 2)!.header.height).toBe(120)
    // Who needs it all turns from this node to one that has it.
    const late = await start('later')
    await connect(late, [again, one!])
    await expect.poll(() => late.committedHeight, PATIENCE).toBe(HEIGHT)
    expect(again.problem).toBeUndefined()
  })
})
