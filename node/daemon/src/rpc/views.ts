import {
  type Certificate,
  type ChainEvent,
  decodeReceipt,
  encodeCertificate,
  encodeHeader,
  type Header,
  headerHash,
  MODE_CALM,
  STATUS_DONE,
} from '@smartshare/chain'
import { decode, SmartshareError } from '@smartshare/codec'
import { ADDRESS_BYTES, formatAddress, toHex } from '@smartshare/crypto'
import { type Abi, eventToJson, modules } from '@smartshare/runtime'
import type { z } from 'zod'
import type { Verification } from '../api.ts'
import type * as shapes from './shapes.ts'

/** Fields of events and records that hold addresses; 32 bytes under any other name are a hash or an id, in hexadecimal. */
const ADDRESS_FIELDS = new Set([
  ...['from', 'to', 'account', 'owner', 'voter', 'delegate', 'members', 'ballot', 'payer', 'sender', 'address'],
  ...['buyer', 'provider', 'claimant', 'reporter', 'settler', 'candidate', 'exclude', 'contract', 'publisher'],
  ...['issuer', 'admin', 'minter', 'freezer', 'spender', 'caller', 'proposer'],
])

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

export function certificateView(certificate: Certificate): z.output<typeof shapes.certificate> {
  return {
    term: certificate.term,
    slot: certificate.slot,
    kind: certificate.kind,
    value: toHex(certificate.value),
    bitmap: toHex(certificate.bitmap),
    signature: toHex(certificate.signature),
    encoded: base64(encodeCertificate(certificate)),
  }
}

export function headerView(header: Header, hash = headerHash(header)): z.output<typeof shapes.header> {
  return {
    height: header.height,
    hash: toHex(hash),
    parent: toHex(header.parent),
    term: header.term,
    slot: header.slot,
    timeMs: header.timeMs,
    leader: header.leader,
    rootHeight: header.rootHeight,
    stateRoot: toHex(header.stateRoot),
    rangeRoot: toHex(header.rangeRoot),
    transactionsRoot: toHex(header.transactionsRoot),
    transactionCount: header.transactionCount,
    gas: header.gas,
    basePrice: `${header.basePrice}`,
    mode: modeName(header.mode),
    nextSet: header.nextSet === null ? null : toHex(header.nextSet),
    encoded: base64(encodeHeader(header)),
  }
}

export function modeName(mode: number): 'calm' | 'busy' {
  return mode === MODE_CALM ? 'calm' : 'busy'
}

/** Finds the ABI of a contract; undefined if there is none. */
export type AbiOf = (contract: Uint8Array) => Abi | undefined

export function receiptView(
  encoded: Uint8Array,
  abiOf: AbiOf,
  verification: Verification,
): z.output<typeof shapes.receipt> {
  const receipt = decodeReceipt(encoded)
  return {
    transaction: toHex(receipt.transactionId),
    status: receipt.status === STATUS_DONE ? 'done' : 'failed',
    gasUsed: receipt.gasUsed,
    feeGrains: `${receipt.feeGrains}`,
    payer: formatAddress(receipt.payer),
    verification,
    events: receipt.events.map((event) => eventView(event, abiOf)),
    error: receipt.error,
  }
}

export function eventView(event: ChainEvent, abiOf: AbiOf): z.output<typeof shapes.event> {
  const { target, name, data } = event
  const record = typeof target === 'number' ? moduleRecord(target, event) : contractRecord(abiOf(target), event)
  return { from: sourceName(target), name, data: record, encoded: base64(data) }
}

/** Name of a module, or address of a contract. */
export function sourceName(target: ChainEvent['target']): string {
  if (typeof target !== 'number') return formatAddress(target)
  return modules.find(({ id }) => id === target)?.name ?? `${target}`
}

function moduleRecord(target: number, { name, data }: ChainEvent): Record<string, unknown> | null {
  const kind = modules.find(({ id }) => id === target)?.events.find((candidate) => candidate.name === name)
  return kind === undefined ? null : recordView(decode(kind.schema, data))
}

/** Null if the contract declares no such event any more: an upgrade may have changed it since. */
function contractRecord(abi: Abi | undefined, { name, data }: ChainEvent): Record<string, unknown> | null {
  const event = abi?.events.find((candidate) => candidate.name === name)
  if (event === undefined) return null
  try {
    return eventToJson(event, data)
  } catch (error) {
    if (SmartshareError.is(error)) return null
    throw error
  }
}

/** A decoded record as JSON: amounts as decimal text, addresses as text, other bytes in hexadecimal, token 0 as "SSP". */
export function recordView(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, jsonOf(name, value)]))
}

function jsonOf(name: string, value: unknown): unknown {
  if (name === 'token') return value instanceof Uint8Array ? formatAddress(value) : 'SSP'
  if (typeof value === 'bigint') return `${value}`
  if (value instanceof Uint8Array) {
    return ADDRESS_FIELDS.has(name) && value.length === ADDRESS_BYTES ? formatAddress(value) : toHex(value)
  }
  if (Array.isArray(value)) return value.map((item) => jsonOf(name, item))
  if (typeof value === 'object' && value !== null) return recordView(value)
  return value
}
