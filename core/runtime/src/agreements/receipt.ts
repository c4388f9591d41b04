import { HASH_BYTES } from '@smartshare/chain'
import { encode, fixedBytes, record, uint } from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'

const receiptSchema = record({
  chainId: fixedBytes(HASH_BYTES),
  agreement: uint(),
  root: fixedBytes(HASH_BYTES),
  sizeBytes: uint(),
})

/** What a provider signs when it holds all bytes of a lot: their data root and size (docs/spec/storage-agreements.md). */
export function storageReceiptHash(
  chainId: Uint8Array,
  receipt: { agreement: number; root: Uint8Array; sizeBytes: number },
): Uint8Array {
  return hashTagged('storage/receipt', encode(receiptSchema, { chainId, ...receipt }))
}
