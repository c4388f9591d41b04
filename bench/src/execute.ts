import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Block, encodeBlock, type Header, headerHash, parseTransaction } from '@smartshare/chain'
import { verify } from '@smartshare/crypto'
import { BlockExecutor } from '@smartshare/daemon'
import { callOf, TestChain } from '@smartshare/runtime/testing'
import { ChainStore } from '@smartshare/store'
import { beside, type Report } from './report.ts'

const SENDERS = 1_000
const BLOCK_TRANSACTIONS = 2_000
const BLOCKS = 12
/** Blocks that only warm the compiler and the caches up. */
const WARM_BLOCKS = 2

/** Blocks of transfers, executed and made durable on a real disk; beside it bare signature checks of one core. */
export async function benchExecute(report: Report): Promise<void> {
  const names = Array.from({ length: SENDERS }, (_, i) => `sender ${i}`)
  const chain = new TestChain({ accounts: names, grains: 10n ** 12n })
  const blocks = Array.from({ length: BLOCKS + WARM_BLOCKS }, (_, i) => transfersOf(chain, names, i))

  const folder = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  const store = ChainStore.open(folder)
  const executor = new BlockExecutor(store, chain.genesis)
  let seconds = 0
  let parent: Header = chain.head
  for (const [i, transactions] of blocks.entries()) {
    const block = blockOf(chain, parent, transactions)
    parent = block.header
    const encoded = encodeBlock(block)
    const startMs = performance.now()
    executor.execute(encoded)
    executor.commit()
    if (i >= WARM_BLOCKS) seconds += (performance.now() - startMs) / 1000
  }
  await store.close()
  rmSync(folder, { recursive: true })

  const figure = {
    bench: 'execute',
    metric: 'tx_per_s',
    unit: 'tx/s',
    value: (BLOCKS * BLOCK_TRANSACTIONS) / seconds,
  }
  report(beside(figure, 'bare Ed25519 checks, one core', bareChecks(chain, blocks[0]!)))
}

function transfersOf(chain: TestChain, names: readonly string[], block: number): Uint8Array[] {
  return Array.from({ length: BLOCK_TRANSACTIONS }, (_, i) => {
    const to = chain.account(names[(i * 7 + block) % names.length]!).address
    const call = callOf('tokens', 'transfer', { to, token: 0, amount: 1n, memo: null })
    const rounds = BLOCK_TRANSACTIONS / names.length
    const nonce = BigInt(block * rounds + Math.floor(i / names.length))
    return chain.transaction(names[i % names.length]!, [call], { nonce, gasLimit: 5_000 }).wire
  })
}

function blockOf(chain: TestChain, parent: Header, transactions: Uint8Array[]): Block {
  const height = parent.height + 1
  const header: Header = {
    ...parent,
    height,
    slot: height,
    parent: parent.height === 0 ? chain.chainId : headerHash(parent),
    timeMs: parent.timeMs + chain.parameters.slotMs,
    transactionCount: transactions.length,
  }
  return { header, proposal: new Uint8Array(96), rootCertificate: null, transactions, quarantines: [] }
}

/** Signature checks per second of this core, as the workers of a node do them. */
export function bareChecks(chain: { readonly chainId: Uint8Array }, wires: readonly Uint8Array[]): number {
  const parsed = wires.map((wire) => parseTransaction(wire, chain.chainId))
  const startMs = performance.now()
  for (const { body, id, senderAuth } of parsed) {
    if (!verify(body.sender, id, senderAuth[0]!.signature)) throw new Error('a sample signature does not hold')
  }
  return (parsed.length * 1000) / (performance.now() - startMs)
}
