import { bytes, decode, encode, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { type BlsScheme, equalBytes, verify } from '@smartshare/crypto'
import { commitmentIn, type SignedCommitment } from './commitment.ts'
import { HASH_BYTES } from './limits.ts'
import { type ParsedTransaction, parseTransaction } from './transaction.ts'
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

/** Two statements of consensus that an honest delegate never signs both (docs/spec/bytes.md §8). */
export type StatementEvidence =
  /** Of one seat. */
  | { readonly kind: 'votes'; readonly first: Vote; readonly second: Vote }
  /** Of two quorums: whoever is in both signed both. */
  | { readonly kind: 'certificates'; readonly first: Certificate; readonly second: Certificate }
/** Two transactions in which one delegate commits to two results of one heavy call. */
type CommitmentEvidence = {
  readonly kind: 'commitments'
  readonly first: SignedCommitment
  readonly second: SignedCommitment
}
/** Two things that were signed and that an honest delegate never signs both. */
export type Evidence = StatementEvidence | CommitmentEvidence

/** The part of BLS that evidence needs; the simulator injects a keyed hash instead. */
export type EvidenceScheme = Pick<BlsScheme, 'verify' | 'verifyAggregate'>

const VOTES = 0
const CERTIFICATES = 1
const COMMITMENTS = 2
/** A certificate of the largest set takes less, and a commitment with all the signatures that a transaction can have. */
const MAX_SIDE_BYTES = 4096
export const MAX_EVIDENCE_BYTES = 2 * MAX_SIDE_BYTES + 64

const evidenceSchema = record({
  chainId: fixedBytes(HASH_BYTES),
  kind: uint(COMMITMENTS),
  first: bytes(MAX_SIDE_BYTES),
  second: bytes(MAX_SIDE_BYTES),
})

/** Evidence with the network on which it was given: the bytes of a report. */
export function encodeEvidence(chainId: Uint8Array, evidence: Evidence): Uint8Array {
  return encode(evidenceSchema, { chainId, ...sidesOf(evidence) })
}

function sidesOf({ kind, first, second }: Evidence): { kind: number; first: Uint8Array; second: Uint8Array } {
  switch (kind) {
    case 'votes':
      return { kind: VOTES, first: encodeVote(first), second: encodeVote(second) }
    case 'certificates':
      return { kind: CERTIFICATES, first: encodeCertificate(first), second: encodeCertificate(second) }
    case 'commitments':
      return { kind: COMMITMENTS, first: first.transaction.wire, second: second.transaction.wire }
  }
}

/** Throws CODEC_*; of commitments also TX_* or EVIDENCE_PAIR. */
export function decodeEvidence(encoded: Uint8Array): { chainId: Uint8Array; evidence: Evidence } {
  const { chainId, kind, first, second } = decode(evidenceSchema, encoded)
  return { chainId, evidence: decodeSides(chainId, { kind, first, second }) }
}

function decodeSides(chainId: Uint8Array, { kind, first, second }: ReturnType<typeof sidesOf>): Evidence {
  if (kind === VOTES) return { kind: 'votes', first: decodeVote(first), second: decodeVote(second) }
  if (kind === CERTIFICATES) {
    return { kind: 'certificates', first: decodeCertificate(first), second: decodeCertificate(second) }
  }
  const sides = [first, second].map((wire) => commitmentIn(parseTransaction(wire, chainId)))
  const [one, other] = sides
  if (one === undefined || other === undefined) {
    throw new SmartshareError('EVIDENCE_PAIR', 'one of the transactions commits to nothing')
  }
  return { kind: 'commitments', first: one, second: other }
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
  const isPair =
    kind === 'commitments'
      ? isSplit(first, second)
      : contradict(first, second) && (kind === 'certificates' || first.seat === second.seat)
  if (!isPair) throw new SmartshareError('EVIDENCE_PAIR', 'an honest delegate may sign both of these')
}

/** One delegate, one job, two results. */
function isSplit(first: SignedCommitment, second: SignedCommitment): boolean {
  return (
    first.job === second.job &&
    first.term === second.term &&
    equalBytes(first.transaction.from, second.transaction.from) &&
    !equalBytes(first.commitment, second.commitment)
  )
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
  if (evidence.kind === 'commitments') {
    const { from } = evidence.first.transaction
    const seat = set.members.findIndex(({ address }) => equalBytes(address, from))
    if (seat >= 0) return [seat]
    throw new SmartshareError('EVIDENCE_SEATS', `who signed this has no seat in the set of term ${set.term}`)
  }
  const first = signersOf(evidence.first, seats)
  const second = new Set(signersOf(evidence.second, seats))
  // Two quorums of one set always have 2q − n seats in common.
  return first.filter((seat) => second.has(seat))
}

/**
 * Seats of `set` that the evidence convicts, with all signatures checked: every one of them signed both statements, on
 * this network and no other. Whether the keys of commitments act for the account, only its state tells. Throws EVIDENCE_PAIR, EVIDENCE_SEATS or EVIDENCE_SIGNATURE.
 */
export function convictedSeats(
  evidence: Evidence,
  { chainId, set, scheme }: { chainId: Uint8Array; set: DelegateSet; scheme: EvidenceScheme },
): number[] {
  const accused = accusedSeats(evidence, set)
  const keyOf = (seat: number) => set.members[seat]!.key
  const messageOf = ({ term, slot, kind, value }: Said) => statementHash({ chainId, term, slot, kind, value })
  const holds = (side: Vote | Certificate | SignedCommitment): boolean => {
    if ('transaction' in side) return senderHolds(side.transaction)
    if ('seat' in side) return scheme.verify(keyOf(side.seat), messageOf(side), side.signature)
    return scheme.verifyAggregate(signersOf(side, set.members.length).map(keyOf), messageOf(side), side.signature)
  }
  if (!holds(evidence.first) || !holds(evidence.second))
    throw new SmartshareError('EVIDENCE_SIGNATURE', 'a signature does not hold on this network')
  return accused
}

/** Whether all signatures of a transaction's sender hold. */
function senderHolds({ body, senderAuth, id }: ParsedTransaction): boolean {
  return senderAuth.every(({ key, signature }) => verify(key ?? body.sender, id, signature))
}

/** How many keys the check of the evidence adds up or signatures it looks at beyond two, for its price. */
export function signersOfEvidence(evidence: Evidence, seats: number): number {
  if (evidence.kind === 'votes') return 0
  if (evidence.kind === 'commitments') {
    return evidence.first.transaction.senderAuth.length + evidence.second.transaction.senderAuth.length
  }
  return signersOf(evidence.first, seats).length + signersOf(evidence.second, seats).length
}

function signersOf(certificate: Certificate, seats: number): number[] {
  const signers = seatsOf(certificate.bitmap, seats)
  if (signers !== undefined && signers.length >= quorum(seats)) return signers
  throw new SmartshareError('EVIDENCE_SEATS', `a certificate carries at least ${quorum(seats)} of ${seats} seats`)
}
