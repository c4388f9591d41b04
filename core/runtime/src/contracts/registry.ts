import { ADDRESS_BYTES, HASH_BYTES, MAX_ARGUMENT_BYTES } from '@smartshare/chain'
import {
  bool,
  bytes,
  decode,
  fixedBytes,
  type Infer,
  optional,
  record,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import { addressOfContract } from '@smartshare/crypto'
import { textBytes } from '@smartshare/lvm'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { Table } from '../table.ts'

/** Module number of contracts. */
export const CONTRACTS = 11
export const MAX_SOURCE_BYTES = MAX_ARGUMENT_BYTES - 4_096
export const MAX_METADATA_BYTES = 1_024
const MAX_ABI_BYTES = 32_768
/** A contract may announce an upgrade at most this long ahead. */
const MAX_DELAY_MS = 366 * 24 * 3_600_000
export const CONTRACT_NAME_BYTES = 64

/** Who may upgrade a contract, and how long before it must be announced. Fixed at publishing, like who may pause it. */
export const upgradeRuleSchema = record({ by: fixedBytes(ADDRESS_BYTES), delayMs: uint(MAX_DELAY_MS) })

const contractSchema = record({
  publisher: fixedBytes(ADDRESS_BYTES),
  /** Hash of the source that runs. */
  codeHash: fixedBytes(HASH_BYTES),
  /** 1, and one more with each upgrade. */
  version: uint(),
  /** Gas for loading the source, once in each block that calls it. */
  loadGas: uint(),
  upgrade: optional(upgradeRuleSchema),
  pauser: optional(fixedBytes(ADDRESS_BYTES)),
  paused: bool,
  /** Hash of the source that is announced, and from when on it may take over. */
  announced: optional(record({ codeHash: fixedBytes(HASH_BYTES), fromMs: uint() })),
  /** Heavy calls that are not done; while there are any, nothing else may write. */
  jobs: uint(),
})
const codeSchema = record({
  name: text(CONTRACT_NAME_BYTES, 1),
  source: bytes(MAX_SOURCE_BYTES, 1),
  abi: bytes(MAX_ABI_BYTES),
  metadata: text(MAX_METADATA_BYTES),
})

export type Contract = Infer<typeof contractSchema>
export type ContractCode = Infer<typeof codeSchema>
export type UpgradeRule = Infer<typeof upgradeRuleSchema>

const contracts = new Table<Contract>(CONTRACTS, 1, contractSchema)
const codes = new Table<ContractCode>(CONTRACTS, 2, codeSchema)
/** What contracts store: address ‖ key of the contract. Written by contract-state.ts alone. */
export const STATE_TABLE = 3
const counters = new Table(CONTRACTS, 4, uint())
/** Contracts in the order of their publishing, for lists. */
const order = new Table(CONTRACTS, 5, fixedBytes(ADDRESS_BYTES))
const totals = new Table(CONTRACTS, 6, uint())

/** State key of the record of a contract, for proofs. */
export function contractKey(address: Uint8Array): Uint8Array {
  return contracts.key(address)
}

/** Throws CODEC_*. */
export function decodeContract(encoded: Uint8Array): Contract {
  return decode(contractSchema, encoded)
}

/** Decoded records by their stored bytes, which nobody changes: a contract that is called often is decoded once. */
const decoded = new WeakMap<Uint8Array, Contract>()

export function findContract(reader: Pick<StateReader, 'get'>, address: Uint8Array): Contract | undefined {
  const stored = reader.get(contracts.key(address))
  if (stored === undefined) return undefined
  let contract = decoded.get(stored)
  if (contract === undefined) {
    contract = decode(contractSchema, stored)
    decoded.set(stored, contract)
  }
  return contract
}

/** Throws CONTRACT_UNKNOWN. */
export function getContract(reader: Pick<StateReader, 'get'>, address: Uint8Array): Contract {
  const contract = findContract(reader, address)
  if (contract === undefined) throw noContract()
  return contract
}

export function noContract(): SmartshareError {
  return new SmartshareError('CONTRACT_UNKNOWN', 'there is no contract at this address')
}

/** Source, ABI and metadata of a contract that exists. */
export function getCode(reader: Pick<StateReader, 'get'>, address: Uint8Array): ContractCode {
  const code = codes.get(reader, address)
  if (code === undefined) throw new SmartshareError('STATE_DAMAGED', 'a contract has no source')
  return code
}

export function setContract(host: Host, address: Uint8Array, contract: Contract): void {
  contracts.set(host, contract, address)
}

/** Stores the code of a contract; what its bytes lock is counted. */
export function setCode(host: Host, address: Uint8Array, code: ContractCode): void {
  const former = codes.get(host, address)
  host.storedBytes += sizeOf(code) - (former === undefined ? 0 : sizeOf(former))
  codes.set(host, code, address)
}

function sizeOf({ name, source, abi, metadata }: ContractCode): number {
  return textBytes(name).length + source.length + abi.length + textBytes(metadata).length
}

/** The address of the next contract of a publisher; the counter moves on. */
export function newAddress(host: Host, publisher: Uint8Array): Uint8Array {
  const count = counters.get(host, publisher) ?? 0
  counters.set(host, count + 1, publisher)
  const address = addressOfContract(publisher, count)
  const total = totals.get(host) ?? 0
  order.set(host, address, uintKey(total))
  totals.set(host, total + 1)
  return address
}

/** How many contracts there are. */
export function contractCount(reader: Pick<StateReader, 'get'>): number {
  return totals.get(reader) ?? 0
}

/** Addresses of contracts, the oldest first, from number `from` on. */
export function contractsFrom(reader: Pick<StateReader, 'get'>, from: number, limit: number): Uint8Array[] {
  const end = Math.min(from + limit, contractCount(reader))
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => order.get(reader, uintKey(from + i)) as Uint8Array)
}
