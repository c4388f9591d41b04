import { SmartshareError } from '@smartshare/codec'
import type { StoredAccount } from '../worker/vault-types.ts'
import { chain, onNews } from './remote.ts'

/** ECDSA with SHA-256 on P-256 (COSE): the only kind whose signatures the chain takes. */
const ES256 = -7
const CHALLENGE_BYTES = 32
const USER_ID_BYTES = 16
const TIMEOUT_MS = 120_000
const COORDINATE_BYTES = 32

/** Whether this browser can make passkeys at this address. */
export function hasPasskeys(): boolean {
  return 'PublicKeyCredential' in window && window.isSecureContext
}

function cancelled(error: unknown): SmartshareError {
  const why = (error as Error | null)?.message ?? 'unknown'
  return new SmartshareError('PASSKEY_CANCELLED', `the passkey was not used: ${why}`)
}

/** Makes a passkey, and an account whose only key it is. Throws PASSKEY_CANCELLED, PASSKEY_KIND. */
export async function createPasskey(name: string): Promise<StoredAccount> {
  let made: Credential | null
  try {
    made = await navigator.credentials.create({
      publicKey: {
        rp: { name: 'Smartshare' },
        user: { id: crypto.getRandomValues(new Uint8Array(USER_ID_BYTES)), name, displayName: name },
        // Nobody checks it: what the passkey signs later is what counts.
        challenge: crypto.getRandomValues(new Uint8Array(CHALLENGE_BYTES)),
        pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        timeout: TIMEOUT_MS,
      },
    })
  } catch (error) {
    throw cancelled(error)
  }
  const credential = made as PublicKeyCredential | null
  const response = credential?.response as AuthenticatorAttestationResponse | undefined
  const spki = response?.getPublicKey() ?? null
  if (credential === null || spki === null || response?.getPublicKeyAlgorithm() !== ES256) {
    throw new SmartshareError('PASSKEY_KIND', 'this device makes no passkeys that the chain understands')
  }
  return await chain.vault.addPasskey(compressed(new Uint8Array(spki)), new Uint8Array(credential.rawId), name)
}

/** The compressed point at the end of a SubjectPublicKeyInfo, which ends with 04 ‖ x ‖ y. */
function compressed(spki: Uint8Array): Uint8Array {
  const point = spki.slice(-2 * COORDINATE_BYTES)
  const isOdd = (point.at(-1) as number) & 1
  return Uint8Array.of(2 + isOdd, ...point.slice(0, COORDINATE_BYTES))
}

/** Answers the worker when it needs a passkey to sign: only pages can ask one. */
export function startPasskeys(): void {
  onNews((news) => {
    if (news.news === 'passkey') void answer(news.id, news.credential, news.challenge)
  })
}

async function answer(
  id: string,
  credential: Uint8Array<ArrayBuffer>,
  challenge: Uint8Array<ArrayBuffer>,
): Promise<void> {
  try {
    const got = (await navigator.credentials.get({
      publicKey: {
        challenge,
        allowCredentials: [{ type: 'public-key', id: credential }],
        userVerification: 'preferred',
        timeout: TIMEOUT_MS,
      },
    })) as PublicKeyCredential | null
    if (got === null) throw new TypeError('nothing was chosen')
    const { signature, authenticatorData, clientDataJSON } = got.response as AuthenticatorAssertionResponse
    await chain.vault.passkeyAnswer(id, {
      signature: new Uint8Array(signature),
      authenticatorData: new Uint8Array(authenticatorData),
      clientData: new Uint8Array(clientDataJSON),
    })
  } catch (error) {
    await chain.vault.passkeyAnswer(id, { error: cancelled(error).toPlain() })
  }
}
