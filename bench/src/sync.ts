import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { encodeBlock } from '@smartshare/chain'
import { KeyPair, sha256, toHex } from '@smartshare/crypto'
import { BlockExecutor } from '@smartshare/daemon'
import { finalAt, freePort, MemoryNode, transferOf, writeChain } from '@smartshare/daemon/testing'
import { peerIdOfKey } from '@smartshare/link'
import { ChainStore } from '@smartshare/store'
import { beside, type Report } from './report.ts'
import { benchStateSync } from './sync-state.ts'

const HOST = '127.0.0.1'
const SENDERS = 500
const BLOCKS = 240
const BLOCK_TRANSACTIONS = 250
const SOURCES = 2
const PATIENCE_MS = 240_000
const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/smartshare.js', import.meta.url))

/** A chain of transfers from genesis: fetched, checked and executed by a new node, beside its execution alone. */
export async function benchSync(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  const processes: ChildProcess[] = []
  try {
    const chain = await makeChain()
    const before = await executeAlone(chain, join(folder, 'before'))
    await writeChain(chain, join(folder, 'source0', 'data'))
    for (let i = 1; i < SOURCES; i++) cpSync(join(folder, 'source0'), join(folder, `source${i}`), { recursive: true })
    const sources: Address[] = []
    for (let i = 0; i < SOURCES; i++) sources.push(await settle(chain, folder, `source${i}`, []))
    const late = await settle(chain, folder, 'late', sources)
    for (const { config } of [...sources, late]) {
      const log = openSync(`${config}.log`, 'a')
      processes.push(spawn(process.execPath, [PROGRAM, 'node', '--config', config], { stdio: ['ignore', log, log] }))
    }
    const blocks = await blocksPerSecond(late)
    for (const child of processes) child.kill('SIGTERM')
    await Promise.all(processes.map((child) => child.exitCode ?? once(child, 'exit')))
    // Before and after, since other work on the machine comes and goes; all nodes are gone then.
    const alone = (before + (await executeAlone(chain, join(folder, 'after')))) / 2
    report(beside({ bench: 'sync', metric: 'blocks_ratio', unit: 'blocks/s', value: blocks }, 'execution alone', alone))
    report({ bench: 'sync', metric: 'tx_per_s', unit: 'tx/s', value: blocks * BLOCK_TRANSACTIONS })
  } finally {
    for (const child of processes) if (child.exitCode === null) child.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  await benchStateSync(report)
}

async function makeChain(): Promise<MemoryNode> {
  const accounts = Array.from({ length: SENDERS }, (_, i) => `sender ${i}`)
  const chain = new MemoryNode({
    accounts,
    delegates: 4,
    parameters: { termBlocks: 150, freezeBlock: 20, electionBlock: 60 },
  })
  for (let height = 0; height < BLOCKS; height++) {
    const wires = Array.from({ length: BLOCK_TRANSACTIONS }, (_, i) => {
      const from = (height * BLOCK_TRANSACTIONS + i) % SENDERS
      const nonce = Math.floor((height * BLOCK_TRANSACTIONS + i) / SENDERS)
      return transferOf(chain, accounts[from]!, accounts[(from * 7 + height) % SENDERS]!, BigInt(nonce)).wire
    })
    await chain.submit(wires)
    chain.makeBlock()
  }
  return chain
}

/** Blocks per second of one thread that does nothing but execute and commit. */
async function executeAlone(chain: MemoryNode, folder: string): Promise<number> {
  const store = ChainStore.open(folder)
  const executor = new BlockExecutor(store, chain.genesis.record)
  const blocks: Uint8Array[] = []
  for (let height = 1; height <= BLOCKS; height++) blocks.push(encodeBlock((await finalAt(chain, height)).block))
  const startMs = performance.now()
  for (const block of blocks) {
    executor.execute(block)
    if (executor.isFull) executor.commit()
  }
  executor.commit()
  const seconds = (performance.now() - startMs) / 1000
  await store.close()
  return BLOCKS / seconds
}

interface Address {
  readonly config: string
  readonly rpc: string
  readonly p2p: string
}

/** Writes the settings of a follower. */
async function settle(chain: MemoryNode, folder: string, name: string, peers: readonly Address[]): Promise<Address> {
  const dir = join(folder, name)
  mkdirSync(dir, { recursive: true })
  const seed = sha256(new TextEncoder().encode(name))
  const [rpc, p2p] = [await freePort(), await freePort()]
  writeFileSync(join(dir, 'genesis.cbor'), chain.genesis.encoded)
  writeFileSync(join(dir, 'link.key'), toHex(seed))
  const listen = `/ip4/${HOST}/tcp/${p2p}`
  const settings = {
    name,
    genesis: 'genesis.cbor',
    dataDir: 'data',
    linkKey: 'link.key',
    localNetwork: true,
    rpc: { host: HOST, port: rpc },
    p2p: { listen: [listen], peers: peers.map((peer) => peer.p2p) },
  }
  const config = join(dir, 'node.json')
  writeFileSync(config, JSON.stringify(settings))
  const id = peerIdOfKey(KeyPair.fromSeed('ed25519', seed).publicKey.subarray(1))
  return { config, rpc: `http://${HOST}:${rpc}/`, p2p: `${listen}/p2p/${id}` }
}

/** From the first executed block on: what comes before is the start of the process and the meeting of peers. */
async function blocksPerSecond({ rpc }: Address): Promise<number> {
  const deadlineMs = performance.now() + PATIENCE_MS
  let first: { height: number; ms: number } | undefined
  for (;;) {
    const height = await heightOf(rpc)
    const ms = performance.now()
    if (first === undefined && height > 0) first = { height, ms }
    if (first !== undefined && height >= BLOCKS) return ((height - first.height) * 1000) / (ms - first.ms)
    if (ms > deadlineMs) throw new Error(`the node is only at height ${height}`)
    await delay(20)
  }
}

async function heightOf(rpc: string): Promise<number> {
  try {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_status', params: {} })
    const answer = await fetch(rpc, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    return ((await answer.json()) as { result?: { height: number } }).result?.height ?? 0
  } catch {
    return 0
  }
}
