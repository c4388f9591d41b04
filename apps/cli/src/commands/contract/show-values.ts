import type { AbiJson, ContractEvent, ContractValue } from '@smartshare/client'
import { formatAddress, fromHex, toHex } from '@smartshare/crypto'

const ADDRESS_BYTES = 32
const ADDRESS = /^ssp1[a-z0-9]{58}$/

/** A value of a contract as JSON: integers as decimal text, bytes in hexadecimal. */
export function plainValue(value: ContractValue): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'bigint') return `${value}`
  return Array.isArray(value) ? value.map(plainValue) : value
}

/** An event as JSON. */
export function plainEvent({ name, data, encoded, height, transaction }: ContractEvent) {
  const fields = data === null ? null : mapFields(data, plainValue)
  return { name, data: fields, ...(data === null ? { encoded: toHex(encoded) } : {}), height, tx: transaction }
}

/** "Put by=ssp1… amount=5" */
export function eventText({ name, data, encoded }: Pick<ContractEvent, 'name' | 'data' | 'encoded'>): string {
  if (data === null) return `${name} 0x${toHex(encoded)}`
  return [name, ...Object.entries(data).map(([field, value]) => `${field}=${valueText(value)}`)].join(' ')
}

/** A value of a contract for people. */
export function valueText(value: ContractValue): string {
  if (value instanceof Uint8Array) return `0x${toHex(value)}`
  if (typeof value === 'string') return ADDRESS.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'bigint' || value === null) return value === null ? 'nil' : `${value}`
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  return anyText(value as AbiJson)
}

/** A value of the type any for people: as Lua would write it, and 32 bytes that are no text as the address that they may be. */
export function anyText(value: AbiJson): string {
  if (value === null) return 'nil'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `{ ${value.map(anyText).join(', ')} }`
  const entries = Object.entries(value)
  const [[tag, content] = ['', null]] = entries
  if (entries.length === 1 && typeof content === 'string') {
    if (tag === 'integer' || tag === 'number') return content
    if (tag === 'hex') return content.length === 2 * ADDRESS_BYTES ? formatAddress(fromHex(content)) : `0x${content}`
  }
  if (entries.length === 1 && tag === 'table') return anyText(content)
  return `{ ${entries.map(([name, item]) => `${name} = ${anyText(item)}`).join(', ')} }`
}

function mapFields<T>(record: Readonly<Record<string, T>>, change: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
