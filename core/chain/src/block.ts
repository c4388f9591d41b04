import {
  array,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  record,
  SmartshareError,
  u64,
  uint,
} from '@smartshare/codec'
import { hashTagged, listRoot } from '@smartshare/crypto'
import {
  BLS_SIGNATURE_BYTES,
  HASH_BYTES,
  MAX_BLOCK_BYTES,
  MAX_BLOCK_TRANSACTIONS,
  MAX_SEATS,
  MAX_TRANSACTION_BYTES,
} from './limits.ts'
import { MAX_BLOCK_QUARANTINES, type Quarantine, quarantineHash, quarantineSchema } from './quarantine.ts'
import { wireHash } from './transaction.ts'
import { certificateSchema } from './vote.ts'

/** Version of the protocol that a new network begins with, and the highest number that a version can have. */
export const FIRST_VERSION = 1
export const MAX_PROTOCOL_VERSION = 65_535
export const MODE_CALM = 0
export const MODE_BUSY = 1

const hash = fixedBytes(HASH_BYTES)

const headerSchema = record({
  /** Version of the protocol in force in the header's term; which one that is, is for the state to say. */
  version: uint(MAX_PROTOCOL_VERSION, FIRST_VERSION),
  chainId: hash,
  term: uint(),
  slot: uint(),
  height: uint(),
  parent: hash,
  timeMs: uint(),
  leader: uint(MAX_SEATS - 1),
  reveal: fixedBytes(BLS_SIGNATURE_BYTES),
  accumulator: hash,
  rootHeight: uint(),
  stateRoot: hash,
  rangeRoot: hash,
  certificateHash: hash,
  transactionsRoot: hash,
  transactionCount: uint(MAX_BLOCK_TRANSACTIONS),
  gas: uint(),
  basePrice: u64,
  mode: uint(MODE_BUSY),
  nextSet: optional(hash),
})

const blockSchema = record({
  header: headerSchema,
  /** The leader's Propose signature for the header's slot. */
  proposal: fixedBytes(BLS_SIGNATURE_BYTES),
  rootCertificate: optional(certificateSchema),
  transactions: array(bytes(MAX_TRANSACTION_BYTES), MAX_BLOCK_TRANSACTIONS),
  /** What a quorum says of transactions between the named root and this block. */
  quarantines: array(quarantineSchema, MAX_BLOCK_QUARANTINES),
})

export type Header = Infer<typeof headerSchema>
export type Block = Infer<typeof blockSchema>

export const encodeHeader = (header: Header): Uint8Array => encode(headerSchema, header)
export const decodeHeader = (encoded: Uint8Array): Header => decode(headerSchema, encoded)
export const encodeBlock = (block: Block): Uint8Array => encode(blockSchema, block)

/** Throws CODEC_* or BLOCK_TOO_LARGE. */
export function decodeBlock(encoded: Uint8Array): Block {
  if (encoded.length > MAX_BLOCK_BYTES) {
    throw new SmartshareError('BLOCK_TOO_LARGE', `a block has at most ${MAX_BLOCK_BYTES} bytes`, {
      sizeBytes: encoded.length,
    })
  }
  return decode(blockSchema, encoded)
}

/** Block hash: it covers the header, and through its roots everything else. */
export function headerHash(header: Header): Uint8Array {
  return hashTagged('header', encodeHeader(header))
}

/** Root over the transactions of a block as they travel. */
export function transactionsRoot(transactions: readonly Uint8Array[]): Uint8Array {
  return listRoot(transactions.map(wireHash))
}

/**
 * The header's `certificateHash`: what it commits to of the certificates that its block carries. `root` is the hash of the root
 * certificate, or 32 zero bytes.
 */
export function certificatesHash(root: Uint8Array, quarantines: readonly Quarantine[]): Uint8Array {
  return quarantines.length === 0 ? root : hashTagged('certificates', root, ...quarantines.map(quarantineHash))
}

/** Accumulator of genesis. */
export function firstAccumulator(chainId: Uint8Array): Uint8Array {
  return hashTagged('acc', chainId)
}

/** Accumulator of a block from its parent's and its leader's reveal. */
export function nextAccumulator(parent: Uint8Array, reveal: Uint8Array): Uint8Array {
  return hashTagged('acc', parent, reveal)
}

/** Leaf of the range over executed blocks. */
export function executedHash(executed: Executed): Uint8Array {
  return hashTagged('executed', encode(executedSchema, executed))
}

const executedSchema = record({ height: uint(), blockHash: hash, stateRoot: hash, receiptsRoot: hash })
export type Executed = Infer<typeof executedSchema>
