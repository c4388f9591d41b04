import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, Client } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress, toHex } from '@smartshare/crypto'
import { createLink, type Link } from '@smartshare/link'
import { type FolderLock, lockFolder } from '@smartshare/link/folder-lock'
import { LogOutput } from '@smartshare/link/log-output'
import type { OfferView } from '@smartshare/runtime'
import { type AccountSigner, memoryForProvider, WorkerPool } from '@smartshare/storage'
import { type Logger, pino } from 'pino'
import type { OfferTerms } from './chain.ts'
import { AgentChainClient, neededCollateral } from './chain-client.ts'
import { IDENTITY_SLOT } from './element.ts'
import { Follower } from './follower.ts'
import { openAgentWallet } from './init.ts'
import { Inspector } from './inspector.ts'
import { Ledger } from './ledger.ts'
import { agentMetrics } from './metrics.ts'
import { keepOffer } from './offer-keeper.ts'
import { rest } from './rest.ts'
import { type AgentSettings, readSettings } from './settings.ts'
import { SoftwareElement } from './software-element.ts'
import type { AgentStatus } from './status.ts'
import { StatusServer } from './status-server.ts'
import { StorageService } from './storage-service.ts'
import { Watchtower } from './watchtower.ts'

export const AGENT_VERSION = '0.1.0'
/** File descriptor of the log. */
const STDOUT = 1
const LEDGER_FILE = 'ledger.json'
const OFFER_RETRY_MS = 2_000
/** How often the standing offer is looked at, milliseconds. */
const OFFER_CHECK_MS = 60_000
/** The chain counts as away when nobody answered for so long, milliseconds. */
const CHAIN_AWAY_MS = 30_000
const CHAIN_POLL_MS = 2_000
/** How long an agent that starts waits for a node to answer, milliseconds: after a power cut the router comes later. */
const CONNECT_PATIENCE_MS = 300_000
/** Threads for hashing and files of one agent: the network is the limit long before more would help. */
const MAX_THREADS = 2

export interface StartRequest {
  readonly dir: string
  /** Read from the folder if not said. */
  readonly settings?: AgentSettings
  /** Where the log goes, a line of JSON at a time; standard output if not said. */
  readonly logTo?: { write(line: string): void }
  /** Aborted to stop the agent, also while it starts. */
  readonly signal?: AbortSignal
}

/** A running agent. */
export interface RunningAgent {
  readonly settings: AgentSettings
  readonly statusPort: number
  status(): Promise<AgentStatus>
  /** Ends everything in order; nothing that is durable or on the chain is lost. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts the agent in a folder: element, wallet, chain, link, service, offer, inspections, watchtower, status. Throws
 * AGENT_MISSING, AGENT_SETTINGS, AGENT_LOCKED, CLIENT_OTHER_NETWORK, RPC_UNREACHABLE, PORT_IN_USE, LINK_*, STORAGE_*.
 */
export async function startAgent(request: StartRequest): Promise<RunningAgent> {
  const settings = request.settings ?? (await readSettings(request.dir))
  const options = { name: settings.name, level: settings.logLevel, redact: ['password', 'seed', 'words'] }
  const log = pino(options, request.logTo ?? new LogOutput(STDOUT))
  await mkdir(request.dir, { recursive: true })
  const lock = await lockFolder(request.dir, {
    code: 'AGENT_LOCKED',
    message: 'another process uses this data folder',
  })
  const agent = new Agent(request.dir, settings, log, lock)
  request.signal?.addEventListener('abort', () => void agent.stop(), { once: true })
  try {
    await agent.start()
  } catch (error) {
    await agent.stop()
    throw error
  }
  return agent
}

class Agent implements RunningAgent {
  readonly settings: AgentSettings
  readonly #dir: string
  readonly #log: Logger
  readonly #closers: (() => Promise<void> | void)[] = []
  readonly #ended = new AbortController()
  #parts: Parts | undefined
  #offer: OfferView | undefined
  #offerProblem: string | undefined
  #chain: { height: number; balanceGrains: bigint; seenMs: number } | undefined
  #stopping: Promise<void> | undefined

  constructor(dir: string, settings: AgentSettings, log: Logger, lock: FolderLock) {
    this.#dir = dir
    this.settings = settings
    this.#log = log
    this.#closers.push(() => lock.release())
  }

  get statusPort(): number {
    return this.#mustRun().server.port
  }

  async start(): Promise<void> {
    const { status, watchtower: isWatching } = this.settings
    const account = await openAgentWallet(this.#dir, this.settings)
    const element = await SoftwareElement.open(this.#dir, account.derive('element'))
    const client = await this.#connect()
    this.#onStop(() => client.close())
    const chain = new AgentChainClient(client, account)
    const pool = new WorkerPool(MAX_THREADS, memoryForProvider())
    this.#onStop(() => pool.close())
    const link = await this.#openLink(account)
    const service = this.#service(account, chain, link, pool)
    await service.start()
    this.#onStop(() => service.stop())
    const ledger = await Ledger.open(join(this.#dir, LEDGER_FILE), async () => ({
      height: await chain.height(),
      skip: 0,
    }))
    const nowMs = () => Date.now()
    const inspector: Inspector = new Inspector({
      chain,
      log: this.#log,
      nowMs,
      prove: (view, segments) => service.prove(view, segments),
      onClosed: (agreement) => void follower.closed(agreement),
    })
    const onBounty = (grains: bigint) => ledger.bounty(grains)
    const watchtower = isWatching
      ? new Watchtower({ chain, log: this.#log, nowMs, random: Math.random, onBounty })
      : undefined
    for (const agreement of ledger.watched) watchtower?.watch(agreement)
    const follower: Follower = new Follower({ chain, service, inspector, watchtower, ledger, log: this.#log })
    await follower.start()
    inspector.start()
    this.#onStop(async () => {
      await inspector.stop()
      await follower.stop()
    })
    const identity = { info: await element.info(), publicKey: await element.publicKey(IDENTITY_SLOT) }
    const metrics = agentMetrics(() => this.status())
    const server = await StatusServer.start(status, () => this.status(), metrics)
    this.#onStop(() => server.close())
    this.#parts = { account, chain, link, service, ledger, inspector, watchtower, follower, identity, server }
    void this.#keepOffer()
    void this.#watchChain()
    this.#log.info({ address: account.text, peer: link.peerId, addresses: link.addresses }, 'the agent is up')
  }

  async status(): Promise<AgentStatus> {
    const { account, link, service, ledger, inspector, watchtower, follower, identity } = this.#mustRun()
    const problem = this.#problem()
    const meter = service.meter()
    const { region: _region, ...description } = service.describe()
    return {
      name: this.settings.name,
      version: AGENT_VERSION,
      address: account.text,
      peer: link.peerId,
      addresses: link.addresses,
      healthy: problem === null,
      problem,
      chainId: this.settings.network.chainId,
      height: this.#chain?.height ?? null,
      balanceGrains: this.#chain?.balanceGrains ?? null,
      offer: this.#offer === undefined ? null : String(this.#offer.offer),
      offerState: this.#offer?.state ?? null,
      storedBytes: meter.storedBytes ?? 0,
      agreements: follower.open,
      inspections: inspector.counters,
      watched: watchtower?.watched.length ?? 0,
      earnings: ledger.earnings,
      element: {
        level: identity.info.level,
        model: identity.info.model,
        serial: identity.info.serial,
        publicKey: toHex(identity.publicKey),
      },
      services: [{ ...description, meter }],
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#ended.abort()
    // In the reverse order of starting: nothing loses what it stands on. One that fails must not keep the others open.
    for (const close of this.#closers.reverse()) {
      try {
        await close()
      } catch (error) {
        this.#log.error({ err: error }, 'a part of the agent did not end well')
      }
    }
    this.#log.info({}, 'the agent has stopped')
  }

  #onStop(close: () => Promise<void> | void): void {
    // Told to stop while it was starting: what comes into being now ends at once.
    if (this.#ended.signal.aborted) void close()
    else this.#closers.push(close)
  }

  /** Throws CLIENT_OTHER_NETWORK at once, RPC_UNREACHABLE after a long while. */
  async #connect(): Promise<Client> {
    const { rpc, ws, chainId } = this.settings.network
    const startedMs = performance.now()
    for (;;) {
      try {
        return await Client.connect({ rpc, ws, chainId })
      } catch (error) {
        const isAway = SmartshareError.is(error, 'RPC_UNREACHABLE') || SmartshareError.is(error, 'RPC_NOT_READY')
        if (!isAway || this.#ended.signal.aborted || performance.now() - startedMs > CONNECT_PATIENCE_MS) throw error
        this.#log.warn({ rpc }, 'no node answers yet')
        await rest(OFFER_RETRY_MS, this.#ended.signal)
      }
    }
  }

  async #openLink(account: Account): Promise<Link> {
    const { listen, announce, localNetwork } = this.settings
    const link = await createLink({
      privateKeySeed: account.derive('link'),
      listen,
      localNetwork,
      log: (message, details) => this.#log.debug(details, message),
      ...(announce === undefined ? {} : { announce }),
    })
    this.#onStop(() => link.close())
    return link
  }

  #service(account: Account, chain: AgentChainClient, link: Link, pool: WorkerPool): StorageService {
    const { storage } = this.settings
    const signer: AccountSigner = { publicKey: account.keys.publicKey, sign: (message) => account.keys.sign(message) }
    return new StorageService({
      dir: this.#dir,
      // Without storage for sale what is kept already is still served.
      capacityBytes: storage?.capacityBytes ?? 0,
      token: storage?.token ?? 'SSP',
      priceGrains: storage?.priceGrains ?? 0n,
      pledgeGrains: storage?.pledgeGrains ?? storage?.priceGrains ?? 0n,
      region: storage?.region ?? '',
      link,
      chain,
      signer,
      account: account.address,
      pool,
      log: this.#log,
    })
  }

  #terms({ chain, link }: Parts): OfferTerms | undefined {
    const { storage } = this.settings
    if (storage === undefined) return undefined
    const { token, priceGrains, pledgeGrains, capacityBytes, region, collateralGrains } = storage
    const needed = neededCollateral(pledgeGrains ?? priceGrains, capacityBytes, chain.parameters.leastOfferGrains)
    return {
      region,
      token: token === undefined ? 0 : parseAddress(token),
      priceGrains,
      pledgeGrains: pledgeGrains ?? null,
      capacityBytes,
      collateralGrains: collateralGrains ?? needed,
      peer: link.peerId,
      addresses: link.addresses,
    }
  }

  async #keepOffer(): Promise<void> {
    const parts = this.#mustRun()
    const terms = this.#terms(parts)
    if (terms === undefined) return
    while (!this.#ended.signal.aborted) {
      try {
        this.#offer = await keepOffer(parts.chain, terms)
        this.#offerProblem = undefined
      } catch (error) {
        if (this.#ended.signal.aborted) return
        const code = SmartshareError.is(error) ? error.code : 'unknown'
        this.#offerProblem = `the offer cannot be posted: ${(error as Error).message}`
        this.#log.warn({ code, reason: (error as Error).message }, 'the offer does not stand yet')
      }
      await rest(this.#offer === undefined ? OFFER_RETRY_MS : OFFER_CHECK_MS, this.#ended.signal)
    }
  }

  async #watchChain(): Promise<void> {
    const { chain } = this.#mustRun()
    while (!this.#ended.signal.aborted) {
      try {
        const [height, balanceGrains, offer] = await Promise.all([
          chain.height(),
          chain.balanceGrains(),
          chain.ownOffer(),
        ])
        this.#offer = offer
        this.#chain = { height, balanceGrains, seenMs: performance.now() }
      } catch (error) {
        if (!this.#ended.signal.aborted) this.#log.debug({ err: error }, 'no node answers')
      }
      await rest(CHAIN_POLL_MS, this.#ended.signal)
    }
  }

  #problem(): string | null {
    if (this.#chain === undefined || performance.now() - this.#chain.seenMs > CHAIN_AWAY_MS) return 'no node answers'
    return this.#offerProblem ?? null
  }

  #mustRun(): Parts {
    if (this.#parts !== undefined) return this.#parts
    throw new SmartshareError('AGENT_STOPPED', 'the agent is not running')
  }
}

interface Parts {
  readonly account: Account
  readonly chain: AgentChainClient
  readonly link: Link
  readonly service: StorageService
  readonly ledger: Ledger
  readonly inspector: Inspector
  readonly watchtower: Watchtower | undefined
  readonly follower: Follower
  readonly identity: {
    readonly info: Awaited<ReturnType<SoftwareElement['info']>>
    readonly publicKey: Uint8Array
  }
  readonly server: StatusServer
}
