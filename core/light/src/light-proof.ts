import { decodeReceipt, type Executed, executedHash, type Receipt, receiptHash } from '@smartshare/chain'
import { array, bytes, decode, encode, type Infer, optional, record, type Schema, uint } from '@smartshare/codec'
import { verifyListProof, verifyRangeProof } from '@smartshare/crypto'
import { decodeProof, MOST_PROOF_BYTES, verifyProof } from '@smartshare/state'
import {
  certificateField,
  checkFinal,
  checkFresh,
  decodePart,
  type FinalHeader,
  headerField,
  type LightRules,
  wrong,
} from './final-header.ts'
import { hash, type LightState } from './light-state.ts'
import {
  LIGHT_VERSION,
  MAX_ENTRY_VALUE_BYTES,
  MAX_LIGHT_PROOF_BYTES,
  MAX_LIGHT_RECEIPT_BYTES,
  MAX_RANGE_HASHES,
  MAX_RECEIPT_HASHES,
} from './limits.ts'

const ENTRY = 0
const EXECUTED = 1
const RECEIPT = 2

const start = (kind: number) => ({
  version: uint(LIGHT_VERSION, LIGHT_VERSION),
  kind: uint(kind, kind),
  header: headerField,
  certificate: certificateField,
})

const entrySchema = record({
  ...start(ENTRY),
  /** null: the state has no entry under the key. */
  value: optional(bytes(MAX_ENTRY_VALUE_BYTES, 1)),
  /** The record of bytes.md §7. */
  path: bytes(MOST_PROOF_BYTES, 1),
})

const rangePath = {
  /** What the range has at this height. */
  executed: record({ height: uint(), blockHash: hash, stateRoot: hash, receiptsRoot: hash }),
  /** From the leaf up to its peak, and the other peaks, the largest first. */
  siblings: array(hash, MAX_RANGE_HASHES),
  peaks: array(hash, MAX_RANGE_HASHES),
}
const executedSchema = record({ ...start(EXECUTED), ...rangePath })
const receiptSchema = record({
  ...start(RECEIPT),
  ...rangePath,
  receipt: bytes(MAX_LIGHT_RECEIPT_BYTES, 1),
  /** Place of the receipt in the block, and how many there are; the block's own is the last. */
  index: uint(),
  count: uint(),
  receiptSiblings: array(hash, MAX_RECEIPT_HASHES),
})

type Content<T> = Readonly<Omit<T, 'version' | 'kind'>>
export type EntryProof = Content<Infer<typeof entrySchema>>
export type ExecutedProof = Content<Infer<typeof executedSchema>>
export type ReceiptProof = Content<Infer<typeof receiptSchema>>

/** What every check of a proof finds out beside its own subject. */
export interface Proven extends FinalHeader {
  /** The state of the chain that is spoken of is that after the block of this height. */
  readonly height: number
}

export const encodeEntryProof = (proof: EntryProof): Uint8Array =>
  encode(entrySchema, { ...proof, version: LIGHT_VERSION, kind: ENTRY })
export const encodeExecutedProof = (proof: ExecutedProof): Uint8Array =>
  encode(executedSchema, { ...proof, version: LIGHT_VERSION, kind: EXECUTED })
export const encodeReceiptProof = (proof: ReceiptProof): Uint8Array =>
  encode(receiptSchema, { ...proof, version: LIGHT_VERSION, kind: RECEIPT })

/**
 * The value that the certified state has under `key`, or undefined if it has none (docs/spec/light.md §6). Throws as
 * `checkFinal`, LIGHT_STALE, PROOF_FORM or PROOF_STATE.
 */
export function verifyEntry(
  state: LightState,
  encoded: Uint8Array,
  key: Uint8Array,
  rules: LightRules,
): Proven & { readonly value: Uint8Array | undefined } {
  const { value, path, ...certified } = decodeBounded(entrySchema, encoded)
  const final = checkCertified(state, certified, rules)
  const found = value?.slice()
  if (!verifyProof(final.header.stateRoot, key, found, decodePart(path, decodeProof))) {
    throw wrong('PROOF_STATE', 'the certified state does not hold what the proof says')
  }
  return { ...final, height: final.header.rootHeight, value: found }
}

/** What was executed at a height: hash of the final block, roots of state and receipts. Throws as `verifyEntry`, PROOF_EXECUTED. */
export function verifyExecuted(
  state: LightState,
  encoded: Uint8Array,
  height: number,
  rules: LightRules,
): Proven & { readonly executed: Executed } {
  const proof = decodeBounded(executedSchema, encoded)
  const final = checkCertified(state, proof, rules)
  return { ...final, height, executed: checkExecuted(final, proof, height) }
}

/**
 * The receipt at `index` of the block of `height`: what a transaction did. Its `transactionId` is for the caller to compare.
 * Throws as `verifyExecuted`, PROOF_RECEIPT.
 */
export function verifyReceipt(
  state: LightState,
  encoded: Uint8Array,
  place: { readonly height: number; readonly index: number },
  rules: LightRules,
): Proven & { readonly executed: Executed; readonly receipt: Receipt } {
  const proof = decodeBounded(receiptSchema, encoded)
  const final = checkCertified(state, proof, rules)
  const executed = checkExecuted(final, proof, place.height)
  const path = { index: place.index, count: proof.count, siblings: proof.receiptSiblings }
  if (proof.index !== place.index || !verifyListProof(executed.receiptsRoot, receiptHash(proof.receipt), path)) {
    throw wrong('PROOF_RECEIPT', 'the block that was executed has no such receipt at this place')
  }
  return { ...final, height: place.height, executed, receipt: decodePart(proof.receipt.slice(), decodeReceipt) }
}

function checkCertified(
  state: LightState,
  { header, certificate }: { readonly header: Uint8Array; readonly certificate: Uint8Array },
  rules: LightRules,
): FinalHeader {
  const final = checkFinal(state, header, certificate, rules)
  checkFresh(final.header, rules)
  return final
}

/** The range has one leaf for each height 0 … rootHeight, so height and count say where the leaf stands. */
function checkExecuted(
  { header }: FinalHeader,
  { executed, siblings, peaks }: Content<Infer<typeof executedSchema>>,
  height: number,
): Executed {
  const path = { index: height, count: header.rootHeight + 1, siblings, peaks }
  if (executed.height !== height || !verifyRangeProof(header.rangeRoot, executedHash(executed), path)) {
    throw wrong('PROOF_EXECUTED', `the chain did not execute this at height ${height}`)
  }
  const { blockHash, stateRoot, receiptsRoot } = executed
  return { height, blockHash: blockHash.slice(), stateRoot: stateRoot.slice(), receiptsRoot: receiptsRoot.slice() }
}

function decodeBounded<T>(schema: Schema<T>, encoded: Uint8Array): T {
  if (encoded.length > MAX_LIGHT_PROOF_BYTES) throw wrong('PROOF_FORM', 'too many bytes for a proof')
  return decodePart(encoded, (bytes) => decode(schema, bytes))
}
