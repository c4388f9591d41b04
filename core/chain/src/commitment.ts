import { decode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { HASH_BYTES } from './limits.ts'
import type { ParsedTransaction } from './transaction.ts'

/** The method by which delegates commit to results of heavy calls (docs/spec/heavy-calls.md). */
export const COMMIT_TARGET = 11
export const COMMIT_METHOD = 5

export const commitmentSchema = record({
  job: uint(),
  /** The term in which the job began: its delegates attest. */
  term: uint(),
  commitment: fixedBytes(HASH_BYTES),
})

/** What a delegate binds itself to. */
export type Commitment = Infer<typeof commitmentSchema>

/** A commitment as its delegate signed it: in a transaction that does nothing else. */
export interface SignedCommitment extends Commitment {
  readonly transaction: ParsedTransaction
}

/** The commitment that a transaction makes; undefined if it is none, or none that the chain takes. */
export function commitmentIn(transaction: ParsedTransaction): SignedCommitment | undefined {
  const { calls } = transaction.body
  const [call] = calls
  if (calls.length !== 1 || call?.target !== COMMIT_TARGET || call.method !== COMMIT_METHOD) return undefined
  try {
    return { ...decode(commitmentSchema, call.arguments), transaction }
  } catch (error) {
    if (SmartshareError.is(error)) return undefined
    throw error
  }
}
