import { type Executed, encodeCertificate, encodeHeader, type Header, receiptHash, SSP } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, listProof, proveInRange, toHex } from '@smartshare/crypto'
import { encodeExecutedProof, encodeReceiptProof, MAX_LIGHT_RECEIPT_BYTES } from '@smartshare/light'
import { balanceKey, contractStateKey, holdingKey, valueFromJson } from '@smartshare/runtime'
import { z } from 'zod'
import type { NodeApi } from '../api.ts'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf, tokenOf } from './texts.ts'
import { base64, certificateView, headerView } from './views.ts'

/** A proof of one entry of the state, as methods answer it. */
const proofShape = z.object({
  chainId: shapes.hash,
  key: shapes.hex,
  value: shapes.hex.nullable().describe('null: the state has no such entry'),
  proof: shapes.base64.describe("against the header's stateRoot"),
  height: shapes.height.describe('the state that is proven: rootHeight of the header'),
  header: shapes.header,
  certificate: shapes.certificate,
})

/** Proves the entry under `key`, or its absence. Throws RPC_NOT_READY while no final header names a root. */
async function proveEntry(node: NodeApi, key: Uint8Array): Promise<z.output<typeof proofShape>> {
  const found = await node.proof(key)
  if (found === undefined) throw new SmartshareError('RPC_NOT_READY', 'no final header names a state root yet')
  return {
    chainId: toHex(node.chainId),
    key: toHex(found.key),
    value: found.value === undefined ? null : toHex(found.value),
    proof: base64(found.proof),
    height: found.header.rootHeight,
    header: headerView(found.header),
    certificate: certificateView(found.certificate),
  }
}

const proof = method({
  name: 'chain_proof',
  summary: 'Proves any entry of the state, or that there is none',
  params: { key: shapes.hex.min(2).max(510) },
  result: proofShape,
  weight: 10,
  handle: (node, { key }) => proveEntry(node, Buffer.from(key, 'hex')),
})

const accountProof = method({
  name: 'account_proof',
  summary: "Proves an account's balance of a token against a certified header, for anyone who does not trust this node",
  params: { address: shapes.address, token: shapes.token.default('SSP') },
  result: proofShape,
  weight: 10,
  handle(node, params) {
    const token = tokenOf(params.token)
    const address = addressOf(params.address)
    return proveEntry(node, token === SSP ? balanceKey(address) : holdingKey(token, address))
  },
})

const contractProof = method({
  name: 'contract_proof',
  summary: "Proves an entry of a contract's state, or that there is none",
  params: {
    address: shapes.address,
    name: z.string().min(1).max(32).describe('name of the map, value or list'),
    key: z
      .unknown()
      .default({ integer: '0' })
      .describe('key of the entry, as values of the type any are written; without it that of a state.value'),
  },
  result: proofShape,
  weight: 10,
  handle(node, { address, name, key }) {
    return proveEntry(node, contractStateKey(addressOf(address), name, valueFromJson('any', key, 'the key')))
  },
})

const handOver = method({
  name: 'chain_handOver',
  summary: 'How the set of a term was seated: its members and the certified header that names their hash',
  params: { term: z.int().min(1) },
  result: z.object({
    term: z.int(),
    members: z.array(z.object({ address: shapes.address, key: shapes.hex })),
    header: shapes.header,
    certificate: shapes.certificate,
  }),
  weight: 5,
  async handle(node, { term }) {
    const found = await node.handOver(term)
    if (found === undefined) throw new SmartshareError('RPC_NOT_FOUND', `the set of term ${term} is not known yet`)
    return {
      term: found.set.term,
      members: found.set.members.map(({ address, key }) => ({ address: formatAddress(address), key: toHex(key) })),
      header: headerView(found.header),
      certificate: certificateView(found.certificate),
    }
  },
})

interface ExecutedParts {
  readonly header: Uint8Array
  readonly certificate: Uint8Array
  readonly executed: Executed
  readonly siblings: Uint8Array[]
  readonly peaks: Uint8Array[]
}

/** Proves what was executed at a height. Throws RPC_NOT_READY while no final header names a root above it. */
function proveExecuted(node: NodeApi, height: number): { named: Header; parts: ExecutedParts } {
  const certified = node.certified()
  const executed = node.executed(height)
  if (certified === undefined || executed === undefined || height > certified.header.rootHeight) {
    throw new SmartshareError('RPC_NOT_READY', 'no final header names what was executed at this height yet', { height })
  }
  const { header, certificate } = certified
  const path = proveInRange(header.rootHeight + 1, height, (level, index) => node.rangeNode(level, index))
  const certifiedParts = { header: encodeHeader(header), certificate: encodeCertificate(certificate) }
  return { named: header, parts: { ...certifiedParts, executed, siblings: [...path.siblings], peaks: [...path.peaks] } }
}

const executedShape = {
  chainId: shapes.hash,
  term: z.int().describe('of the delegates who certified it'),
  rootHeight: shapes.height.describe('the range covers heights up to this'),
  proof: shapes.base64.describe('a record of docs/spec/light.md §6'),
}

const executedProof = method({
  name: 'chain_executedProof',
  summary: 'Proves what was executed at a height: block hash, state root, receipts root',
  params: { height: shapes.height },
  result: z.object(executedShape),
  weight: 20,
  async handle(node, { height }) {
    const { named, parts } = proveExecuted(node, height)
    const { term, rootHeight } = named
    return { chainId: toHex(node.chainId), term, rootHeight, proof: base64(encodeExecutedProof(parts)) }
  },
})

const receiptProof = method({
  name: 'chain_receiptProof',
  summary: 'Proves a receipt of an executed block: what a transaction did',
  params: { height: shapes.height.min(1), index: z.int().min(0) },
  result: z.object(executedShape),
  weight: 20,
  async handle(node, { height, index }) {
    const { named, parts } = proveExecuted(node, height)
    const receipts = await node.receipts(height)
    const receipt = receipts?.[index]
    if (receipts === undefined || receipt === undefined || receipt.length > MAX_LIGHT_RECEIPT_BYTES) {
      throw new SmartshareError('RPC_NOT_FOUND', `block ${height} has no receipt ${index} that can be proven`)
    }
    const { count, siblings } = listProof(receipts.map(receiptHash), index)
    const record = encodeReceiptProof({ ...parts, receipt, index, count, receiptSiblings: [...siblings] })
    const { term, rootHeight } = named
    return { chainId: toHex(node.chainId), term, rootHeight, proof: base64(record) }
  },
})

export const proofMethods: readonly RpcMethod[] = [
  ...[proof, accountProof, contractProof, handOver, executedProof, receiptProof],
]
