import { describe, expect, it } from 'vitest'
import { visibleText } from './visible-text.ts'

describe('a text of a stranger', () => {
  it('shows what would turn or hide other text', () => {
    expect(visibleText('pay\u202Eevil\u200B')).toBe('pay⟨U+202E⟩evil⟨U+200B⟩')
    expect(visibleText('a\u0000b\u{E0001}')).toBe('a⟨U+0000⟩b⟨U+E0001⟩')
  })

  it('keeps lines, tabs and letters of all alphabets', () => {
    expect(visibleText('local x\n\tгран 粒 ß')).toBe('local x\n\tгран 粒 ß')
  })
})
