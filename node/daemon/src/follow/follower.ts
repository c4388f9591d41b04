import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Header, MODE_BUSY } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { FaultWeight, type Link } from '@smartshare/link'
import type { Logger } from 'pino'
import { decodeFinal } from '../consensus/final-record.ts'
import type { NamedRoot } from '../execution/block-executor.ts'
import type { Executor } from '../execution/executor.ts'
import { decodeAnswer, encodeRequest, MAX_ANSWER_BYTES, MAX_DIFFERENCES, SYNC_PROTOCOL } from '../sync/protocol.ts'
import type { Difference } from './difference.ts'

/** One block of so many is executed here at once, though it was followed; which one, nobody else can know. */
const SAMPLED_ONE_IN = 16
/** Final blocks that may wait for a root that covers them, or for a peer; beyond it they are executed. */
const MOST_WAITING = 64
const MOST_WAITING_BYTES = 32 * 1024 * 1024
/** Peers asked for one difference. They are asked again after a while, because the last blocks may not be on their disks yet. */
const MOST_ASKED = 4
const MOST_TURNS = 3
const TURN_MS = 100
const REQUEST_TIMEOUT_MS = 5_000
/** Blocks for which a peer that lied is not asked. */
const SHUNNED_BLOCKS = 1_000
const MOST_SHUNNED = 1_024
/** Stands in the receipts of a block that packs the result of a heavy call: every node checks those. */
const PACKS_RESULT = Buffer.from('jobDone')
/** What a peer sent that no honest one sends. */
const LIE = /^(FOLLOW_|CODEC_|PACK_)/

export interface FollowerParts {
  readonly link: Pick<Link, 'request' | 'punish'>
  readonly log: Logger
  readonly executor: () => Pick<Executor, 'execute' | 'follow' | 'executedHeight' | 'isHeldUp'>
  /** A final block as it lies in the log. */
  readonly blockAt: (height: number) => Promise<Uint8Array | undefined>
  /** Peers of the same network, the delegates among them first. */
  readonly peers: () => readonly string[]
  /** False for a node that executes all blocks, and while it catches up: differences of old blocks are not kept. */
  readonly mayFollow: () => boolean
  /** Blocks were followed; `chosen` ones are to be executed at once. */
  readonly onFollowed: (blocks: readonly { readonly height: number; readonly chosen: boolean }[]) => void
}

interface Waiting {
  readonly header: Header
  readonly final: Uint8Array
}

interface CertifiedRoot extends NamedRoot {
  readonly height: number
}

interface Batch {
  readonly blocks: readonly Waiting[]
  /** Null: the blocks are executed. */
  readonly root: CertifiedRoot | null
}

/** A block that kills this machine, and a root at its height or above. */
interface Killer {
  readonly height: number
  readonly root: CertifiedRoot
}

/**
 * Hands final blocks to the executor. While the chain is busy it asks peers for what they changed instead: as soon as a later
 * final header names a root that covers them, so that nothing counts before it is held against what delegates certified.
 * Whoever answers wrongly is punished, and where nobody helps the blocks are executed.
 */
export class Follower {
  /** Peers that gave wrong differences. */
  lies = 0
  private readonly parts: FollowerParts
  private readonly waiting: Waiting[] = []
  private waitingBytes = 0
  /** Roots that final headers named, ascending, as far as blocks wait for them. */
  private roots: CertifiedRoot[] = []
  /** The last block that was to be passed over, and whether that is still to be tried or being tried. */
  private killer: Killer | undefined
  private isPassing = false
  /** Who gave the last difference, and who lied at which height. */
  private helper: string | undefined
  private readonly shunned = new Map<string, number>()
  private readonly stopping = new AbortController()
  private working: Promise<void> | undefined

  constructor(parts: FollowerParts) {
    this.parts = parts
  }

  /** Takes the next final block, as it lies in the log. */
  take(header: Header, final: Uint8Array): void {
    this.waiting.push({ header, final })
    this.waitingBytes += final.length
    const { rootHeight: height, stateRoot, rangeRoot } = header
    if (height > (this.roots.at(-1)?.height ?? 0)) this.roots.push({ height, stateRoot, rangeRoot })
    this.advance()
  }

  /**
   * Execution waits for a block that kills this machine, while a final header names a root at its height or above: follows it
   * with those after it up to there, if all of them may be followed. False if that did not succeed, or cannot be.
   */
  passOver(height: number, { rootHeight, stateRoot, rangeRoot }: Header): boolean {
    if (this.killer?.height === height) return this.isPassing
    if (!this.parts.mayFollow() || rootHeight - height >= MAX_DIFFERENCES) return false
    this.killer = { height, root: { height: rootHeight, stateRoot, rangeRoot } }
    this.isPassing = true
    this.advance()
    return true
  }

  /** Blocks that wait are in the log and are handed over again after a restart. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.working
  }

  private advance(): void {
    if (this.working !== undefined || this.stopping.signal.aborted) return
    if (this.isPassing && this.killer !== undefined) {
      this.work(this.pass(this.killer))
      return
    }
    for (let batch = this.next(); batch !== undefined; batch = this.next()) {
      if (batch.root === null) {
        this.execute(batch.blocks)
        continue
      }
      this.work(this.follow(batch, batch.root))
      return
    }
  }

  private work(done: Promise<void>): void {
    this.working = done.finally(() => {
      this.working = undefined
      this.advance()
    })
  }

  /** The blocks to be handed over next; undefined while they have to wait. */
  private next(): Batch | undefined {
    const [first] = this.waiting
    if (first === undefined) return undefined
    const alone = { blocks: [first], root: null }
    if (!this.mayFollow(first)) return alone
    const root = this.roots.find(({ height }) => height >= first.header.height)
    if (this.isMuch) return alone
    if (root === undefined) return undefined
    const blocks = this.waiting.slice(0, root.height - first.header.height + 1)
    const fits = blocks.length <= MAX_DIFFERENCES && blocks.every((one) => this.mayFollow(one))
    return fits ? { blocks, root } : alone
  }

  /** So much waits that it is better executed than waited for. */
  private get isMuch(): boolean {
    return this.waiting.length > MOST_WAITING || this.waitingBytes > MOST_WAITING_BYTES
  }

  private mayFollow({ header }: Waiting): boolean {
    return header.mode === MODE_BUSY && this.parts.mayFollow() && !this.parts.executor().isHeldUp
  }

  private execute(blocks: readonly Waiting[]): void {
    for (const { header, final } of blocks) this.parts.executor().execute(header.height, final)
    this.drop(blocks)
  }

  private drop(blocks: readonly Waiting[]): void {
    for (const { final } of this.waiting.splice(0, blocks.length)) this.waitingBytes -= final.length
    const height = blocks.at(-1)!.header.height
    this.roots = this.roots.filter((root) => root.height > height)
  }

  private async follow({ blocks }: Batch, root: CertifiedRoot): Promise<void> {
    const followed = await this.fetch(blocks, root)
    if (this.stopping.signal.aborted && followed === undefined) return
    if (followed === undefined) {
      this.execute(blocks)
      return
    }
    this.drop(blocks)
    this.parts.onFollowed(followed)
  }

  private async pass({ height: killer, root }: Killer): Promise<void> {
    const { blockAt, log, onFollowed } = this.parts
    try {
      // They come after it: the executor reads them back when it goes on.
      if (this.waiting.length > 0) this.execute([...this.waiting])
      const blocks: Waiting[] = []
      for (let height = killer; height <= root.height; height++) {
        const final = await blockAt(height)
        if (final === undefined) return
        const { header } = decodeFinal(final).block
        if (header.mode !== MODE_BUSY) return
        blocks.push({ header, final })
      }
      const followed = await this.fetch(blocks, root)
      if (followed === undefined) return
      log.warn({ height: killer, to: root.height }, 'a block that kills this machine was followed')
      onFollowed(followed)
    } finally {
      this.isPassing = false
    }
  }

  /** Follows blocks as soon as a peer gives what leads to the root; undefined if none does. */
  private fetch(blocks: readonly Waiting[], root: CertifiedRoot) {
    return this.askPeers(blocks, root).catch((error: unknown) => {
      if (!SmartshareError.is(error)) throw error
      this.parts.log.debug({ to: root.height, code: error.code }, 'a difference could not be had')
      return undefined
    })
  }

  private async askPeers(blocks: readonly Waiting[], root: CertifiedRoot) {
    const from = blocks[0]!.header.height
    const { signal } = this.stopping
    const refused = new Set<string>()
    let isLater = false
    for (let turn = 0; turn < MOST_TURNS && !signal.aborted; turn++) {
      if (isLater) await delay(TURN_MS, undefined, { signal }).catch(() => undefined)
      isLater = false
      for (const peer of this.candidates(from).filter((id) => !refused.has(id))) {
        if (signal.aborted || this.isMuch) return undefined
        try {
          const differences = await this.ask(peer, from, blocks.length)
          const chosen = differences.map(({ receipts }) => isSample() || packsResult(receipts))
          const why = await this.parts.executor().follow({
            ...{ from, to: root.height, root },
            blocks: blocks.map(({ final }, i) => ({ final, difference: differences[i]!, chosen: chosen[i]! })),
          })
          if (why !== undefined) throw new SmartshareError('FOLLOW_DIFFERENCE', why)
          this.helper = peer
          return blocks.map(({ header: { height } }, i) => ({ height, chosen: chosen[i]! }))
        } catch (error) {
          if (!SmartshareError.is(error)) throw error
          // Execution came to a stop meanwhile: no peer can help.
          if (error.code === 'EXECUTION_WAITS') return undefined
          if (this.blame(peer, from, error) === 'later') isLater = true
          else refused.add(peer)
        }
      }
    }
    return undefined
  }

  /** Who helped last, then delegates, then others, as far as they did not lie lately. */
  private candidates(height: number): string[] {
    for (const [peer, since] of this.shunned) if (since + SHUNNED_BLOCKS < height) this.shunned.delete(peer)
    const peers = this.parts.peers().filter((peer) => !this.shunned.has(peer))
    const first = peers.filter((peer) => peer === this.helper)
    return [...first, ...peers.filter((peer) => peer !== this.helper)].slice(0, MOST_ASKED)
  }

  private async ask(peer: string, from: number, count: number): Promise<Difference[]> {
    const options = {
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxResponseBytes: MAX_ANSWER_BYTES,
      signal: this.stopping.signal,
    }
    const request = encodeRequest('differences', { from, count })
    const differences = decodeAnswer(
      'differences',
      await this.parts.link.request(peer, SYNC_PROTOCOL, request, options),
    )
    if (differences.length === count) return differences
    throw new SmartshareError('FOLLOW_DIFFERENCE', `${differences.length} differences instead of ${count}`)
  }

  /** `later`: the peer may have it in a moment. */
  private blame(peer: string, height: number, error: SmartshareError): 'later' | 'never' {
    const { log, link } = this.parts
    log.debug({ peer, code: error.code, why: error.message }, 'a peer gave no difference')
    if (this.helper === peer) this.helper = undefined
    if (error.details.remote === true) return error.code === 'SYNC_NOT_THERE' ? 'later' : 'never'
    if (!LIE.test(error.code)) return 'never'
    this.lies += 1
    log.warn({ peer, height, why: error.message }, 'a peer gave a wrong difference')
    this.shunned.set(peer, height)
    const [oldest] = this.shunned.keys()
    if (this.shunned.size > MOST_SHUNNED && oldest !== undefined) this.shunned.delete(oldest)
    link.punish(peer, FaultWeight.Junk, error.code)
    return 'never'
  }
}

function isSample(): boolean {
  return randomInt(SAMPLED_ONE_IN) === 0
}

function packsResult(receipts: Uint8Array): boolean {
  return Buffer.from(receipts.buffer, receipts.byteOffset, receipts.byteLength).includes(PACKS_RESULT)
}
