import { type DelegateSet, type Header, headerHash } from '@smartshare/chain'
import { encode, fixedBytes, record, uint } from '@smartshare/codec'
import { concatBytes, hashTagged, sha256 } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderOfRound } from './order.ts'
import { TurnChecker } from './turns.ts'

const CHAIN_ID = hashTagged('genesis', Uint8Array.of(7))
const ZERO = new Uint8Array(32)
const secretOf = (seat: number, term: number) => hashScheme.secretFromSeed(sha256(Uint8Array.of(seat, term)))
const setOf = (term: number, seats: number): DelegateSet => ({
  term,
  members: Array.from({ length: seats }, (_, seat) => ({
    address: sha256(Uint8Array.of(seat)),
    key: hashScheme.publicKey(secretOf(seat, term)),
  })),
})
const revealSchema = record({ chainId: fixedBytes(32), term: uint(), round: uint() })

interface Block {
  readonly header: Header
  readonly set: DelegateSet
}

/**
 * A chain by the words of docs/spec/bytes.md §9: terms of `sizes` seats, blocks in slots `gaps` apart. It keeps every
 * accumulator and searches all of them each time.
 */
function chainOf(sizes: readonly number[], gaps: readonly number[], perTerm: number): Block[] {
  const blocks: Block[] = []
  let base = { accumulator: hashTagged('acc', CHAIN_ID), slots: [] as { slot: number; acc: Uint8Array }[] }
  let early = base.accumulator
  let parent = CHAIN_ID
  for (const [term, seats] of sizes.entries()) {
    const set = setOf(term, seats)
    let slot = -1
    let accumulator = base.accumulator
    const slots: { slot: number; acc: Uint8Array }[] = []
    for (let i = 0; i < perTerm; i++) {
      slot += gaps[blocks.length % gaps.length] as number
      const round = Math.floor(slot / seats)
      const known = slots.filter((one) => one.slot < (round - 1) * seats).at(-1)
      const seed = round < 2 ? early : (known?.acc ?? base.accumulator)
      const leader = orderOfRound(seed, term, round, seats)[slot % seats] as number
      const statement = hashTagged('reveal', encode(revealSchema, { chainId: CHAIN_ID, term, round }))
      const reveal = hashScheme.sign(secretOf(leader, term), statement)
      accumulator = hashTagged('acc', concatBytes(accumulator, reveal))
      const header: Header = {
        ...{ version: 1, chainId: CHAIN_ID, term, slot, height: blocks.length + 1, parent, timeMs: 1, leader, reveal },
        ...{ accumulator, rootHeight: 0, stateRoot: ZERO, rangeRoot: ZERO, certificateHash: ZERO },
        ...{ transactionsRoot: ZERO, transactionCount: 0, gas: 0, basePrice: 10n, mode: 0, nextSet: null },
      }
      blocks.push({ header, set })
      slots.push({ slot, acc: accumulator })
      parent = headerHash(header)
    }
    early = slots.filter((one) => one.slot < slot - seats + 1).at(-1)?.acc ?? base.accumulator
    base = { accumulator, slots }
  }
  return blocks
}

const chains = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    fc.array(
      fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 30 }) }),
      {
        minLength: 1,
        maxLength: 20,
      },
    ),
    fc.integer({ min: 1, max: 40 }),
  )
  .map(([sizes, gaps, perTerm]) => chainOf(sizes, gaps, perTerm))

const checkerOf = (blocks: readonly Block[]) => new TurnChecker(CHAIN_ID, (blocks[0] as Block).set, hashScheme)

describe('turns recomputed from the headers', () => {
  it('are those of every honest chain, with a missed turn for every slot without a block', () => {
    fc.assert(
      fc.property(chains, (blocks) => {
        const checker = checkerOf(blocks)
        let before = { term: 0, slot: -1 }
        for (const { header, set } of blocks) {
          if (header.term > before.term) before = { term: header.term, slot: -1 }
          const turn = checker.next(header, set)
          expect(turn.leader).toBe(header.leader)
          expect(turn.missed).toHaveLength(header.slot - before.slot - 1)
          before = header
        }
        expect(checker.height).toBe(blocks.length)
      }),
      { numRuns: 60 },
    )
  })

  it('go on from where another checker stood, and are known before the block is made', () => {
    fc.assert(
      fc.property(chains, fc.nat(), (blocks, at) => {
        let checker = checkerOf(blocks)
        for (const [i, { header, set }] of blocks.entries()) {
          if (i === at % blocks.length) checker = TurnChecker.from(CHAIN_ID, checker.state, hashScheme)
          expect(checker.leaderOf(header.slot, set)).toBe(header.leader)
          expect(checker.next(header, set).leader).toBe(header.leader)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('differ from those of a header whose leader, reveal, accumulator or place was changed', () => {
    const lies: readonly [string, (header: Header) => Partial<Header>][] = [
      ['ROUNDS_LEADER', ({ leader }) => ({ leader: leader + 1 })],
      ['ROUNDS_REVEAL', ({ reveal }) => ({ reveal: reveal.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) })],
      ['ROUNDS_REVEAL', ({ accumulator }) => ({ accumulator: accumulator.map((byte) => byte ^ 1) })],
      ['ROUNDS_CHAIN', ({ height }) => ({ height: height + 1 })],
      ['ROUNDS_CHAIN', () => ({ parent: ZERO })],
      ['ROUNDS_CHAIN', () => ({ chainId: ZERO })],
      ['ROUNDS_CHAIN', ({ term }) => ({ term: term + 2 })],
    ]
    fc.assert(
      fc.property(chains, fc.nat(), fc.constantFrom(...lies), (blocks, at, [code, lie]) => {
        const checker = checkerOf(blocks)
        const wrongAt = at % blocks.length
        for (const { header, set } of blocks.slice(0, wrongAt)) checker.next(header, set)
        const { header, set } = blocks[wrongAt] as Block
        expect(() => checker.next({ ...header, ...lie(header) }, set)).toThrow(expect.objectContaining({ code }))
      }),
      { numRuns: 100 },
    )
  })

  it('refuse a reveal that another delegate signed, though its accumulator fits', () => {
    const [{ header, set }] = chainOf([4], [1], 1) as [Block]
    const statement = hashTagged('reveal', encode(revealSchema, { chainId: CHAIN_ID, term: 0, round: 0 }))
    const reveal = hashScheme.sign(secretOf((header.leader + 1) % 4, 0), statement)
    const accumulator = hashTagged('acc', concatBytes(hashTagged('acc', CHAIN_ID), reveal))
    const checker = new TurnChecker(CHAIN_ID, set, hashScheme)
    expect(() => checker.next({ ...header, reveal, accumulator }, set)).toThrow('the reveal is not the signature')
    expect(checker.next(header, set).leader).toBe(header.leader)
  })
})
