import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACKING_PER_BOND, type Ballot, type Candidate, elect } from './elimination.ts'

const addressOf = (name: string) => new Uint8Array(32).fill(name.charCodeAt(0))
const nameOf = (address: Uint8Array) => String.fromCharCode(address[0]!)
const candidate = (name: string, bond: bigint, alternates = ''): Candidate => ({
  address: addressOf(name),
  bond,
  alternates: [...alternates].map(addressOf),
})
const ballot = (stake: bigint, names: string): Ballot => ({ stake, names: [...names].map(addressOf) })
const winners = (...input: Parameters<typeof elect>) =>
  elect(...input)
    .map(({ address }) => nameOf(address))
    .join('')

const NAMES = [...'abcdefgh']
const arbitrary = fc.record({
  bonds: fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 2, maxLength: NAMES.length }),
  alternates: fc.array(fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 }), { minLength: 8, maxLength: 8 }),
  votes: fc.array(
    fc.record({
      stake: fc.bigInt({ min: 0n, max: 20_000n }),
      names: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 8 }),
    }),
    { maxLength: 8 },
  ),
  seats: fc.integer({ min: 1, max: 5 }),
})
type Arbitrary = { bonds: bigint[]; alternates: string[][]; votes: { stake: bigint; names: string[] }[] }
const inputOf = ({ bonds, alternates, votes }: Arbitrary) => ({
  candidates: bonds.map((bond, i) => candidate(NAMES[i]!, bond, alternates[i]!.join(''))),
  ballots: votes.map(({ stake, names }) => ballot(stake, names.join(''))),
})

describe('elimination with balanced support', () => {
  it('takes out whoever has least and lets its ballots go to their other names', () => {
    // a and b have 30 each of their own voters; c's 20 and d's 19 come together when d is out.
    const candidates = [...'abcd'].map((name) => candidate(name, 10n))
    const ballots = [ballot(20n, 'a'), ballot(20n, 'b'), ballot(10n, 'c'), ballot(9n, 'cd')]
    const seats = elect(candidates, ballots, 3)
    expect(seats.map(({ address }) => nameOf(address)).toSorted()).toEqual(['a', 'b', 'c'])
    expect(seats.map(({ backing }) => backing)).toEqual([30n, 30n, 29n])
  })

  it('levels what ballots of several names give', () => {
    const candidates = [...'ab'].map((name) => candidate(name, 100n))
    // Both have 180 while both run; then a has all.
    const seats = elect(candidates, [ballot(60n, 'a'), ballot(100n, 'ab')], 2)
    expect(seats.map(({ backing }) => backing)).toEqual([260n, 180n])
  })

  it('gives each party its seats that D’Hondt’s divisors give it', () => {
    // Quotients 305, 199, 152.5, 101.7, 99.5, 95: three, two and one.
    const lists = [
      ballot(305n * 10n ** 6n, 'abcdef'),
      ballot(199n * 10n ** 6n, 'ghijkl'),
      ballot(95n * 10n ** 6n, 'mnopqr'),
    ]
    const candidates = [...'abcdefghijklmnopqr'].map((name) => ({ ...candidate(name, 10n ** 7n + 1n) }))
    const elected = [...winners(candidates, lists, 6)]
    expect(elected.filter((name) => name < 'g')).toHaveLength(3)
    expect(elected.filter((name) => name >= 'g' && name < 'm')).toHaveLength(2)
  })

  it('passes what a delegate has above its need, and all it has once it is out, to whom it names itself', () => {
    const bond = 100n
    // Everybody's one name is a; b and c have less than d, but a names them.
    const candidates = [candidate('a', bond, 'bc'), candidate('b', bond), candidate('c', bond), candidate('d', 150n)]
    expect(winners(candidates, [ballot(900n, 'a')], 3).slice(0, 3)).not.toContain('d')
    // Without alternates a's surplus stays with it.
    const silent = [candidate('a', bond), ...candidates.slice(1)]
    expect(winners(silent, [ballot(900n, 'a')], 3)).toContain('d')
    // e is out first; its bond and its voters' stake go to c by its own ballot, which puts c before b.
    const five = [candidate('b', bond), candidate('c', bond - 10n), candidate('d', 150n), candidate('e', 20n, 'c')]
    expect(winners(five, [ballot(5n, 'e')], 2)).toBe('dc')
  })

  it('counts support up to ten bonds alone, and lets the rest go to other names', () => {
    const candidates = [candidate('a', 1n), candidate('b', 50n), candidate('c', 200n)]
    const seats = elect(candidates, [ballot(999n, 'a'), ballot(400n, 'ab')], 3)
    expect(seats.map(({ address }) => nameOf(address)).join('')).toBe('bca')
    expect(seats.at(-1)!.backing).toBe(10n)
  })

  it('elects nobody without a bond, and no more than stand; of equals the lower address stays', () => {
    expect(winners([candidate('a', 0n), candidate('b', 1n)], [ballot(5n, 'a')], 3)).toBe('b')
    expect(winners([candidate('c', 5n), candidate('a', 5n), candidate('b', 5n)], [], 2)).toBe('ab')
  })

  it('depends neither on order nor on how equal ballots are cut', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (input, cut) => {
        const { candidates, ballots } = inputOf(input)
        const seats = elect(candidates, ballots, input.seats)
        expect(elect(candidates.toReversed(), ballots.toReversed(), input.seats)).toEqual(seats)
        const parts = ballots.flatMap(({ stake, names }) => {
          const part = stake === 0n ? 0n : BigInt(cut) % stake
          return [
            { stake: part, names },
            { stake: stake - part, names: names.toReversed() },
          ]
        })
        expect(elect(candidates, parts, input.seats)).toEqual(seats)
      }),
    )
  })

  it('fills every seat that it can, with no more support than there is stake, or ten bonds', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const { candidates, ballots } = inputOf(input)
        const seats = elect(candidates, ballots, input.seats, input.seats)
        expect(seats).toHaveLength(Math.min(input.seats, candidates.filter(({ bond }) => bond > 0n).length))
        const all = [...candidates.map(({ bond }) => bond), ...ballots.map(({ stake }) => stake)]
        const backed = seats.reduce((sum, { backing }) => sum + backing, 0n)
        expect(backed <= all.reduce((sum, one) => sum + one, 0n)).toBe(true)
        for (const { address, backing } of seats) {
          const bond = candidates.find((one) => one.address[0] === address[0])!.bond
          expect(backing >= 0n && backing <= bond * BACKING_PER_BOND).toBe(true)
        }
      }),
    )
  })

  it('gives more than l/(n+1) of all stake, if it votes alike for l or more, at least l seats', () => {
    // Droop's quota: whoever is taken out has at most an even part among n + 1, and each of l names has more.
    const group = fc.integer({ min: 1, max: 4 })
    fc.assert(
      fc.property(arbitrary, group, fc.integer({ min: 4, max: 8 }), (input, l, n) => {
        const { candidates, ballots } = inputOf(input)
        const bloc = [...'QRSTUV'].slice(0, l + 2).join('')
        const others = [...candidates.map(({ bond }) => bond), ...ballots.map(({ stake }) => stake)]
        // Bonds of the group are small beside its stake and yet too large for their cap to bind. They count with the
        // others, for they back one candidate alone.
        const bond = others.reduce((sum, one) => sum + one, 1n)
        const rest = bond * BigInt(bloc.length + 1)
        const stake = (rest * BigInt(l)) / BigInt(n + 1 - l) + BigInt(n)
        const names = [...bloc].map((name) => candidate(name, bond))
        const seats = elect([...candidates, ...names], [...ballots, ballot(stake, bloc)], n, n)
        expect(seats.filter(({ address }) => bloc.includes(nameOf(address))).length).toBeGreaterThanOrEqual(l)
      }),
    )
  })

  it('gives the results of the published vectors', () => {
    interface Vector {
      name: string
      seats: number
      candidates: { address: string; bond: string; alternates: string[] }[]
      ballots: { stake: string; names: string[] }[]
      elected: { address: string; backing: string }[]
    }
    const file = new URL('../../vectors/election.json', import.meta.url)
    const vectors: Vector[] = JSON.parse(readFileSync(file, 'utf8'))
    expect(vectors.length).toBeGreaterThan(3)
    for (const { name, candidates, ballots, seats, elected } of vectors) {
      const result = elect(
        candidates.map(({ address, bond, alternates }) => ({
          address: fromHex(address),
          bond: BigInt(bond),
          alternates: alternates.map(fromHex),
        })),
        ballots.map(({ stake, names }) => ({ stake: BigInt(stake), names: names.map(fromHex) })),
        seats,
      )
      const readable = result.map(({ address, backing }) => ({ address: toHex(address), backing: `${backing}` }))
      expect([name, readable]).toEqual([name, elected])
    }
  })
})
