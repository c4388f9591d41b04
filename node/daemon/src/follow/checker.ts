import { SmartshareError } from '@smartshare/codec'
import type { Logger } from 'pino'
import { SoloThread } from '../solo-thread.ts'
import type { CheckedBlock, CheckOrder, CheckReply, CheckRequest } from './check-messages.ts'

/** Blocks whose changes are kept: as long as a block can be given to those who follow, or be executed after it was followed. */
export const KEPT_DIFFERENCES = 256
/** Blocks executed together: the changes since are taken back once for all of them. */
const MOST_TOGETHER = 16
/** A block during which the thread dies or fails so often is left alone. */
const MOST_FAILURES = 2

export interface CheckerParts {
  readonly log: Logger
  readonly order: CheckOrder
  /** A final block as it lies in the log. */
  readonly blockAt: (height: number) => Promise<Uint8Array | undefined>
  /** Indexes of the transactions of a final block that later blocks quarantine. */
  readonly quarantinedAt: (height: number) => Promise<readonly number[]>
  /** False while the chain is busy or the node catches up: then only samples are executed. */
  readonly isCalm: () => boolean
  readonly onChecked: (heights: readonly number[]) => void
  /** FOLLOW_DIVERGED: the node must not go on. */
  readonly onDiverged: (error: SmartshareError) => void
}

interface Unchecked {
  readonly chosen: boolean
  failures: number
}

/**
 * Executes blocks that were followed, in a thread of its own: samples at once, the others when the chain is calm again. If
 * execution comes to something else than what a quorum of delegates certified, the node halts.
 */
export class Checker {
  /**
   * Samples executed, others executed later, and blocks that are never executed: the changes were no longer kept when their turn
   * came, or the thread died of them.
   */
  sampled = 0
  executed = 0
  missed = 0
  private readonly parts: CheckerParts
  private readonly thread: SoloThread<CheckRequest, CheckReply>
  /** Ascending. */
  private readonly unchecked = new Map<number, Unchecked>()
  private asked: readonly number[] = []
  private committed = 0
  private preparing = false
  private stopped = false

  constructor(parts: CheckerParts) {
    this.parts = parts
    const file = import.meta.url.endsWith('.ts') ? './check-worker.ts' : './check-worker.js'
    this.thread = new SoloThread({
      ...{ file: new URL(file, import.meta.url), order: parts.order },
      onReply: (reply) => this.take(reply),
      onDied: (message) => this.take({ type: 'failed', message }),
    })
  }

  /** Blocks that were followed and not executed yet. */
  get waiting(): number {
    return this.unchecked.size
  }

  /** Blocks were followed. */
  add(blocks: readonly { readonly height: number; readonly chosen: boolean }[]): void {
    for (const { height, chosen } of blocks) this.unchecked.set(height, { chosen, failures: 0 })
  }

  /** Everything up to a height is on disk. */
  onCommitted(height: number): void {
    this.committed = height
    for (const known of this.unchecked.keys()) {
      if (known > height - KEPT_DIFFERENCES) break
      if (!this.asked.includes(known)) this.miss(known)
    }
    this.begin()
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.thread.stop()
  }

  private begin(): void {
    if (this.stopped || this.preparing || this.thread.isBusy) return
    const heights = this.next()
    if (heights.length === 0) return
    this.preparing = true
    this.ask(heights)
      .catch((error: unknown) => this.parts.log.error({ err: error }, 'followed blocks could not be read'))
      .finally(() => {
        this.preparing = false
      })
  }

  /** Samples first, then the oldest; after a failure one by one. */
  private next(): number[] {
    const onDisk = [...this.unchecked].filter(([height]) => height <= this.committed)
    const samples = onDisk.filter(([, { chosen }]) => chosen)
    const due = samples.length > 0 ? samples : this.parts.isCalm() ? onDisk : []
    const count = due.some(([, { failures }]) => failures > 0) ? 1 : MOST_TOGETHER
    return due.slice(0, count).map(([height]) => height)
  }

  private async ask(heights: readonly number[]): Promise<void> {
    const blocks: CheckedBlock[] = []
    for (const height of heights.toReversed()) {
      const final = await this.parts.blockAt(height)
      if (final === undefined) this.miss(height)
      else blocks.push({ height, final, quarantined: await this.parts.quarantinedAt(height) })
    }
    if (this.stopped || blocks.length === 0) return
    this.asked = blocks.map(({ height }) => height)
    this.thread.ask({ blocks })
  }

  private take(reply: CheckReply): void {
    if (this.stopped) return
    const { asked } = this
    this.asked = []
    const { log, onChecked, onDiverged } = this.parts
    if (reply.type === 'diverged') {
      const { height, message } = reply
      onDiverged(
        new SmartshareError('FOLLOW_DIVERGED', `block ${height} is not as delegates certified: ${message}`, { height }),
      )
      return
    }
    if (reply.type === 'failed') {
      log.error({ heights: asked, why: reply.message }, 'followed blocks could not be executed')
      for (const height of asked) this.noteFailure(height)
    } else {
      for (const height of asked) {
        if (reply.heights.includes(height)) this.noteChecked(height)
        else this.miss(height)
      }
      if (reply.heights.length > 0) onChecked(reply.heights)
    }
    this.begin()
  }

  private noteChecked(height: number): void {
    if (this.unchecked.get(height)?.chosen === true) this.sampled += 1
    else this.executed += 1
    this.unchecked.delete(height)
  }

  private noteFailure(height: number): void {
    const known = this.unchecked.get(height)
    if (known === undefined) return
    known.failures += 1
    if (known.failures < MOST_FAILURES) return
    this.parts.log.error({ height }, 'a followed block could not be executed twice: it is left alone')
    this.miss(height)
  }

  private miss(height: number): void {
    if (this.unchecked.delete(height)) this.missed += 1
  }
}
