import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { concatBytes, fromHex, toHex } from './bytes.ts'
import { KeyPair, sign } from './keys.ts'

interface SignatureCase {
  name: string
  publicKey: string
  message: string
  signature: string
  valid: boolean
}

const vectors = (name: string): SignatureCase[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((seed) => seed[0] !== 255 && seed[31] !== 0)
const messages = fc.uint8Array({ minLength: 32, maxLength: 32 })
const algorithms = fc.constantFrom('ed25519' as const, 'p256' as const)

describe.each(['node', 'browser'])('keys on the %s back end', (backEnd) => {
  let keys: typeof import('./keys.ts')
  // The whole package on this back end, by the same exchange that package.json makes for browsers.
  beforeAll(async () => {
    vi.resetModules()
    vi.doMock('#native', () => import(backEnd === 'node' ? './native-node.ts' : './native-browser.ts'))
    keys = await import('./keys.ts')
  })
  afterAll(() => {
    vi.doUnmock('#native')
    vi.resetModules()
  })

  it.each(vectors('ed25519'))('Ed25519: $name is $valid', ({ publicKey, message, signature, valid }) => {
    expect(keys.verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid)
  })

  it.each(vectors('p256'))('P-256: $name is $valid', ({ publicKey, message, signature, valid }) => {
    expect(keys.verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid)
  })

  it('accepts what it signs, and nothing with one bit changed', () => {
    fc.assert(
      fc.property(algorithms, seeds, messages, fc.nat(511), (algorithm, seed, message, bit) => {
        const pair = keys.KeyPair.fromSeed(algorithm, seed)
        const signature = pair.sign(message)
        expect(keys.verify(pair.publicKey, message, signature)).toBe(true)
        signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(keys.verify(pair.publicKey, message, signature)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })

  it('signs to the same bytes as the other back end', () => {
    fc.assert(
      fc.property(algorithms, seeds, messages, (algorithm, seed, message) => {
        const here = keys.KeyPair.fromSeed(algorithm, seed)
        const there = KeyPair.fromSeed(algorithm, seed)
        expect(toHex(here.publicKey)).toBe(toHex(there.publicKey))
        expect(toHex(here.sign(message))).toBe(toHex(there.sign(message)))
      }),
      { numRuns: 20 },
    )
  })

  it('answers arbitrary bytes with false, never with an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 70 }), fc.nat(2), (key, other, kind) => {
        const lengths = [33, 34, 34]
        const publicKey = new Uint8Array(lengths[kind] as number)
        publicKey.set(key.subarray(0, publicKey.length))
        publicKey[0] = kind === 0 ? 1 : 2
        if (kind > 0) publicKey[1] = 2 + ((publicKey[1] as number) & 1)
        const signature = new Uint8Array(64)
        signature.set(other.subarray(0, 64))
        expect(keys.verify(publicKey, new Uint8Array(32), signature)).toBe(false)
        expect(keys.verify(key, new Uint8Array(32), other)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('checks bytes in shared memory', () => {
    const shared = (bytes: Uint8Array) => {
      const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
      copy.set(bytes)
      return copy
    }
    for (const algorithm of ['ed25519', 'p256'] as const) {
      const seed = new Uint8Array(32).fill(5)
      const message = new Uint8Array(32).fill(6)
      const pair = keys.KeyPair.fromSeed(algorithm, shared(seed))
      const signature = pair.sign(shared(message))
      expect(toHex(signature)).toBe(toHex(KeyPair.fromSeed(algorithm, seed).sign(message)))
      expect(keys.verify(shared(pair.publicKey), shared(message), shared(signature))).toBe(true)
      signature[40] = (signature[40] as number) ^ 1
      expect(keys.verify(shared(pair.publicKey), shared(message), shared(signature))).toBe(false)
    }
  })
})

describe('a key pair', () => {
  it('refuses seeds that are none', () => {
    const refused = expect.objectContaining({ code: 'KEY_SEED_INVALID' })
    const order = fromHex(P256_ORDER.toString(16))
    expect(() => KeyPair.fromSeed('ed25519', new Uint8Array(31))).toThrow(refused)
    expect(() => KeyPair.fromSeed('p256', new Uint8Array(32))).toThrow(refused)
    expect(() => KeyPair.fromSeed('p256', order)).toThrow(refused)
    expect(() => KeyPair.fromSeed('p256', new Uint8Array(32).fill(255))).toThrow(refused)
    const largest = fromHex((P256_ORDER - 1n).toString(16))
    expect(KeyPair.fromSeed('p256', largest).publicKey).toHaveLength(34)
  })

  it('signs nothing but 32 bytes', () => {
    const pair = KeyPair.fromSeed('ed25519', new Uint8Array(32))
    const refused = expect.objectContaining({ code: 'SIGN_MESSAGE_LENGTH' })
    expect(() => sign(pair, new Uint8Array(31))).toThrow(refused)
    expect(() => sign(pair, new Uint8Array(33))).toThrow(refused)
  })

  it('keeps its secret out of logs and JSON, and does not change with the seed it was made from', () => {
    const seed = new Uint8Array(32).fill(0xab)
    const pair = KeyPair.fromSeed('p256', seed)
    const before = toHex(sign(pair, new Uint8Array(32)))
    expect(inspect(pair, { showHidden: true, depth: 5 })).not.toMatch(/ab ?ab|171/)
    expect(JSON.stringify(pair)).not.toContain('171')
    seed.fill(1)
    expect(toHex(sign(pair, new Uint8Array(32)))).toBe(before)
  })
})

describe('P-256 beside node:crypto', () => {
  const spki = (publicKey: Uint8Array): KeyObject =>
    createPublicKey({
      key: Buffer.from(
        concatBytes(fromHex('3039301306072a8648ce3d020106082a8648ce3d030107032200'), publicKey.subarray(1)),
      ),
      format: 'der',
      type: 'spki',
    })

  it('signs what node:crypto accepts, and with the smaller s', () => {
    fc.assert(
      fc.property(seeds, messages, (seed, message) => {
        const pair = KeyPair.fromSeed('p256', seed)
        const signature = sign(pair, message)
        const key = spki(pair.publicKey)
        expect(nodeVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
        expect(BigInt(`0x${toHex(signature.subarray(32))}`) <= P256_ORDER / 2n).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('accepts signatures of node:crypto exactly when their s is low', async () => {
    const { verify } = await import('./keys.ts')
    const seed = createHash('sha256').update('interop').digest()
    const pair = KeyPair.fromSeed('p256', seed)
    const { x, y } = spki(pair.publicKey).export({ format: 'jwk' })
    const jwk = { kty: 'EC', crv: 'P-256', d: seed.toString('base64url'), x: String(x), y: String(y) }
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    const seen = { low: 0, high: 0 }
    for (let i = 0; i < 64; i++) {
      const message = createHash('sha256').update(`${i}`).digest()
      const signature = nodeSign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
      const isLow = BigInt(`0x${toHex(signature.subarray(32))}`) <= P256_ORDER / 2n
      seen[isLow ? 'low' : 'high']++
      expect(verify(pair.publicKey, message, signature)).toBe(isLow)
    }
    // Each kind is missing among 64 once in 2^63 runs.
    expect(seen.low > 0 && seen.high > 0).toBe(true)
  })
})
