import { type Header, MODE_CALM } from '@smartshare/chain'
import type { SmartshareError } from '@smartshare/codec'
import type { Link } from '@smartshare/link'
import type { ChainStore } from '@smartshare/store'
import type { Logger } from 'pino'
import type { FollowingStatus } from '../api.ts'
import type { NodeConfig } from '../config.ts'
import type { FinalChain } from '../consensus/final-chain.ts'
import type { Executor } from '../execution/executor.ts'
import { quarantinedAt } from '../quarantine/quarantine-rules.ts'
import { Checker, KEPT_DIFFERENCES } from './checker.ts'
import { Follower } from './follower.ts'

interface FollowingParts {
  readonly config: NodeConfig
  readonly log: Logger
  readonly link: Link
  readonly finals: FinalChain
  readonly store: ChainStore
  readonly stateFolder: string
  readonly executor: () => Executor
  /** Peers, with the delegate that each of them is. */
  readonly peers: () => readonly { readonly id: string; readonly delegate: string | null }[]
  readonly isCatchingUp: () => boolean
  readonly onDiverged: (error: SmartshareError) => void
}

/**
 * What a node does with final blocks while the chain is busy: a delegate executes them; another node follows them by what
 * others say that they changed, and executes samples, and later the rest (docs/spec/load.md).
 */
export class Following {
  private readonly parts: FollowingParts
  private readonly follower: Follower
  private readonly checker: Checker
  private followed = 0

  constructor(parts: FollowingParts) {
    this.parts = parts
    const { config, finals, isCatchingUp, link, log } = parts
    const isCalm = () => (finals.last?.block.header.mode ?? MODE_CALM) === MODE_CALM && !isCatchingUp()
    this.checker = new Checker({
      log,
      order: {
        stateFolder: parts.stateFolder,
        genesis: config.genesis,
        protocolVersion: config.protocolVersion,
      },
      blockAt: (height) => finals.encodedAt(height),
      quarantinedAt: (height) => quarantinedAt(height, async (at) => (await finals.at(at))?.block),
      isCalm,
      onChecked: (heights) => parts.executor().noteChecked(heights),
      onDiverged: parts.onDiverged,
    })
    this.follower = new Follower({
      ...{ link, log, executor: parts.executor, blockAt: (height) => finals.encodedAt(height) },
      peers: () => delegatesFirst(parts.peers()),
      mayFollow: () => this.follows && !isCatchingUp(),
      onFollowed: (blocks) => {
        this.followed += blocks.length
        this.checker.add(blocks)
      },
    })
  }

  /** Delegates answer for what they vote for, so they always execute. */
  get follows(): boolean {
    const { config } = this.parts
    return config.follow === 'auto' && config.delegate === null
  }

  get status(): FollowingStatus {
    const { checker, followed, follower, follows } = this
    const { executed, missed, sampled, waiting } = checker
    return { follows, followed, sampled, executed, missed, waiting, lies: follower.lies }
  }

  /** After a restart: blocks that were followed before. */
  recall(height: number): void {
    const unchecked = this.parts.store.uncheckedFrom(Math.max(0, height - KEPT_DIFFERENCES + 1))
    this.checker.add(unchecked.map((one) => ({ height: one.height, chosen: one.following === 'chosen' })))
    this.checker.onCommitted(height)
  }

  /** Takes the next final block, as it lies in the log. */
  take(header: Header, final: Uint8Array): void {
    this.follower.take(header, final)
  }

  /** `Follower.passOver`; false for a node that executes all blocks. */
  passOver(height: number, header: Header): boolean {
    return this.follower.passOver(height, header)
  }

  /** Everything up to a height is on disk. */
  onCommitted(height: number): void {
    this.checker.onCommitted(height)
  }

  async stop(): Promise<void> {
    await this.follower.stop()
    await this.checker.stop()
  }
}

/** In random order, so that not all ask the same, but delegates before others: they are never behind. */
function delegatesFirst(peers: ReturnType<FollowingParts['peers']>): string[] {
  const shuffled = peers.map((peer) => ({ ...peer, order: Math.random() + (peer.delegate === null ? 1 : 0) }))
  return shuffled.sort((a, b) => a.order - b.order).map(({ id }) => id)
}
