import { RpcClient } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import type { AbiOf } from '@smartshare/daemon/views'
import { type Abi, chainIdOf, decodeGenesis, type Genesis } from '@smartshare/runtime'
import { decodeFinalBlock, type FinalBlock } from '../rows/block-rows.ts'
import { moduleRecord } from '../rows/event-facts.ts'
import { addressText } from '../rows/texts.ts'

/** Blocks in one answer of the node. */
const PAGE_BLOCKS = 200
const MAX_KEPT_ABIS = 1000
/** Parts of one block: a block has 60 million gas, and so no more bytes of events. */
const MAX_PARTS = 64

/** The node that is followed, by its RPC. */
export class Source {
  readonly #rpc: RpcClient
  readonly #abis = new Map<string, Abi | null>()
  #genesis: { record: Genesis; chainId: Uint8Array } | undefined
  /** Latest executed block that the node told of. */
  height = 0

  constructor(urls: readonly string[], signal: AbortSignal) {
    this.#rpc = new RpcClient({ urls, attempts: 2, signal })
  }

  /** The genesis record, whose hash is the chain id. Throws RPC_*. */
  async genesis(): Promise<{ record: Genesis; chainId: Uint8Array }> {
    if (this.#genesis === undefined) {
      const record = decodeGenesis(await this.#rpc.genesis())
      this.#genesis = { record, chainId: chainIdOf(record) }
    }
    return this.#genesis
  }

  /** Throws INDEX_CHAIN if the node is of another network by now. */
  async checkChain(): Promise<void> {
    const { chainId } = await this.genesis()
    const status = await this.#rpc.status()
    if (status.chainId !== toHex(chainId)) {
      throw new SmartshareError('INDEX_CHAIN', 'the node is of another network', { node: this.#rpc.url })
    }
    this.height = status.height
  }

  /** Whole blocks from `height` on, as many as the node answers; none if there are none yet. Throws RPC_*, BLOCK_PRUNED. */
  async blocks(height: number): Promise<FinalBlock[]> {
    const { chainId } = await this.genesis()
    const blocks: FinalBlock[] = []
    let parts: { transactions: Uint8Array[]; receipts: Uint8Array[] } = { transactions: [], receipts: [] }
    let next = { height, skip: 0 }
    for (let part = 0; part < MAX_PARTS; part += 1) {
      const page = await this.#rpc.history(next.height, { skip: next.skip, limit: PAGE_BLOCKS })
      this.height = page.height
      for (const { hash, header, skip, transactions, receipts, whole } of page.blocks) {
        if (skip !== parts.receipts.length) throw new SmartshareError('RPC_ANSWER', 'the node leaves out receipts')
        parts.transactions.push(...transactions.map(bytesOfBase64))
        parts.receipts.push(...receipts.map(bytesOfBase64))
        if (!whole) continue
        blocks.push(decodeFinalBlock(chainId, { hash, header: bytesOfBase64(header), ...parts }))
        parts = { transactions: [], receipts: [] }
      }
      next = page.next
      if (next.skip === 0) return blocks
      if (blocks.length > 0) return blocks
    }
    throw new SmartshareError('RPC_ANSWER', 'the node answers one block in too many parts', { height })
  }

  /** The ABIs of all contracts that act in some blocks, as they are now. Throws RPC_*. */
  async abisFor(blocks: readonly FinalBlock[]): Promise<AbiOf> {
    const wanted = new Set<string>()
    for (const { transactions, receipts } of blocks) {
      for (const { body } of transactions) for (const { target } of body.calls) addTarget(wanted, target)
      for (const { events } of receipts) for (const { target } of events) addTarget(wanted, target)
    }
    for (const address of publishedIn(blocks)) this.#abis.delete(address)
    if (this.#abis.size > MAX_KEPT_ABIS) this.#abis.clear()
    for (const key of wanted) {
      if (!this.#abis.has(key)) this.#abis.set(key, await this.#abi(addressText(fromHex(key))))
    }
    return (contract) => this.#abis.get(toHex(contract)) ?? undefined
  }

  async #abi(address: string): Promise<Abi | null> {
    try {
      return (await this.#rpc.contracts.get(address)).abi
    } catch (error) {
      // Anybody may call an address at which there is no contract.
      if (SmartshareError.is(error) && error.code === 'CONTRACT_UNKNOWN') return null
      throw error
    }
  }
}

/** Contracts that these blocks publish or upgrade: their ABI is not what it was. */
function publishedIn(blocks: readonly FinalBlock[]): string[] {
  const events = blocks.flatMap(({ receipts }) => receipts.flatMap((receipt) => receipt.events))
  return events
    .filter(({ target, name }) => typeof target === 'number' && name === 'published')
    .map((event) => toHex(moduleRecord(event)?.contract as Uint8Array))
}

function addTarget(wanted: Set<string>, target: number | Uint8Array): void {
  if (typeof target !== 'number') wanted.add(toHex(target))
}

/** Native: a rebuild decodes gigabytes of it. */
function bytesOfBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}
