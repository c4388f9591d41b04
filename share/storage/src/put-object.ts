import { SmartshareError } from '@smartshare/codec'
import { Activation } from './activation.ts'
import type { OwnerChain, StorageAgreement } from './chain.ts'
import type { OwnerContext } from './connect.ts'
import { type SignedReceipt, uploadCopy } from './copy-upload.ts'
import type { OwnerKeys } from './keys.ts'
import type { ObjectSource } from './object-source.ts'
import { Placement, type StorageTerms } from './placement.ts'

/** Providers that are tried for one copy. */
const MAX_PROVIDERS_PER_COPY = 8
/** Least time that copies still on their way have after the first one is there, milliseconds … */
const LEAST_GRACE_MS = 30_000
/** … and as a multiple of the time that the first one took. */
const GRACE_FACTOR = 4
/** A provider that confirms nothing for so long is given up, milliseconds. */
const STALL_TIMEOUT_MS = 30_000
/** Failures that no other provider would change. */
const OWN_FAULTS = new Set(['STORAGE_SOURCE_CHANGED', 'STORAGE_IO', 'STORAGE_CLOSED', 'STORAGE_WORKER'])

/** How far a `put` is. */
export interface PutProgress {
  /** Bytes that providers have confirmed, over all copies, and how many there are. */
  readonly storedBytes: number
  readonly totalBytes: number
  /** Copies with a receipt. */
  readonly ready: number
  readonly copies: number
}

export interface PutOptions extends StorageTerms {
  readonly copies: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PutProgress) => void
  /** A provider failed and its copy is tendered again. */
  readonly onFailure?: (agreement: StorageAgreement, error: unknown) => void
  readonly stallTimeoutMs?: number
  readonly leastGraceMs?: number
  /** Wait before lots that found nobody are tendered again, milliseconds; it doubles each time. */
  readonly firstPauseMs?: number
}

export interface PutInit {
  readonly context: OwnerContext & { readonly chain: OwnerChain }
  readonly keys: OwnerKeys
  readonly object: Uint8Array
  readonly source: ObjectSource
  readonly memo: Uint8Array
  readonly options: PutOptions
}

/**
 * Stores all copies of an object with distinct providers; returns their agreements once every one is active. If that
 * cannot be reached, what was matched is cancelled, what was active is ended, and the reason is thrown.
 */
export async function storeCopies(init: PutInit): Promise<StorageAgreement[]> {
  const put = new ObjectPut(init)
  try {
    return await put.run()
  } catch (error) {
    await put.undo()
    throw error
  }
}

/** Ends all agreements of an object as cheaply as the rules allow: cancels what is not active, ends what is. */
export async function endAgreements(chain: OwnerChain, object: Uint8Array): Promise<StorageAgreement[]> {
  const agreements = await chain.agreementsOf(object)
  const ids = (state: string) => agreements.filter((entry) => entry.state === state).map(({ agreement }) => agreement)
  await chain.cancel(ids('matched'))
  await chain.end(ids('active'))
  return agreements
}

class ObjectPut {
  readonly #init: PutInit
  readonly #placement: Placement
  readonly #activation: Activation
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #stored: number[]
  readonly #ready = new Set<number>()
  /** Begin the time that is left to copies still on their way once the first one is there. */
  readonly #arms = new Set<() => void>()
  #firstTookMs: number | undefined

  constructor(init: PutInit) {
    const { context, object, source, memo, options } = init
    this.#init = init
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal])
    const { token, maxPriceGrains, leastPledgeGrains, periods, copies } = options
    this.#placement = new Placement({
      chain: context.chain,
      object,
      sizeBytes: source.copyBytes,
      memo,
      maxPriceGrains,
      periods,
      signal: this.#signal,
      ...(token === undefined ? {} : { token }),
      ...(leastPledgeGrains === undefined ? {} : { leastPledgeGrains }),
      ...(options.firstPauseMs === undefined ? {} : { firstPauseMs: options.firstPauseMs }),
    })
    this.#activation = new Activation(context.chain, copies, () => undefined)
    this.#stored = new Array<number>(copies).fill(0)
  }

  async run(): Promise<StorageAgreement[]> {
    const { copies } = this.#init.options
    try {
      const lots = Array.from({ length: copies }, (_, lot) => this.#store(lot))
      const agreements = await Promise.all(lots)
      return await Promise.all(agreements.map((agreement) => this.#activeView(agreement)))
    } finally {
      this.#activation.stop()
    }
  }

  /** Takes back what came into being; what cannot be cancelled now, anybody may after its time for activation. */
  async undo(): Promise<void> {
    const { context, object } = this.#init
    this.#stop.abort(new SmartshareError('STORAGE_GIVEN_UP', 'the put was given up'))
    await this.#placement.idle()
    await endAgreements(context.chain, object).catch(() => undefined)
  }

  async #store(lot: number): Promise<number> {
    let last: unknown
    for (let attempt = 0; attempt < MAX_PROVIDERS_PER_COPY; attempt++) {
      const agreement = await this.#placement.place()
      try {
        const receipt = await this.#upload(lot, agreement)
        await this.#activate(agreement, receipt)
        return agreement.agreement
      } catch (error) {
        if (this.#signal.aborted) throw this.#signal.reason
        if (SmartshareError.is(error) && OWN_FAULTS.has(error.code)) throw error
        last = error
        await this.#giveUp(lot, agreement, error)
      }
    }
    throw new SmartshareError('STORAGE_NO_PROVIDER', 'one provider after the other failed', {}, last)
  }

  async #upload(lot: number, agreement: StorageAgreement): Promise<SignedReceipt> {
    const { context, keys, object, source, options } = this.#init
    const slow = new AbortController()
    const watch = this.#watchSpeed(slow)
    const startedMs = performance.now()
    try {
      const receipt = await uploadCopy({
        context,
        agreement,
        source,
        copy: keys.copy(object, agreement.copyId),
        stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
        signal: AbortSignal.any([this.#signal, slow.signal]),
        onProgress: (storedBytes) => this.#progress(lot, storedBytes),
      })
      this.#ready.add(lot)
      this.#progress(lot, source.copyBytes)
      this.#setPace(performance.now() - startedMs)
      return receipt
    } finally {
      watch.end()
    }
  }

  /** The time that the first copy took becomes the measure for the others. */
  #setPace(tookMs: number): void {
    if (this.#firstTookMs !== undefined) return
    this.#firstTookMs = tookMs
    for (const arm of this.#arms) arm()
  }

  /** Drops an upload that is much slower than the first: it must not hold the whole `put` up for ever. */
  #watchSpeed(slow: AbortController): { end(): void } {
    let timer: NodeJS.Timeout | undefined
    const arm = (): void => {
      const first = this.#firstTookMs
      if (timer !== undefined || first === undefined) return
      const graceMs = Math.max(this.#init.options.leastGraceMs ?? LEAST_GRACE_MS, first * GRACE_FACTOR)
      const error = new SmartshareError('STORAGE_SLOW', 'this provider is much slower than another one', { graceMs })
      timer = setTimeout(() => slow.abort(error), graceMs)
    }
    this.#arms.add(arm)
    arm()
    return {
      end: () => {
        this.#arms.delete(arm)
        clearTimeout(timer)
      },
    }
  }

  async #activate(agreement: StorageAgreement, receipt: SignedReceipt): Promise<void> {
    const { chain } = this.#init.context
    const until = agreement.activateUntilMs
    const leftMs = until === null ? 0 : until - (await chain.timeMs())
    try {
      await this.#activation.add(agreement, receipt, leftMs)
    } catch (error) {
      this.#activation.again()
      throw error
    }
  }

  async #giveUp(lot: number, agreement: StorageAgreement, error: unknown): Promise<void> {
    this.#init.options.onFailure?.(agreement, error)
    this.#placement.failed(agreement)
    this.#ready.delete(lot)
    this.#progress(lot, 0)
    // Its money comes back now; should that fail, anybody may cancel it later.
    await this.#init.context.chain.cancel([agreement.agreement]).catch(() => undefined)
  }

  #progress(lot: number, storedBytes: number): void {
    this.#stored[lot] = storedBytes
    const { options, source } = this.#init
    options.onProgress?.({
      storedBytes: this.#stored.reduce((sum, bytes) => sum + bytes, 0),
      totalBytes: source.copyBytes * options.copies,
      ready: this.#ready.size,
      copies: options.copies,
    })
  }

  async #activeView(agreement: number): Promise<StorageAgreement> {
    const view = await this.#init.context.chain.agreement(agreement)
    if (view?.state === 'active') return view
    throw new SmartshareError('STORAGE_STATE', 'an agreement is no longer active', {
      agreement,
      state: view?.state ?? '',
    })
  }
}
