import { formatAddress, toHex } from '@smartshare/crypto'
import type { LuaRecord, LuaValue } from '@smartshare/lvm'

const ADDRESS_BYTES = 32
const MAX_SHOWN = 400
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** A value of Lua as a person reads it: texts in quotes, addresses by their names, other bytes in hexadecimal. */
export function showValue(value: LuaValue, nameOf: (address: Uint8Array) => string | undefined): string {
  const shown = show(value, nameOf)
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown
}

function show(value: LuaValue, nameOf: (address: Uint8Array) => string | undefined): string {
  if (value === null) return 'nil'
  if (value instanceof Uint8Array) return showBytes(value, nameOf)
  if (Array.isArray(value)) return `{ ${value.map((item) => show(item, nameOf)).join(', ')} }`
  if (value instanceof Map) {
    const fields = [...(value as LuaRecord)].sort(([a], [b]) => (a < b ? -1 : 1))
    return `{ ${fields.map(([key, item]) => `${key} = ${show(item, nameOf)}`).join(', ')} }`
  }
  return String(value)
}

function showBytes(bytes: Uint8Array, nameOf: (address: Uint8Array) => string | undefined): string {
  const name = bytes.length === ADDRESS_BYTES ? nameOf(bytes) : undefined
  if (name !== undefined) return `<${name}>`
  try {
    const text = strictUtf8.decode(bytes)
    if (/^[\P{C}\n\t]*$/u.test(text)) return `'${text}'`
  } catch {
    // Bytes that are no text are shown below.
  }
  return bytes.length === ADDRESS_BYTES ? formatAddress(bytes) : `0x${toHex(bytes)}`
}
