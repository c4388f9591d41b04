import { bls, hashTagged } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import {
  decodeProof,
  encodeHello,
  encodeProof,
  holdsKey,
  NETWORK_VERSION,
  proveDelegate,
  readHello,
} from './handshake.ts'

const chainId = hashTagged('genesis', Uint8Array.of(1))
const nonce = new Uint8Array(32).fill(7)
const secret = bls.secretFromSeed(chainId)
const key = bls.publicKey(secret)
const identity = { address: new Uint8Array(32).fill(3), secret }
const ends = { prover: 'peer-a', verifier: 'peer-b' }

describe('the handshake', () => {
  it('shows that the peer holds a delegate key, on this connection and for this nonce only', () => {
    const proof = decodeProof(encodeProof(proveDelegate(identity, chainId, nonce, ends)))
    expect(holdsKey(proof, key, chainId, nonce, ends)).toBe(true)
    expect(holdsKey(proof, key, chainId, new Uint8Array(32), ends)).toBe(false)
    expect(holdsKey(proof, key, chainId, nonce, { prover: 'peer-b', verifier: 'peer-a' })).toBe(false)
    expect(holdsKey(proof, key, chainId, nonce, { ...ends, verifier: 'peer-c' })).toBe(false)
    expect(holdsKey(proof, key, new Uint8Array(32), nonce, ends)).toBe(false)
    const other = bls.publicKey(bls.secretFromSeed(nonce))
    expect(holdsKey(proof, other, chainId, nonce, ends)).toBe(false)
  })

  it('sends peers of other networks and versions away', () => {
    const hello = { version: NETWORK_VERSION, chainId, nonce }
    expect(readHello(encodeHello(hello), chainId)).toEqual(hello)
    const code = (changes: object) => {
      try {
        readHello(encodeHello({ ...hello, ...changes }), chainId)
        return 'read'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code({ version: NETWORK_VERSION + 1 })).toBe('NETWORK_VERSION')
    expect(code({ chainId: nonce })).toBe('NETWORK_OTHER_CHAIN')
  })
})
