import {
  type Certificate,
  certificateHash,
  type DelegateSet,
  PROPOSE,
  quorum,
  revealHash,
  seatsOf,
  statementHash,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import { type ConsensusConfig, MAX_CHECKED_CERTIFICATES } from './config.ts'
import type { SignRequest } from './events.ts'
import { certificateOf, type Instance, type SlotState, type State, slotOf, type Tally } from './state.ts'

/** The 32 bytes that the answer to a request is a signature of. */
export function signedHash(chainId: Uint8Array, request: SignRequest): Uint8Array {
  if (request.type === 'reveal') return revealHash(chainId, request.term, request.round)
  const { term, slot, kind, value } = request
  return messageOf(chainId, term, slot, kind, value)
}

/** Signature schemes throw for bytes that are no point of the curve: then the signature is wrong. */
export function holds(check: () => boolean): boolean {
  try {
    return check()
  } catch (error) {
    if (error instanceof SmartshareError) return false
    throw error
  }
}

export function messageOf(chainId: Uint8Array, term: number, slot: number, kind: number, value: Uint8Array) {
  return statementHash({ chainId, term, slot, kind, value })
}

function findTally(slot: SlotState | undefined, kind: number, value: Uint8Array): Tally | undefined {
  return slot?.tallies.find((tally) => tally.kind === kind && equalBytes(tally.value, value))
}

/** The tally of a statement, made if it is new. */
export function tallyOf(state: State, instance: Instance, at: number, kind: number, value: Uint8Array): Tally {
  const slot = slotOf(instance, at)
  let tally = findTally(slot, kind, value)
  if (tally === undefined) {
    const message = messageOf(state.config.chainId, instance.term, at, kind, value)
    tally = { kind, value, message, bySeat: new Map(), done: kind === PROPOSE || certificateOf(slot, kind) !== null }
    slot.tallies.push(tally)
  }
  return tally
}

/** True if a quorum of the set signed what the certificate says. */
export function verifyCertificate(config: ConsensusConfig, set: DelegateSet, certificate: Certificate): boolean {
  const seats = set.members.length
  const signers = seatsOf(certificate.bitmap, seats)
  if (certificate.term !== set.term || signers === undefined || signers.length < quorum(seats)) return false
  const { term, slot, kind, value, signature } = certificate
  const keys = signers.map((seat) => set.members[seat]!.key)
  const message = messageOf(config.chainId, term, slot, kind, value)
  return holds(() => config.scheme.verifyAggregate(keys, message, signature))
}

/** As `verifyCertificate` for a certificate of this term or the one before, checking each only once. */
export function checkNamedCertificate(state: State, instance: Instance, certificate: Certificate): boolean {
  const key = toHex(certificateHash(certificate))
  if (state.checkedCertificates.has(key)) return true
  const previous = instance.start.previous?.set
  const set = certificate.term === instance.term ? instance.start.set : previous
  if (set === undefined || !verifyCertificate(state.config, set, certificate)) return false
  rememberCertificate(state, key)
  return true
}

function rememberCertificate(state: State, key: string): void {
  if (state.checkedCertificates.size >= MAX_CHECKED_CERTIFICATES) {
    for (const oldest of state.checkedCertificates) {
      state.checkedCertificates.delete(oldest)
      break
    }
  }
  state.checkedCertificates.add(key)
}
