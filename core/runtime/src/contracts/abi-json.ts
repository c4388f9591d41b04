import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, parseAddress, toHex } from '@smartshare/crypto'
import { type LuaRecord, type LuaValue, textBytes } from '@smartshare/lvm'
import { type AbiEvent, type AbiMethod, type AbiParameter, abiType, decodeParameters, typeParts } from './abi.ts'

/** A value of the ABI as JSON carries it. */
export type AbiJson = null | boolean | number | string | readonly AbiJson[] | { readonly [name: string]: AbiJson }

/** Values inside each other in one of the type `any`. */
const MAX_DEPTH = 16
const INTEGER = /^(0|-?[1-9][0-9]{0,18})$/
const LEAST_INT = -(1n << 63n)
const MOST_INT = (1n << 63n) - 1n
/** Floats that JSON has no number for. */
const ODD_NUMBERS = ['NaN', 'Infinity', '-Infinity', '-0']
/** Tables with one of these as their only key are tagged values of the type `any`. */
const TAGS = ['integer', 'number', 'hex', 'table']
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A value that fits `type` as JSON: integers and amounts as decimal text, texts as they are, bytes in hexadecimal, addresses
 * as ssp1…, floats as numbers, lists as arrays, nil as null. Of the type `any` integers are {"integer":"5"}, strings that are
 * no UTF-8 {"hex":"ff"}, floats without a fraction {"number":"5"}, everything else as above. Throws ABI_TYPE.
 */
export function valueToJson(type: string, value: LuaValue): AbiJson {
  const { base, isList } = typeParts(type)
  if (value === null) return null
  if (isList) return (value as readonly LuaValue[]).map((item) => (item === null ? null : baseToJson(base, item)))
  return baseToJson(base, value)
}

function baseToJson(base: string, value: LuaValue): AbiJson {
  switch (base) {
    case 'integer':
    case 'amount':
      return `${value as bigint}`
    case 'number':
      return numberText(Number(value)) ?? Number(value)
    case 'boolean':
      return value as boolean
    case 'string':
      return strictUtf8.decode(value as Uint8Array)
    case 'bytes':
      return toHex(value as Uint8Array)
    case 'address':
      return formatAddress(value as Uint8Array)
    default:
      return anyToJson(value)
  }
}

function anyToJson(value: LuaValue): AbiJson {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return { integer: `${value}` }
  if (typeof value === 'number') {
    const text = numberText(value) ?? (Number.isInteger(value) ? String(value) : undefined)
    return text === undefined ? value : { number: text }
  }
  if (value instanceof Uint8Array) return textOf(value) ?? { hex: toHex(value) }
  if (Array.isArray(value)) return value.map(anyToJson)
  const fields = Object.fromEntries([...(value as LuaRecord)].map(([name, item]) => [name, anyToJson(item)]))
  return tagOf(fields) === undefined ? fields : { table: fields }
}

function numberText(value: number): string | undefined {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? undefined : String(value)
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

function tagOf(fields: object): string | undefined {
  const [name, ...more] = Object.keys(fields)
  return name !== undefined && more.length === 0 && TAGS.includes(name) ? name : undefined
}

/**
 * Reads what `valueToJson` writes, and what programs have at hand: bigint and safe numbers for integers, byte arrays for
 * bytes, addresses and, in `any`, strings. Throws ABI_VALUE with `name` if it does not fit, ABI_TYPE.
 */
export function valueFromJson(type: string, json: unknown, name = 'the value'): LuaValue {
  const { base, isList } = typeParts(type)
  const value = readJson(base, isList, json)
  if (value !== undefined && abiType(type).fits(value)) return value
  throw new SmartshareError('ABI_VALUE', `${name} is no ${type}${formOf(base)}`)
}

function readJson(base: string, isList: boolean, json: unknown): LuaValue | undefined {
  if (json === null || json === undefined) return null
  if (!isList) return baseFromJson(base, json)
  if (!Array.isArray(json)) return undefined
  const items = json.map((item) => readJson(base, false, item))
  return items.includes(undefined) ? undefined : (items as LuaValue[])
}

function formOf(base: string): string {
  if (base === 'address') return ': write it as ssp1…'
  if (base === 'bytes') return ': write it in lower-case hexadecimal'
  return base === 'integer' || base === 'amount' ? ': write it as a decimal text or a whole number' : ''
}

/** Undefined: it does not fit. */
function baseFromJson(base: string, json: unknown): LuaValue | undefined {
  switch (base) {
    case 'integer':
    case 'amount':
      return integerOf(json)
    case 'number':
      return numberOf(json)
    case 'boolean':
      return typeof json === 'boolean' ? json : undefined
    case 'string':
      return typeof json === 'string' && json.isWellFormed() ? textBytes(json) : undefined
    case 'bytes':
      return bytesOf(json, fromHex)
    case 'address':
      return bytesOf(json, parseAddress)
    default:
      return anyFromJson(json, 0)
  }
}

function integerOf(json: unknown): bigint | undefined {
  let value: bigint | undefined
  if (typeof json === 'bigint') value = json
  else if (typeof json === 'number' && Number.isSafeInteger(json)) value = BigInt(json)
  else if (typeof json === 'string' && INTEGER.test(json)) value = BigInt(json)
  return value !== undefined && value >= LEAST_INT && value <= MOST_INT ? value : undefined
}

function numberOf(json: unknown): number | undefined {
  if (typeof json === 'number') return json
  return typeof json === 'string' && ODD_NUMBERS.includes(json) ? Number(json) : undefined
}

function bytesOf(json: unknown, read: (text: string) => Uint8Array): Uint8Array | undefined {
  if (json instanceof Uint8Array) return json
  if (typeof json !== 'string') return undefined
  try {
    return read(json)
  } catch {
    return undefined
  }
}

function anyFromJson(json: unknown, depth: number): LuaValue | undefined {
  if (depth > MAX_DEPTH || json === undefined) return undefined
  if (json === null || typeof json === 'boolean') return json
  if (typeof json === 'bigint') return integerOf(json)
  if (typeof json === 'number') return Number.isSafeInteger(json) && !Object.is(json, -0) ? BigInt(json) : json
  if (typeof json === 'string') return json.isWellFormed() ? textBytes(json) : undefined
  if (json instanceof Uint8Array) return json
  if (typeof json !== 'object') return undefined
  if (Array.isArray(json)) {
    const items = json.map((item) => anyFromJson(item, depth + 1))
    return items.includes(undefined) ? undefined : (items as LuaValue[])
  }
  const tag = tagOf(json)
  return tag === undefined ? tableOf(json, depth) : taggedOf(tag, (json as Record<string, unknown>)[tag], depth)
}

function taggedOf(tag: string, content: unknown, depth: number): LuaValue | undefined {
  switch (tag) {
    case 'integer':
      return integerOf(content)
    case 'hex':
      return typeof content === 'string' ? bytesOf(content, fromHex) : undefined
    case 'number': {
      const value = typeof content === 'string' && content.trim() !== '' ? Number(content) : content
      if (typeof value !== 'number') return undefined
      return Number.isNaN(value) && content !== 'NaN' ? undefined : value
    }
    default:
      return typeof content === 'object' && content !== null && !Array.isArray(content)
        ? tableOf(content, depth)
        : undefined
  }
}

function tableOf(json: object, depth: number): LuaValue | undefined {
  const fields = new Map<string, LuaValue>()
  for (const [name, item] of Object.entries(json)) {
    const value = anyFromJson(item, depth + 1)
    if (value === undefined || !name.isWellFormed()) return undefined
    fields.set(name, value)
  }
  // An empty table is an empty list.
  return fields.size === 0 ? [] : fields
}

/** Values of parameters, in their order or by their names. Throws ABI_VALUE. */
export function parametersFromJson(parameters: readonly AbiParameter[], json: unknown): LuaValue[] {
  const refuse = (why: string) => new SmartshareError('ABI_VALUE', why)
  const wanted = parameters.map(({ name, type }) => `${name}: ${type}`).join(', ') || 'nothing'
  if (typeof json !== 'object' || json === null) throw refuse(`an array or an object of (${wanted}) is expected`)
  let values: readonly unknown[]
  if (Array.isArray(json)) {
    if (json.length > parameters.length) throw refuse(`${json.length} values where (${wanted}) belongs`)
    values = json
  } else {
    const strange = Object.keys(json).find((key) => !parameters.some(({ name }) => name === key))
    if (strange !== undefined) throw refuse(`there is no parameter ${strange.slice(0, 64)} in (${wanted})`)
    values = parameters.map(({ name }) => (Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : null))
  }
  return parameters.map(({ name, type }, i) => valueFromJson(type, values[i], name))
}

/** What a method returned; null if it declares no result. */
export function resultToJson({ output }: Pick<AbiMethod, 'output'>, value: LuaValue): AbiJson {
  return output === null ? null : valueToJson(output, value)
}

/** Fields of an event by their names. Throws CODEC_* if the data are not of this event. */
export function eventToJson({ fields }: AbiEvent, data: Uint8Array): Record<string, AbiJson> {
  const values = decodeParameters(fields, data)
  return Object.fromEntries(fields.map(({ name, type }, i) => [name, valueToJson(type, values[i] as LuaValue)]))
}
