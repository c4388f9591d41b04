import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHUNK_BYTES, chunkCount, chunkSpan, copyBytesOf, MAX_OBJECT_BYTES, plainBytesOf, TAG_BYTES } from './sizes.ts'

describe('sizes of copies', () => {
  it('come back to the size of the object', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_OBJECT_BYTES }), (plainBytes) => {
        expect(plainBytesOf(copyBytesOf(plainBytes))).toBe(plainBytes)
      }),
    )
  })

  it('are cut into chunks that follow each other without a gap and end with the copy', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 * CHUNK_BYTES }), (plainBytes) => {
        const copyBytes = copyBytesOf(plainBytes)
        const spans = Array.from({ length: chunkCount(plainBytes) }, (_, index) => chunkSpan(copyBytes, index))
        let at = 0
        for (const span of spans) {
          expect(span.offset).toBe(at)
          expect(span.length).toBeGreaterThanOrEqual(TAG_BYTES)
          at += span.length
          expect(span.last).toBe(at === copyBytes)
        }
        expect(at).toBe(copyBytes)
      }),
    )
  })

  it('refuse what is no size', () => {
    for (const wrong of [-1, 0.5, Number.NaN, MAX_OBJECT_BYTES + 1]) expect(() => copyBytesOf(wrong)).toThrow('at most')
    // A chunk of tags alone can only be the first.
    for (const wrong of [0, 15, CHUNK_BYTES + 1, CHUNK_BYTES + TAG_BYTES]) {
      expect(() => plainBytesOf(wrong)).toThrow('no copy of an object has this size')
    }
  })
})
