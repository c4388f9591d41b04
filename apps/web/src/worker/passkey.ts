import { SmartshareError } from '@smartshare/codec'
import { type PasskeyAssertion, scalarsOfDer } from '@smartshare/crypto'
import type { PasskeyAnswer } from './protocol.ts'
import { tell } from './serve.ts'

/** A person who does not answer has gone away. */
const ANSWER_MS = 300_000
const MAX_ASKED = 8

const asked = new Map<string, (answer: PasskeyAnswer) => void>()

/** Has the page ask a passkey to sign. Throws PASSKEY_CANCELLED. */
export async function askPasskey(
  credential: Uint8Array<ArrayBuffer>,
  challenge: Uint8Array,
): Promise<PasskeyAssertion> {
  if (asked.size >= MAX_ASKED)
    throw new SmartshareError('PASSKEY_CANCELLED', 'too many questions for passkeys are open')
  const id = crypto.randomUUID()
  const { promise, resolve } = Promise.withResolvers<PasskeyAnswer>()
  asked.set(id, resolve)
  const timer = setTimeout(
    () => resolve({ error: { code: 'PASSKEY_CANCELLED', message: 'nobody answered', details: {} } }),
    ANSWER_MS,
  )
  tell({ news: 'passkey', id, credential, challenge: Uint8Array.from(challenge) })
  try {
    const answer = await promise
    if ('error' in answer) throw SmartshareError.fromPlain(answer.error)
    const { signature, authenticatorData, clientData } = answer
    return { scalars: scalarsOfDer(signature), authenticatorData, clientData }
  } finally {
    clearTimeout(timer)
    asked.delete(id)
  }
}

/** Takes what the page found out. */
export function passkeyAnswer(id: string, answer: PasskeyAnswer): void {
  asked.get(id)?.(answer)
}
