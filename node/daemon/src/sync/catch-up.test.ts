import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRecord } from '@smartshare/consensus'
import { toHex } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Node } from '../node.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { connect, startFollower } from './sync-rig.ts'
import { writeChain } from './write-chain.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 30_000, interval: 50 }
const HEIGHT = 420

let folder = ''
const chain = new MemoryNode({ parameters: { termBlocks: 60, freezeBlock: 10, electionBlock: 30 } })
const running: Node[] = []

const termText = ({ term }: Node) => toHex(encodeRecord({ type: 'term', start: term }))

async function start(name: string): Promise<Node> {
  const node = await startFollower(chain, folder, name)
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
})
