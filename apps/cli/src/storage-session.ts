import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import type { StorageOwner, StoredObject } from '@smartshare/storage'
import type { Command } from 'commander'
import { type Session, withSession } from './session.ts'

const OBJECT_HEX = /^[0-9a-f]{32}$/

/** Runs a command's work with the storage of the wallet in use; everything it opened is closed whatever happens. */
export function withStorage(
  command: Command,
  work: (owner: StorageOwner, session: Session) => Promise<void>,
): Promise<void> {
  return withSession(command, async (session) => {
    const client = await session.client()
    const account = await session.account()
    // Loaded here: it brings the whole of libp2p along, and other commands should not wait for that.
    const { memoryForOwner, openOwner } = await import('@smartshare/storage')
    const { owner, close } = await openOwner({
      client,
      account,
      memory: memoryForOwner(),
      // Beside the wallet: it goes with it, and other programs of this wallet find what was left behind.
      folder: join(session.settings.wallets, `${session.wallets.choose(session.settings.wallet)}.puts`),
      onFailure: ({ agreement }, error) => session.progress(`agreement ${agreement}: ${(error as Error).message}`),
    })
    try {
      await work(owner, session)
    } finally {
      await close()
    }
  })
}

/**
 * The object that a person means: by its id in hexadecimal, or by its name if only one has it. Throws STORAGE_UNKNOWN,
 * STORAGE_AMBIGUOUS.
 */
export async function findObject(owner: StorageOwner, text: string): Promise<StoredObject> {
  if (OBJECT_HEX.test(text)) return await owner.find(fromHex(text))
  const found: StoredObject[] = []
  for await (const entry of owner.list()) if (entry.metadata?.name === text) found.push(entry)
  const [only] = found
  if (only === undefined) throw new SmartshareError('STORAGE_UNKNOWN', `no object has the name ${text}`, { name: text })
  if (found.length === 1) return only
  throw new SmartshareError('STORAGE_AMBIGUOUS', `${found.length} objects have the name ${text}: name one by its id`, {
    ids: found.map(({ object }) => toHex(object)).join(' '),
  })
}
