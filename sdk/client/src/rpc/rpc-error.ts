import { type ErrorDetails, SmartshareError } from '@smartshare/codec'
import { z } from 'zod'

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/
const MAX_MESSAGE_CHARACTERS = 500

const failure = z.object({
  message: z.string(),
  data: z.object({ code: z.string().regex(CODE), details: z.record(z.string(), z.unknown()).optional() }),
})

/** The error in a node's answer, with the node's own code; RPC_ANSWER if it has none. */
export function errorOfFailure(raw: unknown, node: string): SmartshareError {
  const parsed = failure.safeParse(raw)
  if (!parsed.success) return strangeAnswer(node, 'an error without a code')
  const { message, data } = parsed.data
  return new SmartshareError(data.code, message.slice(0, MAX_MESSAGE_CHARACTERS), detailsOf(data.details))
}

/** The error of one refused transaction. */
export function errorOfRefusal(refusal: {
  code: string
  message: string
  details?: Record<string, unknown> | undefined
}): SmartshareError {
  const code = CODE.test(refusal.code) ? refusal.code : 'RPC_ANSWER'
  return new SmartshareError(code, refusal.message.slice(0, MAX_MESSAGE_CHARACTERS), detailsOf(refusal.details))
}

export function strangeAnswer(node: string, why: string): SmartshareError {
  return new SmartshareError('RPC_ANSWER', `the node answers what no node of Smartshare answers: ${why}`, { node })
}

function detailsOf(raw: Record<string, unknown> | undefined): ErrorDetails {
  const entries = Object.entries(raw ?? {}).filter((entry): entry is [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof entry[1]),
  )
  return Object.fromEntries(entries)
}
