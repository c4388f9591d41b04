import { bls, sha256 } from '@smartshare/crypto'
import { StateJournal } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { currentTerm, nextSet } from '../delegates/term.ts'
import { reportOf, twoVotes } from '../evidence/testing-evidence.ts'
import { executeBlock } from '../execute-block.ts'
import { presets } from '../parameters.ts'
import { callOf, delegateName, TestChain } from '../testing.ts'
import { changeable, checkTogether, mergeChanges, withChanges } from './changeable.ts'
import { getProposal, proposalState } from './proposals.ts'
import { rulesOf, storedRules } from './rules.ts'

const BOND = 10n ** 12n
const DELAY = 2
const parameters = {
  leastBondGrains: BOND,
  termBlocks: 4,
  freezeBlock: 1,
  electionBlock: 2,
  electionSteps: 100_000,
  upgradeDelayTerms: DELAY,
}
const names = ['anna', 'ben', 'carl']
const LEAST_BASE_PRICE = 1
const MOST_BASE_PRICE = 2

/** A chain on whose fourth term four delegates have seats: `delegate`, anna, ben, carl. */
function seated(): TestChain {
  const chain = new TestChain({ accounts: [...names, 'guest'], parameters })
  for (const name of names) {
    const secret = bls.secretFromSeed(sha256(new TextEncoder().encode(name)))
    const proof = bls.provePossession(secret)
    chain.run(name, callOf('delegates', 'register', { name, key: bls.publicKey(secret), proof, bond: BOND }))
  }
  while (currentTerm(chain.state).members.length < 4) endTerm(chain)
  return chain
}

/** Makes blocks until the next term has begun. */
function endTerm(chain: TestChain) {
  while (nextSet(chain.state) === undefined) chain.makeBlock()
  chain.head = { ...chain.head, term: chain.head.term + 1, slot: 0 }
  return chain.makeBlock()
}

const now = (chain: TestChain) => currentTerm(chain.state).term
const proposal = (chain: TestChain, draft: object = {}) =>
  callOf('governance', 'propose', {
    version: 2,
    changes: [],
    activationTerm: now(chain) + DELAY + 1,
    memo: '',
    ...draft,
  })
const vote = (id: number, approve = true) => callOf('governance', 'vote', { proposal: id, approve })
const stateOf = (chain: TestChain, id = 1) => proposalState(getProposal(chain.state, id), now(chain), DELAY)
const code = (name: string) => expect.objectContaining({ code: name })

describe('governance', () => {
  it('puts a new version and new parameters in force with the first block of the term that was decided', () => {
    const chain = seated()
    const changes = [{ parameter: LEAST_BASE_PRICE, value: 25n }]
    chain.run('anna', proposal(chain, { changes }))
    chain.run('ben', vote(1))
    expect(stateOf(chain)).toBe('open')
    const { receipt } = chain.run('carl', vote(1))
    expect(receipt.events.map(({ name }) => name)).toEqual(['voted', 'scheduled'])
    expect(stateOf(chain)).toBe('scheduled')
    for (let terms = 0; terms < DELAY; terms++) {
      endTerm(chain)
      expect(chain.rules).toMatchObject({ version: 1, parameters: { leastBasePrice: 10n } })
    }
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    // The states that the first blocks of the new term may name say the same as the state of the term itself.
    const before = rulesOf(chain.state, now(chain) + 1, chain.parameters)
    const { header, own } = endTerm(chain)
    expect(own.events.filter(({ name }) => name === 'activated')).toHaveLength(1)
    expect(header).toMatchObject({ version: 2, basePrice: 25n })
    expect(chain.rules).toEqual(before)
    expect(stateOf(chain)).toBe('active')
  })

  it('counts more than two thirds of the delegates of the running term, and nobody else', () => {
    const chain = seated()
    expect(() => chain.run('guest', proposal(chain))).toThrow(code('GOVERNANCE_SEAT'))
    chain.run('anna', proposal(chain))
    expect(() => chain.run('guest', vote(1))).toThrow(code('GOVERNANCE_SEAT'))
    expect(() => chain.run('anna', vote(1))).toThrow(code('GOVERNANCE_VOTED'))
    expect(() => chain.run('ben', vote(7))).toThrow(code('GOVERNANCE_UNKNOWN'))
    chain.run('ben', vote(1, false))
    expect(() => chain.run('ben', vote(1, false))).toThrow(code('GOVERNANCE_VOTED'))
    chain.run('ben', vote(1))
    expect(getProposal(chain.state, 1)).toMatchObject({ approvals: { length: 2 }, rejections: [] })
    expect(stateOf(chain)).toBe('open')
  })

  it('forgets the votes of delegates that have lost their seat', () => {
    const chain = seated()
    chain.run('anna', proposal(chain, { activationTerm: now(chain) + DELAY + 5 }))
    chain.run('ben', vote(1))
    chain.run('anna', callOf('delegates', 'retire', {}))
    while (currentTerm(chain.state).members.length > 3) endTerm(chain)
    // Two of the three that are left are no quorum, although three have voted for it.
    chain.run('carl', vote(1))
    expect(getProposal(chain.state, 1).approvals).toHaveLength(2)
    expect(stateOf(chain)).toBe('open')
    chain.run('delegate', vote(1))
    expect(stateOf(chain)).toBe('scheduled')
  })

  it('lets no convicted delegate decide, although it has its seat to the end of the term', () => {
    const chain = new TestChain({ accounts: ['reporter'], delegates: 4, parameters })
    const [first, second, third, traitor] = [0, 1, 2, 3].map(delegateName) as [string, string, string, string]
    chain.run(first, proposal(chain))
    chain.run(traitor, vote(1))
    chain.run('reporter', reportOf(chain, twoVotes(chain, 3)))
    expect(() => chain.run(traitor, vote(1, false))).toThrow(code('GOVERNANCE_SEAT'))
    chain.run(second, vote(1))
    expect(stateOf(chain)).toBe('open')
    chain.run(third, vote(1))
    expect(stateOf(chain)).toBe('scheduled')
  })

  it('lets a proposal expire when its delay could no longer be kept', () => {
    const chain = seated()
    chain.run('anna', proposal(chain))
    chain.run('ben', vote(1))
    endTerm(chain)
    expect(stateOf(chain)).toBe('expired')
    expect(() => chain.run('carl', vote(1))).toThrow(code('GOVERNANCE_CLOSED'))
    // It no longer keeps its proposer from proposing again.
    chain.run('anna', proposal(chain))
    expect(() => chain.run('anna', proposal(chain))).toThrow(code('GOVERNANCE_OPEN'))
  })

  it('takes a decided proposal back by a quorum against it, until the last term before it', () => {
    const chain = seated()
    chain.run('anna', proposal(chain))
    for (const name of ['ben', 'carl']) chain.run(name, vote(1))
    for (const name of ['anna', 'ben', 'carl']) chain.run(name, vote(1, false))
    expect(stateOf(chain)).toBe('rejected')
    expect(storedRules(chain.state).next).toBeNull()
    expect(() => chain.run('delegate', vote(1))).toThrow(code('GOVERNANCE_CLOSED'))
    chain.run('ben', proposal(chain))
    for (const name of ['anna', 'carl']) chain.run(name, vote(2))
    endTerm(chain)
    chain.run('anna', vote(2, false))
    endTerm(chain)
    expect(() => chain.run('carl', vote(2, false))).toThrow(code('GOVERNANCE_CLOSED'))
    endTerm(chain)
    expect(chain.rules.version).toBe(2)
  })

  it('decides one thing at a time', () => {
    const chain = seated()
    chain.run('anna', proposal(chain))
    chain.run('ben', proposal(chain, { version: 3 }))
    for (const name of ['ben', 'carl']) chain.run(name, vote(1))
    chain.run('anna', vote(2))
    expect(() => chain.run('carl', vote(2))).toThrow(code('GOVERNANCE_BUSY'))
    expect(stateOf(chain, 2)).toBe('open')
  })

  it('refuses what changes nothing, goes back, comes too soon or too late, or is out of bounds', () => {
    const chain = seated()
    const refused = (name: string, draft: object) =>
      expect(() => chain.run('anna', proposal(chain, draft))).toThrow(code(name))
    const change = (parameter: number, value: bigint) => ({ version: 1, changes: [{ parameter, value }] })
    refused('GOVERNANCE_EMPTY', { version: 1 })
    refused('GOVERNANCE_TERM', { activationTerm: now(chain) + DELAY })
    refused('GOVERNANCE_TERM', { activationTerm: now(chain) + DELAY + 102 })
    for (const { number, least, most } of changeable) {
      refused('GOVERNANCE_PARAMETER', change(number, least - 1n))
      refused('GOVERNANCE_PARAMETER', change(number, most + 1n))
    }
    refused('GOVERNANCE_PARAMETER', change(0, 1n))
    refused('GOVERNANCE_PARAMETER', change(changeable.length + 1, 1n))
    refused('GOVERNANCE_PARAMETER', {
      changes: [
        { parameter: MOST_BASE_PRICE, value: 2_000n },
        { parameter: LEAST_BASE_PRICE, value: 20n },
      ],
    })
    // Each within its bounds, but together no price could ever be right.
    refused('GOVERNANCE_PARAMETER', {
      changes: [
        { parameter: LEAST_BASE_PRICE, value: 5_000n },
        { parameter: MOST_BASE_PRICE, value: 4_000n },
      ],
    })
    chain.run('anna', proposal(chain, { version: 2 }))
    for (const name of ['ben', 'carl']) chain.run(name, vote(1))
    for (let terms = 0; terms <= DELAY; terms++) endTerm(chain)
    refused('GOVERNANCE_VERSION', { version: 1, changes: [{ parameter: LEAST_BASE_PRICE, value: 20n }] })
  })

  it('stops software that does not know the version before it executes a block of it', () => {
    const chain = seated()
    chain.run('anna', proposal(chain))
    for (const name of ['ben', 'carl']) chain.run(name, vote(1))
    for (let terms = 0; terms < DELAY; terms++) endTerm(chain)
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    const execute = (term: number, latestVersion: number) => {
      const header = { ...chain.head, term, height: chain.head.height + 1 }
      const block = { hash: chain.chainId, header, rootCertificate: null, transactions: [] }
      return executeBlock(new StateJournal(chain.state), block, chain.parameters, latestVersion)
    }
    expect(execute(now(chain), 1).receipts).toHaveLength(1)
    expect(() => execute(now(chain) + 1, 1)).toThrow(code('PROTOCOL_UNKNOWN'))
    expect(execute(now(chain) + 1, 2).receipts).toHaveLength(1)
  })

  it('keeps every parameter that no change names, and the later of two changes', () => {
    const one = fc
      .constantFrom(...changeable)
      .chain(({ number, least, most }) => fc.bigInt(least, most).map((value) => ({ parameter: number, value })))
    const list = fc.uniqueArray(one, { selector: ({ parameter }) => parameter })
    fc.assert(
      fc.property(list, list, (earlier, later) => {
        const merged = mergeChanges(earlier, later)
        const result = withChanges(presets.main, merged)
        expect(result).toEqual(withChanges(withChanges(presets.main, earlier), later))
        for (const [name, value] of Object.entries(presets.main)) {
          const { number } = changeable.find((candidate) => candidate.name === name) ?? {}
          const change = merged.find(({ parameter }) => parameter === number)
          const now = result[name as keyof typeof result]
          expect(typeof now).toBe(typeof value)
          expect(BigInt(now)).toBe(change?.value ?? BigInt(value))
        }
      }),
    )
    for (const preset of Object.values(presets)) expect(() => checkTogether(preset)).not.toThrow()
  })
})
