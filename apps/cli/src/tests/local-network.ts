// What the tests of this package share: a network in memory with a real server, and clients of it.
import { type Account, Client, Wallet } from '@smartshare/client'
import { sha256 } from '@smartshare/crypto'
import { MemoryNode, type MemoryNodeOptions, type RpcServer, serve } from '@smartshare/daemon/testing'

const BLOCK_MS = 40
/** Recent enough to be believed, and long enough ago that blocks made faster than their slots stay behind the clock. */
const GENESIS_AGO_MS = 3_600_000
const utf8 = new TextEncoder()

/** An account that genesis can fund by its name: the same key as `testAccount` of @smartshare/runtime/testing. */
export function accountOf(name: string): Account {
  return walletOf(name).account()
}

export function walletOf(name: string): Wallet {
  return Wallet.fromSeed(sha256(utf8.encode(`test account ${name}`)))
}

/** A network with one server, and what was opened on it, to be closed together. */
export class LocalNetwork {
  readonly node: MemoryNode
  server: RpcServer
  private readonly opened: { close(): unknown }[] = []

  private constructor(node: MemoryNode, server: RpcServer) {
    this.node = node
    this.server = server
  }

  /** Starts it; with `isStill` blocks are made only by hand. */
  static async start(options: MemoryNodeOptions & { isStill?: boolean } = {}): Promise<LocalNetwork> {
    const node = new MemoryNode({ accounts: ['alice', 'bob'], genesisTimeMs: Date.now() - GENESIS_AGO_MS, ...options })
    if (options.isStill !== true) node.start(BLOCK_MS)
    return new LocalNetwork(node, await serve(node))
  }

  async client(urls: { rpc?: string[]; ws?: string[] } = {}): Promise<Client> {
    const client = await Client.connect({ rpc: [this.server.url], ws: [this.server.ws], ...urls })
    return this.keep(client)
  }

  /** Closes it with the network. */
  keep<T extends { close(): unknown }>(one: T): T {
    this.opened.push(one)
    return one
  }

  /** Stops the server and starts it again at the same port, as a node does that is started anew. */
  async restart(): Promise<void> {
    const { port } = this.server
    await this.server.close()
    this.server = await serve(this.node, port)
  }

  async close(): Promise<void> {
    for (const one of this.opened.reverse()) await one.close()
    this.node.stop()
    await this.server.close()
  }
}
