import { ADDRESS_BYTES } from '@smartshare/chain'
import { SmartshareError, sharedBytes } from '@smartshare/codec'
import { concatBytes } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { prefixEnd, type StateReader } from '@smartshare/state'
import { GAS } from '../gas.ts'
import type { Host } from '../host.ts'
import { STATE_PAGE } from './prelude.ts'
import { CONTRACTS, STATE_TABLE } from './registry.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

const MAX_NAME_BYTES = 32
const MAX_KEY_BYTES = 128
/** What a proof for a light client can hold. */
const MAX_STORED_BYTES = 16_384
/** Kinds of keys, in their order. */
const INTEGER = 1
const STRING = 2
const INTEGER_BYTES = 8
const SIGN = 1n << 63n
/** Module, table and address before the length of a name. */
const NAME_AT = 2 + ADDRESS_BYTES

/**
 * What the places of all entries of a map, value or list begin with: address ‖ length of the name ‖ name. Behind it follow the
 * kind of the key and the key, so that the order of bytes is that of the keys: integers by value, then strings. Throws
 * CONTRACT_STATE if the name is none.
 */
export function prefixOf(contract: Uint8Array, name: Uint8Array): Uint8Array {
  checkName(name)
  const prefix = new Uint8Array(NAME_AT + 1 + name.length)
  prefix[0] = CONTRACTS
  prefix[1] = STATE_TABLE
  prefix.set(contract, 2)
  prefix[NAME_AT] = name.length
  prefix.set(name, NAME_AT + 1)
  return prefix
}

function placeOf(prefix: Uint8Array, key: LuaValue): Uint8Array {
  const keyAt = prefix.length
  const place = sharedBytes(keyAt + 1 + keySize(key))
  place.set(prefix)
  if (typeof key === 'bigint') {
    place[keyAt] = INTEGER
    new DataView(place.buffer, place.byteOffset).setBigUint64(keyAt + 1, BigInt.asUintN(64, key) ^ SIGN)
  } else {
    place[keyAt] = STRING
    place.set(key as Uint8Array, keyAt + 1)
  }
  return place
}

/** Letters, digits and _, no digit first. */
export function checkName(name: Uint8Array): void {
  const isFit = name.length > 0 && name.length <= MAX_NAME_BYTES && !isDigit(name[0] as number)
  if (isFit && name.every((byte) => byte === 95 || isDigit(byte) || isLetter(byte | 32))) return
  throw new SmartshareError('CONTRACT_STATE', `names of state are up to ${MAX_NAME_BYTES} letters, digits and _`)
}

const isDigit = (byte: number) => byte >= 48 && byte <= 57
const isLetter = (byte: number) => byte >= 97 && byte <= 122

function keySize(key: LuaValue): number {
  if (typeof key === 'bigint') return INTEGER_BYTES
  if (!(key instanceof Uint8Array)) throw new SmartshareError('CONTRACT_STATE', 'keys of state are integers or strings')
  if (key.length <= MAX_KEY_BYTES) return key.length
  throw new SmartshareError('CONTRACT_STATE', `keys of state have at most ${MAX_KEY_BYTES} bytes`)
}

/** What `placeOf` wrote behind the name. */
function keyOf(bytes: Uint8Array): LuaValue {
  if (bytes[0] === STRING) return bytes.slice(1)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return BigInt.asIntN(64, view.getBigUint64(1) ^ SIGN)
}

/** State key of an entry of a contract, for proofs. */
export function contractStateKey(contract: Uint8Array, name: string, key: LuaValue): Uint8Array {
  return placeOf(prefixOf(contract, textBytes(name)), key)
}

/** Nil if there is nothing. `prefix`: of `prefixOf`. */
export function readEntry(reader: Pick<StateReader, 'get'>, prefix: Uint8Array, key: LuaValue): LuaValue {
  const stored = reader.get(placeOf(prefix, key))
  return stored === undefined ? null : decodeValue(stored)
}

/** Nil takes the entry away. What the entry's bytes lock is counted. */
export function writeEntry(host: Host, prefix: Uint8Array, key: LuaValue, value: LuaValue): void {
  const at = placeOf(prefix, key)
  const encoded = value === null ? undefined : encodeValue(value)
  if (encoded !== undefined && encoded.length > MAX_STORED_BYTES) {
    throw new SmartshareError('CONTRACT_STATE', `a stored value has at most ${MAX_STORED_BYTES} bytes`)
  }
  // To count what was there, a write reads too.
  host.gas.charge(GAS.read + GAS.entry)
  const former = encoded === undefined ? host.delete(at) : host.set(at, encoded)
  host.storedBytes += sizeOf(at, encoded) - sizeOf(at, former)
}

function sizeOf(at: Uint8Array, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : at.length + value.length
}

/**
 * A page of a map in the order of its keys: from `from` on (inclusive) up to `to` (exclusive), or backwards; after `last`,
 * the key that was seen last.
 */
export function scanEntries(
  reader: StateReader,
  prefix: Uint8Array,
  { from, to, reverse, last }: { from: LuaValue; to: LuaValue; reverse: boolean; last: LuaValue },
): LuaValue[] {
  let low = from === null ? concatBytes(prefix, Uint8Array.of(0)) : placeOf(prefix, from)
  let high = to === null ? (prefixEnd(concatBytes(prefix, Uint8Array.of(STRING))) as Uint8Array) : placeOf(prefix, to)
  // The first key after one is that key and a zero byte.
  if (last !== null && !reverse) low = concatBytes(placeOf(prefix, last), Uint8Array.of(0))
  if (last !== null && reverse) high = placeOf(prefix, last)
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
