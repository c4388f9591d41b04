import { SmartshareError } from '@smartshare/codec'
import { addressOfKey, formatAddress, fromHex, hashTagged, toHex, verify } from '@smartshare/crypto'
import { z } from 'zod'
import type { LateSigner } from './signer.ts'

const MAX_TEXT_BYTES = 65_536
const MAX_JSON_CHARACTERS = 2 * MAX_TEXT_BYTES
const utf8 = new TextEncoder()

const schema = z.strictObject({
  kind: z.literal('smartshare signed message'),
  version: z.literal(1),
  address: z.string().length(62),
  text: z.string(),
  key: z.string().regex(/^([0-9a-f]{2}){33,34}$/),
  signature: z.string().regex(/^([0-9a-f]{2}){64,1024}$/),
})

/** A text with the signature of the account whose address is the hash of a key (docs/spec/bytes.md §3, `message`). */
export type SignedMessage = z.output<typeof schema>

function messageHash(text: string): Uint8Array {
  const bytes = utf8.encode(text)
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new SmartshareError('MESSAGE_INVALID', `a message has at most ${MAX_TEXT_BYTES} bytes`)
  }
  return hashTagged('message', bytes)
}

/** Signs a text for anybody to check; it can never be taken for a transaction. Throws MESSAGE_INVALID. */
export async function signMessage(signer: LateSigner, text: string): Promise<SignedMessage> {
  const [auth] = await signer.sign(messageHash(text))
  const key = auth?.key ?? signer.party
  const address = formatAddress(signer.address)
  if (auth === undefined || formatAddress(addressOfKey(key)) !== address) {
    throw new SmartshareError('MESSAGE_INVALID', 'only an account whose address is the hash of its key signs messages')
  }
  return {
    ...{ kind: 'smartshare signed message', version: 1, address, text },
    ...{ key: toHex(key), signature: toHex(auth.signature) },
  }
}

/** The message in a JSON text, if its signature holds. Throws MESSAGE_INVALID, MESSAGE_SIGNATURE. */
export function verifyMessage(json: string): SignedMessage {
  const message = parse(json)
  const key = fromHex(message.key)
  const isRight =
    formatAddress(addressOfKey(key)) === message.address &&
    verify(key, messageHash(message.text), fromHex(message.signature))
  if (!isRight) throw new SmartshareError('MESSAGE_SIGNATURE', 'the account did not sign this text')
  return message
}

function parse(json: string): SignedMessage {
  const refuse = (why: string) => new SmartshareError('MESSAGE_INVALID', `not a signed message: ${why}`)
  if (json.length > MAX_JSON_CHARACTERS) throw refuse('it is too long')
  let raw: unknown
  try {
    raw = JSON.parse(json)
  } catch {
    throw refuse('it is not JSON')
  }
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw refuse(parsed.error.issues[0]?.path.join('.') || 'its form is wrong')
}
