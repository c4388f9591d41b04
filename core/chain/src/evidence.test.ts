import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { encode, SmartshareError } from '@smartshare/codec'
import { bls, fromHex, toHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bitmapOf,
  type Call,
  type Certificate,
  COMMIT_METHOD,
  COMMIT_TARGET,
  commitmentIn,
  commitmentSchema,
  convictedSeats,
  decodeEvidence,
  decodeSet,
  type Evidence,
  encodeEvidence,
  encodeSet,
  FINAL,
  NO_VALUE,
  NOTAR,
  PROPOSE,
  parseTransaction,
  type SignedCommitment,
  SKIP,
  statementHash,
  type Vote,
} from './index.ts'
import { SAMPLE_CHAIN_ID, sampleBody, sampleKeys, sampleSecret, sampleSet, signedBy } from './samples.ts'

const SEATS = 7
const QUORUM = 5
const set = sampleSet(SEATS)
const { term } = set
const chainId = SAMPLE_CHAIN_ID
const block = (n: number) => new Uint8Array(32).fill(n)

interface Said {
  slot?: number
  kind: number
  value: Uint8Array
  on?: Uint8Array
}

const messageOf = ({ slot = 41, kind, value, on = chainId }: Said) =>
  statementHash({ chainId: on, term, slot, kind, value })

function vote(seat: number, said: Said): Vote {
  const { slot = 41, kind, value } = said
  return { term, slot, kind, value, seat, signature: bls.sign(sampleSecret(seat), messageOf(said)) }
}

function certificate(signers: number[], said: Said): Certificate {
  const { slot = 41, kind, value } = said
  const signature = bls.aggregate(signers.map((seat) => bls.sign(sampleSecret(seat), messageOf(said))))
  return { term, slot, kind, value, bitmap: bitmapOf(signers, SEATS), signature }
}

interface Committed {
  job?: number
  term?: number
  result: number
  /** Calls beside the commitment. */
  more?: Call[]
  signer?: number
}

/** A commitment of the delegate of a seat to a result of a heavy call. */
function commitment(seat: number, said: Committed): SignedCommitment {
  const { job = 7, result, more = [], signer = seat } = said
  const args = encode(commitmentSchema, { job, term: said.term ?? term, commitment: block(result) })
  const call = { target: COMMIT_TARGET, method: COMMIT_METHOD, arguments: args, funds: [] }
  const body = sampleBody(sampleKeys(seat + 1), { calls: [call, ...more] })
  const transaction = parseTransaction(signedBy(sampleKeys(signer + 1), body), chainId)
  return commitmentIn(transaction) ?? { job, term, commitment: block(result), transaction }
}

const commitments = (first: SignedCommitment, second: SignedCommitment): Evidence => ({
  kind: 'commitments',
  first,
  second,
})
const votes = (first: Vote, second: Vote): Evidence => ({ kind: 'votes', first, second })
const certificates = (first: Certificate, second: Certificate): Evidence => ({ kind: 'certificates', first, second })

/** The seats that evidence convicts, or the code with which it is refused. */
function judge(evidence: Evidence): number[] | string {
  try {
    return convictedSeats(evidence, { chainId, set, scheme: bls })
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
}

const notar = (n: number): Said => ({ kind: NOTAR, value: block(n) })
const final = (n: number): Said => ({ kind: FINAL, value: block(n) })
const propose = (n: number): Said => ({ kind: PROPOSE, value: block(n) })
const skip: Said = { kind: SKIP, value: NO_VALUE }
const early = [0, 1, 2, 3, 4]
const late = [2, 3, 4, 5, 6]

const cases: Record<string, { evidence: () => Evidence; judged: number[] | string }> = {
  'two proposals': { evidence: () => votes(vote(2, propose(1)), vote(2, propose(2))), judged: [2] },
  'two Notars': { evidence: () => votes(vote(0, notar(1)), vote(0, notar(2))), judged: [0] },
  'two Finals': { evidence: () => votes(vote(6, final(1)), vote(6, final(2))), judged: [6] },
  'Final and Skip': { evidence: () => votes(vote(3, final(1)), vote(3, skip)), judged: [3] },
  'Skip and Final': { evidence: () => votes(vote(3, skip), vote(3, final(1))), judged: [3] },
  'one vote twice': { evidence: () => votes(vote(2, notar(1)), vote(2, notar(1))), judged: 'EVIDENCE_PAIR' },
  'Skip twice': { evidence: () => votes(vote(2, skip), vote(2, skip)), judged: 'EVIDENCE_PAIR' },
  'Notar and Skip': { evidence: () => votes(vote(2, notar(1)), vote(2, skip)), judged: 'EVIDENCE_PAIR' },
  'Notar and Final of two blocks': {
    evidence: () => votes(vote(2, notar(1)), vote(2, final(2))),
    judged: 'EVIDENCE_PAIR',
  },
  'Propose and Notar of two blocks': {
    evidence: () => votes(vote(2, propose(1)), vote(2, notar(2))),
    judged: 'EVIDENCE_PAIR',
  },
  'two seats': { evidence: () => votes(vote(2, notar(1)), vote(3, notar(2))), judged: 'EVIDENCE_PAIR' },
  'two slots': {
    evidence: () => votes(vote(2, notar(1)), vote(2, { ...notar(2), slot: 42 })),
    judged: 'EVIDENCE_PAIR',
  },
  'a Skip with a value': {
    evidence: () => votes(vote(2, final(1)), vote(2, { kind: SKIP, value: block(2) })),
    judged: 'EVIDENCE_PAIR',
  },
  'a seat that is not there': {
    evidence: () => votes(vote(SEATS, notar(1)), vote(SEATS, notar(2))),
    judged: 'EVIDENCE_SEATS',
  },
  "another seat's signatures": {
    evidence: () => votes({ ...vote(1, notar(1)), seat: 2 }, { ...vote(1, notar(2)), seat: 2 }),
    judged: 'EVIDENCE_SIGNATURE',
  },
  "another fork's vote": {
    evidence: () => votes(vote(2, notar(1)), vote(2, { ...notar(2), on: block(9) })),
    judged: 'EVIDENCE_SIGNATURE',
  },
  'two Final certificates': {
    evidence: () => certificates(certificate(early, final(1)), certificate(late, final(2))),
    judged: [2, 3, 4],
  },
  'two Notar certificates': {
    evidence: () => certificates(certificate(early, notar(1)), certificate(late, notar(2))),
    judged: [2, 3, 4],
  },
  'Final and Skip certificates': {
    evidence: () => certificates(certificate(early, final(1)), certificate(late, skip)),
    judged: [2, 3, 4],
  },
  'Notar and Skip certificates': {
    evidence: () => certificates(certificate(early, notar(1)), certificate(late, skip)),
    judged: 'EVIDENCE_PAIR',
  },
  'Notar and Final certificates of two blocks': {
    evidence: () => certificates(certificate(early, notar(1)), certificate(late, final(2))),
    judged: 'EVIDENCE_PAIR',
  },
  'a certificate without a quorum': {
    evidence: () => certificates(certificate(early, final(1)), certificate(late.slice(1), final(2))),
    judged: 'EVIDENCE_SEATS',
  },
  'a bitmap that names more than signed': {
    evidence: () => {
      const second = { ...certificate(late, final(2)), bitmap: bitmapOf([1, ...late], SEATS) }
      return certificates(certificate(early, final(1)), second)
    },
    judged: 'EVIDENCE_SIGNATURE',
  },
  'two commitments to results of one heavy call': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(4, { result: 2 })),
    judged: [4],
  },
  'one commitment twice': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(4, { result: 1 })),
    judged: 'EVIDENCE_PAIR',
  },
  'commitments of two heavy calls': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(4, { result: 2, job: 8 })),
    judged: 'EVIDENCE_PAIR',
  },
  'commitments of two terms': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(4, { result: 2, term: 4 })),
    judged: 'EVIDENCE_PAIR',
  },
  'commitments of two delegates': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(3, { result: 2 })),
    judged: 'EVIDENCE_PAIR',
  },
  'commitments of who is no delegate': {
    evidence: () => commitments(commitment(SEATS, { result: 1 }), commitment(SEATS, { result: 2 })),
    judged: 'EVIDENCE_SEATS',
  },
  'commitments that another delegate signed': {
    evidence: () => commitments(commitment(4, { result: 1 }), commitment(4, { result: 2, signer: 3 })),
    judged: 'EVIDENCE_SIGNATURE',
  },
  'a bitmap beyond the set': {
    evidence: () => {
      const second = { ...certificate(late, final(2)), bitmap: Uint8Array.of(0xff) }
      return certificates(certificate(early, final(1)), second)
    },
    judged: 'EVIDENCE_SEATS',
  },
}

describe('evidence', () => {
  for (const [name, { evidence, judged }] of Object.entries(cases)) {
    it(`of ${name} ${typeof judged === 'string' ? `is refused with ${judged}` : 'convicts who signed both'}`, () => {
      expect(judge(evidence())).toEqual(judged)
    })
  }

  it('of another term than the set is refused', () => {
    const evidence = votes(vote(2, notar(1)), vote(2, notar(2)))
    expect(() => convictedSeats(evidence, { chainId, set: { ...set, term: 4 }, scheme: bls })).toThrow(/another term/)
  })

  it('convicts nobody once a byte of it is changed', () => {
    const names = ['two Finals', 'two Final certificates', 'two commitments to results of one heavy call']
    const evidence = names.map((name) => cases[name]!.evidence())
    fc.assert(
      fc.property(fc.constantFrom(...evidence), fc.nat(), fc.integer({ min: 1, max: 255 }), (of, at, by) => {
        const encoded = encodeEvidence(chainId, of)
        const place = at % encoded.length
        encoded[place]! ^= by
        try {
          const changed = decodeEvidence(encoded)
          // A byte of the chain id alone: told apart before the signatures are looked at.
          if (toHex(changed.chainId) !== toHex(chainId)) return
          expect(typeof judge(changed.evidence)).toBe('string')
        } catch (error) {
          if (!SmartshareError.is(error) || !/^(CODEC_|TX_|EVIDENCE_PAIR)/.test(error.code)) throw error
        }
      }),
      { numRuns: 60 },
    )
  })

  it('of commitments beside other calls, or of other transactions, cannot even be read', () => {
    const transfer = sampleBody(sampleKeys(1)).calls[0]!
    const [first, second] = [commitment(4, { result: 1 }), commitment(4, { result: 2, more: [transfer] })]
    expect(commitmentIn(second.transaction)).toBeUndefined()
    const decoding = () => decodeEvidence(encodeEvidence(chainId, commitments(first, second)))
    expect(decoding).toThrow(expect.objectContaining({ code: 'EVIDENCE_PAIR' }))
  })

  it('is as in the vectors', () => {
    const path = new URL('../vectors/evidence.json', import.meta.url)
    const found = {
      chainId: toHex(chainId),
      set: toHex(encodeSet(set)),
      quorum: QUORUM,
      cases: Object.entries(cases).map(([name, { evidence, judged }]) => ({
        name,
        evidence: toHex(encodeEvidence(chainId, evidence())),
        ...(typeof judged === 'string' ? { refused: judged } : { convicted: judged }),
      })),
    }
    if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`)
    const stored = JSON.parse(readFileSync(path, 'utf8'))
    expect(found).toEqual(stored)
    for (const { evidence, refused, convicted } of stored.cases) {
      const known = { chainId: fromHex(stored.chainId), set: decodeSet(fromHex(stored.set)) }
      const decoded = decodeEvidence(fromHex(evidence))
      expect(decoded.chainId).toEqual(known.chainId)
      expect(judge(decoded.evidence)).toEqual(refused ?? convicted)
    }
  })
})
