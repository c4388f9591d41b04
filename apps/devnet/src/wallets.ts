import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LEAST_COST, sealWallet, Wallet } from '@smartshare/client'
import { SECRET_MODE, writeFileAtomic } from './atomic-file.ts'
import type { Account } from './genesis.ts'
import { FILES } from './layout.ts'

const PASSWORD_BYTES = 18
const PRIVATE_FOLDER_MODE = 0o700

/**
 * Seals one key file for each account. All have one random password, which lies beside them: nobody is asked for it on a
 * local network, and its money is worth nothing.
 */
export async function writeWallets(dir: string, accounts: readonly Account[]): Promise<void> {
  const folder = join(dir, FILES.wallets)
  mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER_MODE })
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  writeFileAtomic(join(folder, FILES.password), `${password}\n`, SECRET_MODE)
  await Promise.all(
    accounts.map(async ({ name, seed }) => {
      const sealed = await sealWallet(Wallet.fromSeed(seed), password, LEAST_COST)
      writeFileAtomic(join(folder, `${name}.json`), sealed, SECRET_MODE)
    }),
  )
}
