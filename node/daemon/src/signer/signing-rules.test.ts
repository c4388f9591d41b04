import { FINAL, NO_VALUE, NOTAR, PROPOSE, SKIP } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEPT_SLOTS, SigningRules, type Statement } from './signing-rules.ts'

const values = [1, 2].map((byte) => new Uint8Array(32).fill(byte))
const statement = (slot: number, kind: number, value = kind === SKIP ? NO_VALUE : values[0]!, term = 1): Statement => ({
  type: 'statement',
  term,
  baseMs: 1_000,
  slot,
  kind,
  value,
})

function outcome(rules: SigningRules, asked: Statement): string {
  try {
    rules.promise(asked)
    return 'signed'
  } catch (error) {
    return (error as SmartshareError).code
  }
}

/** What convicts a delegate (docs/spec/chain.md), written down a second time and independently of the rules. */
function contradict(a: Statement, b: Statement): boolean {
  if (a.term !== b.term || a.slot !== b.slot) return false
  const kinds = [a.kind, b.kind].sort((x, y) => x - y)
  if (a.kind === b.kind) return Buffer.compare(a.value, b.value) !== 0
  return kinds[0] === SKIP && kinds[1] === FINAL
}

describe('the rules of signing', () => {
  it('let nothing be signed that convicts, whatever is asked for in whatever order, and however often the log is read back', () => {
    const one = fc
      .record({
        term: fc.integer({ min: 0, max: 2 }),
        slot: fc.integer({ min: 0, max: 3 }),
        kind: fc.constantFrom(NOTAR, SKIP, FINAL, PROPOSE),
        value: fc.constantFrom(...values),
        restart: fc.boolean(),
        compact: fc.boolean(),
      })
      .map(({ kind, value, ...rest }) => ({ ...rest, kind, value: kind === SKIP ? NO_VALUE : value }))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (asked) => {
        let rules = new SigningRules()
        let log: Uint8Array[] = []
        const signed: Statement[] = []
        for (const { restart, compact, ...rest } of asked) {
          const wanted: Statement = { type: 'statement', baseMs: 1_000, ...rest }
          if (compact) log = rules.records()
          if (restart) rules = SigningRules.read(log)
          const highest = Math.max(0, ...signed.map(({ term }) => term))
          const isFree = wanted.term >= highest && !signed.some((other) => contradict(wanted, other))
          try {
            log.push(rules.promise(wanted))
            signed.push(wanted)
            expect(isFree).toBe(true)
          } catch (error) {
            if (!SmartshareError.is(error)) throw error
            // Nor is anything refused for nothing.
            expect(isFree).toBe(false)
          }
        }
      }),
    )
  })

  it('sign the same again, so that a node that was restarted can say it once more', () => {
    const rules = new SigningRules()
    for (const kind of [PROPOSE, NOTAR, FINAL]) {
      expect([outcome(rules, statement(5, kind)), outcome(rules, statement(5, kind))]).toEqual(['signed', 'signed'])
    }
    expect(outcome(rules, statement(5, SKIP))).toBe('SIGNER_CONFLICT')
    expect(outcome(rules, statement(5, NOTAR, values[1]))).toBe('SIGNER_CONFLICT')
  })

  it('keep a floor that only rises, also when the log is read back', () => {
    let rules = new SigningRules()
    expect(outcome(rules, statement(2 * KEPT_SLOTS, NOTAR))).toBe('signed')
    expect(outcome(rules, statement(KEPT_SLOTS - 1, NOTAR))).toBe('SIGNER_FLOOR')
    expect(outcome(rules, statement(KEPT_SLOTS, NOTAR))).toBe('signed')
    expect(outcome(rules, statement(0, NOTAR, values[0], 2))).toBe('signed')
    rules = SigningRules.read(rules.records())
    expect(outcome(rules, statement(3 * KEPT_SLOTS, NOTAR))).toBe('SIGNER_FLOOR')
    expect(rules.records()).toHaveLength(3)
  })

  it('are silent in every term that may have begun before promises were lost', () => {
    let rules = new SigningRules()
    rules.silence(1_001)
    expect(outcome(rules, statement(5, NOTAR))).toBe('SIGNER_SILENT')
    rules = SigningRules.read(rules.records())
    expect(outcome(rules, statement(5, NOTAR))).toBe('SIGNER_SILENT')
    expect(outcome(rules, { ...statement(5, NOTAR), baseMs: 1_001 })).toBe('signed')
  })

  it('refuse what no delegate states', () => {
    expect(outcome(new SigningRules(), statement(1, 7))).toBe('SIGNER_REQUEST')
    expect(outcome(new SigningRules(), statement(1, SKIP, values[0]))).toBe('SIGNER_REQUEST')
    expect(outcome(new SigningRules(), statement(1, NOTAR, NO_VALUE))).toBe('SIGNER_REQUEST')
  })
})
