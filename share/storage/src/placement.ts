import { randomBytes } from 'node:crypto'
import { SSP, type Token } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import { MAX_EXCLUDED } from '@smartshare/runtime'
import type { OwnerChain, StorageAgreement } from './chain.ts'
import { pause } from './copy-upload.ts'
import { ID_BYTES } from './keys.ts'

/** Tenders in which a lot may find nobody before it is given up. */
const MAX_ROUNDS = 6
const FIRST_PAUSE_MS = 1_000
const MOST_PAUSE_MS = 8_000
/** Rounds after which providers that failed before are asked again: better a second try than none. */
const FORGIVE_AFTER_ROUNDS = 2

/** What an owner is ready to pay, and for how long. */
export interface StorageTerms {
  /** What is paid with; SSP if not said. */
  readonly token?: Token
  /** Highest price per GiB and period: grains, or smallest units of the token. */
  readonly maxPriceGrains: bigint
  /** Least that providers must answer for in SSP, grains per GiB and period; 0 if not said. */
  readonly leastPledgeGrains?: bigint
  readonly periods: number
}

export interface PlacementOptions extends StorageTerms {
  readonly chain: OwnerChain
  readonly object: Uint8Array
  readonly sizeBytes: number
  /** Sealed metadata. */
  readonly memo: Uint8Array
  readonly signal: AbortSignal
  /** Wait before lots that found nobody are tendered again, milliseconds; it doubles each time. */
  readonly firstPauseMs?: number
}

interface Waiter {
  rounds: number
  resolve(agreement: StorageAgreement): void
  reject(error: unknown): void
}

/**
 * Finds providers for the copies of one object. One tender at a time, with all copies that wait: so no two copies can
 * meet at one provider, and lots whose provider failed are tendered again while the others go on.
 */
export class Placement {
  readonly #options: PlacementOptions
  readonly #holders = new Map<number, Uint8Array>()
  readonly #failed = new Map<string, Uint8Array>()
  #waiting: Waiter[] = []
  #running: Promise<void> | undefined

  constructor(options: PlacementOptions) {
    this.#options = options
  }

  /** A matched agreement for one more copy. Throws STORAGE_NO_PROVIDER when nobody is found in several tenders. */
  place(): Promise<StorageAgreement> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ rounds: 0, resolve, reject })
      // Copies that are asked for in the same turn go into one tender.
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  /** Resolves when no tender is under way. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** The provider of this agreement failed: it gets no other copy of the object for now. */
  failed({ agreement, provider }: StorageAgreement): void {
    this.#holders.delete(agreement)
    this.#failed.set(toHex(provider), provider)
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        await this.#round(batch)
      } catch (error) {
        for (const waiter of batch) waiter.reject(error)
      }
    }
    this.#running = undefined
  }

  async #round(batch: readonly Waiter[]): Promise<void> {
    const { chain, object, sizeBytes, memo, maxPriceGrains, periods, signal } = this.#options
    const { token = SSP, leastPledgeGrains = 0n } = this.#options
    signal.throwIfAborted()
    const rounds = Math.max(...batch.map((waiter) => waiter.rounds))
    if (rounds >= FORGIVE_AFTER_ROUNDS) this.#failed.clear()
    const lots = batch.map(() => ({ copyId: new Uint8Array(randomBytes(ID_BYTES)), sizeBytes }))
    const exclude = this.#excluded()
    const found = await chain.tender({ object, lots, token, maxPriceGrains, leastPledgeGrains, periods, exclude, memo })
    const views = await Promise.all(
      found.map((agreement) => (agreement === null ? undefined : this.#view(agreement, chain))),
    )
    const unlucky: Waiter[] = []
    for (const [i, waiter] of batch.entries()) {
      const view = views[i]
      if (view === undefined) {
        unlucky.push(waiter)
        continue
      }
      this.#holders.set(view.agreement, view.provider)
      waiter.resolve(view)
    }
    await this.#askAgain(unlucky)
  }

  async #view(agreement: number, chain: OwnerChain): Promise<StorageAgreement> {
    const view = await chain.agreement(agreement)
    if (view !== undefined) return view
    throw new SmartshareError('STORAGE_UNKNOWN', 'the chain does not know an agreement it just made', { agreement })
  }

  async #askAgain(unlucky: readonly Waiter[]): Promise<void> {
    let longest = 0
    for (const waiter of unlucky) {
      waiter.rounds++
      longest = Math.max(longest, waiter.rounds)
      if (waiter.rounds < MAX_ROUNDS) this.#waiting.push(waiter)
      else {
        const details = { copies: this.#holders.size, maxPriceGrains: this.#options.maxPriceGrains }
        waiter.reject(new SmartshareError('STORAGE_NO_PROVIDER', 'no offer fits this copy', details))
      }
    }
    if (this.#waiting.length === 0 || longest === 0) return
    await pause(
      Math.min(MOST_PAUSE_MS, (this.#options.firstPauseMs ?? FIRST_PAUSE_MS) * 2 ** (longest - 1)),
      this.#options.signal,
    )
  }

  /** Holders first: they must never get a second copy; of those that failed as many as there is room for. */
  #excluded(): Uint8Array[] {
    const all = [...this.#holders.values(), ...this.#failed.values()]
    const distinct = all.filter((address, i) => all.findIndex((other) => equalBytes(other, address)) === i)
    return distinct.slice(0, MAX_EXCLUDED)
  }
}
