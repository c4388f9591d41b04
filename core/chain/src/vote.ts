import { array, bytes, decode, encode, fixedBytes, type Infer, record, uint } from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'
import { ADDRESS_BYTES, BLS_KEY_BYTES, BLS_SIGNATURE_BYTES, HASH_BYTES, MAX_SEATS } from './limits.ts'

/** What a delegate states about a slot (docs/spec/bytes.md §8). */
export const NOTAR = 0
export const SKIP = 1
export const FINAL = 2
export const PROPOSE = 3
export type StatementKind = typeof NOTAR | typeof SKIP | typeof FINAL | typeof PROPOSE

/** The value of a Skip statement: 32 zero bytes. */
export const NO_VALUE: Uint8Array = new Uint8Array(HASH_BYTES)

const kind = uint(PROPOSE)
const hash = fixedBytes(HASH_BYTES)

const statementSchema = record({ chainId: hash, term: uint(), slot: uint(), kind, value: hash })
const voteSchema = record({
  term: uint(),
  slot: uint(),
  kind,
  value: hash,
  seat: uint(MAX_SEATS - 1),
  signature: fixedBytes(BLS_SIGNATURE_BYTES),
})
export const certificateSchema = record({
  term: uint(),
  slot: uint(),
  kind: uint(FINAL),
  value: hash,
  bitmap: bytes(MAX_SEATS / 8, 1),
  signature: fixedBytes(BLS_SIGNATURE_BYTES),
})
const setSchema = record({
  term: uint(),
  members: array(record({ address: fixedBytes(ADDRESS_BYTES), key: fixedBytes(BLS_KEY_BYTES) }), MAX_SEATS, 1),
})
const revealSchema = record({ chainId: hash, term: uint(), round: uint() })

export type Statement = Infer<typeof statementSchema>
export type Vote = Infer<typeof voteSchema>
export type Certificate = Infer<typeof certificateSchema>
/** The delegates of a term in the order of their seats. */
export type DelegateSet = Infer<typeof setSchema>

/** What a delegate signs for a statement: 32 bytes. */
export function statementHash(statement: Statement): Uint8Array {
  return hashTagged('vote', encode(statementSchema, statement))
}

/** What the leader of a round's slot signs to reveal its share of the randomness: 32 bytes. */
export function revealHash(chainId: Uint8Array, term: number, round: number): Uint8Array {
  return hashTagged('reveal', encode(revealSchema, { chainId, term, round }))
}

export const encodeVote = (vote: Vote): Uint8Array => encode(voteSchema, vote)
export const decodeVote = (encoded: Uint8Array): Vote => decode(voteSchema, encoded)
export const encodeCertificate = (certificate: Certificate): Uint8Array => encode(certificateSchema, certificate)
export const decodeCertificate = (encoded: Uint8Array): Certificate => decode(certificateSchema, encoded)
export const encodeSet = (set: DelegateSet): Uint8Array => encode(setSchema, set)
export const decodeSet = (encoded: Uint8Array): DelegateSet => decode(setSchema, encoded)

export function certificateHash(certificate: Certificate): Uint8Array {
  return hashTagged('certificate', encodeCertificate(certificate))
}

export function setHash(set: DelegateSet): Uint8Array {
  return hashTagged('set', encodeSet(set))
}

/** Votes that decide in a set of n seats: n − ⌊(n − 1) / 3⌋. */
export function quorum(seats: number): number {
  return seats - Math.floor((seats - 1) / 3)
}

/** Bitmap of ⌈n / 8⌉ bytes with a bit for each of `members`, least significant first. */
export function bitmapOf(members: Iterable<number>, seats: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(seats / 8))
  for (const seat of members) bitmap[seat >> 3]! |= 1 << (seat & 7)
  return bitmap
}

/** The seats of a bitmap in ascending order; undefined if its length or a spare bit is wrong for n seats. */
export function seatsOf(bitmap: Uint8Array, seats: number): number[] | undefined {
  if (bitmap.length !== Math.ceil(seats / 8)) return undefined
  const found: number[] = []
  for (let seat = 0; seat < bitmap.length * 8; seat++) {
    if (((bitmap[seat >> 3]! >> (seat & 7)) & 1) === 0) continue
    if (seat >= seats) return undefined
    found.push(seat)
  }
  return found
}
