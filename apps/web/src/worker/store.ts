import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Payment } from './payment-types.ts'
import type { StoredProposal } from './shared-types.ts'
import type { Contact, StoredAccount, StoredWallet } from './vault-types.ts'

const NAME = 'smartshare'
const VERSION = 1

interface Schema extends DBSchema {
  wallets: { key: string; value: StoredWallet }
  accounts: { key: string; value: StoredAccount }
  contacts: { key: string; value: Contact }
  payments: { key: string; value: Payment }
  proposals: { key: string; value: StoredProposal }
  /** What the light client believes, by chain id: docs/spec/light.md, encoded. */
  trust: { key: string; value: { chainId: string; state: Uint8Array } }
}

let opening: Promise<IDBPDatabase<Schema>> | undefined

/** What this browser keeps: sealed wallets, names, payments, whom to believe. Secrets lie here only sealed. */
export function store(): Promise<IDBPDatabase<Schema>> {
  opening ??= openDB<Schema>(NAME, VERSION, {
    upgrade(database) {
      database.createObjectStore('wallets', { keyPath: 'id' })
      database.createObjectStore('accounts', { keyPath: 'address' })
      database.createObjectStore('contacts', { keyPath: 'address' })
      database.createObjectStore('payments', { keyPath: 'id' })
      database.createObjectStore('proposals', { keyPath: 'id' })
      database.createObjectStore('trust', { keyPath: 'chainId' })
    },
    // Another tab runs a newer version of the app: it goes first.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase | null)?.close(),
    terminated: () => {
      opening = undefined
    },
  })
  return opening
}
