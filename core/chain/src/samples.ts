import { addressOfKey, bls, KeyPair, sign } from '@smartshare/crypto'
import type { Header } from './block.ts'
import {
  type Quarantine,
  type QuarantineAttestation,
  type QuarantineSubject,
  quarantineStatementHash,
} from './quarantine.ts'
import { encodeTransaction, type Transaction, type TransactionBody, transactionId } from './transaction.ts'
import { bitmapOf, type Certificate, type DelegateSet, FINAL, revealHash, statementHash, type Vote } from './vote.ts'

// Fixed values for vectors and tests. Everything follows from the seeds, so that others can make the same.

export const SAMPLE_CHAIN_ID: Uint8Array = new Uint8Array(32).fill(0xc1)

/** Key pair of account number `n`: the seed is 32 bytes of `n`. */
export function sampleKeys(n: number, algorithm: 'ed25519' | 'p256' = 'ed25519'): KeyPair {
  return KeyPair.fromSeed(algorithm, new Uint8Array(32).fill(n))
}

/** Signs a body by its sender alone. */
export function signedBy(keys: KeyPair, body: TransactionBody, chainId = SAMPLE_CHAIN_ID): Uint8Array {
  const transaction: Transaction = {
    body,
    senderAuth: [{ key: null, signature: sign(keys, transactionId(body, chainId)) }],
    payerAuth: [],
  }
  return encodeTransaction(transaction)
}

export function sampleBody(keys: KeyPair, changes: Partial<TransactionBody> = {}): TransactionBody {
  return {
    version: 1,
    chain: SAMPLE_CHAIN_ID.subarray(0, 8),
    sender: keys.publicKey,
    lane: 0,
    nonce: 7n,
    expiryHeight: 100_000,
    gasLimit: 5_000,
    maxGasPrice: 100n,
    tipGasPrice: 0n,
    feePayer: null,
    emptying: false,
    calls: [{ target: 2, method: 1, arguments: new Uint8Array(46).fill(0x11), funds: [] }],
    ...changes,
  }
}

/** BLS secret keys of a sample set: 32 bytes of the seat number plus one. */
export function sampleSecret(seat: number): Uint8Array {
  return new Uint8Array(32).fill(seat + 1)
}

export function sampleSet(seats: number): DelegateSet {
  const members = Array.from({ length: seats }, (_, seat) => ({
    address: addressOfKey(sampleKeys(seat + 1).publicKey),
    key: bls.publicKey(sampleSecret(seat)),
  }))
  return { term: 3, members }
}

export function sampleHeader(): Header {
  return {
    version: 1,
    chainId: SAMPLE_CHAIN_ID,
    term: 3,
    slot: 41,
    height: 1_000_041,
    parent: new Uint8Array(32).fill(1),
    timeMs: 1_790_000_000_000,
    leader: 2,
    reveal: bls.sign(sampleSecret(2), revealHash(SAMPLE_CHAIN_ID, 3, 10)),
    accumulator: new Uint8Array(32).fill(2),
    rootHeight: 1_000_038,
    stateRoot: new Uint8Array(32).fill(3),
    rangeRoot: new Uint8Array(32).fill(4),
    certificateHash: new Uint8Array(32).fill(5),
    transactionsRoot: new Uint8Array(32).fill(6),
    transactionCount: 2,
    gas: 10_000,
    basePrice: 10n,
    mode: 0,
    nextSet: null,
  }
}

export function sampleVote(seat: number, value: Uint8Array): Vote {
  const statement = { chainId: SAMPLE_CHAIN_ID, term: 3, slot: 41, kind: FINAL, value }
  const signature = bls.sign(sampleSecret(seat), statementHash(statement))
  return { term: 3, slot: 41, kind: FINAL, value, seat, signature }
}

export function sampleCertificate(seats: readonly number[], of: number, value: Uint8Array): Certificate {
  const signature = bls.aggregate(seats.map((seat) => sampleVote(seat, value).signature))
  return { term: 3, slot: 41, kind: FINAL, value, bitmap: bitmapOf(seats, of), signature }
}

export const SAMPLE_SUBJECT: QuarantineSubject = {
  term: 3,
  height: 1_000_040,
  block: new Uint8Array(32).fill(9),
  index: 1,
  transactionId: new Uint8Array(32).fill(10),
}

export function sampleAttestation(seat: number): QuarantineAttestation {
  const signature = bls.sign(sampleSecret(seat), quarantineStatementHash(SAMPLE_CHAIN_ID, SAMPLE_SUBJECT))
  return { ...SAMPLE_SUBJECT, seat, signature }
}

export function sampleQuarantine(seats: readonly number[], of: number): Quarantine {
  const signature = bls.aggregate(seats.map((seat) => sampleAttestation(seat).signature))
  return { ...SAMPLE_SUBJECT, bitmap: bitmapOf(seats, of), signature }
}
