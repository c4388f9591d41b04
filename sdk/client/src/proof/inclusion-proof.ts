import {
  decodeCertificate,
  decodeHeader,
  type Header,
  headerHash,
  parseTransaction,
  transactionsRoot,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import type { LightRules } from '@smartshare/light'
import { bytesOfBase64 } from '../rpc/base64.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { Trust } from './trust.ts'

const PAGE = 1000
/** Blocks after one in which a certificate for it or a descendant must be found: the latest are final by descendants. */
const MAX_DESCENDANTS = 64

/** A transaction in a final block, checked. What it did when it was executed is not part of the proof. */
export interface ProvenInclusion {
  readonly id: string
  readonly height: number
  readonly index: number
  readonly header: Header
}

/**
 * Shows that a transaction stands in a block that the delegates made final: the block's transactions give the root in its
 * header, and a certificate covers the header or a descendant of it. Throws RPC_NOT_FOUND while it is in no block,
 * PROOF_* if what the node says does not hold, LIGHT_* where trust or clock do not reach.
 */
export async function proveInclusion(
  rpc: RpcClient,
  trust: Trust,
  id: string,
  rules: LightRules,
): Promise<ProvenInclusion> {
  const { height } = await rpc.transaction(id)
  if (height === null) throw new SmartshareError('RPC_NOT_FOUND', `transaction ${id} is in no block yet`)
  const { header: first } = await rpc.block(height, { limit: 0 })
  const header = decodeHeader(bytesOfBase64(first.encoded))
  await checkCovered(rpc, trust, header, rules)
  const wires: Uint8Array[] = []
  while (wires.length < header.transactionCount) {
    const { transactions } = await rpc.block(height, { skip: wires.length, limit: PAGE })
    if (transactions.length === 0) break
    wires.push(...transactions.map(bytesOfBase64))
  }
  if (!equalBytes(transactionsRoot(wires), header.transactionsRoot)) {
    throw new SmartshareError('PROOF_INCLUSION', 'these are not the transactions of the certified block')
  }
  const index = wires.findIndex((wire) => toHex(parseTransaction(wire, trust.chainId).id) === id)
  if (index < 0) throw new SmartshareError('PROOF_INCLUSION', 'the certified block does not hold the transaction')
  return { id, height: header.height, index, header }
}

/** Walks from a header to one with a certificate. Throws PROOF_*. */
async function checkCovered(rpc: RpcClient, trust: Trust, header: Header, rules: LightRules): Promise<void> {
  let child = header
  for (let step = 0; step <= MAX_DESCENDANTS; step++) {
    const { header: found, certificate } = await rpc.block(header.height + step, { limit: 0 })
    const next = decodeHeader(bytesOfBase64(found.encoded))
    const isLinked =
      step === 0 ? equalBytes(headerHash(next), headerHash(header)) : equalBytes(next.parent, headerHash(child))
    if (!isLinked) throw new SmartshareError('PROOF_INCLUSION', 'the blocks of the node do not follow on each other')
    child = next
    if (certificate === null) continue
    await trust.catchUp(rpc, child.term, rules)
    trust.checkFinal(child, decodeCertificate(bytesOfBase64(certificate.encoded)), rules)
    return
  }
  throw new SmartshareError('PROOF_INCLUSION', `no certificate within ${MAX_DESCENDANTS} blocks`)
}
