import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileNameWords, partOf } from './content.ts'

describe('the name that a browser saves under', () => {
  it('never leads elsewhere, ends the header or hides anything, whatever somebody called the object', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (name) => {
        const words = fileNameWords(name)
        expect(words).toMatch(/^filename="[^"\\\r\n/]+"; filename\*=UTF-8''[A-Za-z0-9%._~!$&+^`|#-]+$/)
        const saved = decodeURIComponent(words.split("''")[1] ?? '')
        expect(saved).not.toMatch(/[/\\\p{Cc}\p{Cf}]/u)
        expect(['', '.', '..']).not.toContain(saved)
      }),
    )
  })

  it('stays what it was where it can', () => {
    expect(fileNameWords('photo.jpg')).toBe(`filename="photo.jpg"; filename*=UTF-8''photo.jpg`)
    expect(fileNameWords('../../etc/passwd')).toContain(`filename="passwd"`)
    expect(fileNameWords('gpj.\u202Eexe')).toContain('filename="gpj.exe"')
    expect(fileNameWords('..')).toContain('filename="object"')
  })
})

describe('a part of an object', () => {
  it('is one range within it', () => {
    expect(partOf(undefined, 10)).toBeUndefined()
    expect(partOf('bytes=0-3', 10)).toEqual({ start: 0, end: 4 })
    expect(partOf('bytes=4-', 10)).toEqual({ start: 4, end: 10 })
    expect(partOf('bytes=0-99', 10)).toEqual({ start: 0, end: 10 })
    expect(partOf('bytes=0-9', 0)).toBeUndefined()
    for (const range of ['bytes=10-', 'bytes=-5', 'bytes=3-2', 'bytes=0-1,3-4', 'pages=1-2', ''])
      expect(() => partOf(range, 10)).toThrow(expect.objectContaining({ code: 'AGENT_RANGE' }))
  })
})
