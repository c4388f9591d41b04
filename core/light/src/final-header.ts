import {
  decodeCertificate,
  decodeHeader,
  FINAL,
  type Header,
  headerHash,
  quorum,
  seatsOf,
  statementHash,
} from '@smartshare/chain'
import { bytes, SmartshareError } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'
import type { LightState } from './light-state.ts'
import { MAX_AHEAD_MS, MAX_CERTIFICATE_BYTES, MAX_HEADER_BYTES, TRUST_PERIOD_MS } from './limits.ts'

/** What the caller asks for beside the truth. All times in ms since the Unix epoch. */
export interface LightRules {
  /** Now, by the caller's clock: a light client has none. */
  readonly nowMs: number
  /** How long a set is believed after the latest block that was checked. */
  readonly trustPeriodMs?: number
  /** How far a header may be ahead of `nowMs`. */
  readonly maxAheadMs?: number
  /** How old the header of a proof may be; any age unless said. Hand-overs are old by nature. */
  readonly maxAgeMs?: number
  /** The lowest height that the header of a proof may have; any unless said. */
  readonly leastHeight?: number
}

/** A header that delegates whom the client believes made final, and what the client knows thereby. */
export interface FinalHeader {
  readonly header: Header
  readonly blockHash: Uint8Array
  readonly state: LightState
}

/** The two parts that every proof begins with. */
export const headerField = bytes(MAX_HEADER_BYTES, 1)
export const certificateField = bytes(MAX_CERTIFICATE_BYTES, 1)

/**
 * Checks that a quorum of the state's own term made a header final (docs/spec/light.md §4). The state that comes back has
 * the later block of the two. Throws LIGHT_* if the caller's trust or clock does not reach, PROOF_* for what does not hold.
 */
export function checkFinal(
  state: LightState,
  encodedHeader: Uint8Array,
  encodedCertificate: Uint8Array,
  rules: LightRules,
): FinalHeader {
  checkTrust(state, rules)
  const header = decodePart(encodedHeader, decodeHeader)
  const certificate = decodePart(encodedCertificate, decodeCertificate)
  if (!equalBytes(header.chainId, state.chainId)) throw wrong('PROOF_OTHER_CHAIN', 'the header is of another network')
  if (header.term < state.term) {
    throw wrong('LIGHT_STALE', `the header is of term ${header.term}, which ended before term ${state.term}`)
  }
  if (header.term > state.term) throw wrong('PROOF_TERM', `the delegates of term ${header.term} are not known yet`)
  const blockHash = headerHash(header)
  const { term, slot, kind, value, bitmap, signature } = certificate
  // The last block of a term may be proposed again in later slots, so only the term must be the header's.
  if (kind !== FINAL || term !== header.term || slot < header.slot || !equalBytes(value, blockHash)) {
    throw wrong('PROOF_CERTIFICATE', 'the certificate is not a Final one of this header')
  }
  const seats = seatsOf(bitmap, state.members.length)
  if (seats === undefined || seats.length < quorum(state.members.length)) {
    throw wrong('PROOF_QUORUM', 'the certificate does not carry the votes of a quorum')
  }
  const keys = seats.map((seat) => state.members[seat]!.key)
  const message = statementHash({ chainId: state.chainId, term, slot, kind: FINAL, value })
  if (!bls.verifyAggregate(keys, message, signature)) {
    throw wrong('PROOF_SIGNATURE', 'the signature of the certificate does not hold')
  }
  return { header, blockHash, state: withBlock(state, header, blockHash, rules) }
}

/** Throws LIGHT_TRUST_EXPIRED once the delegates of the state could no longer be punished for lying. */
export function checkTrust(state: LightState, { nowMs, trustPeriodMs = TRUST_PERIOD_MS }: LightRules): void {
  if (nowMs - state.timeMs <= trustPeriodMs) return
  throw new SmartshareError('LIGHT_TRUST_EXPIRED', 'the delegates that the client knows served too long ago', {
    term: state.term,
    timeMs: state.timeMs,
    trustPeriodMs,
  })
}

/** Checks height and time of a proof against what the caller asks for. Throws LIGHT_STALE. */
export function checkFresh(header: Header, { nowMs, maxAgeMs, leastHeight = 0 }: LightRules): void {
  if (header.height < leastHeight) {
    throw wrong('LIGHT_STALE', `the proof is of height ${header.height}, but height ${leastHeight} is final already`)
  }
  if (maxAgeMs !== undefined && nowMs - header.timeMs > maxAgeMs) {
    throw wrong('LIGHT_STALE', `the proof is ${Math.floor((nowMs - header.timeMs) / 1000)} seconds old`)
  }
}

function withBlock(state: LightState, header: Header, blockHash: Uint8Array, rules: LightRules): LightState {
  const { nowMs, maxAheadMs = MAX_AHEAD_MS } = rules
  if (header.timeMs - nowMs > maxAheadMs) {
    throw wrong('LIGHT_FUTURE', 'the header is ahead of the clock of this machine')
  }
  if (header.height === state.height && !equalBytes(blockHash, state.blockHash)) {
    throw new SmartshareError('LIGHT_FORK', 'two blocks of one height were made final', { height: header.height })
  }
  if (header.height <= state.height) return state
  return { ...state, height: header.height, blockHash, timeMs: header.timeMs }
}

/** A part of a proof that is a record of its own. Throws PROOF_FORM. */
export function decodePart<T>(encoded: Uint8Array, decoder: (encoded: Uint8Array) => T): T {
  try {
    return decoder(encoded)
  } catch (error) {
    throw new SmartshareError('PROOF_FORM', 'the proof cannot be decoded', {}, error)
  }
}

export function wrong(code: string, message: string): SmartshareError {
  return new SmartshareError(code, message)
}
