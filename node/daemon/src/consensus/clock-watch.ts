import type { DelegateSet } from '@smartshare/chain'
import type { Link, Message } from '@smartshare/consensus'
import { toHex } from '@smartshare/crypto'
import type { Logger } from 'pino'

/** Blocks of one delegate that are compared: the freshest look of them counts, since a delay only makes a clock seem late. */
const MOST_SAMPLES = 4
/** Delegates of two terms at most. */
const MOST_DELEGATES = 512
/** Fewer clocks say nothing about the own one. */
const LEAST_DELEGATES = 2
/** Parts of the drift that blocks may have at which people are warned: there is still time to do something. */
const WARNING_PART = 4
const WARN_EVERY_MS = 60_000

interface Samples {
  /** Of the last blocks, by slot. */
  readonly offsets: Map<string, number>
  warnedMs: number
}

/**
 * Compares the clocks of leaders, by the times in their blocks, with the own one. Consensus stands a clock that is off (its
 * leader loses its slots), but the people behind it must hear of it: their delegate is not paid.
 */
export class ClockWatch {
  private readonly driftMs: number
  private readonly log: Logger
  private readonly now: () => number
  private readonly delegates = new Map<string, Samples>()
  private warnedMs = Number.NEGATIVE_INFINITY

  /** `driftMs`: how far ahead of a voter's clock a block may be. */
  constructor(driftMs: number, log: Logger, now: () => number = Date.now) {
    this.driftMs = driftMs
    this.log = log
    this.now = now
  }

  /** Looks at a proposal that came from its leader itself. */
  observe(link: Link, message: Message, set: DelegateSet): void {
    if (message.type !== 'proposal' || link.delegate === null) return
    const { term, slot, leader, timeMs } = message.block.header
    const member = set.members[leader]
    if (term !== set.term || member === undefined || toHex(member.address) !== link.delegate) return
    const samples = this.delegates.get(link.delegate) ?? { offsets: new Map(), warnedMs: Number.NEGATIVE_INFINITY }
    const key = `${term} ${slot}`
    // What comes again later tells less.
    if (samples.offsets.has(key)) return
    samples.offsets.set(key, timeMs - this.now())
    forgetOldest(samples.offsets, MOST_SAMPLES)
    this.delegates.delete(link.delegate)
    this.delegates.set(link.delegate, samples)
    forgetOldest(this.delegates, MOST_DELEGATES)
    this.warn(link.delegate, samples)
  }

  /** How far the delegates' clocks are ahead of this one, ms: the median, this one included; 0 while too few are known. */
  get offsetMs(): number {
    const all = [0, ...[...this.delegates.values()].map(offsetOf)].sort((a, b) => a - b)
    return this.delegates.size < LEAST_DELEGATES ? 0 : (all[all.length >> 1] as number)
  }

  /** How far that delegate's clock is from all others' that is farthest from them, ms. */
  get farthestMs(): number {
    const median = this.offsetMs
    let farthest = 0
    for (const samples of this.delegates.values()) {
      const apart = offsetOf(samples) - median
      if (Math.abs(apart) > Math.abs(farthest)) farthest = apart
    }
    return this.delegates.size < LEAST_DELEGATES ? 0 : farthest
  }

  /**
   * What is wrong with the own clock, for people; undefined if nothing is. Only a clock that is behind is told for sure: blocks
   * that are long on their way look as if the own one were ahead.
   */
  get problem(): string | undefined {
    const { offsetMs } = this
    if (offsetMs <= this.driftMs / WARNING_PART) return undefined
    return `this machine's clock is ${Math.round(offsetMs)} ms behind the delegates'`
  }

  private warn(delegate: string, samples: Samples): void {
    const nowMs = this.now()
    const offsetMs = Math.round(this.offsetMs)
    if (Math.abs(offsetMs) > this.driftMs / WARNING_PART && nowMs - this.warnedMs > WARN_EVERY_MS) {
      this.warnedMs = nowMs
      this.log.warn(
        { offsetMs },
        this.problem ?? "this machine's clock is ahead of the delegates', or blocks come late",
      )
    }
    const apartMs = Math.round(offsetOf(samples) - this.offsetMs)
    if (this.delegates.size <= LEAST_DELEGATES || Math.abs(apartMs) <= this.driftMs / WARNING_PART) return
    if (nowMs - samples.warnedMs <= WARN_EVERY_MS) return
    samples.warnedMs = nowMs
    this.log.warn({ delegate, apartMs }, 'the clock of a delegate is off')
  }
}

function offsetOf({ offsets }: Samples): number {
  return Math.max(...offsets.values())
}

function forgetOldest<T>(map: Map<string, T>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
