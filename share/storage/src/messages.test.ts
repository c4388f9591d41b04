import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataParts, decodeMessage, encodeMessage, expectMessage, MAX_MESSAGE_BYTES } from './messages.ts'
import { CHUNK_BYTES, MAX_COPY_BYTES } from './sizes.ts'

const hash = new Uint8Array(32).fill(1)
const key = new Uint8Array(33).fill(2)
const signature = new Uint8Array(64).fill(3)
const examples = [
  encodeMessage('hello', { version: 1, chainId: hash, agreement: 7, purpose: 1, nonce: hash }),
  encodeMessage('welcome', { nonce: hash, key, signature }),
  encodeMessage('claim', { key, signature }),
  encodeMessage('ready', { sizeBytes: 5, storedBytes: 0 }),
  encodeMessage('data', { offset: 2 ** 33, bytes: Uint8Array.of(1, 2, 3) }),
  encodeMessage('stored', { storedBytes: 9 }),
  encodeMessage('finish', { root: hash }),
  encodeMessage('receipt', { root: hash, sizeBytes: 5, key, signature }),
  encodeMessage('read', { offset: 0, length: 1 }),
]

describe('messages of the storage protocol', () => {
  it('read back as what they were', () => {
    for (const encoded of examples) {
      const { name, ...message } = decodeMessage(encoded)
      expect(Buffer.compare(encodeMessage(name, message as never), encoded)).toBe(0)
    }
    expect(new Set(examples.map((encoded) => decodeMessage(encoded).name)).size).toBe(examples.length)
  })

  it('of data in parts are byte for byte those in one piece, and the largest fits the bound', () => {
    fc.assert(
      fc.property(fc.nat(MAX_COPY_BYTES), fc.uint8Array({ minLength: 1, maxLength: 70_000 }), (offset, bytes) => {
        const whole = encodeMessage('data', { offset, bytes })
        expect(Buffer.compare(Buffer.concat(dataParts(offset, bytes)), whole)).toBe(0)
      }),
      { numRuns: 50 },
    )
    const largest = dataParts(MAX_COPY_BYTES, new Uint8Array(CHUNK_BYTES))
    expect(largest.reduce((sum, part) => sum + part.length, 0)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
  })

  it('that are junk, cut, longer or changed are refused with a code and nothing else', () => {
    const coded = (encoded: Uint8Array) => {
      try {
        decodeMessage(encoded)
      } catch (error) {
        expect(error).toBeInstanceOf(SmartshareError)
        return false
      }
      return true
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => void coded(junk)))
    for (const encoded of examples) {
      for (let cut = 0; cut < encoded.length; cut++) expect(coded(encoded.subarray(0, cut))).toBe(false)
      expect(coded(Buffer.concat([encoded, Uint8Array.of(0)]))).toBe(false)
      fc.assert(
        fc.property(fc.nat(encoded.length - 1), fc.nat(255), (at, value) => {
          const changed = Uint8Array.from(encoded)
          changed[at] = value
          // What still decodes must be canonical: there is one encoding of each message.
          if (!coded(changed)) return
          const { name, ...message } = decodeMessage(changed)
          expect(Buffer.compare(encodeMessage(name, message as never), changed)).toBe(0)
        }),
      )
    }
  })

  it('out of place are refused', () => {
    expect(() => expectMessage(examples[0]!, 'claim', 'data')).toThrow(
      expect.objectContaining({ code: 'STORAGE_MESSAGE' }),
    )
  })
})
