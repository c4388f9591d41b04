// For tests of whole nodes: a network of a few delegates, each a real process on the sources, in folders of their own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bls, formatAddress, KeyPair, sha256, toHex } from '@smartshare/crypto'
import { peerIdOfKey } from '@smartshare/link'
import { testAccount, testAccountSeed } from '@smartshare/runtime/testing'
import { MemoryNode, type MemoryNodeOptions } from './rpc/memory-node.ts'
import { freePort } from './test-ports.ts'

const HOST = '127.0.0.1'
/** Of the log of a node that failed. */
const LOG_CHARS = 2_000
const utf8 = new TextEncoder()

export interface TestNode {
  readonly dir: string
  /** Address for peers. */
  readonly p2p: string
  readonly url: string
  readonly ws: string
  /** Undefined before `start`. */
  child: ChildProcess | undefined
}

/** The answer to a call, whatever it is, with the status of HTTP. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field.
export type Answer = any

/** A network whose nodes are started one by one. */
export class TestNetwork {
  readonly nodes: readonly TestNode[]
  /** The same genesis in memory: for the chain id and to make transactions. */
  readonly genesis: MemoryNode

  /**
   * `folderOf`: an existing folder for each node; `parameters`: changes to those of the local preset. With `hasTwin` there
   * is one node more, which has the delegate of the last one too: together they are a traitor.
   */
  static async make(
    count: number,
    folderOf: (index: number) => string,
    accounts: string[],
    parameters: MemoryNodeOptions['parameters'] = {},
    hasTwin = false,
  ): Promise<TestNetwork> {
    const genesis = new MemoryNode({ accounts, delegates: count, parameters: { slotMs: 200, ...parameters } })
    const nodeCount = hasTwin ? count + 1 : count
    const seeds = Array.from({ length: nodeCount }, (_, i) => sha256(utf8.encode(`link ${i}`)))
    const ports = await Promise.all(Array.from({ length: 2 * nodeCount }, freePort))
    const addresses = seeds.map((seed, i) => {
      const key = KeyPair.fromSeed('ed25519', seed).publicKey.subarray(1)
      return `/ip4/${HOST}/tcp/${ports[2 * i]}/p2p/${peerIdOfKey(key)}`
    })
    const nodes = seeds.map((seed, i): TestNode => {
      const dir = folderOf(i)
      const rpc = ports[2 * i + 1] as number
      mkdirSync(dir, { recursive: true })
      writeFileSync(join(dir, 'genesis.cbor'), genesis.genesis.encoded)
      writeFileSync(join(dir, 'link.key'), toHex(seed))
      const delegate = `delegate ${Math.min(i, count - 1)}`
      const secret = bls.secretFromSeed(sha256(utf8.encode(delegate)))
      const address = formatAddress(testAccount(delegate).address)
      writeFileSync(join(dir, 'account.key'), toHex(testAccountSeed(delegate)))
      writeFileSync(join(dir, 'delegate.json'), JSON.stringify({ address, secret: toHex(secret) }))
      const settings = {
        name: `d${i + 1}`,
        genesis: 'genesis.cbor',
        dataDir: 'data',
        delegateKey: 'delegate.json',
        linkKey: 'link.key',
        accountKey: 'account.key',
        localNetwork: true,
        rpc: { host: HOST, port: rpc },
        p2p: { listen: [`/ip4/${HOST}/tcp/${ports[2 * i]}`], peers: addresses.filter((_, other) => other !== i) },
      }
      writeFileSync(join(dir, 'node.json'), JSON.stringify(settings))
      const p2p = addresses[i] as string
      return { dir, p2p, url: `http://${HOST}:${rpc}/`, ws: `ws://${HOST}:${rpc}/ws`, child: undefined }
    })
    return new TestNetwork(genesis, nodes)
  }

  private constructor(genesis: MemoryNode, nodes: readonly TestNode[]) {
    this.genesis = genesis
    this.nodes = nodes
  }

  /** Changes settings of a node, which count from its next start on; `undefined` takes one out. */
  configure(node: TestNode, changes: Record<string, unknown>): void {
    const path = join(node.dir, 'node.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }))
  }

  /**
   * Starts the process of a node; its log lies beside its settings. `shiftMs`: how far its clock is ahead; `preload`: a module
   * that runs first in each of its threads.
   */
  start(node: TestNode, { shiftMs = 0, preload }: { shiftMs?: number; preload?: URL } = {}): void {
    const log = openSync(join(node.dir, 'node.log'), 'a')
    // A file and not `--eval`: threads inherit what a process was started with.
    const program = join(node.dir, 'run.mjs')
    writeFileSync(
      program,
      `import { runNode } from ${JSON.stringify(new URL('./run-node.ts', import.meta.url).href)}
      const now = Date.now
      Date.now = () => now() + ${shiftMs}
      await runNode(${JSON.stringify(join(node.dir, 'node.json'))})`,
    )
    const options = preload === undefined ? [] : [`--import=${preload.href}`]
    node.child = spawn(process.execPath, ['--conditions=source', ...options, program], {
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    // A test that waits for a node that is gone ends long after, and would not tell why.
    node.child.once('exit', (code) => {
      if (code !== 0 && code !== null) console.error(readFileSync(join(node.dir, 'node.log'), 'utf8').slice(-LOG_CHARS))
    })
  }

  /** Ends every process that was started, and waits until they are gone. */
  async stop(): Promise<void> {
    const running = this.nodes.flatMap(({ child }) =>
      child && child.exitCode === null && child.signalCode === null ? [child] : [],
    )
    await Promise.all(
      running.map((child) => {
        child.kill('SIGTERM')
        return once(child, 'exit')
      }),
    )
  }
}

export async function callNode(node: TestNode, method: string, params: unknown = {}): Promise<Answer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(node.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return { status: response.status, ...((await response.json()) as object) }
}
