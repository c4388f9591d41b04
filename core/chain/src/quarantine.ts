import { bytes, decode, encode, fixedBytes, type Infer, record, uint } from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'
import { BLS_SIGNATURE_BYTES, HASH_BYTES, MAX_BLOCK_TRANSACTIONS, MAX_SEATS } from './limits.ts'

// What delegates say of a transaction that broke their machines (docs/spec/chain.md, "Quarantine").

/** Most quarantines that a block carries. */
export const MAX_BLOCK_QUARANTINES = 16

const hash = fixedBytes(HASH_BYTES)
const index = uint(MAX_BLOCK_TRANSACTIONS - 1)
const subject = {
  /** Term of the delegates who say it, and of the block that carries it. */
  term: uint(),
  /** Where the transaction stands: height and hash of its block, its place there, its id. */
  height: uint(),
  block: hash,
  index,
  transactionId: hash,
}
const signature = fixedBytes(BLS_SIGNATURE_BYTES)

const statementSchema = record({ chainId: hash, ...subject })
const attestationSchema = record({ ...subject, seat: uint(MAX_SEATS - 1), signature })
export const quarantineSchema = record({ ...subject, bitmap: bytes(MAX_SEATS / 8, 1), signature })

/** The transaction that is meant, and the term in which it is said. */
export type QuarantineSubject = Pick<Quarantine, 'term' | 'height' | 'block' | 'index' | 'transactionId'>
/** One delegate's word that a transaction killed its machine twice. */
export type QuarantineAttestation = Infer<typeof attestationSchema>
/** The attestations of a quorum: the transaction fails, whatever it would have done. */
export type Quarantine = Infer<typeof quarantineSchema>

/** What a delegate signs to attest: 32 bytes. */
export function quarantineStatementHash(
  chainId: Uint8Array,
  { term, height, block, index: at, transactionId }: QuarantineSubject,
): Uint8Array {
  return hashTagged('quarantine', encode(statementSchema, { chainId, term, height, block, index: at, transactionId }))
}

export const encodeAttestation = (attestation: QuarantineAttestation): Uint8Array =>
  encode(attestationSchema, attestation)
export const decodeAttestation = (encoded: Uint8Array): QuarantineAttestation => decode(attestationSchema, encoded)

export function quarantineHash(quarantine: Quarantine): Uint8Array {
  return hashTagged('quarantine/certificate', encode(quarantineSchema, quarantine))
}
