import { MAX_SEATS, setHash } from '@smartshare/chain'
import { array, decode, either, encode, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { certificateField, checkFinal, decodePart, headerField, type LightRules, wrong } from './final-header.ts'
import { type LightState, type Member, memberSchema } from './light-state.ts'
import { LIGHT_VERSION, MAX_HAND_OVER_BYTES, MAX_HAND_OVERS } from './limits.ts'

const MAJOR_UINT = 0

const handOverSchema = record({
  version: uint(LIGHT_VERSION, LIGHT_VERSION),
  header: headerField,
  certificate: certificateField,
  /** The next set in order: who sat before is named by the seat, who is new by address and key. */
  members: array(
    either<number, Member>(
      MAJOR_UINT,
      (member): member is number => typeof member === 'number',
      uint(MAX_SEATS - 1),
      memberSchema,
    ),
    MAX_SEATS,
    1,
  ),
})

/** How trust moves to the next term: a final header names the hash of its set, and here is the set. */
export type HandOverProof = Readonly<Infer<typeof handOverSchema>>

export function encodeHandOver(proof: HandOverProof): Uint8Array {
  return encode(handOverSchema, proof)
}

/** Throws PROOF_FORM. */
export function decodeHandOver(encoded: Uint8Array): HandOverProof {
  if (encoded.length > MAX_HAND_OVER_BYTES) throw wrong('PROOF_FORM', 'too many bytes for a hand-over')
  return decodePart(encoded, (bytes) => decode(handOverSchema, bytes))
}

/** The next set with seats for those who sat before: what a hand-over carries of it. */
export function membersChanged(before: readonly Member[], after: readonly Member[]): (number | Member)[] {
  return after.map(({ address, key }) => {
    const seat = before.findIndex((old) => equalBytes(old.address, address) && equalBytes(old.key, key))
    return seat < 0 ? { address, key } : seat
  })
}

/**
 * Moves trust to the next term (docs/spec/light.md §5). The keys of the new set need no check of their own: the old set
 * answers for them with its bonds. Throws as `checkFinal`, and PROOF_SET.
 */
export function handOver(state: LightState, proof: HandOverProof, rules: LightRules): LightState {
  const { header, state: latest } = checkFinal(state, proof.header, proof.certificate, rules)
  const members = proof.members.map((member) => {
    if (typeof member !== 'number') return { address: member.address.slice(), key: member.key.slice() }
    const kept = state.members[member]
    if (kept === undefined) throw wrong('PROOF_SET', `the set before has no seat ${member}`)
    return kept
  })
  const term = state.term + 1
  if (header.nextSet === null || !equalBytes(header.nextSet, setHash({ term, members }))) {
    throw wrong('PROOF_SET', 'the header does not name this set')
  }
  return { ...latest, term, members }
}

/** Moves trust over several terms, one after the other. Throws as `handOver`, and LIGHT_LIMIT beyond MAX_HAND_OVERS. */
export function handOverAll(state: LightState, proofs: readonly Uint8Array[], rules: LightRules): LightState {
  if (proofs.length > MAX_HAND_OVERS) {
    throw new SmartshareError('LIGHT_LIMIT', `more than ${MAX_HAND_OVERS} hand-overs at once`, { count: proofs.length })
  }
  let latest = state
  for (const proof of proofs) latest = handOver(latest, decodeHandOver(proof), rules)
  return latest
}
