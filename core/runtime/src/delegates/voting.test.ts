import { bls, compareBytes, sha256, toHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { allBalances, balanceOf, pools } from '../tokens/tokens.ts'
import { lastElection } from './election.ts'
import { getDelegate, getVoter } from './registry.ts'
import { commissionOf, rewardsOf } from './rewards.ts'
import { currentTerm, nextSet } from './term.ts'

const BOND = 10n ** 12n
const terms = { termBlocks: 8, freezeBlock: 2, electionBlock: 4, leastBondGrains: BOND, leastVoteGrains: 1n }
const ages = { voteMaturityTerms: 1, voteFullTerms: 4, voteEndTerms: 8 }
const parameters = { ...terms, ...ages, blockEmission: 10n ** 12n }

function registration(name: string, bond = BOND) {
  const secret = bls.secretFromSeed(sha256(new TextEncoder().encode(name)))
  return callOf('delegates', 'register', { name, key: bls.publicKey(secret), proof: bls.provePossession(secret), bond })
}
const vote = (chain: TestChain, ...names: string[]) =>
  callOf('delegates', 'vote', { ballot: names.map((name) => chain.account(name).address).sort(compareBytes) })
const stake = (amount: bigint) => callOf('delegates', 'stake', { amount })
const unstake = (amount: bigint) => callOf('delegates', 'unstake', { amount })
const collect = callOf('delegates', 'collect', {})
const commission = (thousandths: number) => callOf('delegates', 'setCommission', { thousandths })
const votesOf = (chain: TestChain, name: string) => getDelegate(chain.state, chain.account(name).address)!.votes
const rewards = (chain: TestChain, name: string) =>
  rewardsOf(chain.state, getVoter(chain.state, chain.account(name).address), chain.head.term)

/** Makes blocks up to the first one of the next term. */
function nextTerm(chain: TestChain): void {
  while (nextSet(chain.state) === undefined) chain.makeBlock()
  chain.head = { ...chain.head, term: chain.head.term + 1, slot: 0 }
  chain.makeBlock()
}
const backingOf = (chain: TestChain, name: string) => {
  const address = toHex(chain.account(name).address)
  return lastElection(chain.state)!.seats.find((seat) => toHex(seat.address) === address)?.backing
}

describe('votes by their age', () => {
  it('count from the term on in which new stake is mature, in full at first, then less, then not at all', () => {
    const chain = new TestChain({ accounts: ['holder'], parameters })
    chain.run('holder', stake(8_000n), vote(chain, 'delegate'))
    const bond = chain.parameters.leastBondGrains
    const counted: bigint[] = []
    for (let term = 0; term < 10; term++) {
      nextTerm(chain)
      counted.push(backingOf(chain, 'delegate')! - bond)
    }
    // Voted in term 0; frozen in terms 0, 1, …: immature, whole up to 4 terms of age, then in quarters to 8.
    expect(counted).toEqual([0n, 8_000n, 8_000n, 8_000n, 8_000n, 6_000n, 4_000n, 2_000n, 0n, 0n])
    expect(votesOf(chain, 'delegate')).toBe(0n)
    chain.run('holder', vote(chain, 'delegate'))
    expect(votesOf(chain, 'delegate')).toBe(8_000n)
    nextTerm(chain)
    expect(backingOf(chain, 'delegate')! - bond).toBe(8_000n)
  })

  it('are renewed by voting again, without waiting anew, while what is added then waits', () => {
    const chain = new TestChain({ accounts: ['holder'], parameters })
    chain.run('holder', stake(1_000n), vote(chain, 'delegate'))
    for (let term = 0; term < 5; term++) nextTerm(chain)
    chain.run('holder', stake(500n))
    const bond = chain.parameters.leastBondGrains
    nextTerm(chain)
    expect(backingOf(chain, 'delegate')! - bond).toBe(1_000n)
    nextTerm(chain)
    expect(backingOf(chain, 'delegate')! - bond).toBe(1_500n)
    chain.run('holder', unstake(700n))
    nextTerm(chain)
    expect(backingOf(chain, 'delegate')! - bond).toBe(800n)
  })

  it('let a newcomer with enough votes in within two terms', () => {
    const chain = new TestChain({ accounts: ['newcomer', 'holder'], parameters: { ...parameters, seats: 1 } })
    // The last block of term 0 in which anything can happen.
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    const bond = chain.parameters.leastBondGrains
    chain.run('newcomer', registration('newcomer', bond))
    chain.run('holder', stake(10n ** 6n), vote(chain, 'newcomer'))
    for (let term = 0; term < 2; term++) nextTerm(chain)
    expect(currentTerm(chain.state).members.map(({ address }) => toHex(address))).toEqual([
      toHex(chain.account('newcomer').address),
    ])
  })
})

describe("a voter's share of pay", () => {
  /** A chain on which the delegate shares what its commission leaves, and these voters have voted before term 1. */
  function sharing(kept: number, voters: Record<string, bigint>): TestChain {
    const chain = new TestChain({ accounts: Object.keys(voters), parameters })
    chain.run('delegate', commission(kept))
    for (const [name, grains] of Object.entries(voters)) chain.run(name, stake(grains), vote(chain, 'delegate'))
    nextTerm(chain)
    return chain
  }

  it('is in proportion to stake, to the grain, from the term after the vote on', () => {
    const chain = sharing(200, { anna: 3_000n, ben: 1_000n })
    // Term 0 was paid by now: nobody's vote was there when it began.
    expect([rewards(chain, 'anna'), rewards(chain, 'ben')]).toEqual([0n, 0n])
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    const before = chain.balance('delegate')
    nextTerm(chain)
    const kept = chain.balance('delegate') - before
    const shared = balanceOf(chain.state, pools.voterPay)
    expect(kept > 10n ** 6n).toBe(true)
    // Rounded down to a whole grain, what is shared is four fifths, and three quarters of that are anna's.
    expect(shared).toBe(((kept + shared) * 4n) / 5n)
    const annas = rewards(chain, 'anna')
    expect((shared * 3n) / 4n - annas < 2n && annas <= (shared * 3n) / 4n).toBe(true)
    expect(shared - annas - rewards(chain, 'ben') < 3n).toBe(true)
    const held = chain.balance('anna')
    const { receipt } = chain.run('anna', collect)
    expect(chain.balance('anna')).toBe(held + annas - receipt.feeGrains)
    expect(() => chain.run('anna', collect)).toThrow(expect.objectContaining({ code: 'DELEGATE_REWARDS' }))
  })

  it('leaves not a grain behind once all have collected, whatever they do', () => {
    const act = fc.record({
      who: fc.constantFrom('anna', 'ben', 'carl'),
      kind: fc.constantFrom('stake', 'unstake', 'vote', 'other', 'collect', 'term', 'term'),
      grains: fc.bigInt({ min: 1n, max: 10_000n }),
    })
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 30 }), fc.integer({ min: 0, max: 999 }), (acts, kept) => {
        const chain = new TestChain({ accounts: ['anna', 'ben', 'carl', 'second'], parameters })
        chain.run('delegate', commission(kept))
        chain.run('second', registration('second', chain.parameters.leastBondGrains))
        chain.run('second', commission(kept))
        for (const { who, kind, grains } of acts) {
          const voter = getVoter(chain.state, chain.account(who).address)
          if (kind === 'stake') chain.run(who, stake(grains))
          if (kind === 'unstake' && voter.stake >= grains) chain.run(who, unstake(grains))
          if (kind === 'vote') chain.run(who, vote(chain, 'delegate'))
          if (kind === 'other') chain.run(who, vote(chain, 'delegate', 'second'))
          if (kind === 'collect' && rewards(chain, who) > 0n) chain.run(who, collect)
          if (kind === 'term') nextTerm(chain)
        }
        const due = () => ['anna', 'ben', 'carl'].reduce((sum, who) => sum + rewards(chain, who), 0n)
        const pool = balanceOf(chain.state, pools.voterPay)
        expect(due() <= pool).toBe(true)
        // What divisions left is below a grain for each of them.
        expect(pool - due()).toBeLessThan(4n)
        for (const who of ['anna', 'ben', 'carl']) if (rewards(chain, who) > 0n) chain.run(who, collect)
        for (const who of ['anna', 'ben', 'carl']) chain.run(who, vote(chain))
        expect(balanceOf(chain.state, pools.voterPay)).toBe(0n)
        const supply = [...allBalances(chain.state)].reduce((sum, [, grains]) => sum + grains, 0n)
        expect(supply).toBe(10n ** 18n)
      }),
      { numRuns: 15 },
    )
  })

  it('ends with votes that are too old', () => {
    const chain = sharing(0, { anna: 1_000n })
    for (let term = 0; term < 20; term++) nextTerm(chain)
    const earned = rewards(chain, 'anna')
    for (let term = 0; term < 5; term++) nextTerm(chain)
    expect(rewards(chain, 'anna')).toBe(earned)
    expect(balanceOf(chain.state, pools.voterPay) - earned < 2n).toBe(true)
  })

  it('is all the delegate’s own while nobody votes for it', () => {
    const chain = sharing(0, {})
    nextTerm(chain)
    expect(balanceOf(chain.state, pools.voterPay)).toBe(0n)
  })

  it('follows a commission that falls at once and rises by five points, once in its waiting time', () => {
    const wait = 1_000_000
    const chain = new TestChain({ accounts: ['anna'], parameters: { ...parameters, commissionRaiseMs: wait } })
    const now = () => commissionOf(chain.state, chain.account('delegate').address)
    const refused = (thousandths: number) =>
      expect(() => chain.run('delegate', commission(thousandths))).toThrow(
        expect.objectContaining({ code: 'DELEGATE_COMMISSION' }),
      )
    expect(now()).toBe(1000)
    expect(() => chain.run('anna', commission(0))).toThrow(expect.objectContaining({ code: 'DELEGATE_UNKNOWN' }))
    chain.run('delegate', commission(100))
    refused(151)
    chain.run('delegate', commission(150))
    refused(151)
    chain.run('delegate', commission(120))
    refused(121)
    chain.makeBlock([], wait)
    chain.run('delegate', commission(170))
    expect(now()).toBe(170)
    refused(171)
  })
})
