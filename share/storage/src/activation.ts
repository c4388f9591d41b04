import { SmartshareError } from '@smartshare/codec'
import type { OwnerChain, StorageAgreement } from './chain.ts'
import type { SignedReceipt } from './copy-upload.ts'

/** Part of the time for activation after which what is ready is activated, even if other copies are still on their way. */
const LATEST_PART = 0.5

interface Ready {
  readonly receipt: SignedReceipt
  resolve(): void
  reject(error: unknown): void
}

/**
 * Activates the copies of an object together, in one transaction when the last receipt is there: until then a failed
 * `put` costs nothing. Copies that cannot wait any longer go first.
 */
export class Activation {
  readonly #chain: OwnerChain
  readonly #onError: (error: unknown) => void
  #ready: Ready[] = []
  /** Copies that are neither ready nor given up. */
  #outstanding: number
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor(chain: OwnerChain, copies: number, onError: (error: unknown) => void) {
    this.#chain = chain
    this.#outstanding = copies
    this.#onError = onError
  }

  /** Resolves when the agreement is active. Throws the chain's code if it cannot become so. */
  add(agreement: StorageAgreement, receipt: SignedReceipt, leftMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#ready.push({ receipt, resolve, reject })
    this.#outstanding--
    if (this.#outstanding === 0) this.#flush()
    else if (agreement.activateUntilMs !== null) {
      this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, leftMs * LATEST_PART))
    }
    return promise
  }

  /** A copy that was ready did not become active: it will come again. */
  again(): void {
    this.#outstanding++
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#ready.splice(0)
    this.#flushing = this.#flushing.then(() => this.#activate(batch))
  }

  async #activate(batch: readonly Ready[]): Promise<void> {
    try {
      await this.#chain.activate(
        batch.map(({ receipt: { agreement, root, sizeBytes, key, signature } }) => ({
          agreement,
          root,
          sizeBytes,
          signatures: [{ key, signature }],
        })),
      )
      for (const { resolve } of batch) resolve()
    } catch (error) {
      this.#onError(error)
      // All or none: one that was cancelled meanwhile must not take the others with it.
      await Promise.all(batch.map((ready) => this.#single(ready, error)))
    }
  }

  async #single({ receipt, resolve, reject }: Ready, cause: unknown): Promise<void> {
    try {
      const state = (await this.#chain.agreement(receipt.agreement))?.state
      if (state === 'matched') {
        const { agreement, root, sizeBytes, key, signature } = receipt
        await this.#chain.activate([{ agreement, root, sizeBytes, signatures: [{ key, signature }] }])
      } else if (state !== 'active') {
        throw new SmartshareError('STORAGE_STATE', 'the agreement cannot become active', { state: state ?? '' }, cause)
      }
      resolve()
    } catch (error) {
      reject(error)
    }
  }
}
