import { MODE_BUSY, MODE_CALM } from '@smartshare/chain'
import { MemoryState } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeGenesis } from '../genesis.ts'
import { callOf, TestChain } from '../testing.ts'
import { loadOf, modeOf, nextMode } from './load.ts'

const SEATS = 4
const GAS = 5_000_000

/** A chain of four seats whose blocks are small enough for one contract to fill them. */
function smallChain(parameters: ConstructorParameters<typeof TestChain>[0] = {}) {
  return new TestChain({
    accounts: ['alice'],
    delegates: SEATS,
    parameters: {
      ...{ maxBlockGas: GAS, maxTransactionGas: GAS, targetBlockGas: GAS, calmRounds: 2, stateByteGrains: 1n },
      ...parameters.parameters,
    },
  })
}

const BURNER = `
abi.method('burn()', function() while true do end end)
abi.heavy('wait()', function() end, { gas = 3000000 })`

/** A block with a call that uses up a part of what the block may hold. */
function burn(chain: TestChain, contract: Uint8Array, gasLimit: number) {
  return chain.makeBlock([chain.transaction('alice', [chain.contractCall(contract, 'burn')], { gasLimit })])
}

/** The next block stands so many slots after the last one. */
function skip(chain: TestChain, slots: number): void {
  chain.head = { ...chain.head, slot: chain.head.slot + slots }
}

/** Blocks up to and including the first one of the next round, which settles the mode. */
function finishRound(chain: TestChain, makeBlock: () => unknown = () => chain.makeBlock()): void {
  do makeBlock()
  while (chain.head.slot % SEATS !== 0)
}

describe('the load of the chain', () => {
  it('is the gas that the blocks of a round used, of what they might have used', () => {
    const chain = smallChain()
    const contract = chain.publish('alice', BURNER)
    finishRound(chain)
    finishRound(chain)
    expect(modeOf(chain.state)).toBe(MODE_CALM)
    expect(loadOf(chain.state)).toEqual({ gas: 0, missed: 0, backlog: 0 })
    // The first block of this round is the empty one that settled the last; three of four are 80 % full.
    for (let i = 0; i < 3; i++) burn(chain, contract, 4_000_000)
    expect(modeOf(chain.state)).toBe(MODE_CALM)
    const { own } = chain.makeBlock()
    expect(loadOf(chain.state)).toEqual({ gas: 600, missed: 0, backlog: 0 })
    expect(modeOf(chain.state)).toBe(MODE_BUSY)
    expect(own.events.find(({ name }) => name === 'mode')).toMatchObject({
      module: 'load',
      data: { mode: MODE_BUSY, load: { gas: 600, missed: 0, backlog: 0 } },
    })
  })

  it('counts the gas that is charged: half of what was merely reserved', () => {
    const chain = smallChain()
    const to = chain.account('bob').address
    const pay = callOf('tokens', 'transfer', { to, token: 0, amount: 1n, memo: null })
    finishRound(chain)
    finishRound(chain, () => chain.makeBlock([chain.transaction('alice', [pay], { gasLimit: GAS })]))
    expect(chain.head.gas).toBe(GAS)
    // Three blocks of four were full of limits.
    expect(loadOf(chain.state).gas).toBe(375)
    expect(modeOf(chain.state)).toBe(MODE_CALM)
  })

  it('is the slots of a round without a block, also where whole rounds have none', () => {
    const chain = smallChain()
    finishRound(chain)
    skip(chain, 2)
    finishRound(chain)
    expect(loadOf(chain.state)).toEqual({ gas: 0, missed: 500, backlog: 0 })
    expect(modeOf(chain.state)).toBe(MODE_BUSY)
    skip(chain, 3 + 2 * SEATS)
    chain.makeBlock()
    // One block in three rounds.
    expect(loadOf(chain.state).missed).toBe(916)
  })

  it('is what waits of heavy calls, and falls when they are done', () => {
    const chain = smallChain({ parameters: { heavyBacklogGas: 5_000_000, heavyDeadlineBlocks: 6 } })
    const contract = chain.publish('alice', BURNER)
    const wait = () => chain.transaction('alice', [chain.contractCall(contract, 'wait')])
    chain.makeBlock([wait()])
    finishRound(chain)
    expect(loadOf(chain.state).backlog).toBe(600)
    expect(modeOf(chain.state)).toBe(MODE_BUSY)
    for (let i = 0; i < 8; i++) chain.makeBlock()
    chain.run('alice', callOf('contracts', 'expireJob', { job: 0 }))
    finishRound(chain)
    expect(loadOf(chain.state).backlog).toBe(0)
  })

  it('keeps the chain busy until enough rounds in a row were calm', () => {
    const chain = smallChain()
    const contract = chain.publish('alice', BURNER)
    finishRound(chain)
    const busy = () => burn(chain, contract, 4_000_000)
    const half = () => burn(chain, contract, 2_400_000)
    finishRound(chain, busy)
    expect(modeOf(chain.state)).toBe(MODE_BUSY)
    const modes: number[] = []
    // 48 % is neither busy nor calm: it keeps the mode as it is, and begins the count of calm rounds anew.
    for (const makeBlock of [half, half, undefined, half, undefined, undefined, undefined]) {
      finishRound(chain, makeBlock)
      modes.push(modeOf(chain.state))
    }
    expect(modes).toEqual([1, 1, 1, 1, 1, 0, 0])
    finishRound(chain, half)
    finishRound(chain, half)
    expect(loadOf(chain.state).gas).toBe(480)
    expect(modeOf(chain.state)).toBe(MODE_CALM)
  })

  it('is no matter of a round that the end of its term cut off', () => {
    const chain = smallChain({ parameters: { termBlocks: 6, electionBlock: 4, freezeBlock: 2 } })
    const contract = chain.publish('alice', BURNER)
    finishRound(chain)
    burn(chain, contract, 4_500_000)
    burn(chain, contract, 4_500_000)
    chain.head = { ...chain.head, term: 1, slot: 0 }
    for (let i = 0; i < SEATS; i++) chain.makeBlock()
    expect(loadOf(chain.state).gas).toBe(0)
    expect(modeOf(chain.state)).toBe(MODE_CALM)
  })

  it('gives a mode that never flutters: busy needs the upper bound, calm a row of rounds under the lower', () => {
    const limits = { busyLoad: 500, calmLoad: 350, calmRounds: 3 }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 }), (loads) => {
        let now = { mode: MODE_CALM as number, calmRounds: 0 }
        for (const [i, load] of loads.entries()) {
          const before = now
          now = nextMode(before, load, limits)
          if (before.mode === MODE_CALM) expect(now.mode === MODE_BUSY).toBe(load >= limits.busyLoad)
          if (before.mode === MODE_BUSY && now.mode === MODE_CALM) {
            const last = loads.slice(i - limits.calmRounds + 1, i + 1)
            expect(last).toHaveLength(limits.calmRounds)
            expect(last.every((one) => one < limits.calmLoad)).toBe(true)
          }
          expect(now.calmRounds).toBeLessThan(limits.calmRounds)
        }
      }),
    )
  })

  it('has bounds that a genesis may not turn around', () => {
    const { genesis } = smallChain()
    const parameters = { ...genesis.parameters, busyLoad: 300, calmLoad: 301 }
    expect(() => writeGenesis(new MemoryState(), { ...genesis, parameters })).toThrow(
      expect.objectContaining({ code: 'GENESIS_LOAD' }),
    )
  })
})
