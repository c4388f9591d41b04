import { SmartshareError } from '@smartshare/codec'
import type { AgentChain } from './chain.ts'
import type { Log } from './log.ts'

/** Agreements of others looked at; the newest are left out beyond it. */
const MAX_WATCHED = 10_000
/** Looked at in one round. */
const MAX_PER_ROUND = 64
/** Windows that must be missed before a breach can be there. */
const MISSES = 3
const RETRY_MS = 10_000
/** Watchers of one network look at slightly different times: otherwise all but one would pay for being late. */
const SPREAD_MS = 2_000

export interface WatchtowerOptions {
  readonly chain: AgentChain
  readonly log: Log
  readonly nowMs: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly onBounty: (grains: bigint) => void
}

/** Makes breaches of others visible, for the bounty: so a buyer may sleep. */
export class Watchtower {
  readonly #options: WatchtowerOptions
  readonly #dueMs = new Map<number, number>()

  constructor(options: WatchtowerOptions) {
    this.#options = options
  }

  get watched(): number[] {
    return [...this.#dueMs.keys()]
  }

  watch(agreement: number): void {
    if (this.#dueMs.size < MAX_WATCHED && !this.#dueMs.has(agreement)) this.#dueMs.set(agreement, 0)
  }

  forget(agreement: number): void {
    this.#dueMs.delete(agreement)
  }

  /** Looks at what is due; called every few seconds. */
  async round(): Promise<void> {
    const nowMs = this.#options.nowMs()
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs).slice(0, MAX_PER_ROUND)
    for (const [agreement] of due) await this.#look(agreement)
  }

  async #look(agreement: number): Promise<void> {
    const { chain, log, nowMs, random } = this.#options
    try {
      const view = await chain.view(agreement)
      if (view === undefined || view.state === 'ended' || view.state === 'cancelled') {
        this.#dueMs.delete(agreement)
        return
      }
      if (view.state !== 'breached') {
        const { storagePeriodMs, inspectionWindowMs } = chain.parameters
        const missesLeft = Math.max(1, MISSES - view.missed)
        const nextFromMs = view.nextInspection?.fromMs ?? nowMs()
        const earliestMs = nextFromMs + (missesLeft - 1) * storagePeriodMs + inspectionWindowMs
        this.#dueMs.set(agreement, earliestMs + SPREAD_MS * random())
        return
      }
      this.#dueMs.delete(agreement)
      if (view.settled) return
      const bountyGrains = await chain.settle(agreement)
      this.#options.onBounty(bountyGrains)
      log.info({ agreement, bountyGrains: bountyGrains.toString() }, 'a breach was made visible')
    } catch (error) {
      const code = SmartshareError.is(error) ? error.code : 'unknown'
      log.debug({ agreement, code }, 'an agreement of others could not be settled')
      // Somebody else was faster, or no node answers now.
      if (code === 'AGREEMENT_STATE' || code === 'AGREEMENT_SETTLED') this.#dueMs.delete(agreement)
      else this.#dueMs.set(agreement, nowMs() + RETRY_MS)
    }
  }
}
