import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lane } from './lane.ts'

describe('the nonces of a lane', () => {
  it('are given out in order, and again from the lowest that was given back', () => {
    const lane = new Lane(0, 5n)
    expect([lane.take(), lane.take(), lane.take(), lane.take()]).toEqual([5n, 6n, 7n, 8n])
    lane.free(7n)
    lane.free(5n)
    expect([lane.take(), lane.take(), lane.take()]).toEqual([5n, 7n, 9n])
  })

  it('leave no hole when the last ones are given back', () => {
    const lane = new Lane(0, 0n)
    for (let i = 0; i < 3; i++) lane.take()
    lane.free(1n)
    expect(lane.takeHole()).toBe(1n)
    lane.free(1n)
    lane.free(2n)
    expect(lane.takeHole()).toBeUndefined()
    expect(lane.take()).toBe(1n)
  })

  it('jump over what another program used up', () => {
    const lane = new Lane(0, 0n)
    lane.take()
    lane.free(0n)
    lane.skipTo(4n)
    expect(lane.take()).toBe(4n)
  })

  it('never stand for two transactions at a time, and are without gaps in the end', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('take', 'free', 'used'), fc.nat(20))), (steps) => {
        const lane = new Lane(0, 0n)
        const open: bigint[] = []
        const done = new Set<bigint>()
        for (const [step, pick] of steps) {
          if (step === 'take') {
            const nonce = lane.take()
            expect(open).not.toContain(nonce)
            expect(done.has(nonce)).toBe(false)
            open.push(nonce)
          } else if (open.length > 0) {
            const [nonce] = open.splice(pick % open.length, 1)
            if (step === 'free') lane.free(nonce!)
            else {
              lane.used(nonce!)
              done.add(nonce!)
            }
          }
        }
        expect(lane.openCount).toBe(open.length)
        for (const nonce of open) done.add(nonce)
        for (let hole = lane.takeHole(); hole !== undefined; hole = lane.takeHole()) done.add(hole)
        expect([...done].sort((a, b) => Number(a - b))).toEqual(Array.from(done, (_, i) => BigInt(i)))
      }),
    )
  })
})
