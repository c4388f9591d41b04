import { type Evidence, NOTAR, PROPOSE, SKIP } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, sha256, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findRun, getRun } from '../contracts/heavy/jobs.ts'
import { attest, commitCall, honestResult, openCall } from '../contracts/heavy/testing-heavy.ts'
import { banOf, slashedShare } from '../delegates/punishment.ts'
import { getDelegate, unbondingOf } from '../delegates/registry.ts'
import { currentTerm, nextSet } from '../delegates/term.ts'
import { callOf, delegateName, delegateSecret, TestChain } from '../testing.ts'
import { allBalances, balanceOf, pools } from '../tokens/tokens.ts'
import { reportOf, twoCertificates, twoCommitments, twoVotes } from './testing-evidence.ts'

const BYTES = Uint8Array.of(1)
const BOND = 10n ** 12n
const parameters = { leastBondGrains: BOND, termBlocks: 6, freezeBlock: 1, electionBlock: 2, leastSeats: 1 }

function newChain(delegates = 7, changes = {}): TestChain {
  return new TestChain({ accounts: ['reporter'], delegates, parameters: { ...parameters, ...changes } })
}

/** Reports and gives what was taken from the bonds: what the reporter got, fees aside, and what the mining pool got. */
function report(chain: TestChain, evidence: Evidence): { reward: bigint; toPool: bigint } {
  const { receipt } = chain.run('reporter', reportOf(chain, evidence))
  const reporter = String(chain.account('reporter').address)
  const moved = receipt.events.filter(({ name }) => name === 'transfer').map(({ data }) => data)
  const sumTo = (to: string) => moved.filter((one) => String(one.to) === to).reduce((sum, one) => sum + one.amount, 0n)
  const supply = [...allBalances(chain.state)].reduce((sum, [, grains]) => sum + grains, 0n)
  expect(supply).toBe(TOTAL_SUPPLY_GRAINS)
  return { reward: sumTo(reporter), toPool: sumTo(String(pools.mining)) }
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
}

const addressOf = (chain: TestChain, seat: number) => chain.account(delegateName(seat)).address
const bondOf = (chain: TestChain, seat: number) =>
  unbondingOf(chain.state, addressOf(chain, seat))
    .filter(({ isBond }) => isBond)
    .reduce((sum, { grains }) => sum + grains, getDelegate(chain.state, addressOf(chain, seat))!.bond)

function goToNextTerm(chain: TestChain, advanceMs?: number): void {
  while (nextSet(chain.state) === undefined) chain.makeBlock()
  chain.head = { ...chain.head, term: chain.head.term + 1, slot: 0 }
  chain.makeBlock([], advanceMs)
}

describe('a report of evidence', () => {
  it.each([
    ['two proposals', { kind: PROPOSE }, { kind: PROPOSE, block: 2 }],
    ['two Notars', { kind: NOTAR }, { kind: NOTAR, block: 2 }],
    ['two Finals', {}, { block: 2 }],
    ['Final and Skip', {}, { kind: SKIP }],
  ])('of %s takes a twentieth of the bond, pays the reporter and bans the key', (_, first, second) => {
    const chain = newChain()
    expect(report(chain, twoVotes(chain, 3, first, second))).toEqual({
      reward: BOND / 400n,
      toPool: (BOND / 400n) * 19n,
    })
    expect(bondOf(chain, 3)).toBe((BOND / 20n) * 19n)
    expect(getDelegate(chain.state, addressOf(chain, 3))!.bond).toBe(0n)
    expect(banOf(chain.state, addressOf(chain, 3))).toMatchObject({ term: 0 })
    expect(banOf(chain.state, addressOf(chain, 2))).toBeUndefined()
  })

  it('of two certificates convicts all who are in both, which are too many to lose less than everything', () => {
    const chain = newChain()
    const taken = report(chain, twoCertificates(chain, [0, 1, 2, 3, 4], [2, 3, 4, 5, 6], 7))
    expect(taken.reward + taken.toPool).toBe(3n * BOND)
    expect([0, 1, 2, 3, 4, 5, 6].map((seat) => bondOf(chain, seat))).toEqual([BOND, BOND, 0n, 0n, 0n, BOND, BOND])
  })

  it('is refused with the reason, and takes nothing, unless it convicts somebody on this network', () => {
    const chain = newChain()
    const two = twoVotes(chain, 1)
    const other = new Uint8Array(32).fill(7)
    const run = (evidence: Evidence, chainId?: Uint8Array) =>
      codeOf(() => chain.run('reporter', reportOf(chain, evidence, chainId)))
    expect(run(twoVotes(chain, 1, { kind: NOTAR }, { kind: SKIP }))).toBe('EVIDENCE_PAIR')
    expect(run(twoVotes(chain, 1, { kind: NOTAR }, { block: 2 }))).toBe('EVIDENCE_PAIR')
    expect(run(two, other)).toBe('EVIDENCE_FORK')
    expect(run(twoVotes(chain, 1, { on: other }, { on: other, block: 2 }))).toBe('EVIDENCE_SIGNATURE')
    expect(run(twoVotes(chain, 1, { term: 1 }))).toBe('EVIDENCE_TERM')
    expect(run(twoVotes(chain, 7))).toBe('EVIDENCE_SEATS')
    const unsigned = { ...two, first: { ...two.first, signature: new Uint8Array(96).fill(9) } } as Evidence
    expect(run(unsigned)).toBe('EVIDENCE_SIGNATURE')
    expect(run(twoCertificates(chain, [0, 1, 2, 3], [2, 3, 4, 5, 6], 7))).toBe('EVIDENCE_SEATS')
    expect(codeOf(() => chain.run('reporter', callOf('evidence', 'report', { evidence: Uint8Array.of(1) })))).toMatch(
      /^CODEC_/,
    )
    expect([...Array(7).keys()].map((seat) => bondOf(chain, seat))).toEqual(new Array(7).fill(BOND))
    expect(run(two)).toBe('none')
    expect(run(two)).toBe('EVIDENCE_REPEATED')
    expect(run(twoVotes(chain, 1, { slot: 9 }))).toBe('EVIDENCE_REPEATED')
  })

  it('costs a forger gas for two pairings, and nothing but gas', () => {
    const chain = newChain()
    const two = twoVotes(chain, 1)
    const forged: Evidence = { ...two, second: { ...two.second, signature: two.first.signature } }
    const { receipts } = chain.makeBlock([chain.transaction('reporter', [reportOf(chain, forged)])])
    expect(receipts[0]).toMatchObject({ error: { code: 'EVIDENCE_SIGNATURE' } })
    expect(receipts[0]!.gasUsed).toBeGreaterThanOrEqual(300_000)
  })

  it('convicts for a term that is over, until its time is over too', () => {
    const chain = newChain()
    goToNextTerm(chain)
    const { evidenceMs } = chain.parameters
    expect(codeOf(() => report(chain, twoVotes(chain, 1)))).toBe('none')
    chain.makeBlock([], evidenceMs)
    expect(codeOf(() => report(chain, twoVotes(chain, 2)))).toBe('EVIDENCE_OLD')
    // Long after, not even the set is known any more.
    for (let term = 0; term < 3; term++) goToNextTerm(chain, chain.parameters.unbondingMs + 1)
    expect(codeOf(() => report(chain, twoVotes(chain, 2)))).toBe('EVIDENCE_OLD')
  })

  it('reaches a bond that is being withdrawn, which no delegate gets before its evidence is too old', () => {
    const chain = newChain(7, { unbondingMs: 20_000, evidenceMs: 10_000 })
    const name = delegateName(1)
    chain.run(name, callOf('delegates', 'retire', {}))
    chain.makeBlock([], 30_000)
    // It still has its seat, so its bond still answers for what it signs.
    expect(codeOf(() => chain.run(name, callOf('delegates', 'claim', {})))).toBe('DELEGATE_UNBONDING')
    goToNextTerm(chain)
    expect(currentTerm(chain.state).members).toHaveLength(6)
    expect(codeOf(() => chain.run(name, callOf('delegates', 'claim', {})))).toBe('DELEGATE_UNBONDING')
    expect(report(chain, twoVotes(chain, 1)).reward).toBe(BOND / 400n)
    chain.makeBlock([], 20_001)
    const before = chain.balance(name)
    const { receipt } = chain.run(name, callOf('delegates', 'claim', {}))
    expect(chain.balance(name)).toBe(before + (BOND / 20n) * 19n - receipt.feeGrains)
  })

  it('bans for ever: no pay for the term, no seat in the next one, no new bond', () => {
    const chain = newChain()
    chain.head = { ...chain.head, leader: 1 }
    chain.makeBlock()
    report(chain, twoVotes(chain, 1))
    expect(currentTerm(chain.state).earned[1]).toBeGreaterThan(0n)
    const before = chain.balance(delegateName(1))
    chain.head = { ...chain.head, leader: 0 }
    goToNextTerm(chain)
    expect(chain.balance(delegateName(1))).toBe(before)
    expect(currentTerm(chain.state).members).toHaveLength(6)
    const raise = callOf('delegates', 'raiseBond', { amount: BOND })
    expect(codeOf(() => chain.run(delegateName(1), raise))).toBe('DELEGATE_BANNED')
    const key = bls.publicKey(delegateSecret(1))
    const proof = bls.provePossession(delegateSecret(1))
    const again = callOf('delegates', 'register', { name: 'again', key, proof, bond: BOND })
    expect(codeOf(() => chain.run('reporter', again))).toBe('DELEGATE_KEY')
  })

  it('of the banned leaves the rest of the old set where too few others stand', () => {
    const chain = newChain(4, { leastSeats: 4 })
    report(chain, twoVotes(chain, 2))
    expect(currentTerm(chain.state).members).toHaveLength(4)
    goToNextTerm(chain)
    const left = [0, 1, 3].map((seat) => addressOf(chain, seat))
    expect(currentTerm(chain.state).members.map(({ address }) => address)).toEqual(left)
  })
})

describe('evidence of two commitments to results of a heavy call', () => {
  const SOURCE = `abi.heavy('sum(n: integer)', function(n) local s = 0 for i = 1, n do s = s + i end end, { gas = 3000000 })`

  function ordered() {
    const chain = newChain(4)
    const contract = chain.publish('reporter', SOURCE)
    const { receipt } = chain.run('reporter', chain.contractCall(contract, 'sum', [10n]))
    return { chain, job: receipt.events.find(({ name }) => name === 'jobOrdered')!.data.job as number }
  }

  it('of which none is on the chain convicts its delegate and pays the reporter', () => {
    const { chain, job } = ordered()
    const { receipt } = chain.run('reporter', reportOf(chain, twoCommitments(chain, 2, job)))
    const [convicted] = receipt.events.filter(({ name }) => name === 'convicted')
    expect(convicted?.data).toMatchObject({ term: 0, slot: null, job, delegates: [addressOf(chain, 2)] })
    const toReporter = receipt.events.filter(
      ({ data }) => String(data.to) === String(chain.account('reporter').address),
    )
    expect(toReporter).toMatchObject([{ data: { amount: BOND / 400n } }])
    expect(banOf(chain.state, addressOf(chain, 2))).toMatchObject({ term: 0 })
    expect(bondOf(chain, 2)).toBe((BOND / 20n) * 19n)
    expect(codeOf(() => report(chain, twoCommitments(chain, 2, job)))).toBe('EVIDENCE_REPEATED')
    expect(codeOf(() => chain.run(delegateName(2), commitCall(chain, 2, job, sha256(BYTES))))).toBe('HEAVY_SEAT')
  })

  it('takes the convicted one’s commitment out of those that are counted, and the others certify', () => {
    const { chain, job } = ordered()
    const hash = honestResult(chain, job)
    for (const seat of [0, 3]) chain.run(delegateName(seat), commitCall(chain, seat, job, hash))
    const evidence = twoCommitments(chain, 3, job)
    report(chain, evidence)
    expect(getRun(chain.state, job).commits).toBe(1)
    attest(chain, job, new Map([1, 2].map((seat) => [seat, hash])))
    chain.run(delegateName(0), openCall(0, job, hash))
    expect(findRun(chain.state, job)).toBeUndefined()
  })

  it('convicts after the heavy call is done too', () => {
    const { chain, job } = ordered()
    const evidence = twoCommitments(chain, 1, job)
    attest(chain, job, new Map([0, 2, 3].map((seat) => [seat, honestResult(chain, job)])))
    expect(findRun(chain.state, job)).toBeUndefined()
    expect(report(chain, evidence).reward).toBe(BOND / 400n)
  })

  it('is refused where keys signed that do not act for the delegate any more', () => {
    const { chain, job } = ordered()
    const evidence = twoCommitments(chain, 1, job)
    const policy = { threshold: 1, keys: [chain.account('another').keys.publicKey] }
    chain.run(delegateName(1), callOf('accounts', 'setPolicy', { policy }))
    expect(codeOf(() => report(chain, evidence))).toBe('EVIDENCE_SIGNATURE')
    expect(banOf(chain.state, addressOf(chain, 1))).toBeUndefined()
  })

  it('can be had of every commitment: the chain takes none beside other calls, or of another term', () => {
    const { chain, job } = ordered()
    const call = commitCall(chain, 0, job, sha256(BYTES))
    const transfer = callOf('tokens', 'transfer', { to: addressOf(chain, 1), token: 0, amount: 1n, memo: null })
    const { receipts } = chain.makeBlock([chain.transaction(delegateName(0), [call, transfer])])
    expect(receipts[0]).toMatchObject({ error: { code: 'HEAVY_ALONE' } })
    const other = callOf('contracts', 'commitResult', { job, term: 1, commitment: sha256(BYTES) })
    expect(codeOf(() => chain.run(delegateName(0), other))).toBe('HEAVY_SEAT')
    expect(getRun(chain.state, job).commits).toBe(0)
  })
})

describe('offenders who act together', () => {
  it('lose more with every one of them, also those convicted before, and everything with a third', () => {
    const chain = newChain(10)
    const shares = [50, 366, 683, 1000, 1000]
    for (const [count, share] of shares.entries()) {
      report(chain, twoVotes(chain, count))
      const left = Array.from({ length: count + 1 }, (_, seat) => bondOf(chain, seat))
      expect(left).toEqual(new Array(count + 1).fill((BOND * BigInt(1000 - share)) / 1000n))
    }
    expect(bondOf(chain, 9)).toBe(BOND)
  })

  it('are counted over terms in a row, and not farther', () => {
    const chain = newChain(10, { slashTerms: 2, leastSeats: 11, unbondingMs: 10_000_000, evidenceMs: 9_000_000 })
    // The old set stays for want of candidates, and every seat with its delegate.
    for (let term = 0; term < 3; term++) goToNextTerm(chain)
    // Terms 0 and 2 are not in one window of two, but each is with term 1.
    report(chain, twoVotes(chain, 1, { term: 0 }))
    report(chain, twoVotes(chain, 2, { term: 2 }))
    expect([bondOf(chain, 1), bondOf(chain, 2)]).toEqual(new Array(2).fill((BOND * 950n) / 1000n))
    report(chain, twoVotes(chain, 3, { term: 1 }))
    expect([1, 2, 3].map((seat) => bondOf(chain, seat))).toEqual(new Array(3).fill((BOND * 634n) / 1000n))
  })

  it('lose the same in whatever order and company they are reported', () => {
    const expected = [5, 3, 8].map((count) =>
      new Array(count).fill((BOND * BigInt(1000 - slashedShare(count, 7, 50))) / 1000n),
    )
    fc.assert(
      fc.property(fc.constantFrom(5, 3, 8), fc.infiniteStream(fc.nat()), (count, numbers) => {
        const chain = newChain(20)
        const seats = Array.from({ length: count }, (_, seat) => seat)
        for (let i = seats.length - 1; i > 0; i--) {
          const j = numbers.next().value % (i + 1)
          ;[seats[i], seats[j]] = [seats[j]!, seats[i]!]
        }
        let sum = 0n
        for (const seat of seats) {
          const { reward, toPool } = report(chain, twoVotes(chain, seat))
          sum += reward + toPool
        }
        const left = Array.from({ length: count }, (_, seat) => bondOf(chain, seat))
        expect(left).toEqual(expected.find(({ length }) => length === count))
        expect(balanceOf(chain.state, pools.stakes)).toBe(20n * BOND - sum)
      }),
      { numRuns: 6 },
    )
  })

  it('of 99 delegates lose all bonds once they are 33, in one report of 35 as well as one by one', () => {
    const one = newChain(99)
    for (let seat = 0; seat < 32; seat++) report(one, twoVotes(one, seat))
    expect(bondOf(one, 0)).toBe((BOND * BigInt(1000 - slashedShare(32, 33, 50))) / 1000n)
    report(one, twoVotes(one, 32))
    expect(Array.from({ length: 34 }, (_, seat) => bondOf(one, seat))).toEqual([...new Array(33).fill(0n), BOND])
    const all = newChain(99)
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
    const { reward, toPool } = report(all, twoCertificates(all, range(0, 67), range(32, 99), 99))
    expect(reward + toPool).toBe(35n * BOND)
  })
})
