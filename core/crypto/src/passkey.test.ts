import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.ts'
import { passkeyPublicKey, scalarsOfDer, verify } from './keys.ts'
import { p256 as noble } from './native-browser.ts'
import { p256 as native } from './native-node.ts'
import { base64url, encodePasskeySignature } from './passkey.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const message = new Uint8Array(sha256(new Uint8Array([1])))

/** An authenticator as the standard describes it, made of node:crypto alone. */
class Authenticator {
  readonly publicKey: Uint8Array
  private readonly secret: KeyObject

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const isOdd = (Buffer.from(y, 'base64url').at(-1) as number) & 1
    this.publicKey = passkeyPublicKey(Buffer.concat([Uint8Array.of(2 + isOdd), Buffer.from(x, 'base64url')]))
    this.secret = privateKey
  }

  sign(
    challenge: Uint8Array,
    change: { type?: string; flags?: number; client?: string; extensions?: Uint8Array } = {},
  ) {
    const { type = 'webauthn.get', flags = 5, extensions = new Uint8Array(0) } = change
    const text = JSON.stringify({
      type,
      challenge: Buffer.from(challenge).toString('base64url'),
      origin: 'http://localhost:21900',
      crossOrigin: false,
    })
    const clientData = Buffer.from(change.client ?? text)
    const authenticatorData = Buffer.concat([
      sha256(Buffer.from('localhost')),
      Uint8Array.of(flags, 0, 0, 0, 1),
      extensions,
    ])
    const der = createSign('sha256').update(authenticatorData).update(sha256(clientData)).sign(this.secret)
    return encodePasskeySignature({ scalars: scalarsOfDer(der), authenticatorData, clientData })
  }
}

const authenticator = new Authenticator()
const accepts = (signature: Uint8Array, of = message) => verify(authenticator.publicKey, of, signature)

describe('a passkey', () => {
  it('signs for the chain what it signs for every page, on every back end', () => {
    for (let times = 0; times < 16; times++) {
      const signature = authenticator.sign(message, { extensions: new Uint8Array(times) })
      expect(accepts(signature)).toBe(true)
      const signed = signature.subarray(66)
      expect(native.verify(authenticator.publicKey.subarray(1), signed, signature.subarray(0, 64))).toBe(
        noble.verify(authenticator.publicKey.subarray(1), signed, signature.subarray(0, 64)),
      )
    }
  })

  it('is not believed for another message, without a person, or for another ceremony', () => {
    expect(accepts(authenticator.sign(message), new Uint8Array(32))).toBe(false)
    expect(accepts(authenticator.sign(message, { flags: 4 }))).toBe(false)
    expect(accepts(authenticator.sign(message, { type: 'webauthn.create' }))).toBe(false)
    const challenge = base64url(message)
    const clients = [
      `{"challenge":"${challenge}","type":"webauthn.get","origin":"x"}`,
      `{ "type":"webauthn.get","challenge":"${challenge}","origin":"x"}`,
      `{"type":"webauthn.get","challenge":"${challenge}=","origin":"x"}`,
      `{"type":"webauthn.get","challenge":"${challenge}"`,
      '',
    ]
    for (const client of clients)
      expect([client, accepts(authenticator.sign(message, { client }))]).toEqual([client, false])
  })

  it('has one signature that counts: any bit that is changed makes it wrong', () => {
    const signature = authenticator.sign(message)
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), (bit) => {
        const changed = signature.slice()
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(accepts(changed)).toBe(false)
      }),
    )
    for (let length = 0; length < signature.length; length++) expect(accepts(signature.subarray(0, length))).toBe(false)
    expect(accepts(new Uint8Array([...signature, 0]))).toBe(false)
    expect(accepts(new Uint8Array(5000))).toBe(false)
  })

  it('is no key of a chip, and a chip is no passkey', () => {
    const chip = authenticator.publicKey.slice()
    chip[0] = 2
    expect(verify(chip, message, authenticator.sign(message))).toBe(false)
    expect(verify(authenticator.publicKey, message, authenticator.sign(message).subarray(0, 64))).toBe(false)
    expect(() => passkeyPublicKey(new Uint8Array(33))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
    expect(() => scalarsOfDer(new Uint8Array(70))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  })

  it('writes base64url as RFC 4648 does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
    expect(base64url(fromHex('fbff'))).toBe('-_8')
    expect(toHex(message)).toHaveLength(64)
  })
})
