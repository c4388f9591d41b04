import { bitmapOf, FINAL } from '@smartshare/chain'
import { bls, compareBytes, sha256, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { StateJournal } from '@smartshare/state'
import { describe, expect, it } from 'vitest'
import { executeBlock } from '../execute-block.ts'
import { callOf, TestChain } from '../testing.ts'
import { allBalances, balanceOf, pools } from '../tokens/tokens.ts'
import { backing, getDelegate, ranked, unbondingOf } from './registry.ts'
import { currentTerm, nextSet } from './term.ts'

const BOND = 10n ** 12n
const parameters = { leastBondGrains: BOND, termBlocks: 10, electionBlock: 5, unbondingMs: 10_000, evidenceMs: 9_000 }

function registration(name: string, bond = BOND) {
  const secret = bls.secretFromSeed(sha256(new TextEncoder().encode(name)))
  return callOf('delegates', 'register', {
    name,
    key: bls.publicKey(secret),
    proof: bls.provePossession(secret),
    bond,
  })
}

const vote = (chain: TestChain, ...names: string[]) =>
  callOf('delegates', 'vote', { ballot: names.map((name) => chain.account(name).address).sort(compareBytes) })
const stake = (amount: bigint) => callOf('delegates', 'stake', { amount })
const votesOf = (chain: TestChain, name: string) => getDelegate(chain.state, chain.account(name).address)!.votes

describe('delegates', () => {
  it('register once, with a bond, a free name and a key that they hold', () => {
    const chain = new TestChain({ accounts: ['anna', 'ben'], parameters })
    const fails = (code: string, from: string, call: ReturnType<typeof registration>) =>
      expect(() => chain.run(from, call)).toThrow(expect.objectContaining({ code }))
    fails('DELEGATE_BOND', 'anna', registration('anna', BOND - 1n))
    fails('DELEGATE_NAME', 'anna', registration('Anna!'))
    const secret = bls.secretFromSeed(sha256(Uint8Array.of(1)))
    const proof = bls.provePossession(bls.secretFromSeed(sha256(Uint8Array.of(2))))
    const stolen = { name: 'anna', key: bls.publicKey(secret), proof, bond: BOND }
    fails('DELEGATE_KEY', 'anna', callOf('delegates', 'register', stolen))
    chain.run('anna', registration('anna'))
    fails('DELEGATE_EXISTS', 'anna', registration('anna2'))
    fails('DELEGATE_NAME', 'ben', registration('anna'))
    expect(getDelegate(chain.state, chain.account('anna').address)).toMatchObject({ name: 'anna', bond: BOND })
  })

  it('are backed by stakes that are split and never multiplied, capped at ten times their bond', () => {
    const chain = new TestChain({ accounts: ['anna', 'ben', 'holder'], parameters })
    chain.run('anna', registration('anna'))
    chain.run('ben', registration('ben'))
    chain.run('holder', stake(900n), vote(chain, 'anna', 'ben'))
    expect([votesOf(chain, 'anna'), votesOf(chain, 'ben')]).toEqual([450n, 450n])
    chain.run('holder', stake(100n))
    expect(votesOf(chain, 'anna')).toBe(500n)
    chain.run('holder', vote(chain, 'ben'))
    expect([votesOf(chain, 'anna'), votesOf(chain, 'ben')]).toEqual([0n, 1_000n])
    expect(backing({ bond: 10n, votes: 1_000n })).toBe(100n)
    chain.run('holder', callOf('delegates', 'unstake', { amount: 1_000n }))
    expect(votesOf(chain, 'ben')).toBe(0n)
  })

  it('rank by backing, and stand no more once they retire', () => {
    const chain = new TestChain({ accounts: ['anna', 'ben', 'holder'], parameters })
    chain.run('anna', registration('anna'))
    chain.run('ben', registration('ben'))
    chain.run('holder', stake(10n ** 11n), vote(chain, 'ben'))
    const names = () => ranked(chain.state, 10).map(({ name }) => name)
    expect(names().indexOf('ben')).toBeLessThan(names().indexOf('anna'))
    chain.run('ben', callOf('delegates', 'retire', {}))
    expect(names()).not.toContain('ben')
    // The voter can still take its votes back, and the delegate can stand again.
    chain.run('holder', vote(chain, 'anna'))
    expect(votesOf(chain, 'ben')).toBe(0n)
    chain.run('ben', callOf('delegates', 'raiseBond', { amount: BOND }))
    expect(names()).toContain('ben')
  })

  it('get bonds and stakes back after the unbonding time and not before', () => {
    const chain = new TestChain({ accounts: ['holder'], parameters })
    chain.run('holder', stake(1_000n))
    chain.run('holder', callOf('delegates', 'unstake', { amount: 600n }))
    const claim = callOf('delegates', 'claim', {})
    expect(() => chain.run('holder', claim)).toThrow('free yet')
    expect(() => chain.run('holder', callOf('delegates', 'unstake', { amount: 401n }))).toThrow('400')
    chain.makeBlock([], 10_000)
    const before = chain.balance('holder')
    const { receipt } = chain.run('holder', claim)
    expect(chain.balance('holder')).toBe(before + 600n - receipt.feeGrains)
    expect(unbondingOf(chain.state, chain.account('holder').address)).toEqual([])
  })

  it('are elected at the election block and seated, and the old ones paid, when the next term begins', () => {
    const chain = new TestChain({ accounts: ['anna'], parameters })
    chain.run('anna', registration('anna'))
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    expect(chain.head.height).toBe(5)
    const elected = nextSet(chain.state)!
    expect(elected.members).toHaveLength(2)
    const before = chain.balance('delegate')
    const earned = currentTerm(chain.state).earned[0]!
    expect(earned).toBeGreaterThan(0n)
    chain.head = { ...chain.head, term: 1, slot: 0 }
    chain.makeBlock()
    expect(currentTerm(chain.state)).toMatchObject({ term: 1, members: elected.members })
    expect(nextSet(chain.state)).toBeUndefined()
    expect(chain.balance('delegate')).toBe(before + earned)
  })

  it('keep the old set while too few stand for election', () => {
    const chain = new TestChain({ accounts: ['anna'], parameters: { ...parameters, leastSeats: 2 } })
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    expect(nextSet(chain.state)).toMatchObject({ term: 1, members: currentTerm(chain.state).members })
  })

  it('share what a block brings between its leader and the votes it carries, to the grain', () => {
    const chain = new TestChain({ accounts: ['alice'], parameters })
    const transfer = callOf('tokens', 'transfer', {
      to: chain.account('bob').address,
      token: 0,
      amount: 1n,
      memo: null,
    })
    const tx = chain.transaction('alice', [transfer], { gasLimit: 1_000_000 })
    const header = { ...chain.head, height: 1 }
    const rootCertificate = {
      term: 0,
      slot: 0,
      kind: FINAL,
      value: chain.chainId,
      bitmap: bitmapOf([0], 1),
      signature: new Uint8Array(96),
    }
    const miningBefore = balanceOf(chain.state, pools.mining)
    const journal = new StateJournal(chain.state)
    const block = { hash: chain.chainId, header, rootCertificate, transactions: [tx] }
    const { changes } = executeBlock(journal, block, chain.parameters)
    chain.state.apply(changes)
    const fee = 500_000n * 10n
    const emission = (miningBefore * chain.parameters.blockEmission) / 10n ** 18n
    const half = (emission + fee / 5n) / 2n
    expect(currentTerm(chain.state)).toMatchObject({ earned: [half * 2n], made: [1] })
    expect(balanceOf(chain.state, pools.delegatePay)).toBe(half * 2n)
    expect(balanceOf(chain.state, pools.mining)).toBe(miningBefore + fee - half * 2n)
    const total = [...allBalances(chain.state)].reduce((sum, [, grains]) => sum + grains, 0n)
    expect(total).toBe(TOTAL_SUPPLY_GRAINS)
  })
})
