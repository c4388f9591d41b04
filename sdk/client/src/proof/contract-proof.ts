import { decodeHeader } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, parseAddress, toHex } from '@smartshare/crypto'
import { encodeEntryProof, type LightRules, MAX_ENTRY_VALUE_BYTES, verifyEntry } from '@smartshare/light'
import {
  type AbiJson,
  type Contract,
  contractKey,
  contractStateKey,
  decodeContract,
  decodeValue,
  valueFromJson,
  valueToJson,
} from '@smartshare/runtime'
import { bytesOfBase64 } from '../rpc/base64.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { Trust } from './trust.ts'

/** An entry of a contract's state, or that there is none, as the delegates certified it. */
export interface ProvenContractEntry {
  readonly isPresent: boolean
  /** As a value of the type any; null if there is none. */
  readonly value: AbiJson
  /** The state that is proven is that after the block of this height. */
  readonly height: number
}

/**
 * Asks a node for an entry of a contract's state and believes only what is proven; `trust` learns the sets on the way. `key` as
 * values of the type any are written. Throws CONTRACT_STATE or ABI_VALUE for what is no name or key, LIGHT_*, PROOF_* or RPC_*.
 */
export async function checkContractEntry(
  rpc: RpcClient,
  trust: Trust,
  { address, name, key }: { readonly address: string; readonly name: string; readonly key: unknown },
  rules: LightRules,
): Promise<ProvenContractEntry> {
  const at = contractStateKey(parseAddress(address), name, valueFromJson('any', key, 'the key'))
  const { value, height } = await checkEntry(rpc, trust, at, rules)
  const isPresent = value !== undefined
  return { isPresent, value: isPresent ? valueToJson('any', decodeValue(value)) : null, height }
}

/** The record of a contract: the hash of its source, and its rules. Throws CONTRACT_UNKNOWN if there is none, LIGHT_*, PROOF_* or RPC_*. */
export async function checkContract(
  rpc: RpcClient,
  trust: Trust,
  address: string,
  rules: LightRules,
): Promise<{ readonly contract: Contract; readonly height: number }> {
  const { value, height } = await checkEntry(rpc, trust, contractKey(parseAddress(address)), rules)
  if (value === undefined) throw new SmartshareError('CONTRACT_UNKNOWN', 'there is no contract at this address')
  return { contract: decodeContract(value), height }
}

/** The value of an entry of the state, by its key; undefined if there is none. Throws LIGHT_*, PROOF_* or RPC_*. */
export async function checkEntry(
  rpc: RpcClient,
  trust: Trust,
  key: Uint8Array,
  rules: LightRules,
): Promise<{ value: Uint8Array | undefined; height: number }> {
  const { header, certificate, proof, value, height } = await rpc.proof(toHex(key))
  const told = value === null ? null : fromHex(value)
  if (told !== null && (told.length === 0 || told.length > MAX_ENTRY_VALUE_BYTES)) {
    throw new SmartshareError('PROOF_FORM', `an entry of more than ${MAX_ENTRY_VALUE_BYTES} bytes is not proven`)
  }
  const encoded = bytesOfBase64(header.encoded)
  await trust.catchUp(rpc, decodeHeader(encoded).term, rules)
  const record = encodeEntryProof({
    header: encoded,
    certificate: bytesOfBase64(certificate.encoded),
    value: told,
    path: bytesOfBase64(proof),
  })
  const found = verifyEntry(trust.latest, record, key, rules)
  if (found.height !== height) throw new SmartshareError('PROOF_HEIGHT', 'the header names another height')
  trust.take(found.state)
  return { value: found.value, height }
}
