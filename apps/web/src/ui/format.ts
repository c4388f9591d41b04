// How figures and times are written. No floating point touches an amount.

const GROUPS = /\B(?=(\d{3})+(?!\d))/g

/** An amount in its smallest units as text: whole part with groups, fraction without trailing zeros. */
export function unitsParts(units: bigint, decimals: number): { readonly whole: string; readonly fraction: string } {
  const isNegative = units < 0n
  const digits = String(isNegative ? -units : units).padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  const whole = digits.slice(0, cut).replace(GROUPS, ',')
  return { whole: `${isNegative ? '−' : ''}${whole}`, fraction: digits.slice(cut).replace(/0+$/, '') }
}

export function unitsText(units: bigint, decimals: number): string {
  const { whole, fraction } = unitsParts(units, decimals)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** What a field takes: no groups. */
export function plainUnitsText(units: bigint, decimals: number): string {
  return unitsText(units, decimals).replaceAll(',', '')
}

export function countText(count: number | bigint): string {
  return String(count).replace(GROUPS, ',')
}

/** A moment, in the language and zone of the reader. */
export function momentText(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-Hans' : 'en', {
    dateStyle: 'medium',
    timeStyle: 'short',
  }).format(ms)
}

export function dayText(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-Hans' : 'en', { dateStyle: 'medium' }).format(ms)
}

/** A mark on an axis of time whose marks lie so far apart. */
export function tickText(ms: number, language: string, stepMs: number): string {
  const locale = language === 'zh' ? 'zh-Hans' : 'en-GB'
  if (stepMs >= 86_400_000) return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }).format(ms)
  const seconds = stepMs < 60_000 ? ({ second: '2-digit' } as const) : {}
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...seconds }).format(ms)
}

/** The largest unit of a span that is at least one: the key of its text, and how many. */
export function spanParts(ms: number): { readonly key: string; readonly count: number } {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return { key: 'time.seconds', count: seconds }
  if (seconds < 7200) return { key: 'time.minutes', count: Math.round(seconds / 60) }
  if (seconds < 172_800) return { key: 'time.hours', count: Math.round(seconds / 3600) }
  return { key: 'time.days', count: Math.round(seconds / 86_400) }
}

const SPOILING = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029]/gu
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
]
const MAX_NAME_CHARACTERS = 64

/**
 * A name that somebody else chose, as it may be shown: without invisible characters and marks that turn the direction of writing,
 * cut at a bound. `isMixed`: letters of alphabets that imitate each other stand together.
 */
export function foreignName(name: string): {
  readonly text: string
  readonly isSpoiled: boolean
  readonly isMixed: boolean
} {
  const clean = name.normalize('NFC').replace(SPOILING, '')
  const characters = [...clean]
  const text =
    characters.length > MAX_NAME_CHARACTERS ? `${characters.slice(0, MAX_NAME_CHARACTERS - 1).join('')}…` : clean
  return {
    text,
    isSpoiled: clean !== name.normalize('NFC'),
    isMixed: SCRIPTS.filter((script) => script.test(clean)).length > 1,
  }
}
