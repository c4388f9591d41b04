import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeyPair } from '@smartshare/crypto'
import { writeJson } from './atomic-file.ts'
import type { Account } from './genesis.ts'
import { FILES, HOST, portOf, rpcUrl, type Seat, seatsOf, statusUrl, wsUrl } from './layout.ts'
import type { DevnetOptions } from './options.ts'

// Settings of the network's processes. The link and the agent bring the whole of libp2p along, which no command needs
// but those that make settings: so they are loaded only here.

const PRIVATE_FOLDER_MODE = 0o700

/** Writes node.json of every delegate; what a person has added there stays. */
export async function writeNodeSettings(dir: string, options: DevnetOptions): Promise<void> {
  const delegates = seatsOf(dir, options).filter(({ kind }) => kind === 'delegate')
  const peers = await Promise.all(delegates.map(peerAddress))
  for (const seat of delegates) {
    const path = join(seat.dir, FILES.node)
    const before = existsSync(path) ? readJson(path) : {}
    writeJson(path, {
      name: seat.name,
      genesis: FILES.genesis,
      dataDir: FILES.data,
      delegateKey: FILES.delegateKey,
      linkKey: FILES.linkKey,
      accountKey: FILES.accountKey,
      localNetwork: true,
      logLevel: 'info',
      ...before,
      rpc: { ...(before.rpc as object | undefined), host: HOST, port: portOf(seat, 'rpc') },
      p2p: { listen: [listenAddress(seat)], peers: peers.filter((_, index) => index !== seat.index) },
    })
  }
}

/** Makes the folder of every provider: its wallet, its settings, an offer of storage at the default price. */
export async function makeAgents(
  dir: string,
  options: DevnetOptions,
  chainId: string,
  accounts: readonly Account[],
): Promise<void> {
  const providers = seatsOf(dir, options).filter(({ kind }) => kind === 'provider')
  if (providers.length === 0) return
  const { initAgent } = await import('@smartshare/agent')
  for (const seat of providers) {
    const { seed } = accounts[seat.index] as Account
    const settings = { name: seat.name, localNetwork: true, storage: {}, ...agentPlaces(dir, options, chainId, seat) }
    await initAgent({ dir: seat.dir, settings, seed })
  }
}

/** Writes where the web app is served, which nodes, which indexer and which agent it may speak with, and who gives money away. */
export function writeWebSettings(dir: string, options: DevnetOptions, chainId: string): void {
  const seats = seatsOf(dir, options)
  const delegates = seats.filter(({ kind }) => kind === 'delegate')
  const [indexer = null] = seats.filter(({ kind }) => kind === 'indexer').map(statusUrl)
  const [agent = null] = seats.filter(({ kind }) => kind === 'agent').map(statusUrl)
  for (const seat of seats.filter(({ kind }) => kind === 'web')) {
    mkdirSync(seat.dir, { recursive: true, mode: PRIVATE_FOLDER_MODE })
    writeJson(join(seat.dir, FILES.webSettings), {
      host: HOST,
      port: portOf(seat, 'web'),
      network: { name: 'local', chainId, rpc: delegates.map(rpcUrl), ws: delegates.map(wsUrl), indexer, agent },
      faucet: {
        keyFile: join('..', FILES.wallets, 'faucet.json'),
        passwordFile: join('..', FILES.wallets, FILES.password),
      },
    })
  }
}

/** Tells every process of a stopped network its new ports; all other settings stay as they are. */
export async function moveSettings(dir: string, options: DevnetOptions, chainId: string): Promise<void> {
  await writeNodeSettings(dir, options)
  for (const seat of seatsOf(dir, options).filter(({ kind }) => kind === 'provider')) {
    const path = join(seat.dir, FILES.agent)
    writeJson(path, { ...readJson(path), ...agentPlaces(dir, options, chainId, seat) })
  }
}

/** Where an agent listens, and where it finds the chain. */
function agentPlaces(dir: string, options: DevnetOptions, chainId: string, seat: Seat) {
  const delegates = seatsOf(dir, options).filter(({ kind }) => kind === 'delegate')
  return {
    network: { chainId, rpc: delegates.map(rpcUrl), ws: delegates.map(wsUrl) },
    listen: [listenAddress(seat)],
    status: { port: portOf(seat, 'status') },
  }
}

async function peerAddress(seat: Seat): Promise<string> {
  const { peerIdOfKey } = await import('@smartshare/link')
  const seed = Buffer.from(readFileSync(join(seat.dir, FILES.linkKey), 'utf8').trim(), 'hex')
  const key = KeyPair.fromSeed('ed25519', seed).publicKey.subarray(1)
  return `${listenAddress(seat)}/p2p/${peerIdOfKey(key)}`
}

function listenAddress(seat: Seat): string {
  return `/ip4/${HOST}/tcp/${portOf(seat, 'p2p')}`
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
}
