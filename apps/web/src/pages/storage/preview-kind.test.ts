import { describe, expect, it } from 'vitest'
import { MAX_PICTURE_BYTES, previewKind } from './preview-kind.ts'
import { sizeText } from './size-text.ts'

const kindOf = (mediaType: string | null, name: string | null = null, sizeBytes = 1) =>
  previewKind({ mediaType, name, sizeBytes }).kind

describe('what an object is shown as', () => {
  it('is a picture, a text or a document by its type, and a text by its name where it has no type', () => {
    expect(['image/png', 'image/svg+xml', 'image/webp'].map((type) => kindOf(type))).toEqual(Array(3).fill('picture'))
    expect(['text/plain', 'text/html', 'application/json'].map((type) => kindOf(type))).toEqual(Array(3).fill('text'))
    expect(kindOf('application/pdf')).toBe('pdf')
    expect([kindOf('', 'notes.md'), kindOf(null, 'a.TOML')]).toEqual(['text', 'text'])
  })

  it('is nothing for what a browser would have to run or guess, or what is too large', () => {
    for (const type of ['application/xhtml+xml', 'application/octet-stream', 'image/x-icon', 'video/mp4'])
      expect(kindOf(type)).toBe('none')
    expect(kindOf('application/octet-stream', 'notes.md')).toBe('none')
    expect(kindOf('', 'page.html')).toBe('none')
    expect(kindOf('image/png', null, MAX_PICTURE_BYTES + 1)).toBe('none')
  })
})

describe('a size', () => {
  it('stands in the unit in which it is easiest to read', () => {
    expect([0, 1023, 1024, 1536, 10 * 1024, 3.25 * 2 ** 30, 5000 * 2 ** 40].map(sizeText)).toEqual([
      ...['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '10 KiB', '3.3 GiB', '5000 TiB'],
    ])
  })
})
