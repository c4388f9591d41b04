import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Call,
  decodeReceipt,
  encodeBlock,
  type Header,
  headerHash,
  type ParsedTransaction,
  type Receipt,
  STATUS_DONE,
} from '@smartshare/chain'
import { BlockExecutor } from '@smartshare/daemon'
import type { Parameters } from '@smartshare/runtime'
import { TestChain } from '@smartshare/runtime/testing'
import { ChainStore } from '@smartshare/store'
import { processorMs } from './report.ts'

/** What a block took and did. */
export interface RanBlock {
  /** Processor time of decoding, execution, receipts and state root. */
  readonly executeMs: number
  /** Processor time of making it durable, which blocks may share. */
  readonly commitMs: number
  /** Of its transactions, in their order. */
  readonly receipts: readonly Receipt[]
}

/** A node's executor on a real store, which executes whatever blocks it is given. */
export class BlockRig {
  readonly chain: TestChain
  readonly parameters: Parameters
  private readonly folder = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  private readonly store = ChainStore.open(this.folder)
  private executor: BlockExecutor
  private parent: Header
  private readonly nonces = new Map<string, bigint>()

  constructor(accounts: readonly string[], grains: bigint, parameters: Parameters) {
    this.chain = new TestChain({ accounts, grains, parameters })
    this.parameters = parameters
    this.executor = new BlockExecutor(this.store, this.chain.genesis)
    this.parent = this.chain.head
  }

  /** The next transaction of an account. */
  transaction(from: string, calls: Call[], gasLimit: number): ParsedTransaction {
    const nonce = this.nonces.get(from) ?? 0n
    this.nonces.set(from, nonce + 1n)
    return this.chain.transaction(from, calls, { nonce, gasLimit })
  }

  /** Gives back the nonce of an account's last transaction, which goes into no block. */
  takeBack(from: string): void {
    this.nonces.set(from, this.nonces.get(from)! - 1n)
  }

  /** Executes a block of these transactions, which are the next of their senders, and commits it. */
  run(transactions: readonly ParsedTransaction[]): RanBlock {
    const { parent, executor } = this
    const height = parent.height + 1
    const header: Header = {
      ...parent,
      height,
      slot: height,
      parent: parent.height === 0 ? this.chain.chainId : headerHash(parent),
      timeMs: parent.timeMs + this.parameters.slotMs,
      transactionCount: transactions.length,
      gas: transactions.reduce((sum, { body }) => sum + body.gasLimit, 0),
    }
    this.parent = header
    const wires = transactions.map(({ wire }) => wire)
    const encoded = encodeBlock({
      header,
      proposal: new Uint8Array(96),
      rootCertificate: null,
      transactions: wires,
      quarantines: [],
    })
    const startMs = processorMs()
    const { receipts } = executor.execute(encoded)
    const executedMs = processorMs()
    executor.commit()
    const endMs = processorMs()
    return {
      executeMs: executedMs - startMs,
      commitMs: endMs - executedMs,
      receipts: receipts.slice(0, -1).map(decodeReceipt),
    }
  }

  /** A block whose transactions must all succeed. Throws what the first one failed with. */
  runWell(transactions: readonly ParsedTransaction[]): RanBlock {
    const block = this.run(transactions)
    for (const { status, error } of block.receipts) {
      if (status !== STATUS_DONE) throw new Error(`a transaction failed: ${error?.code} ${error?.message}`)
    }
    return block
  }

  /** As after a restart: nothing is loaded. */
  forgetContracts(): void {
    this.executor = new BlockExecutor(this.store, this.chain.genesis)
  }

  async close(): Promise<void> {
    await this.store.close()
    rmSync(this.folder, { recursive: true })
  }
}
