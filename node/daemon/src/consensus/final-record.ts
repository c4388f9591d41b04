import {
  type Block,
  type Certificate,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
  headerHash,
  MAX_BLOCK_BYTES,
} from '@smartshare/chain'
import { bytes, decode, encode, type Infer, optional, record } from '@smartshare/codec'

const MAX_CERTIFICATE_BYTES = 1_024
/** What a record has at most: block, certificate, heads. */
export const MAX_FINAL_BYTES = MAX_BLOCK_BYTES + MAX_CERTIFICATE_BYTES + 16

const schema = record({
  block: bytes(MAX_BLOCK_BYTES),
  certificate: optional(bytes(MAX_CERTIFICATE_BYTES)),
})

/** A final block with its own Final certificate, if it has one and not just a descendant. */
export interface FinalRecord {
  readonly hash: Uint8Array
  readonly block: Block
  readonly certificate: Certificate | null
}

/** As it lies in the block log, goes to the executor, and travels between nodes. */
export function encodeFinal({ block, certificate }: Pick<FinalRecord, 'block' | 'certificate'>): Uint8Array {
  return encode(schema, {
    block: encodeBlock(block),
    certificate: certificate === null ? null : encodeCertificate(certificate),
  })
}

/** The two parts in their own encodings, as views. Throws CODEC_*. */
export function splitFinal(encoded: Uint8Array): Infer<typeof schema> {
  return decode(schema, encoded)
}

/** Throws CODEC_* or BLOCK_TOO_LARGE. */
export function decodeFinal(encoded: Uint8Array): FinalRecord {
  const parts = splitFinal(encoded)
  const block = decodeBlock(parts.block)
  return {
    hash: headerHash(block.header),
    block,
    certificate: parts.certificate === null ? null : decodeCertificate(parts.certificate),
  }
}
