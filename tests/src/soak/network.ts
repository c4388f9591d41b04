import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { addressOfKey, bls, formatAddress, KeyPair, sha256, toHex } from '@smartshare/crypto'
import { peerIdOfKey } from '@smartshare/link'
import { encodeGenesis, type Genesis, presets } from '@smartshare/runtime'
import { COMMAND } from '../smartshare.ts'
import { Links } from './links.ts'
import { callOne, type Status } from './rpc.ts'

const HOST = '127.0.0.1'
const NOWHERE = `/ip4/${HOST}/tcp/1`
const SSP = 100_000_000n
const BOND = 1_000_000n * SSP
const ACCOUNT_GRAINS = 10_000n * SSP
/** From the first port: those of the nodes themselves, of their RPC, of the links. */
const RPC_PORTS = 30
const LINK_PORTS = 100
/** Of a range of 1,000 ports. */
export const MOST_NODES = 29
const START_MS = 120_000
const STOP_MS = 20_000
const POLL_MS = 200
const text = new TextEncoder()

export interface SoakNode {
  readonly index: number
  readonly name: string
  readonly dir: string
  readonly url: string
  readonly port: number
  child: ChildProcess | undefined
  /** Paused nodes and those that were killed or have just been started do not answer. */
  state: 'down' | 'starting' | 'up' | 'paused'
}

export interface NetworkOptions {
  readonly dir: string
  readonly delegates: number
  readonly basePort: number
  readonly slotMs: number
  readonly termBlocks: number
  /** Accounts that hold SSP from genesis on; `accountOf` makes them again. */
  readonly accounts: number
  readonly seed: number
}

/** The key pair of an account that pays others. */
export function accountOf(seed: number, index: number): KeyPair {
  return KeyPair.fromSeed('ed25519', sha256(text.encode(`soak ${seed} account ${index}`)))
}

/** Delegates as processes of their own, and the links between them. */
export class SoakNetwork {
  readonly nodes: readonly SoakNode[]
  readonly links: Links
  readonly genesis: Genesis
  readonly slotMs: number
  /** Delegates that may fail while the others go on. */
  readonly mostFaulty: number
  /** Processes that ended although nobody ended them. */
  readonly died: string[] = []

  static async make(options: NetworkOptions): Promise<SoakNetwork> {
    const { delegates, basePort } = options
    if (delegates > MOST_NODES) throw new Error(`at most ${MOST_NODES} delegates`)
    const links = await Links.open(delegates, basePort + LINK_PORTS, (node) => basePort + node)
    const genesis = genesisOf(options)
    const encoded = encodeGenesis(genesis)
    const linkSeeds = Array.from({ length: delegates }, (_, i) => seedOf(options.seed, 'link', i))
    const ids = linkSeeds.map((seed) => peerIdOfKey(KeyPair.fromSeed('ed25519', seed).publicKey.subarray(1)))
    const nodes = linkSeeds.map((linkSeed, index): SoakNode => {
      const name = `d${index + 1}`
      const dir = join(options.dir, name)
      mkdirSync(dir, { recursive: true })
      const rpcPort = basePort + RPC_PORTS + index
      writeFileSync(join(dir, 'genesis.cbor'), encoded)
      writeFileSync(join(dir, 'link.key'), toHex(linkSeed))
      const address = formatAddress(delegateAccount(options.seed, index))
      const key = { address, secret: toHex(delegateSecret(options.seed, index)) }
      writeFileSync(join(dir, 'delegate.json'), JSON.stringify(key))
      const others = ids.flatMap((id, to) =>
        to === index ? [] : [`/ip4/${HOST}/tcp/${links.portOf(index, to)}/p2p/${id}`],
      )
      const settings = {
        name,
        genesis: 'genesis.cbor',
        dataDir: 'data',
        delegateKey: 'delegate.json',
        linkKey: 'link.key',
        localNetwork: true,
        rpc: { host: HOST, port: rpcPort },
        // Nobody learns the way past the links: a port on which nobody listens.
        p2p: { listen: [`/ip4/${HOST}/tcp/${basePort + index}`], announce: [NOWHERE], peers: others },
      }
      writeFileSync(join(dir, 'node.json'), JSON.stringify(settings))
      const url = `http://${HOST}:${rpcPort}/`
      return { index, name, dir, url, port: basePort + index, child: undefined, state: 'down' }
    })
    return new SoakNetwork(nodes, links, genesis, options.slotMs)
  }

  private constructor(nodes: readonly SoakNode[], links: Links, genesis: Genesis, slotMs: number) {
    this.nodes = nodes
    this.links = links
    this.genesis = genesis
    this.slotMs = slotMs
    this.mostFaulty = Math.floor((nodes.length - 1) / 3)
  }

  get up(): SoakNode[] {
    return this.nodes.filter(({ state }) => state === 'up')
  }

  /** Starts a node and waits until it answers. */
  async start(node: SoakNode): Promise<void> {
    const log = openSync(join(node.dir, 'node.log'), 'a')
    const child = spawn(process.execPath, [COMMAND, 'node', '--config', 'node.json'], {
      cwd: node.dir,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    node.child = child
    node.state = 'starting'
    child.once('exit', (code, signal) => {
      if (node.child !== child) return
      this.died.push(`${node.name} ended by itself: ${code ?? signal}`)
      node.child = undefined
      node.state = 'down'
    })
    const deadlineMs = performance.now() + START_MS
    while (performance.now() < deadlineMs && node.child === child) {
      try {
        await callOne<Status>(node.url, 'chain_status')
        node.state = 'up'
        return
      } catch {
        await delay(POLL_MS)
      }
    }
    this.died.push(`${node.name} did not start`)
  }

  async kill(node: SoakNode): Promise<void> {
    await this.end(node, 'SIGKILL')
  }

  pause(node: SoakNode): void {
    node.child?.kill('SIGSTOP')
    node.state = 'paused'
  }

  resume(node: SoakNode): void {
    node.child?.kill('SIGCONT')
    node.state = 'up'
  }

  /** Ends all processes that are left and all links. */
  async close(): Promise<void> {
    for (const node of this.nodes) if (node.state === 'paused') this.resume(node)
    await Promise.all(this.nodes.map((node) => this.end(node, 'SIGTERM')))
    this.links.close()
  }

  /** For a process that is about to end: nothing may stay behind. */
  abandon(): void {
    for (const { child } of this.nodes) child?.kill('SIGKILL')
  }

  /** Memory that all nodes hold now, and the largest of them, bytes. */
  memory(): { allBytes: number; mostBytes: number } {
    const each = this.nodes.map(({ child }) => residentBytes(child?.pid))
    return { allBytes: each.reduce((sum, one) => sum + one, 0), mostBytes: Math.max(...each) }
  }

  private async end(node: SoakNode, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = node
    node.child = undefined
    node.state = 'down'
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
  }
}

function seedOf(seed: number, use: string, index: number): Uint8Array {
  return sha256(text.encode(`soak ${seed} ${use} ${index}`))
}

const delegateSecret = (seed: number, index: number) => bls.secretFromSeed(seedOf(seed, 'vote', index))
const delegateAccount = (seed: number, index: number) =>
  addressOfKey(KeyPair.fromSeed('ed25519', seedOf(seed, 'delegate', index)).publicKey)

function genesisOf({ seed, delegates, slotMs, termBlocks, accounts }: NetworkOptions): Genesis {
  const pool = (use: string) => addressOfKey(KeyPair.fromSeed('ed25519', seedOf(seed, use, 0)).publicKey)
  const members = Array.from({ length: delegates }, (_, index) => delegateAccount(seed, index))
  const payers = Array.from({ length: accounts }, (_, index) => addressOfKey(accountOf(seed, index).publicKey))
  return {
    name: 'soak',
    preset: 'local',
    timeMs: Date.now(),
    parameters: {
      ...presets.local,
      slotMs,
      termBlocks,
      electionBlock: Math.floor((termBlocks * 5) / 6),
      freezeBlock: Math.floor(termBlocks / 2),
    },
    foundation: pool('foundation'),
    team: pool('team'),
    placement: [
      ...members.map((address) => ({ address, grains: 2n * BOND })),
      ...payers.map((address) => ({ address, grains: ACCOUNT_GRAINS })),
    ],
    delegates: members.map((address, index) => {
      const secret = delegateSecret(seed, index)
      const proof = bls.provePossession(secret)
      return { address, name: `d${index + 1}`, key: bls.publicKey(secret), proof, bond: BOND }
    }),
    fork: null,
  }
}

function residentBytes(pid: number | undefined): number {
  if (pid === undefined) return 0
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    // It has just ended, or this system tells nothing of the kind.
    return 0
  }
}
