import {
  type Auth,
  encodeTransaction,
  type ParsedTransaction,
  parseTransaction,
  signatureClaims,
} from '@smartshare/chain'
import { decode, SmartshareError } from '@smartshare/codec'
import { compareBytes, equalBytes, formatAddress, type KeyPair, type Policy, toHex, verify } from '@smartshare/crypto'
import { modules } from '@smartshare/runtime'
import type { Signer } from '../wallet/signer.ts'
import type { SignedTransaction } from './transaction-builder.ts'

// A transaction of an account of k of n keys, on its way from one of them to the next. It travels as its own wire bytes: the
// body that all sign, and the signatures that it has so far.

const NO_SIGNATURE = new Uint8Array(64)

/** A call as people can read it; `module` is null where it is a contract or a module that this version does not know. */
export interface ReadCall {
  readonly module: string | null
  readonly method: string
  readonly args: unknown
}

/** What a transaction does that waits for approvals, and who has signed it. */
export interface Approval {
  /** Transaction id in hexadecimal: what is signed. */
  readonly id: string
  readonly account: string
  readonly lane: number
  readonly nonce: bigint
  readonly expiryHeight: number
  readonly highestFeeGrains: bigint
  readonly calls: readonly ReadCall[]
  /** Keys whose signatures it has, in hexadecimal. */
  readonly signedBy: readonly string[]
}

/** Makes the first signature of an account of a policy; it is as large as the transaction will be with all it needs. */
export function proposer(address: Uint8Array, policy: Policy, keys: KeyPair): Signer {
  return {
    address,
    party: address,
    blank: policy.keys.slice(0, policy.threshold).map((key) => ({ key, signature: NO_SIGNATURE })),
    sign: (id) => [{ key: keys.publicKey, signature: keys.sign(id) }],
  }
}

/**
 * What waits for approvals, from bytes that anybody may have sent: every signature is checked, and that its key belongs to the
 * policy. Throws APPROVAL_INVALID, CODEC_*, TX_*.
 */
export function readApproval(wire: Uint8Array, chainId: Uint8Array, policy: Policy): Approval {
  const parsed = parseTransaction(wire, chainId)
  const { body, senderAuth } = parsed
  if (body.feePayer !== null) throw invalid('another account is to pay the fee')
  for (const { key, signature } of signatureClaims(parsed)) {
    if (!policy.keys.some((known) => equalBytes(known, key)))
      throw invalid('a key signed it that does not belong to the account')
    if (!verify(key, parsed.id, signature)) throw invalid('a signature is wrong')
  }
  return {
    id: toHex(parsed.id),
    account: formatAddress(parsed.from),
    lane: body.lane,
    nonce: body.nonce,
    expiryHeight: body.expiryHeight,
    highestFeeGrains: BigInt(body.gasLimit) * body.maxGasPrice,
    calls: body.calls.map(readCall),
    signedBy: senderAuth.map(({ key }) => toHex(key as Uint8Array)),
  }
}

/** The same transaction with one more signature. Throws as `readApproval`. */
export function approve(wire: Uint8Array, chainId: Uint8Array, policy: Policy, keys: KeyPair): Uint8Array {
  readApproval(wire, chainId, policy)
  const parsed = parseTransaction(wire, chainId)
  return withSignatures(parsed, [...parsed.senderAuth, { key: keys.publicKey, signature: keys.sign(parsed.id) }])
}

/** The signatures of two copies of one transaction together. Throws APPROVAL_INVALID if they are not of one. */
export function mergeApprovals(one: Uint8Array, other: Uint8Array, chainId: Uint8Array): Uint8Array {
  const [first, second] = [parseTransaction(one, chainId), parseTransaction(other, chainId)]
  if (!equalBytes(first.id, second.id)) throw invalid('the two are different transactions')
  return withSignatures(first, [...first.senderAuth, ...second.senderAuth])
}

/** Ready to be handed over, once it has as many signatures as the policy asks for. Throws APPROVAL_MISSING, as `readApproval`. */
export function approvedTransaction(wire: Uint8Array, chainId: Uint8Array, policy: Policy): SignedTransaction {
  const { id, account, lane, nonce, expiryHeight, signedBy } = readApproval(wire, chainId, policy)
  const missing = policy.threshold - signedBy.length
  if (missing > 0) {
    throw new SmartshareError('APPROVAL_MISSING', `${missing} more of its keys must approve`, { missing })
  }
  return { id, sender: account, wire, lane, nonce, expiryHeight }
}

function withSignatures({ body, payerAuth }: ParsedTransaction, auth: Auth): Uint8Array {
  const byKey = new Map(auth.map((one) => [toHex(one.key as Uint8Array), one]))
  const senderAuth = [...byKey.values()].sort((a, b) => compareBytes(a.key as Uint8Array, b.key as Uint8Array))
  return encodeTransaction({ body, senderAuth, payerAuth })
}

function readCall({ target, method, arguments: bytes, funds }: ParsedTransaction['body']['calls'][number]): ReadCall {
  const module = modules.find(({ id }) => id === target)
  const known = module?.methods.find(({ id }) => id === method)
  if (module !== undefined && known !== undefined) {
    return { module: module.name, method: known.name, args: decode(known.arguments, bytes) }
  }
  const name = typeof target === 'number' ? `${target}` : formatAddress(target)
  return { module: null, method: `${name} ${method}`, args: { arguments: bytes, funds } }
}

function invalid(why: string): SmartshareError {
  return new SmartshareError('APPROVAL_INVALID', `this cannot be approved: ${why}`)
}
