// For tests that tell a node what no honest one would say.
import fc from 'fast-check'

const MAX = Number.MAX_SAFE_INTEGER

/** A copy of `value` in which one place is changed, wherever the dice say. */
export function bend(value: unknown, rolls: readonly number[], at = 0): unknown {
  const roll = rolls[at % rolls.length] as number
  if (typeof value === 'number')
    return [0, 1, value + 1, Math.max(0, value - 1), 2 ** 31, 2 ** 32, MAX - 1, MAX][roll % 8]
  if (typeof value === 'bigint') return [0n, 1n, value + 1n, 2n ** 63n, 2n ** 64n - 1n][roll % 5]
  if (value instanceof Uint8Array) {
    const bent = Uint8Array.from(value)
    if (roll % 3 === 0) return bent.fill(roll)
    if (roll % 3 === 1) return bent.subarray(0, roll % (bent.length + 1))
    if (bent.length > 0) bent[roll % bent.length]! ^= 1 << (roll % 8)
    return bent
  }
  if (Array.isArray(value)) {
    const choice = roll % 6
    if (choice === 0) return []
    if (choice === 1) return [...value, ...value]
    if (choice === 2) return [...value].reverse()
    const place = roll % Math.max(1, value.length)
    return value.map((item, i) => (i === place ? bend(item, rolls, at + 1) : item))
  }
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value).filter((name) => name !== 'type')
    const name = names[roll % names.length] as string
    return { ...value, [name]: bend((value as Record<string, unknown>)[name], rolls, at + 1) }
  }
  return value
}

/** Random numbers that decide one mutation. */
export const dice = fc.array(fc.nat(1_000_000), { minLength: 7, maxLength: 7 })
