import {
  bitmapOf,
  type Certificate,
  encodeCertificate,
  encodeHeader,
  FINAL,
  type Header,
  headerHash,
  quorum,
  setHash,
  statementHash,
} from '@smartshare/chain'
import { encode, SmartshareError, u64 } from '@smartshare/codec'
import { bls, hashTagged, sha256, toHex } from '@smartshare/crypto'
import { encodeProof, StateTree } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeLightState,
  encodeEntryProof,
  encodeHandOver,
  encodeLightState,
  firstState,
  handOverAll,
  type LightState,
  MAX_CERTIFICATE_BYTES,
  MAX_HAND_OVER_BYTES,
  MAX_HAND_OVERS,
  MAX_HEADER_BYTES,
  MAX_STATE_BYTES,
  membersChanged,
  TRUST_PERIOD_MS,
  verifyEntry,
} from './index.ts'

const NOW_MS = 1_790_000_000_000
const DAY_MS = 86_400_000
const PROOF_BYTES = 2048
const MILLION_LEVELS = 40
const chainId = sha256(Uint8Array.of(1))
const rules = { nowMs: NOW_MS }
const digest = (name: string) => sha256(new TextEncoder().encode(name))

interface Delegate {
  readonly secret: Uint8Array
  readonly address: Uint8Array
  readonly key: Uint8Array
}

function delegate(n: number): Delegate {
  const secret = bls.secretFromSeed(digest(`delegate ${n}`))
  return { secret, address: digest(`address ${n}`), key: bls.publicKey(secret) }
}

const membersOf = (set: readonly Delegate[]) => set.map(({ address, key }) => ({ address, key }))

function headerOf(changes: Partial<Header>): Header {
  const some = digest('some')
  return {
    ...{ version: 1, chainId, term: 0, slot: 5, height: 6, parent: some, timeMs: NOW_MS, leader: 0 },
    ...{ reveal: new Uint8Array(96), accumulator: some, rootHeight: 4, stateRoot: some, rangeRoot: some },
    ...{ certificateHash: some, transactionsRoot: some, transactionCount: 0, gas: 0, basePrice: 1n, mode: 0 },
    ...{ nextSet: null },
    ...changes,
  }
}

function certify(set: readonly Delegate[], header: Header): Certificate {
  const { term, slot } = header
  const value = headerHash(header)
  const message = statementHash({ chainId, term, slot, kind: FINAL, value })
  const seats = set.map((_, seat) => seat).slice(-quorum(set.length))
  const signature = bls.aggregate(seats.map((seat) => bls.sign(set[seat]!.secret, message)))
  return { term, slot, kind: FINAL, value, bitmap: bitmapOf(seats, set.length), signature }
}

function handOverTo(
  term: number,
  before: readonly Delegate[],
  after: readonly Delegate[],
  timeMs = NOW_MS,
): Uint8Array {
  const nextSet = setHash({ term, members: membersOf(after) })
  const header = headerOf({ term: term - 1, height: term * 10, timeMs, nextSet })
  const certificate = encodeCertificate(certify(before, header))
  return encodeHandOver({
    version: 1,
    header: encodeHeader(header),
    certificate,
    members: membersChanged(before, after),
  })
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    return SmartshareError.is(error) ? error.code : String(error)
  }
}

const four = [0, 1, 2, 3].map(delegate)
const key = digest('key')
const value = Uint8Array.of(1, 2, 3)

/** A balance in a state of some accounts, certified by four, and no balance of another account. */
function sample(): { state: LightState; present: Uint8Array; absent: Uint8Array; absentKey: Uint8Array } {
  const tree = new StateTree({ get: () => undefined })
  const entries = [[key, value] as const, ...Array.from({ length: 20 }, (_, i) => [digest(`key ${i}`), value] as const)]
  tree.applyChanges(entries.map(([of, what]) => ({ key: of, value: what })))
  const header = headerOf({ stateRoot: tree.root })
  const certified = { header: encodeHeader(header), certificate: encodeCertificate(certify(four, header)) }
  const absentKey = digest('nobody')
  return {
    state: firstState(chainId, { term: 0, members: membersOf(four) }, NOW_MS - DAY_MS),
    present: encodeEntryProof({ ...certified, value, path: encodeProof(tree.prove(key)) }),
    absent: encodeEntryProof({ ...certified, value: null, path: encodeProof(tree.prove(absentKey)) }),
    absentKey,
  }
}

describe('a light client', () => {
  const { state, present, absent, absentKey } = sample()

  function flipped(bytes: Uint8Array, bit: number): Uint8Array {
    const copy = bytes.slice()
    copy[bit >> 3]! ^= 1 << (bit & 7)
    return copy
  }

  it.each([
    ['that it is there', present, key, toHex(value)],
    ['that it is absent', absent, absentKey, 'absent'],
  ])('refuses every proof with one bit turned, or learns the same truth from it: %s', (_, proof, of, truth) => {
    const read = (bytes: Uint8Array) => {
      const found = verifyEntry(state, bytes, of, rules)
      return [found.value === undefined ? 'absent' : toHex(found.value), found.height, toHex(found.blockHash)]
    }
    const told = read(proof)
    expect(told[0]).toBe(truth)
    let refused = 0
    for (let bit = 0; bit < proof.length * 8; bit++) {
      const code = codeOf(() => expect(read(flipped(proof, bit))).toEqual(told))
      if (code !== 'none') {
        expect(code).toMatch(/^(PROOF|LIGHT)_/)
        refused++
      }
    }
    // Nothing in a proof is idle: each bit is covered by a hash, a signature or the encoding.
    expect(refused).toBe(proof.length * 8)
  })

  it('refuses what it keeps with one bit turned, or learns the same truth with it', () => {
    const kept = encodeLightState(state)
    const codes = new Set<string>()
    for (let bit = 0; bit < kept.length * 8; bit++) {
      codes.add(
        codeOf(() => {
          const found = verifyEntry(decodeLightState(flipped(kept, bit)), present, key, rules)
          expect([toHex(found.value!), found.height]).toEqual([toHex(value), 4])
        }),
      )
    }
    expect([...codes].filter((code) => !/^(none|PROOF_|LIGHT_)/.test(code))).toEqual([])
    expect(codes.size).toBeGreaterThan(3)
  })

  it('answers any bytes with a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => {
        expect(codeOf(() => verifyEntry(state, junk, key, rules))).toBe('PROOF_FORM')
        expect(codeOf(() => handOverAll(state, [junk], rules))).toBe('PROOF_FORM')
        expect(codeOf(() => decodeLightState(junk))).toBe('LIGHT_STATE')
      }),
    )
  })

  it('writes down what it keeps, and reads it back', () => {
    expect(decodeLightState(encodeLightState(state))).toEqual(state)
  })

  it('never changes a state in place, nor shares memory with what it was given', () => {
    const kept = encodeLightState(state)
    const bytes = present.slice()
    const found = verifyEntry(state, bytes, key, rules)
    const later = encodeLightState(found.state)
    bytes.fill(0)
    expect(found.value).toEqual(value)
    expect(encodeLightState(found.state)).toEqual(later)
    expect(encodeLightState(state)).toEqual(kept)
  })

  it('expires after fourteen days, to the millisecond, unless it hears of a block', () => {
    const at = (nowMs: number, from = state) => codeOf(() => verifyEntry(from, present, key, { nowMs }))
    expect(TRUST_PERIOD_MS).toBe(14 * DAY_MS)
    expect(at(state.timeMs + TRUST_PERIOD_MS)).toBe('none')
    expect(at(state.timeMs + TRUST_PERIOD_MS + 1)).toBe('LIGHT_TRUST_EXPIRED')
    const { state: later } = verifyEntry(state, present, key, rules)
    expect(at(state.timeMs + TRUST_PERIOD_MS + 1, later)).toBe('none')
  })
})

describe('hand-overs', () => {
  const sets = Array.from({ length: 7 }, (_, term) => [0, 1, 2, 3].map((seat) => delegate(term + seat)))
  const start = firstState(chainId, { term: 0, members: membersOf(sets[0]!) }, NOW_MS - 6 * DAY_MS)
  const chain = sets.slice(1).map((after, i) => handOverTo(i + 1, sets[i]!, after, NOW_MS - (6 - i) * DAY_MS))

  it('lead over several terms at once, to a set of which nobody was known', () => {
    const end = handOverAll(start, chain, rules)
    expect(end.term).toBe(6)
    expect(end.members).toEqual(membersOf(sets[6]!))
    expect(handOverAll(handOverAll(start, chain.slice(0, 2), rules), chain.slice(2), rules)).toEqual(end)
  })

  it('are refused with one left out, twice, or in another order', () => {
    expect(codeOf(() => handOverAll(start, chain.toSpliced(2, 1), rules))).toBe('PROOF_TERM')
    expect(codeOf(() => handOverAll(start, [chain[0]!, chain[0]!], rules))).toBe('LIGHT_STALE')
    expect(codeOf(() => handOverAll(start, [chain[1]!, chain[0]!], rules))).toBe('PROOF_TERM')
  })

  it('are bounded', () => {
    const many = new Array<Uint8Array>(MAX_HAND_OVERS + 1).fill(chain[0]!)
    expect(codeOf(() => handOverAll(start, many, rules))).toBe('LIGHT_LIMIT')
  })

  it('refuse any damage', () => {
    const [first] = chain as [Uint8Array]
    const truth = handOverAll(start, [first], rules)
    fc.assert(
      fc.property(fc.nat(first.length * 8 - 1), (bit) => {
        const damaged = first.slice()
        damaged[bit >> 3]! ^= 1 << (bit & 7)
        const code = codeOf(() => expect(handOverAll(start, [damaged], rules)).toEqual(truth))
        expect(code).toMatch(/^(PROOF|LIGHT)_/)
      }),
    )
  })
})

describe('with 99 delegates', () => {
  const set = Array.from({ length: 99 }, (_, n) => delegate(n))
  const state = firstState(chainId, { term: 0, members: membersOf(set) }, NOW_MS - DAY_MS)

  /** A leaf `levels` deep with a sibling at each level; among a million random keys one has 20 siblings and hardly more. */
  function deepProof(levels: number, path: Uint8Array, leaf: Uint8Array): { root: Uint8Array; proof: Uint8Array } {
    const siblings = Array.from({ length: levels }, (_, level) => digest(`sibling ${level}`))
    let root = leaf
    for (let level = levels - 1; level >= 0; level--) {
      const isRight = ((path[level >> 3]! >> (7 - (level & 7))) & 1) === 1
      const pair = isRight ? [siblings[level]!, root] : [root, siblings[level]!]
      root = sha256(Uint8Array.from(pair.flatMap((hash) => [...hash])))
    }
    const bitmap = new Uint8Array(levels / 8).fill(0xff)
    const all = Uint8Array.from(siblings.flatMap((hash) => [...hash]))
    return { root, proof: encodeProof({ bitmap, siblings: all, other: null }) }
  }

  it(`proves a balance among a million in ${PROOF_BYTES} bytes`, () => {
    // Module, table, address: the key of a balance; the largest numbers that a header can have.
    const balance = Uint8Array.of(2, 1, ...digest('account'))
    const grains = encode(u64, 10n ** 18n)
    const valuePath = hashTagged('state/key', balance)
    const inner = sha256(Uint8Array.of(...valuePath, ...hashTagged('state/value', grains)))
    const leaf = sha256(Uint8Array.of(...inner, ...sha256(new TextEncoder().encode('smartshare/state/leaf'))))
    const { root, proof: path } = deepProof(MILLION_LEVELS, valuePath, leaf)
    const most = Number.MAX_SAFE_INTEGER
    const header = headerOf({
      ...{ slot: most - 1, height: most, rootHeight: most - 1, stateRoot: root, gas: most, leader: 98 },
      ...{ basePrice: 2n ** 64n - 1n, transactionCount: 20_000, nextSet: digest('next') },
    })
    const certificate = encodeCertificate(certify(set, header))
    const proof = encodeEntryProof({ header: encodeHeader(header), certificate, value: grains, path })
    expect(proof.length).toBeLessThanOrEqual(PROOF_BYTES)
    expect(verifyEntry(state, proof, balance, rules).value).toEqual(grains)
    const typical = proof.length - (MILLION_LEVELS - 21) * 32
    console.log(`proof of a balance, 99 delegates: ${proof.length} bytes at ${MILLION_LEVELS} levels, ${typical} at 21`)
  })

  it('hands over in a small message where few delegates change, even if all change their seats', () => {
    const after = [...set.slice(2), delegate(99), delegate(100)].toReversed()
    const proof = handOverTo(1, set, after)
    expect(handOverAll(state, [proof], rules).members).toEqual(membersOf(after))
    expect(proof.length).toBeLessThan(1200)
    console.log(`hand-over with 2 of 99 new: ${proof.length} bytes; state: ${encodeLightState(state).length} bytes`)
  })
})

it('has room for the largest header, certificate, state and hand-over that there can be', () => {
  const most = Number.MAX_SAFE_INTEGER
  const header = encodeHeader(
    headerOf({
      ...{ term: most, slot: most, height: most, timeMs: most, rootHeight: most, gas: most, leader: 255, mode: 1 },
      ...{ basePrice: 2n ** 64n - 1n, transactionCount: 20_000, nextSet: chainId },
    }),
  )
  const bitmap = new Uint8Array(32)
  const signature = new Uint8Array(96)
  const certificate = encodeCertificate({ term: most, slot: most, kind: FINAL, value: chainId, bitmap, signature })
  const members = Array.from({ length: 256 }, () => ({ address: chainId, key: new Uint8Array(48) }))
  const state = { ...firstState(chainId, { term: most, members }, most), height: most }
  expect(header.length).toBeLessThanOrEqual(MAX_HEADER_BYTES)
  expect(certificate.length).toBeLessThanOrEqual(MAX_CERTIFICATE_BYTES)
  expect(encodeLightState(state).length).toBeLessThanOrEqual(MAX_STATE_BYTES)
  const handOver = encodeHandOver({ version: 1, header, certificate, members })
  expect(handOver.length).toBeLessThanOrEqual(MAX_HAND_OVER_BYTES)
})
