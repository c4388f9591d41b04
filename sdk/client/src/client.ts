import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, toHex } from '@smartshare/crypto'
import type { LightState } from '@smartshare/light'
import { type Abi, chainIdOf, decodeGenesis, type Genesis, type Parameters } from '@smartshare/runtime'
import { Contract } from './contracts/contract.ts'
import { type PublishOptions, publishCall, publishedAddress } from './contracts/publish.ts'
import { HeightWatch } from './height-watch.ts'
import { type ProvenBalance, type ProveOptions, proveBalance } from './proof/balance-proof.ts'
import { type ProvenInclusion, proveInclusion } from './proof/inclusion-proof.ts'
import { genesisState, Trust } from './proof/trust.ts'
import type { BlockHeader, PlacedEvent } from './rpc/answers.ts'
import { Backoff, sleep } from './rpc/backoff.ts'
import { type EventQuery, RpcClient } from './rpc/rpc-client.ts'
import { NewsSocket } from './rpc/socket.ts'
import type { FinalTransaction } from './transactions/fate.ts'
import { Sender, type SendOptions } from './transactions/sender.ts'
import { Submitter } from './transactions/submitter.ts'
import { TransactionTracker } from './transactions/tracker.ts'
import {
  type SignedTransaction,
  TransactionBuilder,
  type TransactionRequest,
} from './transactions/transaction-builder.ts'
import type { LateSigner, Signer } from './wallet/signer.ts'

const PAGE = 100
const EVENT_PAGE = 1000
const FIRST_WAIT_MS = 200
const MOST_WAIT_MS = 5000
/** No node answers now, which says nothing about the question. */
const AWAY = new Set(['RPC_UNREACHABLE', 'RPC_ANSWER', 'RPC_BUSY', 'NODE_HALTED', 'RPC_INTERNAL', 'CLIENT_CLOSED'])

export interface ClientOptions {
  /** Nodes, `http://…`. */
  readonly rpc: readonly string[]
  /** The same or other nodes for news, `ws://…/ws`; without them the client asks now and then. */
  readonly ws?: readonly string[]
  /** The network that is meant, in hexadecimal. Without it the first answer decides, and no proof can be trusted. */
  readonly chainId?: string
  readonly timeoutMs?: number
  /** What proofs begin with, of an earlier one or of checkpoints; otherwise genesis, for as long as that is believed. */
  readonly trust?: LightState
  /** Times that a question is asked in all before RPC_UNREACHABLE. */
  readonly attempts?: number
}

/** A network, seen from outside: questions, transactions, news, proofs. In Node and in browsers. */
export class Client {
  readonly rpc: RpcClient
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  private readonly news: NewsSocket
  private readonly tracker: TransactionTracker
  private readonly submitter: Submitter
  private readonly builder: TransactionBuilder
  private readonly watch: HeightWatch
  private readonly closing: AbortController
  /** What has been checked so far. */
  private readonly trust: Trust
  /** Who calls contracts: a sender counts the nonces of its account, so there is one for each. */
  private readonly senders = new WeakMap<Signer, Sender>()

  private constructor(
    rpc: RpcClient,
    genesis: Genesis,
    chainId: Uint8Array,
    news: NewsSocket,
    closing: AbortController,
    trust: LightState,
  ) {
    this.rpc = rpc
    this.genesis = genesis
    this.chainId = chainId
    this.news = news
    this.closing = closing
    this.trust = new Trust(trust)
    this.tracker = new TransactionTracker(rpc, news, closing.signal)
    this.submitter = new Submitter(rpc)
    this.builder = new TransactionBuilder(rpc, { chainId, parameters: genesis.parameters })
    this.watch = new HeightWatch(rpc, news, closing.signal)
  }

  /** Gets to know the network. Throws RPC_UNREACHABLE, or CLIENT_OTHER_NETWORK if the nodes belong to another one. */
  static async connect(options: ClientOptions): Promise<Client> {
    const closing = new AbortController()
    const { rpc: urls, ws = [], timeoutMs, attempts } = options
    const rpc = new RpcClient({
      urls,
      signal: closing.signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(attempts === undefined ? {} : { attempts }),
    })
    const genesis = decodeGenesis(await rpc.genesis())
    const chainId = chainIdOf(genesis)
    if (options.chainId !== undefined && toHex(fromHex(options.chainId)) !== toHex(chainId)) {
      throw new SmartshareError('CLIENT_OTHER_NETWORK', `the node at ${rpc.url} belongs to another network`, {
        expected: options.chainId,
        found: toHex(chainId),
      })
    }
    const trust = options.trust ?? genesisState(genesis)
    return new Client(rpc, genesis, chainId, new NewsSocket(ws), closing, trust)
  }

  get parameters(): Parameters {
    return this.genesis.parameters
  }

  /** Sends the transactions of an account. One sender per account and lane: it counts the nonces. */
  sender(signer: LateSigner, options: { lane?: number } = {}): Sender {
    return new Sender({
      rpc: this.rpc,
      builder: this.builder,
      tracker: this.tracker,
      submitter: this.submitter,
      signer,
      lane: options.lane ?? 0,
      signal: this.closing.signal,
    })
  }

  /** A contract, to ask and call by names. Without `abi` it is asked for when it is needed. */
  contract(address: string, abi?: Abi): Contract {
    const host = {
      rpc: this.rpc,
      trust: this.trust,
      senderOf: (signer: Signer) => this.senderOf(signer),
      events: (query: EventQuery, options: { to?: number; signal?: AbortSignal }) => this.events(query, options),
    }
    return new Contract(host, address, abi)
  }

  /**
   * Publishes a contract and waits until that is final. Throws CONTRACT_SOURCE with what is wrong and where, and whatever else it
   * would fail with, before anything is paid.
   */
  async publishContract(
    wallet: Signer,
    options: PublishOptions,
    sending: SendOptions = {},
  ): Promise<FinalTransaction & { readonly address: string }> {
    const call = await publishCall(this.rpc, options)
    const final = await this.senderOf(wallet).sendAndWait({ calls: [call] }, sending)
    return { ...final, address: publishedAddress(final) }
  }

  private senderOf(signer: Signer): Sender {
    const known = this.senders.get(signer) ?? this.sender(signer)
    this.senders.set(signer, known)
    return known
  }

  /** Follows a transaction that was signed before, perhaps by another run of the program, and hands it over if need be. */
  follow(transaction: SignedTransaction): Promise<FinalTransaction> {
    return this.tracker.track(transaction)
  }

  /**
   * A transaction of an account of several keys, with the signature that `signer` (`proposer`) makes; it is not handed over. It takes
   * the account's next nonce: of two proposals of one account only one is ever executed. Throws what its calls would fail with.
   */
  async propose(signer: LateSigner, request: TransactionRequest): Promise<SignedTransaction> {
    const lasting = { lifetimeBlocks: this.parameters.maxLifetimeBlocks, ...request }
    const fee = await this.builder.estimate(signer, lasting)
    const { nonces } = await this.rpc.account(formatAddress(signer.address))
    const expiryHeight = await this.builder.expiryFor(lasting)
    return await this.builder.sign(signer, lasting, fee, { lane: 0, nonce: nonces[0] ?? 0n, expiryHeight })
  }

  /** Executed blocks from a height on (the next one unless said), each once and in order, for ever. */
  async *blocks(options: { from?: number; signal?: AbortSignal } = {}): AsyncGenerator<BlockHeader> {
    let next = options.from
    for await (const height of this.watch.heights(options.signal)) {
      next ??= height + 1
      while (next <= height) {
        const from: number = next
        const page = await this.patiently(() => this.rpc.blocks(from, Math.min(PAGE, height - from + 1)))
        const headers = page?.headers ?? []
        if (headers.length === 0) break
        for (const header of headers) {
          yield header
          next = header.height + 1
        }
      }
    }
  }

  /** Events from a place in the chain on, each once and in order, up to the block `to` or for ever. */
  async *events(query: EventQuery, options: { to?: number; signal?: AbortSignal } = {}): AsyncGenerator<PlacedEvent> {
    const last = options.to ?? Number.POSITIVE_INFINITY
    let next = { height: query.height, skip: query.skip ?? 0 }
    for await (const height of this.watch.heights(options.signal)) {
      while (next.height <= Math.min(height, last)) {
        const from: EventQuery = { limit: EVENT_PAGE, ...query, ...next }
        const page = await this.patiently(() => this.rpc.events(from))
        if (page === undefined) return
        for (const event of page.events) {
          if (event.height > last) return
          yield event
        }
        if (page.next.height === next.height && page.next.skip === next.skip) break
        next = page.next
      }
      if (next.height > last) return
    }
  }

  /**
   * A balance that needs no trust in the node, only in the chain id, and in `trust` where genesis is more than 14 days ago. Throws PROOF_* if the node cannot prove it, LIGHT_* where trust or clock do not reach.
   */
  async proveBalance(address: string, options: ProveOptions = {}): Promise<ProvenBalance> {
    const proven = await proveBalance(this.rpc, this.chainId, address, { trust: this.trust.latest, ...options })
    this.trust.take(proven.trust)
    return proven
  }

  /** Asks until nodes are there to answer; undefined when the client is closed. Throws what nodes refuse. */
  private async patiently<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const backoff = new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS)
    while (!this.closing.signal.aborted) {
      try {
        return await ask()
      } catch (error) {
        if (!SmartshareError.is(error) || !AWAY.has(error.code)) throw error
        await sleep(backoff.next(), this.closing.signal)
      }
    }
    return undefined
  }

  /** Shows that a transaction is final without trust in the node. Throws RPC_NOT_FOUND, PROOF_* or LIGHT_*. */
  proveInclusion(id: string): Promise<ProvenInclusion> {
    return proveInclusion(this.rpc, this.trust, id, { nowMs: Date.now() })
  }

  /** Ends everything: news, waits, questions. */
  close(): void {
    this.closing.abort()
    this.news.close()
  }
}
