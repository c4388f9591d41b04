import type { AgreementView, InspectionProof } from '@smartshare/runtime'

/** What a service offers, in one form for every kind. */
export interface ServiceDescription {
  readonly kind: string
  /** What is counted. */
  readonly unit: string
  readonly region: string
  /** SSP, or the address of the token that the price is in. */
  readonly token: string
  /** Price of a unit: grains, or smallest units of the token. */
  readonly priceGrains: bigint
  /** Units that can still be sold. */
  readonly freeUnits: number
  /** How it is paid and ended, for people. */
  readonly terms: string
}

/** What a buyer wants to know before it buys. */
export interface QuoteRequest {
  readonly sizeBytes: number
  readonly periods: number
}

export interface Quote {
  /** In the token of the description. */
  readonly priceGrains: bigint
  /** In SSP. */
  readonly collateralGrains: bigint
}

/** What a service has measured since it was started. */
export type Meter = Readonly<Record<string, number>>

/** A service that an agent sells. The agent calls `start` once, then the rest in any order, and `stop` at the end. */
export interface Service {
  readonly kind: string
  describe(): ServiceDescription
  /** The price of a wish, or undefined if it cannot be met. */
  quote(request: QuoteRequest): Quote | undefined
  start(): Promise<void>
  meter(): Meter
  /** Proves what was asked of an agreement; throws if it cannot. */
  prove(view: AgreementView, segments: readonly number[]): Promise<InspectionProof>
  /** An agreement is over: nothing has to be kept for it. */
  release(agreement: number): Promise<void>
  /** Agreements under which something is kept. */
  kept(): number[]
  stop(): Promise<void>
}
