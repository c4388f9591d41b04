import { SmartshareError } from '@smartshare/codec'
import type { AgentChain, AgreementEvent } from './chain.ts'
import type { Inspector } from './inspector.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './log.ts'
import { rest } from './rest.ts'
import type { Service } from './service.ts'
import type { Watchtower } from './watchtower.ts'

/** How often everything is looked through again, in case an event was missed, milliseconds. */
const RESYNC_MS = 60_000
/** How often the watchtower looks, and the ledger is written, milliseconds. */
const ROUND_MS = 3_000
const RETRY_MS = 2_000
/** Views asked for at a time. */
const ASK_AT_ONCE = 16

export interface FollowerOptions {
  readonly chain: AgentChain
  readonly service: Service
  readonly inspector: Inspector
  readonly watchtower: Watchtower | undefined
  readonly ledger: Ledger
  readonly log: Log
}

/**
 * Keeps an agent in step with the chain: by its events as they come, and now and then by looking through everything. What
 * begins is inspected, what ends is deleted, what never began is cancelled, what is earned is written down.
 */
export class Follower {
  readonly #options: FollowerOptions
  /** Agreements whose events are ours; those that are not closed among them. */
  readonly #own = new Set<number>()
  #open = new Set<number>()
  readonly #stop = new AbortController()
  #tasks: Promise<void>[] = []

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Own agreements that are not closed. */
  get open(): number {
    return this.#open.size
  }

  /** Looks through everything once, then follows. */
  async start(): Promise<void> {
    // What was closed while the agent was away still has an event to come, so all are ours at first.
    for await (const { agreement } of this.#options.chain.ownAgreements()) this.#own.add(agreement)
    await this.#resync()
    this.#tasks = [
      this.#follow(),
      this.#every(RESYNC_MS, () => this.#resync()),
      this.#every(ROUND_MS, () => this.#round()),
    ]
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#tasks)
    await this.#options.ledger.save()
  }

  async #follow(): Promise<void> {
    const { chain, ledger, log } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        for await (const event of chain.events(ledger.place, signal)) {
          await this.#on(event)
          ledger.place = event.after
          if (signal.aborted) return
        }
      } catch (error) {
        if (signal.aborted) return
        log.warn({ code: codeOf(error), reason: (error as Error).message }, 'the events of the chain broke off')
        await rest(RETRY_MS, signal)
      }
    }
  }

  async #on(event: AgreementEvent): Promise<void> {
    const { chain, inspector, ledger, watchtower } = this.#options
    const { name, agreement, data } = event
    if (name === 'matched' && data.provider === chain.addressText) {
      this.#own.add(agreement)
      this.#open.add(agreement)
    }
    const isOwn = this.#own.has(agreement)
    if (isOwn) ledger.own(event)
    if (name === 'active') {
      if (isOwn) inspector.watch(agreement)
      else watchtower?.watch(agreement)
    }
    if (name === 'closed') {
      watchtower?.forget(agreement)
      this.#own.delete(agreement)
      if (isOwn) await this.closed(agreement)
    }
  }

  /** Nothing is kept any more for an agreement that is over. */
  async closed(agreement: number): Promise<void> {
    const { inspector, log, service } = this.#options
    this.#open.delete(agreement)
    inspector.forget(agreement)
    try {
      await service.release(agreement)
    } catch (error) {
      // The next look-through tries again.
      log.warn({ agreement, code: codeOf(error) }, 'what was kept for an agreement could not be deleted yet')
    }
  }

  async #resync(): Promise<void> {
    const { chain, inspector, log } = this.#options
    const timeMs = await chain.timeMs()
    const open = new Set<number>()
    for await (const { agreement, state, activateUntilMs } of chain.ownAgreements()) {
      if (state === 'active' || state === 'matched') open.add(agreement)
      if (state === 'active') inspector.watch(agreement)
      if (state !== 'matched' || activateUntilMs === null || activateUntilMs > timeMs) continue
      // Its room and collateral are bound for nothing, and so is the buyer's money.
      await chain.cancel(agreement).catch((error: unknown) => {
        log.warn({ agreement, code: codeOf(error) }, 'an agreement that never began could not be cancelled')
      })
    }
    for (const agreement of open) this.#own.add(agreement)
    this.#open = open
    await this.#deleteLeftovers(open)
  }

  /** Removes what is kept for agreements that are over or never were ours, also partial uploads. */
  async #deleteLeftovers(open: ReadonlySet<number>): Promise<void> {
    const { chain, service } = this.#options
    const doubtful = service.kept().filter((agreement) => !open.has(agreement))
    for (let at = 0; at < doubtful.length; at += ASK_AT_ONCE) {
      await Promise.all(
        doubtful.slice(at, at + ASK_AT_ONCE).map(async (agreement) => {
          // It may have been made since the list was read: the agreement itself decides.
          const view = await chain.view(agreement)
          const isOpen = view?.state === 'active' || view?.state === 'matched'
          if (!isOpen || Buffer.compare(view.provider, chain.address) !== 0) await this.closed(agreement)
        }),
      )
    }
  }

  async #round(): Promise<void> {
    const { ledger, watchtower } = this.#options
    await watchtower?.round()
    ledger.watched = watchtower?.watched ?? []
    await ledger.save()
  }

  async #every(ms: number, act: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    for (await rest(ms, signal); !signal.aborted; await rest(ms, signal)) {
      try {
        await act()
      } catch (error) {
        if (!signal.aborted)
          this.#options.log.warn({ code: codeOf(error), reason: (error as Error).message }, 'a round failed')
      }
    }
  }
}

function codeOf(error: unknown): string {
  return SmartshareError.is(error) ? error.code : 'unknown'
}
