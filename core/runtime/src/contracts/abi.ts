import {
  ADDRESS_BYTES,
  MAX_ARGUMENT_BYTES,
  MAX_EVENT_DATA_BYTES,
  MAX_EVENT_NAME_BYTES,
  MAX_METHOD_NAME_BYTES,
} from '@smartshare/chain'
import {
  amount,
  array,
  bool,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  mapped,
  optional,
  record,
  type Schema,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { anyValue, float, integer } from './value-codec.ts'

const MAX_METHODS = 256
const MAX_EVENTS = 64
const MAX_PARAMETERS = 16
const MAX_LIST = 16_384
const MAX_TYPE_BYTES = 32

const parameterSchema = record({ name: text(MAX_METHOD_NAME_BYTES, 1), type: text(MAX_TYPE_BYTES, 1) })

/** How a method may be called. */
export const METHOD_KINDS = ['method', 'payable', 'view', 'constructor', 'heavy'] as const
export type MethodKind = (typeof METHOD_KINDS)[number]

const methodSchema = record({
  name: text(MAX_METHOD_NAME_BYTES, 1),
  kind: mapped(
    uint(METHOD_KINDS.length - 1),
    (kind: MethodKind) => METHOD_KINDS.indexOf(kind),
    (index) => METHOD_KINDS[index] as MethodKind,
  ),
  inputs: array(parameterSchema, MAX_PARAMETERS),
  output: optional(text(MAX_TYPE_BYTES, 1)),
  /** May be called while another call of the same contract is under way. */
  reentrant: bool,
  /** Only and always of heavy methods: gas of the job, most grains that its new bytes may lock, view that lets callers in. */
  heavy: optional(record({ gas: uint(), deposit: amount, guard: optional(text(MAX_METHOD_NAME_BYTES, 1)) })),
})
const eventSchema = record({ name: text(MAX_EVENT_NAME_BYTES, 1), fields: array(parameterSchema, MAX_PARAMETERS) })
const abiSchema = record({ methods: array(methodSchema, MAX_METHODS), events: array(eventSchema, MAX_EVENTS) })

export type AbiParameter = Infer<typeof parameterSchema>
export type AbiMethod = Infer<typeof methodSchema>
export type AbiEvent = Infer<typeof eventSchema>
/** What a contract offers: its source says it by `abi.method`, `abi.view` and so on. */
export type Abi = Infer<typeof abiSchema>

export function encodeAbi(abi: Abi): Uint8Array {
  return encode(abiSchema, abi)
}

/** Throws CODEC_*. */
export function decodeAbi(encoded: Uint8Array): Abi {
  return decode(abiSchema, encoded)
}

/** Texts of contracts are UTF-8 with well-formed characters; Lua holds their bytes. */
const luaText: Schema<LuaValue> = {
  write(writer, value) {
    text(MAX_ARGUMENT_BYTES).write(writer, textOf(value))
  },
  read(reader) {
    return textBytes(text(MAX_ARGUMENT_BYTES).read(reader))
  },
}

const BASE_TYPES: Record<string, { schema: Schema<LuaValue>; fits(value: LuaValue): boolean }> = {
  integer: { schema: integer as Schema<LuaValue>, fits: (value) => typeof value === 'bigint' },
  number: {
    schema: {
      write: (writer, value) => float.write(writer, Number(value)),
      read: (reader) => float.read(reader),
    },
    fits: (value) => typeof value === 'number' || typeof value === 'bigint',
  },
  boolean: { schema: bool as Schema<LuaValue>, fits: (value) => typeof value === 'boolean' },
  string: { schema: luaText, fits: isText },
  bytes: { schema: copied(bytes(MAX_EVENT_DATA_BYTES)), fits: (value) => value instanceof Uint8Array },
  address: {
    schema: copied(fixedBytes(ADDRESS_BYTES)),
    fits: (value) => value instanceof Uint8Array && value.length === ADDRESS_BYTES,
  },
  amount: { schema: amount as Schema<LuaValue>, fits: (value) => typeof value === 'bigint' && value >= 0n },
  any: { schema: anyValue, fits: () => true },
}

/** What is read may be kept by a machine: no view into the transaction. */
function copied(schema: Schema<Uint8Array>): Schema<LuaValue> {
  return {
    write: (writer, value) => schema.write(writer, value as Uint8Array),
    read: (reader) => schema.read(reader).slice(),
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(value: LuaValue): string {
  return strictUtf8.decode(value as Uint8Array)
}

function isText(value: LuaValue): boolean {
  if (!(value instanceof Uint8Array)) return false
  try {
    strictUtf8.decode(value)
    return true
  } catch {
    return false
  }
}

/** A type of the ABI: a base type, then `?` if it may be nil, then `[]` for a list of it. */
export interface AbiType {
  readonly schema: Schema<LuaValue>
  fits(value: LuaValue): boolean
}

const TYPE = /^([a-z]+)(\?)?((?:\[\])?)(\?)?$/
const known = new Map<string, AbiType>()

/** What the name of a type says: its base type, and which marks stand behind it. */
export interface TypeParts {
  readonly base: string
  readonly isList: boolean
  /** Whether the items of the list, or the value that is none, may be nil. */
  readonly isItemOptional: boolean
  readonly isOptional: boolean
}

/** Throws ABI_TYPE. */
export function typeParts(name: string): TypeParts {
  const [, base = '', item, list, whole] = TYPE.exec(name) ?? []
  const isList = list === '[]'
  if (!Object.hasOwn(BASE_TYPES, base) || (item !== undefined && !isList && whole !== undefined)) {
    const names = Object.keys(BASE_TYPES).join(', ')
    throw new SmartshareError('ABI_TYPE', `there is no type ${name}; there are ${names}, each also with [] and ?`)
  }
  const isOptional = whole !== undefined || (item !== undefined && !isList)
  return { base, isList, isItemOptional: item !== undefined, isOptional }
}

/** Throws ABI_TYPE. */
export function abiType(name: string): AbiType {
  const cached = known.get(name)
  if (cached !== undefined) return cached
  const { base, isList, isItemOptional, isOptional } = typeParts(name)
  const found = BASE_TYPES[base] as AbiType
  let type = isList ? listOf(isItemOptional ? optionally(found) : found) : found
  if (isOptional) type = optionally(type)
  // The number of types is finite: base types times a few marks.
  known.set(name, type)
  return type
}

function optionally(type: AbiType): AbiType {
  return { schema: optional(type.schema) as Schema<LuaValue>, fits: (value) => value === null || type.fits(value) }
}

function listOf(type: AbiType): AbiType {
  return {
    schema: array(type.schema, MAX_LIST) as Schema<LuaValue>,
    fits: (value) => Array.isArray(value) && value.every((item) => type.fits(item)),
  }
}

/** No part may match what its neighbour matches, or a long signature would take ages; ends are trimmed before. */
const SIGNATURE = /^([A-Za-z_][A-Za-z0-9_]*)?\s*\(([^()]*)\)\s*(?::\s*([a-z0-9?[\]]+))?$/
const PARAMETER = /^([A-Za-z_][A-Za-z0-9_]*)\s*:\s*([a-z0-9?[\]]+)$/
const MAX_SIGNATURE_LENGTH = 2_048

/**
 * Reads `name(parameter: type, …): type`. A constructor has no name. Throws ABI_SIGNATURE or ABI_TYPE.
 */
export function parseSignature(signature: string): { name: string; inputs: AbiParameter[]; output: string | null } {
  if (signature.length > MAX_SIGNATURE_LENGTH) {
    throw new SmartshareError('ABI_SIGNATURE', `a signature has at most ${MAX_SIGNATURE_LENGTH} characters`)
  }
  const refuse = (why: string) => new SmartshareError('ABI_SIGNATURE', `the signature “${signature}”: ${why}`)
  const read = SIGNATURE.exec(signature.trim())
  if (read === null) throw refuse('it reads like name(parameter: type, …): type')
  const [, name = '', list = '', output] = read
  const parts = list.trim() === '' ? [] : list.split(',')
  if (parts.length > MAX_PARAMETERS) throw refuse(`at most ${MAX_PARAMETERS} parameters`)
  const inputs = parts.map((part) => {
    const [, parameter, type] = PARAMETER.exec(part.trim()) ?? []
    if (parameter === undefined || type === undefined) throw refuse(`“${part.trim()}” does not read like name: type`)
    abiType(type)
    return { name: parameter, type }
  })
  if (new Set(inputs.map((input) => input.name)).size < inputs.length) throw refuse('a parameter stands twice')
  if (output !== undefined) abiType(output)
  return { name, inputs, output: output ?? null }
}

/**
 * Values of parameters as CBOR: an array of exactly them. Throws ABI_VALUE if one does not fit its type. `place` gives the bytes
 * for it, as in `encode`.
 */
export function encodeParameters(
  parameters: readonly AbiParameter[],
  values: readonly LuaValue[],
  place?: (size: number) => Uint8Array,
): Uint8Array {
  if (values.length > parameters.length) {
    throw new SmartshareError('ABI_VALUE', `${values.length} values where ${parameters.length} belong`)
  }
  const { types, schema } = compiled(parameters)
  const whole = types.map((type, i) => {
    const value = values[i] ?? null
    if (type.fits(value)) return value
    const { name, type: typeName } = parameters[i] as AbiParameter
    throw new SmartshareError('ABI_VALUE', `${name} is no ${typeName}`)
  })
  return encode(schema, whole, place)
}

/** Throws CODEC_*. */
export function decodeParameters(parameters: readonly AbiParameter[], encoded: Uint8Array): LuaValue[] {
  return decode(compiled(parameters).schema, encoded)
}

interface Compiled {
  readonly types: readonly AbiType[]
  readonly schema: Schema<LuaValue[]>
}

const compiledLists = new WeakMap<readonly AbiParameter[], Compiled>()

/** Types and schema of a list of parameters, made once for each list. */
function compiled(parameters: readonly AbiParameter[]): Compiled {
  let made = compiledLists.get(parameters)
  if (made === undefined) {
    const types = parameters.map(({ type }) => abiType(type))
    made = { types, schema: schemaOf(types) }
    compiledLists.set(parameters, made)
  }
  return made
}

function schemaOf(types: readonly AbiType[]): Schema<LuaValue[]> {
  return {
    write(writer, values) {
      writer.head(4, types.length)
      types.forEach((type, i) => {
        type.schema.write(writer, values[i] as LuaValue)
      })
    },
    read(reader) {
      const length = reader.head(4)
      if (length !== types.length) {
        throw new SmartshareError('CODEC_LENGTH', `${length} arguments where ${types.length} belong`)
      }
      return reader.nested(() => types.map((type) => type.schema.read(reader)))
    },
  }
}
