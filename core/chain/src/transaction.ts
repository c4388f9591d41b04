import {
  amount,
  array,
  bool,
  bytes,
  either,
  encode,
  fixedBytes,
  type Infer,
  optional,
  Reader,
  record,
  type Schema,
  SmartshareError,
  text,
  u64,
  uint,
} from '@smartshare/codec'
import { addressOfKey, algorithmOf, compareBytes, equalBytes, hashTagged } from '@smartshare/crypto'
import {
  ADDRESS_BYTES,
  CHAIN_TAG_BYTES,
  MAX_ARGUMENT_BYTES,
  MAX_AUTH,
  MAX_CALLS,
  MAX_FUNDS,
  MAX_LANES,
  MAX_METHOD_NAME_BYTES,
  MAX_SIGNATURE_BYTES,
  MAX_TRANSACTION_BYTES,
  SIGNATURE_BYTES,
} from './limits.ts'

export const TRANSACTION_VERSION = 1
/** Token 0 is SSP; any other token is the 32-byte address of its contract. */
export const SSP = 0
const MAJOR_UINT = 0
const ED25519_KEY_BYTES = 33
const P256_KEY_BYTES = 34

/** A token: `SSP` or the address of an IOT_Coin's contract. */
export type Token = typeof SSP | Uint8Array
export const tokenSchema: Schema<Token> = either<typeof SSP, Uint8Array>(
  MAJOR_UINT,
  (value): value is typeof SSP => typeof value === 'number',
  uint(0) as Schema<typeof SSP>,
  fixedBytes(ADDRESS_BYTES),
)

export const targetSchema = either<number, Uint8Array>(
  MAJOR_UINT,
  (value) => typeof value === 'number',
  uint(0xffff),
  fixedBytes(ADDRESS_BYTES),
)
const method = either<number, string>(
  MAJOR_UINT,
  (value) => typeof value === 'number',
  uint(0xff),
  text(MAX_METHOD_NAME_BYTES, 1),
)

const callSchema = record({
  /** System module by number, contract by address. */
  target: targetSchema,
  method,
  /** CBOR of the method's arguments. */
  arguments: bytes(MAX_ARGUMENT_BYTES),
  funds: array(record({ token: tokenSchema, amount }), MAX_FUNDS),
})

/** An address, or the public key of which it is the address. */
const party = bytes(P256_KEY_BYTES, ADDRESS_BYTES)

const bodySchema = record({
  version: uint(TRANSACTION_VERSION, TRANSACTION_VERSION),
  chain: fixedBytes(CHAIN_TAG_BYTES),
  sender: party,
  lane: uint(MAX_LANES - 1),
  nonce: u64,
  expiryHeight: uint(),
  gasLimit: uint(),
  maxGasPrice: u64,
  tipGasPrice: u64,
  feePayer: optional(party),
  emptying: bool,
  calls: array(callSchema, MAX_CALLS, 1),
})

const authSchema = array(
  record({
    key: optional(bytes(P256_KEY_BYTES, ED25519_KEY_BYTES)),
    signature: bytes(MAX_SIGNATURE_BYTES, SIGNATURE_BYTES),
  }),
  MAX_AUTH,
)

const transactionSchema = record({ body: bodySchema, senderAuth: authSchema, payerAuth: authSchema })

export type Call = Infer<typeof callSchema>
export type TransactionBody = Infer<typeof bodySchema>
export type Auth = Infer<typeof authSchema>
export type Transaction = Infer<typeof transactionSchema>

/** A transaction with everything that follows from its bytes alone. */
export interface ParsedTransaction extends Transaction {
  readonly id: Uint8Array
  /** The whole transaction as it travels. */
  readonly wire: Uint8Array
  /** Address of the account that acts. */
  readonly from: Uint8Array
  /** Address of the account that pays the fee. */
  readonly payer: Uint8Array
}

/** One signature to check: "signature by key over id". */
export interface SignatureClaim {
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

/** Transaction id: what every signature signs (docs/spec/bytes.md §5). */
export function transactionId(body: TransactionBody, chainId: Uint8Array): Uint8Array {
  return hashTagged('tx', chainId, encode(bodySchema, body))
}

export function encodeTransaction(transaction: Transaction): Uint8Array {
  return encode(transactionSchema, transaction)
}

/** The first 8 bytes of the chain id, as they travel in a transaction. */
export function chainTag(chainId: Uint8Array): Uint8Array {
  return chainId.subarray(0, CHAIN_TAG_BYTES)
}

function addressOfParty(value: Uint8Array): Uint8Array {
  return value.length === ADDRESS_BYTES ? value : addressOfKey(value)
}

/** Only a passkey's signature is longer than others. */
function checkLength(key: Uint8Array, { length }: Uint8Array, fail: (why: string) => SmartshareError): void {
  const isLong = length > SIGNATURE_BYTES
  if (isLong !== (algorithmOf(key) === 'passkey')) throw fail('a signature of a wrong length')
}

function checkAuth(who: string, value: Uint8Array, auth: Auth): void {
  const fail = (why: string) => new SmartshareError('TX_FORM', `${who}: ${why}`)
  if (value.length !== ADDRESS_BYTES) {
    if (algorithmOf(value) === null) throw fail('not a public key')
    if (auth.length !== 1 || auth[0]!.key !== null) throw fail('one signature without a key belongs to a public key')
    checkLength(value, auth[0]!.signature, fail)
    return
  }
  if (auth.length === 0) throw fail('no signature')
  let previous: Uint8Array | undefined
  for (const { key, signature } of auth) {
    if (key === null || algorithmOf(key) === null) throw fail('every signature of an address names its public key')
    if (previous && compareBytes(previous, key) >= 0) throw fail('keys must be ascending and distinct')
    checkLength(key, signature, fail)
    previous = key
  }
}

/**
 * Decodes a transaction and checks its form: everything that needs neither state nor signature arithmetic.
 * Throws CODEC_* or TX_*.
 */
export function parseTransaction(wire: Uint8Array, chainId: Uint8Array): ParsedTransaction {
  if (wire.length > MAX_TRANSACTION_BYTES) {
    throw new SmartshareError('TX_TOO_LARGE', `a transaction has at most ${MAX_TRANSACTION_BYTES} bytes`, {
      sizeBytes: wire.length,
    })
  }
  const reader = new Reader(wire)
  const length = reader.head(4)
  if (length !== 3) throw new SmartshareError('CODEC_LENGTH', `transaction of ${length} fields where 3 belong`)
  const bodyStart = reader.position
  const body = bodySchema.read(reader)
  const bodyEnd = reader.position
  const senderAuth = authSchema.read(reader)
  const payerAuth = authSchema.read(reader)
  reader.end()
  if (!equalBytes(body.chain, chainTag(chainId))) {
    throw new SmartshareError('TX_OTHER_CHAIN', 'the transaction is for another network')
  }
  if (body.tipGasPrice > body.maxGasPrice) throw new SmartshareError('TX_FORM', 'the tip is above the highest price')
  checkAuth('sender', body.sender, senderAuth)
  if (body.feePayer !== null) checkAuth('fee payer', body.feePayer, payerAuth)
  else if (payerAuth.length > 0) throw new SmartshareError('TX_FORM', 'signatures of a fee payer without one')
  const id = hashTagged('tx', chainId, wire.subarray(bodyStart, bodyEnd))
  const from = addressOfParty(body.sender)
  const payer = body.feePayer === null ? from : addressOfParty(body.feePayer)
  return { body, senderAuth, payerAuth, id, wire, from, payer }
}

/** Every signature that must hold before the transaction may be passed on. */
export function signatureClaims(transaction: Transaction): SignatureClaim[] {
  const { body, senderAuth, payerAuth } = transaction
  const claims = senderAuth.map(({ key, signature }) => ({ key: key ?? body.sender, signature }))
  if (body.feePayer === null) return claims
  const payer = body.feePayer
  return [...claims, ...payerAuth.map(({ key, signature }) => ({ key: key ?? payer, signature }))]
}

/** Leaf of the block's transactions root. */
export function wireHash(wire: Uint8Array): Uint8Array {
  return hashTagged('tx/wire', wire)
}
