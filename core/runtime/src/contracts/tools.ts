import { ADDRESS_BYTES } from '@smartshare/chain'
import {
  addAmount,
  checkAmount,
  formatAddress,
  formatAmount,
  mulDiv,
  parseAddress,
  parseAmount,
  sha256,
  subAmount,
  verify,
} from '@smartshare/crypto'
import { type HostFunction, LuaError, type LuaValue, textBytes } from '@smartshare/lvm'
import type { Frame } from './frame.ts'
import { decodeJson, encodeJson } from './json.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

/** Fuel for work in JavaScript, found as core/lvm finds its costs. */
const COSTS = { hash: 3_000, hashByte: 4, verify: 150_000, address: 20_000, codecByte: 60 } as const
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A text that came from Lua. Throws a LuaError if it is none. */
export function textOf(value: LuaValue | undefined): string {
  try {
    return utf8.decode(bytesOf(value))
  } catch {
    throw new LuaError('a text in UTF-8 is expected')
  }
}

export function bytesOf(value: LuaValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new LuaError('a string is expected')
}

export function addressOf(value: LuaValue | undefined): Uint8Array {
  if (value instanceof Uint8Array && value.length === ADDRESS_BYTES) return value
  throw new LuaError('an address is a string of 32 bytes; address.parse reads its text')
}

export function amountOf(value: LuaValue | undefined): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value
  throw new LuaError('an amount is an integer that is not negative')
}

/** Functions that need nothing of the chain: hashes, signatures, formats, exact arithmetic. */
export function tools(
  current: () => { readonly machine: Pick<Frame['machine'], 'charge'> },
): Record<string, HostFunction> {
  const charge = (units: number) => current().machine.charge(units)
  return {
    __sha256: ([data]) => {
      const bytes = bytesOf(data)
      charge(COSTS.hash + COSTS.hashByte * bytes.length)
      return sha256(bytes)
    },
    __verify: ([key, message, signature]) => {
      const bytes = bytesOf(message)
      charge(COSTS.verify + COSTS.hashByte * bytes.length)
      return verify(bytesOf(key), bytes, bytesOf(signature))
    },
    __parseAddress: ([text]) => {
      charge(COSTS.address)
      return parseAddress(textOf(text))
    },
    __formatAddress: ([address]) => {
      charge(COSTS.address)
      return textBytes(formatAddress(addressOf(address)))
    },
    __jsonEncode: ([value]) => {
      const text = textBytes(encodeJson(value ?? null))
      charge(COSTS.codecByte * text.length)
      return text
    },
    __jsonDecode: ([text]) => {
      charge(COSTS.codecByte * bytesOf(text).length)
      return decodeJson(textOf(text))
    },
    __cborEncode: ([value]) => {
      const bytes = encodeValue(value ?? null)
      charge(COSTS.codecByte * bytes.length)
      return bytes
    },
    __cborDecode: ([bytes]) => {
      charge(COSTS.codecByte * bytesOf(bytes).length)
      return decodeValue(bytesOf(bytes))
    },
    __add: ([a, b]) => addAmount(amountOf(a), amountOf(b)),
    __sub: ([a, b]) => subAmount(amountOf(a), amountOf(b)),
    __mulDiv: ([a, b, divisor]) => mulDiv(amountOf(a), amountOf(b), amountOf(divisor)),
    __parseDecimal: ([text, decimals]) => parseAmount(textOf(text), Number(amountOf(decimals))),
    __formatDecimal: ([value, decimals]) =>
      textBytes(formatAmount(checkAmount(amountOf(value)), Number(amountOf(decimals)))),
  }
}
