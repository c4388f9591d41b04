// Lots with providers, without a transfer: what a finished upload leaves behind on both sides.
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storageReceiptHash } from '@smartshare/runtime'
import { LotStore, WorkerPool } from '@smartshare/storage'
import type { EventfulChain } from './testing-chain.ts'

const CHUNK_BYTES = 2 ** 20
const ID_BYTES = 16

/** As many bytes as wanted that look random and are the same every time. */
function bytesOf(text: string, length: number): Uint8Array {
  return new Uint8Array(createHash('shake256', { outputLength: length }).update(text).digest())
}

/** A store in a folder of its own; both are gone after `close`. */
export async function openStore(): Promise<{ store: LotStore; folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'smartshare-lots-'))
  const pool = new WorkerPool(1)
  const store = await LotStore.open({ folder, quotaBytes: 2 ** 40, pool })
  return {
    store,
    folder,
    close: async () => {
      await store.close()
      await pool.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A matched agreement of `buyer` over so many bytes; the only listed provider gets it. */
export async function match(chain: EventfulChain, buyer: string, sizeBytes: number, periods = 10): Promise<number> {
  const owner = chain.owner(chain.chain.account(buyer))
  const [agreement] = await owner.tender({
    object: bytesOf(randomUUID(), ID_BYTES),
    lots: [{ copyId: bytesOf(randomUUID(), ID_BYTES), sizeBytes }],
    token: 0,
    maxPriceGrains: 10n ** 9n,
    leastPledgeGrains: 0n,
    periods,
    exclude: [],
    memo: new Uint8Array(0),
  })
  if (typeof agreement !== 'number') throw new Error('no offer was found')
  return agreement
}

/** An active agreement whose lot lies in the store. */
export async function store(
  chain: EventfulChain,
  lots: LotStore,
  parties: { buyer: string; provider: string },
  sizeBytes: number,
  periods = 10,
): Promise<number> {
  const agreement = await match(chain, parties.buyer, sizeBytes, periods)
  const bytes = bytesOf(`lot ${agreement}`, sizeBytes)
  const writer = await lots.write(agreement, sizeBytes)
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) await writer.write(at, bytes.slice(at, at + CHUNK_BYTES))
  const receipt = await writer.finish()
  await lots.endWriting(agreement, receipt)
  const { keys } = chain.chain.account(parties.provider)
  const signature = keys.sign(storageReceiptHash(chain.chainId, { agreement, ...receipt }))
  const activation = { agreement, ...receipt, signatures: [{ key: keys.publicKey, signature }] }
  await chain.owner(chain.chain.account(parties.buyer)).activate([activation])
  return agreement
}
