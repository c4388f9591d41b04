import type { Address, PublicKey } from '@smartshare/crypto'
import type { AgreementView, Demand, KeySignatures } from '@smartshare/runtime'

/** An agreement as the chain shows it, and where its provider is reached now. */
export interface StorageAgreement extends AgreementView {
  /** Peer id and multiaddresses of the provider's offer; empty if the offer is gone. */
  readonly peer: string
  readonly addresses: readonly string[]
}

/** What both sides of a transfer ask the chain. */
export interface AgreementReader {
  readonly chainId: Uint8Array
  /** Undefined if there is none (or it is forgotten). */
  agreement(agreement: number): Promise<StorageAgreement | undefined>
  /** Whether this key alone may act for the account. */
  mayAct(account: Address, key: PublicKey): Promise<boolean>
}

/** A provider's receipt, with which the buyer activates an agreement. */
export interface Activation {
  readonly agreement: number
  readonly root: Uint8Array
  readonly sizeBytes: number
  readonly signatures: KeySignatures
}

/** What an owner does on the chain. What changes it returns when it is final; failures have the chain's codes. */
export interface OwnerChain extends AgreementReader {
  /**
   * Posts a tender and waits until it is matched. The agreement of each lot in their order, null where no offer was
   * found; nothing is locked for those any more.
   */
  tender(demand: Demand): Promise<(number | null)[]>
  /** Activates several agreements; all or none of up to MAX_CALLS at a time. */
  activate(activations: readonly Activation[]): Promise<void>
  /** Ends what is not active yet; at no cost. */
  cancel(agreements: readonly number[]): Promise<void>
  /** Ends what is active before its term, at the price of some periods. */
  end(agreements: readonly number[]): Promise<void>
  /** The buyer's own agreements of one object, in any state. */
  agreementsOf(object: Uint8Array): Promise<StorageAgreement[]>
  /** All agreements of the buyer, by object. */
  allAgreements(): AsyncIterable<StorageAgreement>
  /** The sealed memo of a tender; undefined once it is forgotten. */
  memo(tender: number): Promise<Uint8Array | undefined>
  /** Time of the latest block, ms since the Unix epoch. */
  timeMs(): Promise<number>
}
