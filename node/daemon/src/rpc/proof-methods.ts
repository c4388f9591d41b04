import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import { balanceKey } from '@smartshare/runtime'
import { z } from 'zod'
import type { NodeApi } from '../api.ts'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf } from './texts.ts'
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
  summary: "Proves an account's SSP balance against a certified header, for anyone who does not trust this node",
  params: { address: shapes.address },
  result: proofShape,
  weight: 10,
  handle: (node, params) => proveEntry(node, balanceKey(addressOf(params.address))),
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

export const proofMethods: readonly RpcMethod[] = [proof, accountProof, handOver]
