import type { Policy } from '@smartshare/crypto'

/** A wallet as it is kept: a key file that only its password opens. */
export interface StoredWallet {
  readonly id: string
  readonly name: string
  readonly sealed: string
  readonly createdMs: number
  /** Whether its words or its file were saved by the owner. */
  readonly isBackedUp: boolean
}

interface AccountBase {
  readonly address: string
  readonly name: string
  readonly createdMs: number
}

/** An account that a wallet's key acts for. */
export interface KeyAccount extends AccountBase {
  readonly kind: 'key'
  readonly wallet: string
  readonly index: number
  readonly publicKey: string
}

/** An account for which k of n keys act. */
export interface PolicyAccount extends AccountBase {
  readonly kind: 'policy'
  readonly policy: Policy
}

/** An account that a passkey acts for: its secret is in the device, or in the owner's cloud, and never in this browser. */
interface PasskeyAccount extends AccountBase {
  readonly kind: 'passkey'
  readonly publicKey: string
  /** What names the passkey to the browser. */
  readonly credential: Uint8Array<ArrayBuffer>
}

export type StoredAccount = KeyAccount | PolicyAccount | PasskeyAccount

export interface WalletInfo {
  readonly id: string
  readonly name: string
  readonly isOpen: boolean
  readonly isBackedUp: boolean
  readonly hasWords: boolean
}

export interface VaultInfo {
  readonly wallets: readonly WalletInfo[]
  readonly accounts: readonly StoredAccount[]
}

export interface Contact {
  readonly address: string
  readonly name: string
  readonly note: string
}
