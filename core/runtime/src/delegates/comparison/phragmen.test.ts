import { toHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ballot } from '../elimination.ts'
import { backingAt, type Candidate, elect, UNIT } from './phragmen.ts'

const addressOf = (name: string) => new Uint8Array(32).fill(name.charCodeAt(0))
const nameOf = (address: Uint8Array) => String.fromCharCode(address[0]!)
const STAKE = 10n ** 12n

/** Winners of an election by party lists; bonds are small beside the stakes and yet too large for their cap to bind. */
function winners(votes: Record<string, number>, seats: number): string {
  const total = BigInt(Object.values(votes).reduce((sum, count) => sum + count, 0)) * STAKE
  const bond = total / 10n
  const names = [...new Set(Object.keys(votes).join(''))]
  const ballots = Object.entries(votes).map(([ballot, count]) => ({
    stake: BigInt(count) * STAKE,
    names: [...ballot].map(addressOf),
  }))
  const seated = elect(
    names.map((name) => ({ address: addressOf(name), bond })),
    ballots,
    seats,
  )
  return seated.map(({ address }) => nameOf(address)).join('')
}

// --- An independent reference: fractions, every round computed anew from the loads, ballots never merged. ---

type Fraction = readonly [bigint, bigint]
const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
const frac = (n: bigint, d = 1n): Fraction => {
  const g = gcd(n < 0n ? -n : n, d)
  return [n / g, d / g]
}
const add = (a: Fraction, b: Fraction) => frac(a[0] * b[1] + b[0] * a[1], a[1] * b[1])
const sub = (a: Fraction, b: Fraction) => frac(a[0] * b[1] - b[0] * a[1], a[1] * b[1])
const mul = (a: Fraction, b: Fraction) => frac(a[0] * b[0], a[1] * b[1])
const div = (a: Fraction, b: Fraction) => frac(a[0] * b[1], a[1] * b[0])
const less = (a: Fraction, b: Fraction) => a[0] * b[1] < b[0] * a[1]
const max = (a: Fraction, b: Fraction) => (less(a, b) ? b : a)

/** Follows an election and gives for each seat its own exact time and the earliest one that any candidate had. */
function follow(candidates: readonly Candidate[], ballots: readonly Ballot[], order: readonly Uint8Array[]) {
  const voters = [
    ...ballots.map(({ stake, names }) => ({ stake, names: names.map(toHex), load: frac(0n) })),
    ...candidates.map(({ address, bond }) => ({ stake: bond, names: [toHex(address)], load: frac(0n) })),
  ]
  const left = new Map(candidates.map(({ address, bond }) => [toHex(address), bond]))
  const timeOf = (name: string) => {
    const own = voters.filter(({ names }) => names.includes(name))
    const stake = own.reduce((sum, voter) => sum + voter.stake, 0n)
    const paid = own.reduce((sum, voter) => add(sum, mul(frac(voter.stake), voter.load)), frac(1n))
    return max(div(paid, frac(stake)), frac(1n, left.get(name)! * 10n))
  }
  return order.map((address) => {
    const name = toHex(address)
    const earliest = [...left.keys()].map(timeOf).reduce((a, b) => (less(b, a) ? b : a))
    const time = timeOf(name)
    left.delete(name)
    const payers = voters.filter(({ names }) => names.includes(name))
    const saved = payers.reduce((sum, { stake, load }) => add(sum, mul(frac(stake), sub(time, load))), frac(0n))
    for (const payer of payers) payer.load = add(payer.load, div(sub(time, payer.load), saved))
    return { time, earliest }
  })
}

const CANDIDATES = 'abcdefghijkl'
const arbitraryElection = fc.record({
  bonds: fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 2, maxLength: CANDIDATES.length }),
  votes: fc.array(
    fc.record({
      stake: fc.bigInt({ min: 0n, max: 5_000n }),
      names: fc.uniqueArray(fc.constantFrom(...CANDIDATES), { maxLength: 10 }),
    }),
    { maxLength: 6 },
  ),
  // Exact fractions double in length with every seat: a few seats are what the reference can follow.
  seats: fc.integer({ min: 1, max: 4 }),
})
type Arbitrary = { bonds: bigint[]; votes: { stake: bigint; names: string[] }[] }
const inputsOf = ({ bonds, votes }: Arbitrary, scale = 1n) => ({
  candidates: bonds.map((bond, i) => ({ address: addressOf(CANDIDATES[i]!), bond: bond * scale })),
  ballots: votes.map(({ stake, names }) => ({ stake: stake * scale, names: names.map(addressOf) })),
})

describe('sequential Phragmén', () => {
  it('elects A, Q and B in the example of 1894', () => {
    // Janson, arXiv:1611.08826: 1034 ABC, 519 PQR, 90 ABQ, 47 APQ; plain counting would elect A, B and C.
    expect(winners({ ABC: 1034, PQR: 519, ABQ: 90, APQ: 47 }, 3)).toBe('AQB')
  })

  it('gives each party its seats that D’Hondt’s divisors give it', () => {
    // Quotients 305, 199, 152.5, 101.7, 99.5, 95: three, two and one.
    const lists = [
      { stake: 305n * STAKE, names: [...'abcdef'].map(addressOf) },
      { stake: 199n * STAKE, names: [...'ghijkl'].map(addressOf) },
      { stake: 95n * STAKE, names: [...'mnopqr'].map(addressOf) },
    ]
    const candidates = [...'abcdefghijklmnopqr'].map((name) => ({ address: addressOf(name), bond: 11n * STAKE }))
    const order = elect(candidates, lists, 6).map(({ address }) => nameOf(address))
    expect(order.filter((name) => name < 'g')).toHaveLength(3)
    expect(order.filter((name) => name >= 'g' && name < 'm')).toHaveLength(2)
    // Of equal candidates of one party the lower addresses go first.
    expect(order.toSorted().join('')).toBe('abcghm')
  })

  it('counts what a seat is backed with as computed by hand', () => {
    // Two ballots of 30 and 20 for a and b alone, and bonds of 10: a at 1/40, then b at 1/30.
    const candidates = ['a', 'b'].map((name) => ({ address: addressOf(name), bond: 10n }))
    const ballots = [
      { stake: 30n, names: [addressOf('a')] },
      { stake: 20n, names: [addressOf('b')] },
    ]
    expect(elect(candidates, ballots, 2).map(({ time }) => time)).toEqual([UNIT / 40n, UNIT / 30n])
    // One ballot of 40 for both: a at 1/50; then b has 50 of stake of which 40 paid 40/50: (1 + 0.8) / 50.
    const [first, second] = elect(candidates, [{ stake: 40n, names: [addressOf('b'), addressOf('a')] }], 2)
    expect([nameOf(first!.address), nameOf(second!.address)]).toEqual(['a', 'b'])
    expect(first!.time).toBe(UNIT / 50n)
    expect((UNIT * 36n) / 1000n - second!.time).toBeLessThanOrEqual(1n)
  })

  it('holds a candidate back whose bond is small, and lets its voters keep what they need not pay', () => {
    // 1,000 of stake for a, whose bond of 1 counts 10; b stands with 50 of its own: b first, at 1/50, then a at 1/10.
    const candidates = [
      { address: addressOf('a'), bond: 1n },
      { address: addressOf('b'), bond: 50n },
      { address: addressOf('c'), bond: 200n },
    ]
    const ballots = [{ stake: 999n, names: [addressOf('a'), addressOf('c')] }]
    const seats = elect(candidates, ballots, 3)
    expect(seats.map(({ address }) => nameOf(address)).join('')).toBe('cba')
    expect(seats.map(({ time }) => backingAt(time))).toEqual([1199n, 50n, 10n])
  })

  it('elects nobody without a bond, and no more than stand', () => {
    const candidates = [
      { address: addressOf('a'), bond: 0n },
      { address: addressOf('b'), bond: 1n },
    ]
    expect(
      elect(candidates, [{ stake: 5n, names: [addressOf('a')] }], 3).map(({ address }) => nameOf(address)),
    ).toEqual(['b'])
  })

  it('chooses at every seat the earliest candidate, as fractions computed anew confirm', () => {
    fc.assert(
      fc.property(arbitraryElection, (input) => {
        const { candidates, ballots } = inputsOf(input)
        const standing = candidates.filter(({ bond }) => bond > 0n)
        const seats = elect(candidates, ballots, input.seats)
        expect(seats).toHaveLength(Math.min(input.seats, standing.length))
        const exact = follow(
          standing,
          ballots,
          seats.map(({ address }) => address),
        )
        // Stakes are below 2^21 here, so a unit of the last place is worth less than 2^-80 of any time.
        const near = (a: Fraction, b: Fraction) => !less(mul(b, frac(2n ** 80n + 1n, 2n ** 80n)), a)
        for (const [i, { time, earliest }] of exact.entries()) {
          expect(near(time, earliest)).toBe(true)
          const given = frac(seats[i]!.time, UNIT)
          expect(near(given, time) && near(time, given)).toBe(true)
        }
      }),
    )
  })

  it('never seats earlier than the seat before, nor with more than ten bonds behind it', () => {
    fc.assert(
      fc.property(arbitraryElection, (input) => {
        const { candidates, ballots } = inputsOf(input)
        const seats = elect(candidates, ballots, input.seats)
        for (const [i, { address, time }] of seats.entries()) {
          if (i > 0) expect(time >= seats[i - 1]!.time).toBe(true)
          const bond = candidates.find((one) => one.address[0] === address[0])!.bond
          expect(time >= UNIT / (bond * 10n)).toBe(true)
        }
      }),
    )
  })

  it('depends neither on order nor on how equal ballots are cut', () => {
    fc.assert(
      fc.property(arbitraryElection, fc.nat(), (input, cut) => {
        const { candidates, ballots } = inputsOf(input)
        const seats = elect(candidates, ballots, input.seats)
        expect(elect(candidates.toReversed(), ballots.toReversed(), input.seats)).toEqual(seats)
        const cutBallots = ballots.flatMap(({ stake, names }) => {
          const part = stake === 0n ? 0n : BigInt(cut) % stake
          return [
            { stake: part, names },
            { stake: stake - part, names: names.toReversed() },
          ]
        })
        expect(elect(candidates, cutBallots, input.seats)).toEqual(seats)
      }),
    )
  })

  it('stays the same but for rounding when all stakes grow alike', () => {
    fc.assert(
      fc.property(arbitraryElection, fc.integer({ min: 1, max: 40 }), (input, bits) => {
        const scale = 1n << BigInt(bits)
        const small = inputsOf(input)
        const large = inputsOf(input, scale)
        const seats = elect(large.candidates, large.ballots, input.seats)
        const exact = follow(
          small.candidates.filter(({ bond }) => bond > 0n),
          small.ballots,
          seats.map(({ address }) => address),
        )
        for (const { time, earliest } of exact) {
          // Below 2^61 of stake, the last place is worth less than 2^-40.
          expect(less(mul(earliest, frac(2n ** 40n + 1n, 2n ** 40n)), time)).toBe(false)
        }
      }),
    )
  })

  it('gives more than l/(n+1) of all stake, if it votes alike for l or more, at least l seats', () => {
    // Droop's quota: were it l - 1 at the last seat's time T, then s·T ≤ l, while the rest paid n - l + 1 ≤ (S - s)·T.
    const group = fc.integer({ min: 1, max: 4 })
    fc.assert(
      fc.property(arbitraryElection, group, fc.integer({ min: 4, max: 8 }), (input, l, n) => {
        const { candidates, ballots } = inputsOf(input)
        const names = [...'QRSTUV'].slice(0, l + 2).map(addressOf)
        const others = [...candidates.map(({ bond }) => bond), ...ballots.map(({ stake }) => stake)]
        // Bonds of the group back one candidate alone: they count with the others. All are scaled, so that the bonds
        // are small beside the group's stake, and the cap that they set does not bind.
        const bond = others.reduce((sum, one) => sum + one, 1n)
        const rest = bond * BigInt(names.length + 1)
        const stake = (rest * BigInt(l)) / BigInt(n + 1 - l) + 1n
        const bloc = names.map((address) => ({ address, bond }))
        const seats = elect([...candidates, ...bloc], [...ballots, { stake, names }], n)
        const won = seats.filter(({ address }) => names.some((name) => name[0] === address[0])).length
        expect(won).toBeGreaterThanOrEqual(l)
      }),
    )
  })
})
