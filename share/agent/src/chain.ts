import type { AgreementView, InspectionProof, OfferView } from '@smartshare/runtime'
import type { AgreementReader } from '@smartshare/storage'

/** An offer as an agent wants it to stand. */
export interface OfferTerms {
  readonly region: string
  /** What the price is in. */
  readonly token: OfferView['token']
  /** Per GiB and period: grains, or smallest units of the token. */
  readonly priceGrains: bigint
  /** What is answered for in SSP, per GiB and period; null where the price is in SSP. */
  readonly pledgeGrains: bigint | null
  readonly capacityBytes: number
  readonly collateralGrains: bigint
  readonly peer: string
  readonly addresses: readonly string[]
}

/** An answer to an inspection. */
export interface InspectionAnswer extends InspectionProof {
  readonly agreement: number
  readonly inspection: number
}

/** Where to go on in the events of the chain. */
export interface EventPlace {
  readonly height: number
  readonly skip: number
}

/** An event about agreements, as far as an agent acts on it. */
export interface AgreementEvent {
  readonly name: string
  readonly agreement: number
  /** The event's data by the names of its schema; amounts as decimal text, addresses as ssp1…. */
  readonly data: Readonly<Record<string, unknown>>
  readonly after: EventPlace
}

/** What an agent does on the chain; the account is its own. Changes return when final and throw the chain's codes. */
export interface AgentChain extends AgreementReader {
  /** `ssp1…` and the bytes of the own account. */
  readonly addressText: string
  readonly address: Uint8Array
  /** Least collateral of an offer, length of a period and of the window for an answer. */
  readonly parameters: {
    readonly leastOfferGrains: bigint
    readonly storagePeriodMs: number
    readonly inspectionWindowMs: number
  }
  height(): Promise<number>
  /** Time of the latest block, ms since the Unix epoch. */
  timeMs(): Promise<number>
  balanceGrains(): Promise<bigint>
  ownOffer(): Promise<OfferView | undefined>
  postOffer(terms: OfferTerms): Promise<void>
  /** Brings an offer to these terms by as many calls as that takes; none if it stands so already. */
  adjustOffer(offer: OfferView, terms: OfferTerms): Promise<void>
  /** Own agreements as provider, oldest first, in any state. */
  ownAgreements(): AsyncIterable<AgreementView>
  view(agreement: number): Promise<AgreementView | undefined>
  /** Answers several inspections in one transaction: all or none. */
  prove(answers: readonly InspectionAnswer[]): Promise<void>
  /** Makes a breach or an end visible; returns the bounty that the own account got for it, in grains. */
  settle(agreement: number): Promise<bigint>
  /** Cancels what never became active in time. */
  cancel(agreement: number): Promise<void>
  /** Events of agreements from a place on, in order, for ever. */
  events(from: EventPlace, signal: AbortSignal): AsyncIterable<AgreementEvent>
}
