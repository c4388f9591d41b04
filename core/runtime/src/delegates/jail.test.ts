import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import { callOf, delegateName, TestChain } from '../testing.ts'
import { jailOf } from './jail.ts'
import { currentTerm, nextSet } from './term.ts'

const SEATS = 7
const QUORUM = 5
const parameters = {
  leastBondGrains: 10n ** 12n,
  termBlocks: 100_000,
  freezeBlock: 1,
  electionBlock: 60,
  leastSeats: 1,
  jailLeastRounds: 4,
  jailMs: 60_000,
}

function newChain(changes = {}): TestChain {
  return new TestChain({ delegates: SEATS, parameters: { ...parameters, ...changes } })
}

/** Rounds until the next set is named, in which each seat has one turn; `isThere` tells who makes its block. */
function runTerm(chain: TestChain, isThere: (seat: number, round: number) => boolean = () => true): void {
  const seats = currentTerm(chain.state).members.length
  for (let round = 1; nextSet(chain.state) === undefined; round++) {
    for (let seat = 0; seat < seats; seat++) {
      if (nextSet(chain.state) !== undefined || !isThere(seat, round)) continue
      chain.head = { ...chain.head, leader: seat, slot: round * seats + seat - 1 }
      chain.makeBlock()
    }
  }
}

function nextTerm(chain: TestChain): void {
  chain.head = { ...chain.head, term: chain.head.term + 1, slot: 0, leader: 0 }
  chain.makeBlock()
}

const addressOf = (chain: TestChain, seat: number) => chain.account(delegateName(seat)).address
const jailed = (chain: TestChain) =>
  [...new Array(SEATS).keys()].filter((seat) => jailOf(chain.state, addressOf(chain, seat)) !== undefined)
const named = (chain: TestChain) => nextSet(chain.state)!.members.map(({ address }) => String(address))

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
}

describe('jail', () => {
  it('takes who misses more than half of its turns, and nobody who misses fewer', () => {
    const chain = newChain()
    runTerm(chain, (seat, round) => (seat === 3 ? round % 4 === 0 : seat !== 5 || round % 4 !== 0))
    expect(jailed(chain)).toEqual([3])
    expect(named(chain)).toHaveLength(SEATS - 1)
    expect(named(chain)).not.toContain(String(addressOf(chain, 3)))
  })

  it('takes at most so many in a term, the most absent first', () => {
    const chain = newChain({ jailMost: 1 })
    runTerm(chain, (seat, round) => (seat === 2 ? round % 4 === 0 : seat === 6 ? round === 1 : true))
    expect(jailed(chain)).toEqual([6])
  })

  it('takes nobody for rounds in which finality stood still', () => {
    const chain = newChain()
    // Four of seven are no quorum: the others may have been cut off from them.
    runTerm(chain, (seat, round) => seat < QUORUM - 1 || round % 4 === 0)
    expect(jailed(chain)).toEqual([])
  })

  it('leaves at least four seats, for three bear no fault', () => {
    const chain = new TestChain({ delegates: 4, parameters })
    runTerm(chain, (seat, round) => seat !== 3 || round === 1)
    expect(named(chain)).toHaveLength(4)
    const five = new TestChain({ delegates: 5, parameters })
    runTerm(five, (seat, round) => seat !== 3 || round === 1)
    expect(named(five)).toHaveLength(4)
  })

  it('takes nobody before enough rounds show it', () => {
    const chain = newChain({ electionBlock: 20 })
    runTerm(chain, (seat) => seat !== 3)
    expect(jailed(chain)).toEqual([])
  })

  it('costs the pay of the term, lasts, and ends by a call of the delegate; then it can be elected', () => {
    const chain = newChain()
    const name = delegateName(3)
    const release = callOf('delegates', 'release', {})
    expect(codeOf(() => chain.run(name, release))).toBe('DELEGATE_JAILED')
    runTerm(chain, (seat, round) => seat !== 3 || round === 1)
    expect(currentTerm(chain.state).earned[3]).toBeGreaterThan(0n)
    const before = chain.balance(name)
    nextTerm(chain)
    expect(chain.balance(name)).toBe(before)
    expect(currentTerm(chain.state).members).toHaveLength(SEATS - 1)
    expect(codeOf(() => chain.run(name, release))).toBe('DELEGATE_JAILED')
    chain.makeBlock([], 60_000)
    expect(codeOf(() => chain.run(name, release))).toBe('none')
    expect(jailed(chain)).toEqual([])
    // Its candidates were frozen while it was in jail: it comes back with the election after.
    runTerm(chain)
    expect(named(chain)).toHaveLength(SEATS - 1)
    nextTerm(chain)
    runTerm(chain)
    expect(named(chain)).toContain(String(addressOf(chain, 3)))
  })
})
