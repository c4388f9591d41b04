import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OwnerKeys } from './keys.ts'
import { MAX_NAME_BYTES, openMemo, sealMemo } from './memo.ts'
import { CHUNK_BYTES } from './sizes.ts'

const MAX_MEMO_BYTES = 1024
const keys = new OwnerKeys(new Uint8Array(32).fill(7))
const object = new Uint8Array(16).fill(3)
const metadata = {
  name: 'Küche.jpg',
  sizeBytes: 12_345,
  chunkBytes: CHUNK_BYTES,
  mediaType: 'image/jpeg',
  storedMs: 1e12,
}
const nonce = new Uint8Array(12).fill(9)

describe('sealed metadata', () => {
  it('opens for its owner and fits the memo of a tender even with the longest name', () => {
    expect(openMemo(keys, object, sealMemo(keys, object, metadata, nonce))).toEqual(metadata)
    const longest = { ...metadata, name: 'n'.repeat(MAX_NAME_BYTES), mediaType: 't'.repeat(128) }
    expect(sealMemo(keys, object, longest, nonce).length).toBeLessThanOrEqual(MAX_MEMO_BYTES)
  })

  it('shows nothing of the name and does not open for others, other objects, or changed', () => {
    const memo = sealMemo(keys, object, metadata, nonce)
    expect(Buffer.from(memo).includes('jpg')).toBe(false)
    const stranger = new OwnerKeys(new Uint8Array(32).fill(8))
    expect(() => openMemo(stranger, object, memo)).toThrow(expect.objectContaining({ code: 'STORAGE_MEMO' }))
    expect(() => openMemo(keys, new Uint8Array(16), memo)).toThrow(expect.objectContaining({ code: 'STORAGE_MEMO' }))
    fc.assert(
      fc.property(fc.nat(memo.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(memo)
        changed[at]! ^= change
        expect(() => openMemo(keys, object, changed)).toThrow(expect.objectContaining({ code: 'STORAGE_MEMO' }))
      }),
    )
  })

  it('refuses any bytes with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => openMemo(keys, object, bytes)).toThrow(expect.objectContaining({ code: 'STORAGE_MEMO' }))
      }),
    )
  })
})
