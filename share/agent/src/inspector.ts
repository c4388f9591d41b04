import { SmartshareError } from '@smartshare/codec'
import { type AgreementView, type InspectionProof, inspectedSegments } from '@smartshare/runtime'
import type { AgentChain, InspectionAnswer } from './chain.ts'
import type { Log } from './log.ts'

/** Agreements of one agent that are looked after. */
const MAX_WATCHED = 100_000
/** Views asked for at a time. */
const ASK_AT_ONCE = 16
/** Answers in one transaction, and bytes of their proofs: both well below what a transaction may hold. */
const MAX_ANSWERS = 8
const MAX_PROOF_BYTES = 96 * 1024
/** The seed of an inspection is fixed by a block: until it is there we ask again so often, milliseconds. */
const SEED_RETRY_MS = 300
/** After a failure we try again so soon, milliseconds. */
const RETRY_MS = 1_000
const MOST_SLEEP_MS = 5_000
const LEAST_SLEEP_MS = 50

/** What the inspector did since it was started. */
export interface InspectionCounters {
  passed: number
  /** Windows that closed without our answer. */
  missed: number
}

export interface InspectorOptions {
  readonly chain: AgentChain
  /** Opens these segments of what is kept under an agreement. */
  readonly prove: (view: AgreementView, segments: readonly number[]) => Promise<InspectionProof>
  readonly log: Log
  /** An agreement turned out to be over. */
  readonly onClosed: (agreement: number) => void
  readonly nowMs: () => number
}

interface Watched {
  dueMs: number
  /** The last inspection that we saw open, to notice one that closed on us. */
  seen: number | undefined
  answered: number | undefined
}

/**
 * Answers the inspections of the agent's own agreements, each in its window. What the service cannot prove is tried again
 * until the window closes.
 */
export class Inspector {
  readonly counters: InspectionCounters = { passed: 0, missed: 0 }
  readonly #options: InspectorOptions
  readonly #watched = new Map<number, Watched>()
  readonly #stop = new AbortController()
  #wake: () => void = () => undefined
  #running: Promise<void> | undefined

  constructor(options: InspectorOptions) {
    this.#options = options
  }

  /** Agreements looked after now. */
  get size(): number {
    return this.#watched.size
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await this.#running
  }

  /** Looks after an agreement from now on; again if it is known already. */
  watch(agreement: number): void {
    const known = this.#watched.get(agreement)
    if (known === undefined && this.#watched.size >= MAX_WATCHED) {
      this.#options.log.error({ agreement, max: MAX_WATCHED }, 'too many agreements to look after')
      return
    }
    this.#watched.set(agreement, { seen: undefined, answered: undefined, ...known, dueMs: this.#options.nowMs() })
    this.#wake()
  }

  forget(agreement: number): void {
    this.#watched.delete(agreement)
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const worked = await this.tick()
      await this.#sleep(worked ? LEAST_SLEEP_MS : this.#untilNext())
    }
  }

  /** Answers what is due now, as far as one round goes; false if nothing was. Called by the loop of `start`. */
  async tick(): Promise<boolean> {
    const due = this.#due()
    if (due.length === 0) return false
    await this.#round(due).catch((error: unknown) => this.#options.log.error({ err: error }, 'inspections failed'))
    return true
  }

  #due(): number[] {
    const nowMs = this.#options.nowMs()
    const due: number[] = []
    for (const [agreement, { dueMs }] of this.#watched) {
      if (dueMs <= nowMs) due.push(agreement)
      if (due.length >= ASK_AT_ONCE) break
    }
    return due
  }

  #untilNext(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#watched.values()) earliest = Math.min(earliest, dueMs)
    return Math.max(LEAST_SLEEP_MS, Math.min(MOST_SLEEP_MS, earliest - this.#options.nowMs()))
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #round(due: readonly number[]): Promise<void> {
    const prepared = await Promise.all(due.map((agreement) => this.#prepare(agreement)))
    const answers = prepared.filter((answer) => answer !== undefined)
    for (const batch of inBatches(answers)) await this.#send(batch)
  }

  /** The answer to the inspection that is open, if one is and it can be answered; otherwise sets when to look again. */
  async #prepare(agreement: number): Promise<InspectionAnswer | undefined> {
    const entry = this.#watched.get(agreement)
    if (entry === undefined) return undefined
    try {
      const view = await this.#options.chain.view(agreement)
      if (view === undefined || view.state === 'ended' || view.state === 'breached' || view.state === 'cancelled') {
        this.#watched.delete(agreement)
        this.#options.onClosed(agreement)
        return undefined
      }
      return await this.#answerTo(view, entry)
    } catch (error) {
      this.#retry(entry, error, agreement)
      return undefined
    }
  }

  async #answerTo(view: AgreementView, entry: Watched): Promise<InspectionAnswer | undefined> {
    const { agreement, nextInspection, sizeBytes, segments } = view
    const nowMs = this.#options.nowMs()
    if (nextInspection === null) {
      entry.dueMs = nowMs + MOST_SLEEP_MS
      return undefined
    }
    const { inspection, fromMs, seed } = nextInspection
    this.#noticeMiss(view, entry, inspection)
    if (seed === null) {
      entry.dueMs = Math.max(fromMs, nowMs + SEED_RETRY_MS)
      return undefined
    }
    const indices = inspectedSegments(seed, agreement, inspection, sizeBytes, segments)
    // Not asked again for this one before it is sent; `#send` sets what comes next.
    entry.dueMs = nowMs + RETRY_MS
    return { agreement, inspection, ...(await this.#options.prove(view, indices)) }
  }

  #noticeMiss(view: AgreementView, entry: Watched, inspection: number): void {
    if (entry.seen !== undefined && inspection > entry.seen && entry.answered !== entry.seen) {
      this.counters.missed++
      this.#options.log.error({ agreement: view.agreement, missed: view.missed }, 'an inspection was missed')
    }
    entry.seen = inspection
  }

  async #send(batch: readonly InspectionAnswer[]): Promise<void> {
    try {
      await this.#options.chain.prove(batch)
      for (const answer of batch) this.#passed(answer)
    } catch (error) {
      if (batch.length > 1) {
        // All or none: one that closed meanwhile must not take the others with it.
        for (const answer of batch) await this.#send([answer])
        return
      }
      const [{ agreement }] = batch as [InspectionAnswer]
      const entry = this.#watched.get(agreement)
      if (entry !== undefined) this.#retry(entry, error, agreement)
    }
  }

  #passed({ agreement, inspection }: InspectionAnswer): void {
    const entry = this.#watched.get(agreement)
    if (entry === undefined) return
    this.counters.passed++
    entry.answered = inspection
    // The chain tells when the next one opens.
    entry.dueMs = this.#options.nowMs()
  }

  #retry(entry: Watched, error: unknown, agreement: number): void {
    entry.dueMs = this.#options.nowMs() + RETRY_MS
    if (this.#stop.signal.aborted) return
    const code = SmartshareError.is(error) ? error.code : 'unknown'
    this.#options.log.warn({ agreement, code, reason: (error as Error).message }, 'an inspection waits')
  }
}

function* inBatches(answers: readonly InspectionAnswer[]): Generator<InspectionAnswer[]> {
  let batch: InspectionAnswer[] = []
  let bytes = 0
  for (const answer of answers) {
    const size = answer.segments.length + answer.siblings.length
    if (batch.length === MAX_ANSWERS || (batch.length > 0 && bytes + size > MAX_PROOF_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(answer)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
