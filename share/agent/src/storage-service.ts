import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { type AgreementView, collateralFor, type InspectionProof, periodPrice } from '@smartshare/runtime'
import {
  type AccountSigner,
  type AgreementReader,
  LotStore,
  ProviderService,
  type WorkerPool,
} from '@smartshare/storage'
import { proveLot } from './damage.ts'
import type { Log } from './log.ts'
import type { Meter, Quote, QuoteRequest, Service, ServiceDescription } from './service.ts'

const GIB = 2 ** 30
const LOTS_FOLDER = 'lots'

export interface StorageServiceOptions {
  /** The agent's folder; lots lie below it. */
  readonly dir: string
  readonly capacityBytes: number
  /** SSP, or the address of the token that the price is in. */
  readonly token: string
  /** Per GiB and period. */
  readonly priceGrains: bigint
  /** What is answered for in SSP, per GiB and period. */
  readonly pledgeGrains: bigint
  readonly region: string
  readonly link: ConstructorParameters<typeof ProviderService>[0]['link']
  readonly chain: AgreementReader
  readonly signer: AccountSigner
  readonly account: Uint8Array
  readonly pool: WorkerPool
  readonly log: Log
}

/** Sells storage: takes lots in, keeps them, gives them out, opens them for inspections. */
export class StorageService implements Service {
  readonly kind = 'storage'
  readonly #options: StorageServiceOptions
  #parts: { store: LotStore; provider: ProviderService } | undefined
  #damaged = 0

  constructor(options: StorageServiceOptions) {
    this.#options = options
  }

  describe(): ServiceDescription {
    const { region, token, priceGrains, capacityBytes } = this.#options
    return {
      kind: this.kind,
      unit: 'GiB·period',
      region,
      token,
      priceGrains,
      freeUnits: (this.#parts?.store.freeBytes ?? capacityBytes) / GIB,
      terms: 'paid per inspected period, a tenth held back to the end; two periods compensated at a breach',
    }
  }

  quote({ sizeBytes, periods }: QuoteRequest): Quote | undefined {
    const isPossible = Number.isInteger(sizeBytes) && sizeBytes > 0 && Number.isInteger(periods) && periods > 0
    const { store } = this.#started()
    if (!isPossible || sizeBytes > store.freeBytes) return undefined
    const { priceGrains, pledgeGrains } = this.#options
    const pledge = periodPrice(pledgeGrains, sizeBytes)
    return {
      priceGrains: periodPrice(priceGrains, sizeBytes) * BigInt(periods),
      collateralGrains: collateralFor(pledge),
    }
  }

  async start(): Promise<void> {
    const { dir, capacityBytes, pool, link, chain, signer, account, log } = this.#options
    const store = await LotStore.open({ folder: join(dir, LOTS_FOLDER), quotaBytes: capacityBytes, pool })
    const provider = new ProviderService({
      link,
      chain,
      store,
      signer,
      account,
      log: (message, details) => log.info(details, message),
    })
    await provider.start()
    this.#parts = { store, provider }
  }

  meter(): Meter {
    const { store, provider } = this.#started()
    const entries = store.entries()
    const stored = entries.filter(({ receipt }) => receipt !== undefined)
    return {
      lots: entries.length,
      storedBytes: stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      promisedBytes: store.promisedBytes,
      freeBytes: store.freeBytes,
      damagedLots: this.#damaged,
      openSessions: provider.sessions,
      ...provider.counters,
    }
  }

  prove(view: AgreementView, segments: readonly number[]): Promise<InspectionProof> {
    const { store } = this.#started()
    return proveLot(store, this.#options.log, view, segments, () => {
      this.#damaged++
    })
  }

  async release(agreement: number): Promise<void> {
    const { store, provider } = this.#started()
    await provider.endUpload(agreement)
    await store.remove(agreement)
  }

  kept(): number[] {
    return this.#started()
      .store.entries()
      .map(({ agreement }) => agreement)
  }

  async stop(): Promise<void> {
    const parts = this.#parts
    this.#parts = undefined
    await parts?.provider.stop()
    await parts?.store.close()
  }

  #started(): { store: LotStore; provider: ProviderService } {
    if (this.#parts !== undefined) return this.#parts
    throw new SmartshareError('AGENT_STOPPED', 'the storage service is not running')
  }
}
