import type { AbiJson } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, parseAmount, SSP_DECIMALS } from '@smartshare/crypto'
import { type Abi, type AbiMethod, typeParts } from '@smartshare/runtime'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SSP_AMOUNT = /^(.+?)\s*SSP$/

/** A wallet's name or an address as text, read to its bytes. */
type ReadAddress = (text: string) => Uint8Array

/** The method of an ABI by its name; the refusal names those that there are. Throws CONTRACT_METHOD. */
export function methodOf({ methods }: Abi, name: string): AbiMethod {
  const callable = methods.filter(({ kind }) => kind !== 'constructor')
  const found = callable.find((method) => method.name === name)
  if (found !== undefined) return found
  const names = callable.map((method) => method.name).join(', ') || 'none at all'
  throw new SmartshareError('CONTRACT_METHOD', `there is no method ${name}; there is ${names}`)
}

/** "put(key: string): amount", as the source declares it. */
export function signatureText({ name, kind, inputs, output }: AbiMethod): string {
  const list = inputs.map((input) => `${input.name}: ${input.type}`).join(', ')
  return `${kind === 'constructor' ? '' : name}(${list})${output === null ? '' : `: ${output}`}`
}

/** What a method is given: plain words by their types, or `json`, an array or an object by names. Throws USAGE, ABI_VALUE. */
export function argumentsOf(
  method: Pick<AbiMethod, 'name' | 'kind' | 'inputs' | 'output' | 'reentrant' | 'heavy'>,
  words: readonly string[],
  json: string | undefined,
  readAddress: ReadAddress,
): unknown {
  if (json !== undefined) {
    if (words.length > 0) throw new SmartshareError('USAGE', 'give arguments as words or by --args, not both')
    return jsonOf(json, '--args')
  }
  if (words.length > method.inputs.length) {
    throw new SmartshareError('ABI_VALUE', `${words.length} arguments where ${signatureText(method)} belongs`)
  }
  return words.map((word, i) => {
    const { name, type } = method.inputs[i] as AbiMethod['inputs'][number]
    return wordOf(word, type, name, readAddress)
  })
}

/** A word as JSON of its type: `nil` where it may be nil, JSON for lists, 1.5SSP for amounts, names of wallets for addresses. */
function wordOf(word: string, type: string, name: string, readAddress: ReadAddress): unknown {
  const { base, isList, isOptional } = typeParts(type)
  if (isOptional && word === 'nil') return null
  if (isList) return jsonOf(word, name)
  switch (base) {
    case 'amount':
    case 'integer':
      return amountWord(word) ?? word
    case 'number':
      return word.trim() === '' || Number.isNaN(Number(word)) ? word : Number(word)
    case 'boolean':
      return word === 'true' ? true : word === 'false' ? false : word
    case 'bytes':
      return word.startsWith('0x') ? word.slice(2).toLowerCase() : word
    case 'address':
      return formatAddress(readAddress(word))
    case 'any':
      return isJson(word) ? JSON.parse(word) : word
    default:
      return word
  }
}

/** Grains of an amount with the unit SSP; undefined if it has none. Throws AMOUNT_*. */
function amountWord(word: string): string | undefined {
  const [, text] = SSP_AMOUNT.exec(word) ?? []
  return text === undefined ? undefined : `${parseAmount(text, SSP_DECIMALS)}`
}

/** Grains of an amount in SSP, with or without the unit behind it. */
export function grainsOf(text: string | undefined): bigint {
  if (text === undefined) return 0n
  return parseAmount(SSP_AMOUNT.exec(text)?.[1] ?? text, SSP_DECIMALS)
}

/** Milliseconds of a text like 7d, 12h, 30m, 45s, 500ms. Throws USAGE. */
export function delayOf(text: string): number {
  const [, count, unit] = /^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return Number(count) * (UNIT_MS[unit] as number)
  throw new SmartshareError('USAGE', `${text} is no time: write it like 7d, 12h, 30m, 45s or 500ms`)
}

/** A key of a contract's state as it is typed: whole numbers are integers, 0x… bytes, everything else is text. */
export function keyOf(word: string): AbiJson {
  if (/^-?[0-9]+$/.test(word)) return { integer: word }
  if (/^0x([0-9a-f]{2})*$/i.test(word)) return { hex: word.slice(2).toLowerCase() }
  return word
}

function jsonOf(text: string, what: string): unknown {
  if (isJson(text)) return JSON.parse(text)
  throw new SmartshareError('USAGE', `${what} is no JSON: ${text.slice(0, 80)}`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
