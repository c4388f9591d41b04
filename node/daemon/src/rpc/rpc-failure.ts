import { type ErrorDetails, SmartshareError } from '@smartshare/codec'
import { cureOf } from '@smartshare/codec/errors'

/** Numbers that JSON-RPC 2.0 reserves (§5.1), and one for every refusal of our own: its `data.code` says which. */
const NUMBER_OF_CODE: Readonly<Record<string, number>> = {
  RPC_PARSE: -32_700,
  RPC_REQUEST: -32_600,
  RPC_METHOD: -32_601,
  RPC_PARAMS: -32_602,
  RPC_INTERNAL: -32_603,
}
const REFUSED = -32_000
/** A refusal may quote what it refuses, and that may be megabytes. */
const MAX_TEXT_CHARACTERS = 500

/** The `error` member of a JSON-RPC answer. */
export interface RpcFailure {
  readonly code: number
  readonly message: string
  readonly data: { readonly code: string; readonly cure: string; readonly details?: Record<string, unknown> }
}

/** An error as clients see it. What was not thrown on purpose shows nothing of the inside. */
export function failureOf(error: unknown): RpcFailure {
  if (!SmartshareError.is(error)) {
    return failureOf(new SmartshareError('RPC_INTERNAL', 'the node could not answer: its log says why'))
  }
  const details = jsonDetails(error.details)
  return {
    code: NUMBER_OF_CODE[error.code] ?? REFUSED,
    message: shortText(error.message),
    data: { code: error.code, cure: cureOf(error.code), ...(details === undefined ? {} : { details }) },
  }
}

/** Details as JSON carries them: 64-bit integers as decimal text; undefined if there are none. */
export function jsonDetails(details: ErrorDetails | undefined): Record<string, unknown> | undefined {
  const entries = Object.entries(details ?? {})
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([name, value]) => [name, jsonDetail(value)]))
}

function jsonDetail(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`
  return typeof value === 'string' ? shortText(value) : value
}

/** A text that is quoted to a client, cut if it is long. */
export function shortText(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS ? text : `${text.slice(0, MAX_TEXT_CHARACTERS)}…`
}
