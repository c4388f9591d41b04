import { bytes, decode, encode, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { type BlsScheme, equalBytes } from '@smartshare/crypto'
import { HASH_BYTES } from './limits.ts'
import {
  type Certificate,
  type DelegateSet,
  decodeCertificate,
  decodeVote,
  encodeCertificate,
  encodeVote,
  FINAL,
  NO_VALUE,
  quorum,
  SKIP,
  type Statement,
  seatsOf,
  statementHash,
  type Vote,
} from './vote.ts'

/** Two things that were signed and that an honest delegate never signs both (docs/spec/bytes.md §8). */
export type Evidence =
  /** Of one seat. */
  | { readonly kind: 'votes'; readonly first: Vote; readonly second: Vote }
  /** Of two quorums: whoever is in both signed both. */
  | { readonly kind: 'certificates'; readonly first: Certificate; readonly second: Certificate }

/** The part of BLS that evidence needs; the simulator injects a keyed hash instead. */
export type EvidenceScheme = Pick<BlsScheme, 'verify' | 'verifyAggregate'>

const VOTES = 0
const CERTIFICATES = 1
/** A vote or a certificate of the largest set takes less. */
const MAX_SIDE_BYTES = 512

const evidenceSchema = record({
  chainId: fixedBytes(HASH_BYTES),
  kind: uint(CERTIFICATES),
  first: bytes(MAX_SIDE_BYTES),
  second: bytes(MAX_SIDE_BYTES),
})

/** Evidence with the network on which it was given: the bytes of a report. */
export function encodeEvidence(chainId: Uint8Array, evidence: Evidence): Uint8Array {
  return encode(
    evidenceSchema,
    evidence.kind === 'votes'
      ? { chainId, kind: VOTES, first: encodeVote(evidence.first), second: encodeVote(evidence.second) }
      : {
          chainId,
          kind: CERTIFICATES,
          first: encodeCertificate(evidence.first),
          second: encodeCertificate(evidence.second),
        },
  )
}

/** Throws CODEC_*. */
export function decodeEvidence(encoded: Uint8Array): { chainId: Uint8Array; evidence: Evidence } {
  const { chainId, kind, first, second } = decode(evidenceSchema, encoded)
  const evidence: Evidence =
    kind === VOTES
      ? { kind: 'votes', first: decodeVote(first), second: decodeVote(second) }
      : { kind: 'certificates', first: decodeCertificate(first), second: decodeCertificate(second) }
  return { chainId, evidence }
}

type Said = Pick<Statement, 'term' | 'slot' | 'kind' | 'value'>

/**
 * True if no honest delegate signs both statements: two values of one kind, or Final and Skip, of one slot. Notar and
 * Skip, and Notar for one block and Final for another, are legal together.
 */
export function contradict(first: Said, second: Said): boolean {
  if (first.term !== second.term || first.slot !== second.slot || !isWellFormed(first) || !isWellFormed(second)) {
    return false
  }
  if (first.kind === second.kind) return first.kind !== SKIP && !equalBytes(first.value, second.value)
  return (first.kind === FINAL && second.kind === SKIP) || (first.kind === SKIP && second.kind === FINAL)
}

function isWellFormed({ kind, value }: Said): boolean {
  return (kind === SKIP) === equalBytes(value, NO_VALUE)
}

/** Refuses what can never convict anybody, without looking at signatures. Throws EVIDENCE_PAIR. */
export function checkEvidencePair({ kind, first, second }: Evidence): void {
  const isPair = contradict(first, second) && (kind === 'certificates' || first.seat === second.seat)
  if (!isPair) throw new SmartshareError('EVIDENCE_PAIR', 'an honest delegate may sign both of these')
}

/**
 * The seats that the evidence would convict, signatures aside: ascending, at least one. Throws EVIDENCE_PAIR, and
 * EVIDENCE_SEATS if the signers are not of the set or are no quorum of it.
 */
export function accusedSeats(evidence: Evidence, set: DelegateSet): number[] {
  checkEvidencePair(evidence)
  const seats = set.members.length
  if (evidence.first.term !== set.term) throw new SmartshareError('EVIDENCE_SEATS', 'this is the set of another term')
  if (evidence.kind === 'votes') {
    if (evidence.first.seat < seats) return [evidence.first.seat]
    throw new SmartshareError('EVIDENCE_SEATS', `the set of term ${set.term} has ${seats} seats`)
  }
  const first = signersOf(evidence.first, seats)
  const second = new Set(signersOf(evidence.second, seats))
  // Two quorums of one set always have 2q − n seats in common.
  return first.filter((seat) => second.has(seat))
}

/**
 * Seats of `set` that the evidence convicts, with all signatures checked: every one of them signed both statements, on
 * this network and no other. Throws EVIDENCE_PAIR, EVIDENCE_SEATS or EVIDENCE_SIGNATURE.
 */
export function convictedSeats(
  evidence: Evidence,
  { chainId, set, scheme }: { chainId: Uint8Array; set: DelegateSet; scheme: EvidenceScheme },
): number[] {
  const accused = accusedSeats(evidence, set)
  const keyOf = (seat: number) => set.members[seat]!.key
  const messageOf = ({ term, slot, kind, value }: Said) => statementHash({ chainId, term, slot, kind, value })
  const holds =
    evidence.kind === 'votes'
      ? [evidence.first, evidence.second].every((vote) =>
          scheme.verify(keyOf(vote.seat), messageOf(vote), vote.signature),
        )
      : [evidence.first, evidence.second].every((certificate) => {
          const keys = signersOf(certificate, set.members.length).map(keyOf)
          return scheme.verifyAggregate(keys, messageOf(certificate), certificate.signature)
        })
  if (!holds) throw new SmartshareError('EVIDENCE_SIGNATURE', 'a signature does not hold on this network')
  return accused
}

/** How many keys the check of the evidence adds up, for its price. */
export function signersOfEvidence(evidence: Evidence, seats: number): number {
  if (evidence.kind === 'votes') return 0
  return signersOf(evidence.first, seats).length + signersOf(evidence.second, seats).length
}

function signersOf(certificate: Certificate, seats: number): number[] {
  const signers = seatsOf(certificate.bitmap, seats)
  if (signers !== undefined && signers.length >= quorum(seats)) return signers
  throw new SmartshareError('EVIDENCE_SEATS', `a certificate carries at least ${quorum(seats)} of ${seats} seats`)
}
