import {
  amount,
  array,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  record,
  sharedBytes,
  text,
  uint,
} from '@smartshare/codec'
import { hashTagged, listRoot } from '@smartshare/crypto'
import {
  ADDRESS_BYTES,
  HASH_BYTES,
  MAX_ERROR_CODE_BYTES,
  MAX_ERROR_MESSAGE_BYTES,
  MAX_EVENT_DATA_BYTES,
  MAX_EVENT_NAME_BYTES,
  MAX_EVENTS,
} from './limits.ts'
import { targetSchema } from './transaction.ts'

export const STATUS_DONE = 0
export const STATUS_FAILED = 1

const eventSchema = record({
  target: targetSchema,
  name: text(MAX_EVENT_NAME_BYTES, 1),
  /** CBOR of the event's record. */
  data: bytes(MAX_EVENT_DATA_BYTES),
})

const receiptSchema = record({
  transactionId: fixedBytes(HASH_BYTES),
  status: uint(STATUS_FAILED),
  gasUsed: uint(),
  feeGrains: amount,
  payer: fixedBytes(ADDRESS_BYTES),
  events: array(eventSchema, MAX_EVENTS),
  error: optional(record({ code: text(MAX_ERROR_CODE_BYTES, 1), message: text(MAX_ERROR_MESSAGE_BYTES) })),
})

export type ChainEvent = Infer<typeof eventSchema>
export type Receipt = Infer<typeof receiptSchema>

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encode(receiptSchema, receipt, sharedBytes)
}

export function decodeReceipt(bytes: Uint8Array): Receipt {
  return decode(receiptSchema, bytes)
}

/** Leaf of the receipts root. */
export function receiptHash(encoded: Uint8Array): Uint8Array {
  return hashTagged('receipt', encoded)
}

/** Root over the encoded receipts of a block, the block's own last. */
export function receiptsRoot(encoded: readonly Uint8Array[]): Uint8Array {
  return listRoot(encoded.map(receiptHash))
}
