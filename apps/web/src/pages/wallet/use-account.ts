import { useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { vaultQuery } from '../../chain/queries.ts'
import type { StoredAccount, VaultInfo } from '../../worker/vault-types.ts'

const STORED = 'smartshare.account'
const listeners = new Set<() => void>()

export function chooseAccount(address: string): void {
  localStorage.setItem(STORED, address)
  for (const listener of listeners) listener()
}

function useChosen(): string | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => localStorage.getItem(STORED),
  )
}

export interface CurrentAccount {
  /** Undefined while the browser's store is read. */
  readonly vault: VaultInfo | undefined
  /** The account that was chosen, or the first; undefined where there is none. */
  readonly account: StoredAccount | undefined
  /** Nothing was ever chosen in this browser: there is no need to wait for the store. */
  readonly isFirstVisit: boolean
  /** Whether its keys can sign now. */
  readonly isOpen: boolean
}

/** The account that the pages of the wallet speak of. */
export function useAccount(): CurrentAccount {
  const chosen = useChosen()
  const { data: vault } = useQuery(vaultQuery)
  const account = vault?.accounts.find(({ address }) => address === chosen) ?? vault?.accounts[0]
  const wallet = account?.kind === 'key' ? vault?.wallets.find(({ id }) => id === account.wallet) : undefined
  const isFirstVisit = chosen === null && account === undefined
  return { vault, account, isFirstVisit, isOpen: account?.kind === 'passkey' || (wallet?.isOpen ?? false) }
}
