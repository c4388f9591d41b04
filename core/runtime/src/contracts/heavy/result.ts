import {
  ADDRESS_BYTES,
  HASH_BYTES,
  MAX_ERROR_CODE_BYTES,
  MAX_ERROR_MESSAGE_BYTES,
  MAX_EVENT_NAME_BYTES,
} from '@smartshare/chain'
import {
  array,
  bool,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  record,
  text,
  uint,
} from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'

/** Bounds of what a job may change and say, so that any transaction can pack it. */
export const MOST_JOB_WRITES = 2_048
export const MOST_JOB_WRITTEN_BYTES = 512 * 1024
export const MOST_JOB_EVENTS = 128
export const MOST_JOB_EVENT_BYTES = 64 * 1024
/** Gas for which any result can be packed. */
export const PACKING_GAS = 2_000_000
/** Results that wait for their certificates; a job whose result is forgotten is run again. */
const MOST_RESULTS = 64
const MAX_STATE_KEY_BYTES = 256
export const MAX_OUTPUT_BYTES = 16_384

const writesSchema = array(
  record({ key: bytes(MAX_STATE_KEY_BYTES, 1), value: optional(bytes(MOST_JOB_WRITTEN_BYTES)) }),
  MOST_JOB_WRITES,
)
const sayingsSchema = array(
  record({
    /** A payment that is made when the result is packed; otherwise an event of the contract. */
    pays: bool,
    name: text(MAX_EVENT_NAME_BYTES, 1),
    data: bytes(MOST_JOB_EVENT_BYTES),
  }),
  MOST_JOB_EVENTS,
)
const resultSchema = record({
  /** Whole keys in the order of their bytes; null takes away. */
  writes: writesSchema,
  /** Events and payments in their order. */
  sayings: sayingsSchema,
  gasUsed: uint(),
  /** By how many bytes the contracts' part of the state grows; below zero: shrinks. */
  grownBytes: uint(),
  freedBytes: uint(),
  /** What the method returned, by its type; empty if it returns nothing. */
  output: bytes(MAX_OUTPUT_BYTES),
  /** Why it failed; nothing is then written, said or paid. */
  error: optional(record({ code: text(MAX_ERROR_CODE_BYTES, 1), message: text(MAX_ERROR_MESSAGE_BYTES) })),
})

/** All that the execution of a heavy job gives. */
export type JobResult = Infer<typeof resultSchema>

/** A result on its way from the thread that computed it. */
export function encodeResult(result: JobResult): Uint8Array {
  return encode(resultSchema, result)
}

/** Throws CODEC_*. */
export function decodeResult(encoded: Uint8Array): JobResult {
  return decode(resultSchema, encoded)
}

/** What delegates attest: `number` and `contract` name the job. */
export function resultHash(number: number, contract: Uint8Array, result: JobResult): Uint8Array {
  const { writes, sayings, ...rest } = result
  return hashTagged(
    'heavy/result',
    encode(digestSchema, {
      ...{ number, contract, ...rest },
      writesHash: hashTagged('heavy/writes', encode(writesSchema, writes)),
      sayingsHash: hashTagged('heavy/sayings', encode(sayingsSchema, sayings)),
    }),
  )
}

const digestSchema = record({
  number: uint(),
  contract: fixedBytes(ADDRESS_BYTES),
  writesHash: fixedBytes(HASH_BYTES),
  sayingsHash: fixedBytes(HASH_BYTES),
  gasUsed: uint(),
  grownBytes: uint(),
  freedBytes: uint(),
  output: bytes(MAX_OUTPUT_BYTES),
  error: optional(record({ code: text(MAX_ERROR_CODE_BYTES, 1), message: text(MAX_ERROR_MESSAGE_BYTES) })),
})

const commitmentSchema = record({
  chainId: fixedBytes(HASH_BYTES),
  number: uint(),
  resultHash: fixedBytes(HASH_BYTES),
  delegate: fixedBytes(ADDRESS_BYTES),
  salt: fixedBytes(HASH_BYTES),
})

/** What a delegate commits to before anybody opens: nobody can copy it, and it fits no other delegate, job or network. */
export function commitmentTo(opening: Infer<typeof commitmentSchema>): Uint8Array {
  return hashTagged('heavy/commitment', encode(commitmentSchema, opening))
}

/** Results of jobs that were run beforehand, by the numbers of the jobs. Whoever takes one compares its hash with the certified one. */
export class JobResults {
  private readonly results = new Map<number, JobResult>()

  add(number: number, result: JobResult): void {
    this.results.set(number, result)
    const [oldest] = this.results.keys()
    if (this.results.size > MOST_RESULTS) this.results.delete(oldest as number)
  }

  get(number: number): JobResult | undefined {
    return this.results.get(number)
  }

  delete(number: number): void {
    this.results.delete(number)
  }
}
