// For tests: a busy chain, peers that serve it honestly or lie, and a node's insides that follow it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '@smartshare/chain'
import type { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { LATEST_VERSION, type Parameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { ChainStore, openStore } from '@smartshare/store'
import pino from 'pino'
import { FinalChain } from '../consensus/final-chain.ts'
import { encodeFinal } from '../consensus/final-record.ts'
import { Executor } from '../execution/executor.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { signed } from '../rpc/test-transaction.ts'
import { decodeAnswer, decodeRequest, encodeAnswer, SYNC_PROTOCOL, type SyncAnswer } from '../sync/protocol.ts'
import { Snapshots } from '../sync/snapshots.ts'
import { SyncServer } from '../sync/sync-server.ts'
import { finalAt, writeChain } from '../sync/write-chain.ts'
import { Checker } from './checker.ts'
import { Follower } from './follower.ts'

const utf8 = new TextEncoder()
const log = pino({ level: process.env.FOLLOW_LOG ?? 'silent' })
const GAS = 5_000_000
/** Blocks so small that one transaction makes them busy, whatever it needs: half of its limit is charged. */
export const SMALL_BLOCKS: Partial<Parameters> = {
  ...{ maxBlockGas: GAS, maxTransactionGas: GAS, targetBlockGas: GAS, calmRounds: 1 },
}

/** A chain in memory on which alice acts. */
export class BusyChain {
  readonly node = new MemoryNode({ accounts: ['alice', 'bob'], parameters: SMALL_BLOCKS })
  private nonce = 0n

  /** A block with one call. */
  async act(call: Call, gasLimit = GAS): Promise<void> {
    const tx = signed(this.node, testAccount('alice'), [call], { nonce: this.nonce++, gasLimit })
    const [outcome] = await this.node.submit([tx.wire])
    if (outcome === undefined || 'error' in outcome) throw new Error(JSON.stringify(outcome))
    this.node.makeBlock()
  }

  /** Blocks of payments, which fill half of what a block may hold. */
  async pay(blocks: number): Promise<void> {
    const to = testAccount('bob').address
    for (let i = 0; i < blocks; i++) {
      await this.act(callOf('tokens', 'transfer', { to, token: 0, amount: BigInt(i + 1), memo: null }))
    }
  }

  rest(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.node.makeBlock()
  }
}

type Differences = SyncAnswer<'differences'>
/** What a liar makes of an honest answer: other differences, or bytes that are none. */
export type Lie = (honest: Differences) => Differences | Uint8Array

/** What a follower did, and how the chain is. */
interface Told {
  readonly asked: string[]
  readonly punished: string[]
  readonly followed: number[]
  diverged: SmartshareError | undefined
  failed: SmartshareError | undefined
  calm: boolean
  committed: number
}

/** Peers, folders and whatever else is to be closed at the end. */
export class FollowRig {
  readonly chain: BusyChain
  private readonly closing: (() => Promise<unknown>)[] = []
  private readonly home = mkdtempSync(join(tmpdir(), 'follow-'))
  private links = 0

  constructor(chain: BusyChain) {
    this.chain = chain
  }

  /** A folder that goes when the rig is closed. */
  folder(name: string): string {
    return join(this.home, name)
  }

  async link(): Promise<Link> {
    const link = await createLink({
      privateKeySeed: sha256(utf8.encode(`link ${this.links++}`)),
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], localNetwork: true, limits: LOCAL_NETWORK_LIMITS },
    })
    this.closing.unshift(() => link.close())
    return link
  }

  /** A peer that executed the chain up to a height; what it has can grow. */
  async honest(executed: () => number = () => this.chain.node.height): Promise<Link> {
    const { node } = this.chain
    const folder = join(this.home, `honest ${this.links}`)
    await writeChain(node, folder)
    const opened = await openStore(folder, { chainId: node.chainId })
    this.closing.push(() => opened.close())
    const link = await this.link()
    const finals = await FinalChain.open(opened.blocks)
    const parts = { chainId: node.chainId, finals, log, store: opened.state }
    const snapshots = await Snapshots.open(folder, parts)
    await SyncServer.start({ ...parts, link, snapshots, committedHeight: executed })
    return link
  }

  /** A peer that answers what an honest one says, changed. */
  async liar(honest: Link, lie: Lie): Promise<Link> {
    const link = await this.link()
    await link.dial(honest.addresses[0]!)
    await link.handle(SYNC_PROTOCOL, async (request) => {
      if (decodeRequest(request).kind !== 'differences') throw new Error('asked for something else')
      const options = { maxResponseBytes: 16 * 1024 * 1024 }
      const answer = lie(
        decodeAnswer('differences', await link.request(honest.peerId, SYNC_PROTOCOL, request, options)),
      )
      return answer instanceof Uint8Array ? answer : encodeAnswer('differences', answer)
    })
    return link
  }

  /** A follower over a folder of its own, with a real executor; it asks these peers in their order. */
  async follower(
    peers: readonly Link[],
    {
      folder = `follower ${this.links}`,
      asks = () => peers,
    }: { folder?: string; asks?: (told: Told) => readonly Link[] } = {},
  ) {
    const { node } = this.chain
    const stateFolder = join(this.home, folder)
    const asker = await this.link()
    for (const peer of peers) await asker.dial(peer.addresses[0]!)
    const told: Told = {
      asked: [],
      punished: [],
      followed: [],
      diverged: undefined,
      failed: undefined,
      calm: false,
      committed: 0,
    }
    const blockAt = async (height: number) => encodeFinal(await finalAt(node, height))
    const executor = await Executor.start(
      { state: stateFolder, snapshots: join(this.home, 'snapshots') },
      { genesis: node.genesis.encoded, protocolVersion: LATEST_VERSION },
      0,
      {
        onExecuted: () => undefined,
        onCommitted: (height) => {
          told.committed = height
          checker.onCommitted(height)
        },
        onSnapshot: () => undefined,
        onFailed: (error) => {
          told.failed = error
        },
        onRestart: () => undefined,
        onKilled: () => undefined,
        blockAt,
      },
    )
    const store = ChainStore.open(stateFolder)
    const checker = new Checker({
      log,
      order: { stateFolder, genesis: node.genesis.encoded, protocolVersion: LATEST_VERSION },
      blockAt,
      quarantinedAt: async () => [],
      isCalm: () => told.calm,
      onChecked: (heights) => executor.noteChecked(heights),
      onDiverged: (error) => {
        told.diverged = error
      },
    })
    const follower = new Follower({
      link: {
        request: (peer, ...rest) => {
          told.asked.push(peer)
          return asker.request(peer, ...rest)
        },
        punish: (peer) => told.punished.push(peer),
      },
      log,
      ...{ executor: () => executor, blockAt },
      peers: () => asks(told).map(({ peerId }) => peerId),
      mayFollow: () => true,
      onFollowed: (blocks) => {
        told.followed.push(...blocks.map(({ height }) => height))
        checker.add(blocks)
      },
    })
    let stopped = false
    const stop = async () => {
      if (stopped) return
      stopped = true
      await follower.stop()
      await checker.stop()
      await executor.stop()
      await store.close()
    }
    this.closing.push(stop)
    const take = async (from: number, to = node.height) => {
      for (let height = from; height <= to; height++) {
        const final = await finalAt(node, height)
        follower.take(final.block.header, encodeFinal(final))
      }
    }
    return { follower, executor, checker, store, stateFolder, told, take, stop }
  }

  async close(): Promise<void> {
    for (const close of this.closing.reverse()) await close()
    rmSync(this.home, { recursive: true, force: true })
  }
}
