import type { Address, PublicKey } from '@smartshare/crypto'

/** Where an agreement stands on the chain. */
export type AgreementState = 'matched' | 'active' | 'ended' | 'breached' | 'cancelled'

/** What storage needs to know of an agreement on the chain. */
export interface StorageAgreement {
  readonly agreement: number
  readonly buyer: Address
  readonly provider: Address
  /** Names of the object and of this copy, 16 bytes each. */
  readonly object: Uint8Array
  readonly copyId: Uint8Array
  /** Bytes of the copy. */
  readonly sizeBytes: number
  readonly state: AgreementState
  /** Root of the provider's receipt; null before it is active. */
  readonly root: Uint8Array | null
  /** Peer id and addresses of the provider, as its offer tells them now; none if the offer is gone. */
  readonly peer: string
  readonly addresses: readonly string[]
}

/** What both sides of a transfer ask the chain. */
export interface AgreementReader {
  readonly chainId: Uint8Array
  agreement(agreement: number): Promise<StorageAgreement | undefined>
  /** Whether this key alone may act for the account. */
  mayAct(account: Address, key: PublicKey): Promise<boolean>
}
