import { ADDRESS_BYTES } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { concatBytes } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { prefixEnd, type StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { STATE_PAGE } from './prelude.ts'
import { CONTRACTS, STATE_TABLE } from './registry.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

/** Names of maps, values and lists. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/
const MAX_KEY_BYTES = 128
const MAX_STORED_BYTES = 65_536
/** Kinds of keys, in their order. */
const INTEGER = 1
const STRING = 2
const SIGN = 1n << 63n

/** Where a contract keeps a part of its state: address ‖ length of the name ‖ name. */
function prefixOf(contract: Uint8Array, name: LuaValue): Uint8Array {
  const text = name instanceof Uint8Array ? String.fromCharCode(...name.subarray(0, 64)) : ''
  if (!NAME.test(text)) {
    throw new SmartshareError('CONTRACT_STATE', 'names of state are up to 32 letters, digits and _')
  }
  return concatBytes(Uint8Array.of(CONTRACTS, STATE_TABLE), contract, Uint8Array.of(text.length), textBytes(text))
}

/** A key as bytes whose order is that of the keys: integers by value, then strings by bytes. */
function keyBytes(key: LuaValue): Uint8Array {
  if (typeof key === 'bigint') {
    const bytes = new Uint8Array(9)
    bytes[0] = INTEGER
    new DataView(bytes.buffer).setBigUint64(1, BigInt.asUintN(64, key) ^ SIGN)
    return bytes
  }
  if (!(key instanceof Uint8Array)) throw new SmartshareError('CONTRACT_STATE', 'keys of state are integers or strings')
  if (key.length > MAX_KEY_BYTES) {
    throw new SmartshareError('CONTRACT_STATE', `keys of state have at most ${MAX_KEY_BYTES} bytes`)
  }
  return concatBytes(Uint8Array.of(STRING), key)
}

function keyOf(bytes: Uint8Array): LuaValue {
  if (bytes[0] === STRING) return bytes.slice(1)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return BigInt.asIntN(64, view.getBigUint64(1) ^ SIGN)
}

/** State key of an entry of a contract, for proofs. */
export function contractStateKey(contract: Uint8Array, name: string, key: LuaValue): Uint8Array {
  return concatBytes(prefixOf(contract, textBytes(name)), keyBytes(key))
}

/** Nil if there is nothing. */
export function readEntry(
  reader: Pick<StateReader, 'get'>,
  contract: Uint8Array,
  name: LuaValue,
  key: LuaValue,
): LuaValue {
  const stored = reader.get(concatBytes(prefixOf(contract, name), keyBytes(key)))
  return stored === undefined ? null : decodeValue(stored)
}

/** Nil takes the entry away. What the entry's bytes lock is counted. */
export function writeEntry(host: Host, contract: Uint8Array, name: LuaValue, key: LuaValue, value: LuaValue): void {
  const at = concatBytes(prefixOf(contract, name), keyBytes(key))
  const former = host.get(at)
  const formerBytes = former === undefined ? 0 : at.length + former.length
  if (value === null) {
    host.storedBytes -= formerBytes
    host.delete(at)
    return
  }
  const encoded = encodeValue(value)
  if (encoded.length > MAX_STORED_BYTES) {
    throw new SmartshareError('CONTRACT_STATE', `a stored value has at most ${MAX_STORED_BYTES} bytes`)
  }
  host.storedBytes += at.length + encoded.length - formerBytes
  host.set(at, encoded)
}

/**
 * A page of a map in the order of its keys: from `from` on (inclusive) up to `to` (exclusive), or backwards; after `last`,
 * the key that was seen last.
 */
export function scanEntries(
  reader: StateReader,
  contract: Uint8Array,
  name: LuaValue,
  { from, to, reverse, last }: { from: LuaValue; to: LuaValue; reverse: boolean; last: LuaValue },
): LuaValue[] {
  const prefix = prefixOf(contract, name)
  const bound = (key: LuaValue) => concatBytes(prefix, keyBytes(key))
  let low = from === null ? concatBytes(prefix, Uint8Array.of(0)) : bound(from)
  let high = to === null ? (prefixEnd(concatBytes(prefix, Uint8Array.of(STRING))) as Uint8Array) : bound(to)
  // The first key after one is that key and a zero byte.
  if (last !== null && !reverse) low = concatBytes(bound(last), Uint8Array.of(0))
  if (last !== null && reverse) high = bound(last)
  const page: LuaValue[] = []
  for (const [key, value] of reader.range(low, high, { limit: STATE_PAGE, reverse })) {
    page.push([keyOf(key.subarray(prefix.length)), decodeValue(value)])
  }
  return page
}

/** Every entry of a contract as it is stored, for explorers: name, key and value, after the raw key `after`. */
export function* entriesOf(
  reader: StateReader,
  contract: Uint8Array,
  options: { readonly limit: number; readonly after?: Uint8Array },
): Generator<{ readonly raw: Uint8Array; readonly name: string; readonly key: LuaValue; readonly value: LuaValue }> {
  const prefix = concatBytes(Uint8Array.of(CONTRACTS, STATE_TABLE), contract)
  const from = options.after === undefined ? prefix : concatBytes(prefix, options.after, Uint8Array.of(0))
  for (const [key, value] of reader.range(from, prefixEnd(prefix), { limit: options.limit })) {
    const raw = key.subarray(2 + ADDRESS_BYTES)
    const length = raw[0] as number
    const name = String.fromCharCode(...raw.subarray(1, 1 + length))
    yield { raw, name, key: keyOf(raw.subarray(1 + length)), value: decodeValue(value) }
  }
}
