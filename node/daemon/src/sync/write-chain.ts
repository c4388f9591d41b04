// For tests and benches: the chain of a node in memory as the data folder of a real one, which then serves it.
import { BLS_SIGNATURE_BYTES, type Block, encodeBlock, encodeCertificate, type Header } from '@smartshare/chain'
import { genesisTerm, type TermStart, termAfter } from '@smartshare/consensus'
import { firstSet } from '@smartshare/runtime'
import { openStore } from '@smartshare/store'
import { FinalChain } from '../consensus/final-chain.ts'
import type { FinalRecord } from '../consensus/final-record.ts'
import { RecordLog } from '../consensus/record-log.ts'
import { BlockExecutor } from '../execution/block-executor.ts'
import type { MemoryNode } from '../rpc/memory-node.ts'

/** A final block of the node as it lies in a block log. */
export async function finalAt(node: MemoryNode, height: number): Promise<FinalRecord & { block: Block }> {
  const { header, hash, transactions, certificate } = (await node.block(height))!
  const named = header.rootHeight === 0 ? undefined : await node.block(header.rootHeight)
  const rootCertificate = named?.certificate ?? null
  const block = {
    header,
    proposal: new Uint8Array(BLS_SIGNATURE_BYTES),
    rootCertificate,
    transactions: [...transactions],
    quarantines: [],
  }
  return { hash, block, certificate: certificate ?? null }
}

/** Where the terms of the node's chain stand, the first one that of genesis. */
export async function termsOf(node: MemoryNode, height: number): Promise<TermStart[]> {
  const { record } = node.genesis
  const unknown = new Uint8Array(32)
  const { chainId } = node
  const terms = [
    genesisTerm({ chainId, timeMs: record.timeMs, set: firstSet(record), stateRoot: unknown, rangeRoot: unknown }),
  ]
  let headers: Header[] = []
  for (let at = 1; at <= height; at++) {
    const { hash, block, certificate } = await finalAt(node, at)
    headers.push(block.header)
    const before = terms.at(-1)!
    if (block.header.nextSet === null || at < before.base.height + record.parameters.termBlocks) continue
    const next = await node.handOver(before.set.term + 1)
    if (next === undefined) break
    const { set } = next
    terms.push(termAfter(before, { hash, block, terminal: certificate! }, headers, set))
    headers = []
  }
  return terms
}

/** Writes the chain up to a height into a data folder: blocks, state, and where the term stands. */
export async function writeChain(node: MemoryNode, folder: string, height = node.height): Promise<void> {
  const store = await openStore(folder, { chainId: node.chainId })
  const finals = await FinalChain.open(store.blocks)
  const executor = new BlockExecutor(store.state, node.genesis.record)
  for (let at = 1; at <= height; at++) {
    const final = await finalAt(node, at)
    await finals.append(final)
    executor.execute(encodeBlock(final.block), final.certificate === null ? null : encodeCertificate(final.certificate))
    if (executor.isFull) executor.commit()
  }
  executor.commit()
  const promises = await RecordLog.open(store.votes, finals.last?.block.header ?? null)
  const [start] = (await termsOf(node, height)).slice(-1)
  if (start !== undefined && start.set.term > 0) await promises.append([{ type: 'term', start }])
  await store.close()
}
