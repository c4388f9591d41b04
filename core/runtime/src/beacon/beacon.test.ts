import { describe, expect, it } from 'vitest'
import { TestChain } from '../testing.ts'
import { seedAfter, serviceTime, timeOfService } from './beacon.ts'

describe('the beacon', () => {
  it('gives the accumulator of the first block after a time', () => {
    const chain = new TestChain()
    const blocks = [500, 500, 700].map((advanceMs) => chain.makeBlock([], advanceMs).header)
    const [first, second, third] = blocks.map(({ timeMs }) => timeMs)
    expect(seedAfter(chain.state, first! - 1)).toEqual(blocks[0]!.accumulator)
    expect(seedAfter(chain.state, first!)).toEqual(blocks[1]!.accumulator)
    expect(seedAfter(chain.state, second! + 1)).toEqual(blocks[2]!.accumulator)
    expect(seedAfter(chain.state, third!)).toBeUndefined()
  })

  it('never changes a seed, though two blocks have the same time', () => {
    const chain = new TestChain()
    const { header } = chain.makeBlock([], 500)
    chain.makeBlock([], 0)
    expect(seedAfter(chain.state, header.timeMs - 1)).toEqual(header.accumulator)
  })

  it('keeps the seeds of two windows, and a bounded number of them', () => {
    const chain = new TestChain()
    const window = chain.parameters.inspectionWindowMs
    const headers = Array.from({ length: 200 }, () => chain.makeBlock([], 500).header)
    const now = headers.at(-1)!.timeMs
    const kept = headers.find(({ timeMs }) => timeMs >= now - 2 * window)!
    expect(seedAfter(chain.state, kept.timeMs - 1)).toEqual(kept.accumulator)
    expect(seedAfter(chain.state, 0)).toEqual(kept.accumulator)
  })

  it('tells service time, in which the chain never stood still', () => {
    const chain = new TestChain()
    const start = chain.makeBlock([], 500).header.timeMs
    const most = chain.parameters.inspectionWindowMs / 4
    expect(serviceTime(chain.state, start)).toBe(start)
    expect(serviceTime(chain.state, start + 100)).toBe(start + 100)
    expect(serviceTime(chain.state, start + 10 * most)).toBe(start + most)
    const restart = chain.makeBlock([], 3_600_000).header.timeMs
    expect(serviceTime(chain.state, restart)).toBe(start + most)
    chain.makeBlock([], 500)
    expect(serviceTime(chain.state, restart + 500)).toBe(start + most + 500)
    expect(timeOfService(chain.state, start + most + 2500)).toBe(restart + 2500)
  })
})
