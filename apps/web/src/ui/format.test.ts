import { describe, expect, it } from 'vitest'
import { countText, foreignName, plainUnitsText, spanParts, unitsText } from './format.ts'

describe('figures', () => {
  it('are written to the smallest unit, however large they are', () => {
    expect(unitsText(1n, 8)).toBe('0.00000001')
    expect(unitsText(1_250_000_000n, 8)).toBe('12.5')
    expect(unitsText(9_223_372_036_854_775_807n, 8)).toBe('92,233,720,368.54775807')
    expect(unitsText(9_223_372_036_854_775_807n, 0)).toBe('9,223,372,036,854,775,807')
    expect(unitsText(-123_456n, 2)).toBe('−1,234.56')
    expect(plainUnitsText(123_456_700n, 4)).toBe('12345.67')
    expect(countText(1_234_567)).toBe('1,234,567')
  })

  it('of time are told in the largest unit that is no exaggeration', () => {
    expect(spanParts(-5)).toEqual({ key: 'time.seconds', count: 0 })
    expect(spanParts(119_000)).toEqual({ key: 'time.seconds', count: 119 })
    expect(spanParts(3_600_000)).toEqual({ key: 'time.minutes', count: 60 })
    expect(spanParts(172_800_000)).toEqual({ key: 'time.days', count: 2 })
  })
})

describe('a name that somebody else chose', () => {
  it('loses what would turn or hide what stands around it', () => {
    expect(foreignName('pay\u202Eelbatsurt')).toMatchObject({ text: 'payelbatsurt', isSpoiled: true })
    expect(foreignName('A\u200BB\u0000C\u2066D')).toMatchObject({ text: 'ABCD', isSpoiled: true })
    expect(foreignName('<img src=x onerror=alert(1)>')).toMatchObject({
      text: '<img src=x onerror=alert(1)>',
      isSpoiled: false,
    })
    expect(foreignName('标准币')).toEqual({ text: '标准币', isSpoiled: false, isMixed: false })
  })

  it('is told of where it imitates another one with letters of other alphabets', () => {
    // The second letter is Cyrillic.
    expect(foreignName('S\u0405P').isMixed).toBe(true)
    expect(foreignName('\u0391CME').isMixed).toBe(true)
    expect(foreignName('ACME').isMixed).toBe(false)
  })

  it('is cut at a bound, between characters', () => {
    const { text } = foreignName('\u{1F600}'.repeat(200))
    expect([...text]).toHaveLength(64)
    expect(text.endsWith('…')).toBe(true)
  })
})
