import { join } from 'node:path'
import type { DevnetOptions } from './options.ts'

// Where everything of a local network lies, and on which ports it listens. Other programs read these places.

export const HOST = '127.0.0.1'
const PORTS_PER_PROCESS = 10
const FIRST_PROVIDER_PORT = 200
/** After the last possible provider. */
const WEB_PORT = 900
const INDEXER_PORT = 910
const AGENT_PORT = 920

export const FILES = {
  /** What runs, with which options; written last when a network is made. */
  devnet: 'devnet.json',
  /** What clients read. */
  network: 'network.json',
  genesis: 'genesis.cbor',
  wallets: 'wallets',
  password: 'password',
  delegates: 'delegates',
  providers: 'providers',
  indexer: 'indexer',
  /** Present while the network is being made; what lies beside it is then incomplete. */
  unfinished: 'unfinished',
  /** Logs of everything that a process writes. */
  log: 'node.log',
  node: 'node.json',
  delegateKey: 'delegate.json',
  linkKey: 'link.key',
  /** Seed of the delegate's account, with which its node reports evidence. */
  accountKey: 'account.key',
  data: 'data',
  agent: 'agent.json',
  /** Of the agent that stores for the owner. */
  ownerAgent: 'agent',
  agentWallet: 'wallet.json',
  web: 'web',
  webSettings: 'web.json',
} as const

export type ProcessKind = 'delegate' | 'provider' | 'web' | 'indexer' | 'agent'

/** One process of the network: its name, its folder, its ports. */
export interface Seat {
  readonly kind: ProcessKind
  readonly name: string
  /** From 0, in its kind. */
  readonly index: number
  readonly dir: string
  readonly log: string
  readonly ports: readonly SeatPort[]
}

interface SeatPort {
  readonly use: 'rpc' | 'p2p' | 'status' | 'web'
  readonly port: number
}

/**
 * The processes of a network in `dir`: delegates d1 … first, then providers p1 …, then the web app, the indexer, and where there
 * are providers the agent that stores for the owner.
 */
export function seatsOf(dir: string, options: DevnetOptions): Seat[] {
  return [
    ...Array.from({ length: options.delegates }, (_, index) => delegateSeat(dir, options.basePort, index)),
    ...Array.from({ length: options.providers }, (_, index) => providerSeat(dir, options.basePort, index)),
    webSeat(dir, options.basePort),
    ...Array.from({ length: options.indexers }, () => indexerSeat(dir, options.basePort)),
    ...(options.providers > 0 ? [agentSeat(dir, options.basePort)] : []),
  ]
}

export function delegateName(index: number): string {
  return `d${index + 1}`
}

export function providerName(index: number): string {
  return `p${index + 1}`
}

/** Delegates are d1 …, providers p1 …. */
export function kindOf(name: string): ProcessKind {
  if (name === FILES.web) return 'web'
  if (name === FILES.indexer) return 'indexer'
  if (name === FILES.ownerAgent) return 'agent'
  return name.startsWith('d') ? 'delegate' : 'provider'
}

function delegateSeat(root: string, basePort: number, index: number): Seat {
  const name = delegateName(index)
  const dir = join(root, FILES.delegates, name)
  const first = basePort + PORTS_PER_PROCESS * index
  const ports: SeatPort[] = [
    { use: 'rpc', port: first },
    { use: 'p2p', port: first + 1 },
  ]
  return { kind: 'delegate', name, index, dir, log: join(dir, FILES.log), ports }
}

function providerSeat(root: string, basePort: number, index: number): Seat {
  const name = providerName(index)
  const dir = join(root, FILES.providers, name)
  const first = basePort + FIRST_PROVIDER_PORT + PORTS_PER_PROCESS * index
  const ports: SeatPort[] = [
    { use: 'p2p', port: first },
    { use: 'status', port: first + 1 },
  ]
  return { kind: 'provider', name, index, dir, log: join(dir, FILES.log), ports }
}

/** Serves the web app. */
function webSeat(root: string, basePort: number): Seat {
  const dir = join(root, FILES.web)
  const ports: SeatPort[] = [{ use: 'web', port: basePort + WEB_PORT }]
  return { kind: 'web', name: FILES.web, index: 0, dir, log: join(dir, FILES.log), ports }
}

function indexerSeat(root: string, basePort: number): Seat {
  const dir = join(root, FILES.indexer)
  const ports: SeatPort[] = [{ use: 'status', port: basePort + INDEXER_PORT }]
  return { kind: 'indexer', name: FILES.indexer, index: 0, dir, log: join(dir, FILES.log), ports }
}

/** Stores for the owner's wallet what its browser gives it. */
function agentSeat(root: string, basePort: number): Seat {
  const dir = join(root, FILES.ownerAgent)
  const ports: SeatPort[] = [{ use: 'status', port: basePort + AGENT_PORT }]
  return { kind: 'agent', name: FILES.ownerAgent, index: 0, dir, log: join(dir, FILES.log), ports }
}

export function portOf(seat: Seat, use: SeatPort['use']): number {
  const found = seat.ports.find((candidate) => candidate.use === use)
  if (found === undefined) throw new TypeError(`${seat.name} has no ${use} port`)
  return found.port
}

/** JSON-RPC over HTTP of a delegate. */
export function rpcUrl(seat: Seat): string {
  return `http://${HOST}:${portOf(seat, 'rpc')}`
}

/** JSON-RPC over WebSocket of a delegate. */
export function wsUrl(seat: Seat): string {
  return `ws://${HOST}:${portOf(seat, 'rpc')}/ws`
}

/** `/health`, `/metrics` and, of a provider, `/status` are below it, of an indexer and an agent all questions. */
export function statusUrl(seat: Seat): string {
  const use = { delegate: 'rpc', provider: 'status', web: 'web', indexer: 'status', agent: 'status' } as const
  return `http://${HOST}:${portOf(seat, use[seat.kind])}`
}

/** Where people open the web app: by name, because passkeys belong to names. */
export function webUrl(seat: Seat): string {
  return `http://localhost:${portOf(seat, 'web')}`
}
