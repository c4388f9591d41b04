import { compareBytes, sha256, toHex } from '@smartshare/crypto'
import { type MemoryState, StateJournal } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContractEngine } from '../contracts/engine.ts'
import { Host } from '../host.ts'
import type { Parameters } from '../parameters.ts'
import { TestChain } from '../testing.ts'
import { lastElection, leastLeft, runElection } from './election.ts'
import { type Ballot, elect, type Seat } from './elimination.ts'
import { addDelegate, getDelegate, updateDelegate } from './registry.ts'
import { nextSet } from './term.ts'
import { changeVoter } from './voting.ts'

const bytesOf = (text: string, length = 32) => {
  const hash = sha256(new TextEncoder().encode(text))
  return Uint8Array.from({ length }, (_, i) => hash[i % hash.length]!)
}
const candidateOf = (index: number) => bytesOf(`candidate ${index}`)
const voterOf = (index: number) => bytesOf(`voter ${index}`)
/** Candidates of the bits that are set. */
const subset = (bits: number) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (bits >> bit) % 2 === 1)
const FREEZE = 3
const ELECTION = 40

/** Blocks without transactions on the state of a chain of one delegate, whose own bond is one grain. */
class Blocks {
  readonly parameters: Parameters
  readonly state: MemoryState
  height = 0
  mostChanges = 0

  constructor(parameters: Partial<Parameters>) {
    const chain = new TestChain({
      parameters: { freezeBlock: FREEZE, electionBlock: ELECTION, leastBondGrains: 1n, ...parameters },
    })
    this.parameters = chain.parameters
    this.state = chain.state
  }

  get own() {
    return { address: new TestChain().account('delegate').address, bond: 1n, alternates: [] }
  }

  change(act: (host: Host) => void): number {
    const journal = new StateJournal(this.state)
    const facts = { term: 0, slot: 0, height: this.height, timeMs: 0, leader: 0 }
    const nothing = new Uint8Array(32)
    act(
      new Host(
        journal,
        { ...facts, chainId: nothing, accumulator: nothing, basePrice: 0n },
        this.parameters,
        new ContractEngine(),
      ),
    )
    const changes = journal.changes()
    this.state.apply(changes)
    return changes.length
  }

  register(index: number, bond: bigint): void {
    const address = candidateOf(index)
    const key = bytesOf(`key ${index}`, 48)
    this.change((writer) =>
      addDelegate(writer, address, { name: `c${index}`, key, bond, votes: 0n, registeredHeight: 0 }),
    )
  }

  vote(index: number, stake: bigint, names: readonly number[]): void {
    const ballot = names.map(candidateOf).sort(compareBytes)
    this.change((host) => changeVoter(host, voterOf(index), { stake, ballot }))
  }

  /** A candidate's own ballot. */
  name(index: number, alternates: readonly number[]): void {
    const ballot = alternates.map(candidateOf).sort(compareBytes)
    this.change((host) => changeVoter(host, candidateOf(index), { ballot }))
  }

  retire(index: number): void {
    const address = candidateOf(index)
    this.change((writer) => {
      const delegate = getDelegate(writer, address)!
      updateDelegate(writer, address, delegate, { ...delegate, bond: 0n })
    })
  }

  /** Makes blocks up to a height. */
  run(height: number): void {
    while (this.height < height) {
      this.height++
      this.mostChanges = Math.max(this.mostChanges, this.change(runElection))
    }
  }
}

const stakes = fc.bigInt({ min: 0n, max: 10n ** 6n })
const votes = fc.array(fc.record({ stake: stakes, names: fc.uniqueArray(fc.nat(7), { maxLength: 8 }) }), {
  minLength: 1,
  maxLength: 25,
})
const bonds = fc.array(fc.bigInt({ min: 1n, max: 10n ** 5n }), { minLength: 8, maxLength: 8 })
const alternates = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 4 }), { minLength: 8, maxLength: 8 })
const readable = (seats: readonly Seat[]) => seats.map(({ address, backing }) => [toHex(address), backing])

describe('the election of a term', () => {
  it('gives in small steps what the whole count gives on the votes as they were frozen', () => {
    const steps = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(bonds, alternates, votes, votes, steps, (own, named, first, later, electionSteps) => {
        const blocks = new Blocks({ electionSteps, seats: 5, leastVoteGrains: 1n })
        for (const [i, bond] of own.entries()) blocks.register(i, bond)
        for (const [i, names] of named.entries()) blocks.name(i, names)
        for (const [i, { stake, names }] of first.entries()) blocks.vote(i, stake, names)
        blocks.run(FREEZE)
        // Whatever is voted now counts in the next election.
        for (const [i, { stake, names }] of later.entries()) {
          blocks.vote(i, stake, names)
          blocks.run(FREEZE + i)
        }
        blocks.run(3_000)
        const candidates = own.map((bond, i) => ({
          address: candidateOf(i),
          bond,
          alternates: named[i]!.map(candidateOf),
        }))
        const ballots = first.map(({ stake, names }): Ballot => ({ stake, names: names.map(candidateOf) }))
        const expected = elect([...candidates, blocks.own], ballots, 5, leastLeft(5))
        const counted = lastElection(blocks.state)!
        expect(counted.isDone).toBe(true)
        expect(readable(counted.seats)).toEqual(readable(expected))
        expect(nextSet(blocks.state)!.members.map(({ address }) => toHex(address))).toEqual(
          expected.map(({ address }) => toHex(address)),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('changes few keys in any block, however many ballots there are', () => {
    const blocks = new Blocks({ electionSteps: 100, seats: 3 })
    for (let i = 0; i < 8; i++) blocks.register(i, 10n ** 6n)
    // Each of the 255 ballots names other candidates.
    for (let i = 0; i < 255; i++) blocks.vote(i, 1_000n, subset(i + 1))
    blocks.run(800)
    expect(lastElection(blocks.state)).toMatchObject({ isDone: true })
    expect(blocks.mostChanges).toBeLessThan(40)
  })

  it('waits until the count is done, and takes the next set then', () => {
    const blocks = new Blocks({ electionSteps: 1, seats: 3 })
    for (let i = 0; i < 8; i++) blocks.register(i, 10n ** 6n)
    for (let i = 0; i < 100; i++) blocks.vote(i, 10_000n, subset(i + 1))
    blocks.run(ELECTION)
    expect(nextSet(blocks.state)).toBeUndefined()
    blocks.run(4_000)
    expect(nextSet(blocks.state)!.members).toHaveLength(3)
  })

  it('passes over who retires while it is counted, and leaves out who retires after', () => {
    const blocks = new Blocks({ electionSteps: 3, seats: 2, leastSeats: 1 })
    for (let i = 0; i < 3; i++) blocks.register(i, 10n ** 6n)
    blocks.vote(0, 9_000_000n, [0])
    blocks.vote(1, 6_000_000n, [1])
    blocks.vote(2, 3_000_000n, [2])
    blocks.run(FREEZE)
    blocks.retire(1)
    blocks.run(ELECTION - 1)
    expect(lastElection(blocks.state)!.seats.map(({ address }) => toHex(address))).toEqual(
      [0, 2].map((i) => toHex(candidateOf(i))),
    )
    blocks.retire(0)
    blocks.run(ELECTION)
    expect(nextSet(blocks.state)!.members.map(({ address }) => toHex(address))).toEqual([toHex(candidateOf(2))])
  })

  it('does not count stakes below the least one', () => {
    const blocks = new Blocks({ seats: 1, leastVoteGrains: 1_000n })
    blocks.register(0, 500n)
    blocks.register(1, 501n)
    blocks.vote(0, 999n, [0])
    blocks.run(ELECTION)
    expect(toHex(nextSet(blocks.state)!.members[0]!.address)).toBe(toHex(candidateOf(1)))
  })
})
