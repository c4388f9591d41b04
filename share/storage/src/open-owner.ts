import { randomBytes } from 'node:crypto'
import type { Account, Client } from '@smartshare/client'
import { createLink } from '@smartshare/link'
import { ChainClient } from './chain-client.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import { OwnerKeys } from './keys.ts'
import { type OwnerOptions, StorageOwner } from './owner.ts'
import { WorkerPool } from './worker-pool.ts'

const SEED_BYTES = 32
/** What the owner secret is derived for: changing it would lock everybody out of what is stored. */
const PURPOSE = 'storage'

export interface OpenOwnerOptions {
  readonly client: Client
  readonly account: Account
  /** For puts under way; several processes may share it. */
  readonly folder: string
  readonly onFailure?: NonNullable<OwnerOptions['onFailure']>
  /** Memory for chunks; `memoryForOwner()` in a process that does nothing else. */
  readonly memory?: ChunkMemory
}

/** The storage of an account over a network: with a link and workers of its own, which `close` ends. */
export async function openOwner(options: OpenOwnerOptions): Promise<{ owner: StorageOwner; close(): Promise<void> }> {
  const { client, account, folder, onFailure, memory } = options
  const pool = new WorkerPool(undefined, memory)
  const link = await createLink({
    // Another peer each time: what links an owner's visits is its account, no more.
    privateKeySeed: new Uint8Array(randomBytes(SEED_BYTES)),
    listen: [],
    localNetwork: true,
  })
  const owner = new StorageOwner({
    link,
    chain: new ChainClient(client, client.sender(account)),
    signer: { publicKey: account.keys.publicKey, sign: (message) => account.keys.sign(message) },
    keys: new OwnerKeys(account.derive(PURPOSE)),
    pool,
    folder,
    ...(onFailure === undefined ? {} : { onFailure }),
  })
  const close = async (): Promise<void> => {
    await link.close()
    await pool.close()
  }
  return { owner, close }
}
