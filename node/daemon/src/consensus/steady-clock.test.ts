import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SteadyClock } from './steady-clock.ts'

describe('the clock of consensus', () => {
  it('follows the clock of the machine, also where that is set ahead', () => {
    let [wall, monotonic] = [1_000_000, 0]
    const clock = new SteadyClock(
      () => wall,
      () => monotonic,
    )
    expect(clock.now()).toBe(1_000_000)
    wall += 3_600_000
    monotonic += 10
    expect(clock.now()).toBe(4_600_000)
  })

  it('goes on at half the pace where it is set back, until both are level', () => {
    let [wall, monotonic] = [1_000_000, 0]
    const clock = new SteadyClock(
      () => wall,
      () => monotonic,
    )
    clock.now()
    wall -= 60_000
    const pass = (ms: number) => {
      wall += ms
      monotonic += ms
      return clock.now()
    }
    expect(pass(1_000)).toBe(1_000_500)
    expect(pass(58_000)).toBe(1_029_500)
    expect(pass(61_000)).toBe(1_060_000)
    expect(pass(1_000)).toBe(1_061_000)
  })

  it('never goes back, and never stands still for long', () => {
    const steps = fc.array(fc.record({ passed: fc.nat(5_000), jump: fc.integer({ min: -1e7, max: 1e7 }) }))
    fc.assert(
      fc.property(steps, (moves) => {
        let [wall, monotonic] = [1e12, 0]
        const clock = new SteadyClock(
          () => wall,
          () => monotonic,
        )
        let before = clock.now()
        for (const { passed, jump } of moves) {
          wall += passed + jump
          monotonic += passed
          const now = clock.now()
          expect(now - before).toBeGreaterThanOrEqual(Math.floor(passed / 2))
          expect(now).toBeGreaterThanOrEqual(wall)
          before = now
        }
      }),
    )
  })
})
