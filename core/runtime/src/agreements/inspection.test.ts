import { MAX_ARGUMENT_BYTES } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { dataRoot, SEGMENT_BYTES, sha256, verifyDataProof } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { presets } from '../parameters.ts'
import { MAX_LOT_BYTES } from '../tenders/tender.ts'
import { dataOf, proofOf } from '../testing-market.ts'
import type { Agreement } from './agreement.ts'
import { accrue, inspectedSegments, inspectionStart } from './inspection.ts'
import { joinProofs, siblingCount, verifyInspection } from './inspection-proof.ts'

const seedOf = (number: number) => sha256(Uint8Array.of(number & 255, number >> 8))
const segmentsIn = (sizeBytes: number) => Math.ceil(sizeBytes / SEGMENT_BYTES)

/** Bytes of the arguments of `prove` beside its two byte strings: heads, agreement and inspection. */
const MAX_HEAD_BYTES = 32

describe('the segments of an inspection', () => {
  it('are ascending, distinct and within the data', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.integer({ min: 1, max: MAX_LOT_BYTES }),
        fc.nat(3660),
        fc.integer({ min: 1, max: 80 }),
        (seed, sizeBytes, inspection, count) => {
          const indices = inspectedSegments(seedOf(seed), 7, inspection, sizeBytes, count)
          expect(indices.length).toBeLessThanOrEqual(count)
          expect(indices.every((index, i) => i === 0 || index > indices[i - 1]!)).toBe(true)
          expect(indices[0]).toBeGreaterThanOrEqual(0)
          expect(indices.at(-1)).toBeLessThan(segmentsIn(sizeBytes))
        },
      ),
    )
  })

  it('are all of them when there are no more than are asked for', () => {
    expect(inspectedSegments(seedOf(1), 1, 1, 64 * 40 - 1, 40)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    expect(inspectedSegments(seedOf(1), 1, 1, 1, 66)).toEqual([0])
  })

  it('differ by seed, agreement and inspection, and are the same everywhere', () => {
    // Reckoned by another program from the text of the specification.
    const first = inspectedSegments(seedOf(1), 1, 1, 2 ** 30, 4)
    expect(first).toEqual([341502, 6268202, 7896464, 8044647])
    for (const [seed, agreement, inspection] of [
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ] as const) {
      expect(inspectedSegments(seedOf(seed), agreement, inspection, 2 ** 30, 4)).not.toEqual(first)
    }
  })

  it('hit every part of the data alike', () => {
    const hits = new Array<number>(10).fill(0)
    for (let inspection = 0; inspection < 300; inspection++) {
      for (const index of inspectedSegments(seedOf(9), 3, inspection, 64_000_000, 66))
        hits[Math.floor(index / 100_000)]! += 1
    }
    // 19,800 draws into ten parts: 1,980 ± 42 each; five deviations.
    for (const count of hits) expect(Math.abs(count - 1980)).toBeLessThan(211)
  })
})

describe('the proof of an inspection', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 60_000, max: 300_000 }))

  it('holds for exactly the opened segments', () => {
    fc.assert(
      fc.property(sizes, fc.nat(65_535), fc.integer({ min: 1, max: 70 }), (sizeBytes, seed, count) => {
        const data = dataOf(`data ${seed}`, sizeBytes)
        const root = dataRoot(data)
        const indices = inspectedSegments(seedOf(seed), 1, 2, sizeBytes, count)
        const proof = proofOf(data, indices)
        expect(verifyInspection(root, sizeBytes, indices, proof)).toBe(true)
        const parts = [proof.segments, proof.siblings].filter((bytes) => bytes.length > 0)
        const target = parts[seed % parts.length]!
        const changed = target.slice()
        changed[(seed * 7919) % changed.length]! ^= 1 << (seed % 8)
        const wrong = target === proof.segments ? { ...proof, segments: changed } : { ...proof, siblings: changed }
        expect(verifyInspection(root, sizeBytes, indices, wrong)).toBe(false)
        expect(verifyInspection(sha256(root), sizeBytes, indices, proof)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('agrees with the proof of a single segment', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (sizeBytes, pick) => {
        const data = dataOf('single', sizeBytes)
        const root = dataRoot(data)
        const index = pick % segmentsIn(sizeBytes)
        const { segments, siblings } = proofOf(data, [index])
        const list = Array.from({ length: siblings.length / 32 }, (_, i) => siblings.subarray(32 * i, 32 * i + 32))
        expect(verifyDataProof(root, sizeBytes, index, segments, list)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('is refused with a stable code, or is wrong, whatever bytes it is made of', () => {
    const data = dataOf('fuzz', 10_000)
    const root = dataRoot(data)
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 700 }),
        fc.uint8Array({ maxLength: 700 }),
        fc.uniqueArray(fc.nat(156), { minLength: 1, maxLength: 8 }),
        (segments, siblings, some) => {
          const indices = some.sort((a, b) => a - b)
          try {
            expect(verifyInspection(root, 10_000, indices, { segments, siblings })).toBe(false)
          } catch (error) {
            expect(SmartshareError.is(error, 'INSPECTION_PROOF_FORM')).toBe(true)
          }
        },
      ),
    )
  })

  it('is not joined from proofs in another order or of other data', () => {
    const data = dataOf('join', 1000)
    const [a, b] = [0, 5].map((index) => {
      const { segments, siblings } = proofOf(data, [index])
      const list = Array.from({ length: siblings.length / 32 }, (_, i) => siblings.subarray(32 * i, 32 * i + 32))
      return { segmentIndex: index, segment: segments, siblings: list }
    })
    const form = expect.objectContaining({ code: 'INSPECTION_PROOF_FORM' })
    expect(() => joinProofs(1000, [b!, a!])).toThrow(form)
    expect(() => joinProofs(1000, [a!, a!])).toThrow(form)
    expect(() => joinProofs(100_000, [a!, b!])).toThrow(form)
    expect(joinProofs(1000, [a!, b!])).toEqual(proofOf(data, [0, 5]))
  })

  it('fits the arguments of a call for the largest lot in every preset, wherever the segments lie', () => {
    for (const { inspectionSegments: count } of Object.values(presets)) {
      // Most siblings: the paths part as high up as they can, that is, the indices are spread evenly.
      const even = Array.from({ length: count }, (_, i) => Math.floor((i * segmentsIn(MAX_LOT_BYTES)) / count))
      const drawn = inspectedSegments(seedOf(5), 1, 1, MAX_LOT_BYTES, count)
      for (const indices of [even, drawn]) {
        const proofBytes = count * SEGMENT_BYTES + siblingCount(MAX_LOT_BYTES, indices) * 32
        expect(proofBytes + MAX_HEAD_BYTES).toBeLessThan(MAX_ARGUMENT_BYTES)
      }
    }
  })
})

describe('the count of missed inspections', () => {
  const times = fc.record({
    startMs: fc.integer({ min: 1, max: 1000 }),
    periodMs: fc.integer({ min: 1, max: 50 }),
    windowPart: fc.integer({ min: 1, max: 100 }),
    periods: fc.integer({ min: 1, max: 40 }),
    next: fc.nat(41),
    elapsed: fc.nat(3000),
  })

  it('is what counting one by one gives', () => {
    fc.assert(
      fc.property(times, ({ startMs, periodMs, windowPart, periods, next: answered, elapsed }) => {
        const windowMs = Math.max(1, Math.floor((periodMs * windowPart) / 100))
        const next = Math.min(answered, periods + 1)
        const agreement = { startMs, periodMs, windowMs, periods, next, missed: 0 } as Agreement
        const clockMs = startMs + elapsed
        let missed = 0
        let first = next
        for (let k = next; k <= periods; k++) {
          if (inspectionStart(agreement, k) + windowMs > clockMs) break
          missed += 1
          first = k + 1
        }
        expect(accrue(agreement, clockMs)).toMatchObject({ missed, next: first })
      }),
    )
  })
})
