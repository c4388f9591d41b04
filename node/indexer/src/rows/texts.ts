import { formatAddress, toHex } from '@smartshare/crypto'

export const SSP = 'SSP'

/** Addresses as text that were met lately: bech32m is slow beside the rest of writing a row. */
const MAX_KEPT = 50_000
const kept = new Map<string, string>()

export function addressText(address: Uint8Array): string {
  const key = toHex(address)
  const known = kept.get(key)
  if (known !== undefined) return known
  const text = formatAddress(address)
  if (kept.size >= MAX_KEPT) kept.clear()
  kept.set(key, text)
  return text
}

/** SSP, or the address of a token. */
export function tokenText(token: unknown): string {
  return token instanceof Uint8Array ? addressText(token) : SSP
}
