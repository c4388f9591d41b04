import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import { chainIdOf, decodeGenesis, encodeGenesis } from '@smartshare/runtime'
import { SECRET_MODE, writeFileAtomic, writeJson } from './atomic-file.ts'
import { stopChildren } from './children.ts'
import { type Account, type DelegateSecrets, drawSecrets, makeGenesis, type Secrets } from './genesis.ts'
import { FILES, type Seat, seatsOf } from './layout.ts'
import type { DevnetOptions } from './options.ts'
import { type DevnetRecord, hasNetwork, processesOf, writeDevnet, writeNetwork } from './records.ts'
import { makeAgents, writeNodeSettings } from './settings.ts'
import { writeWallets } from './wallets.ts'

const PRIVATE_FOLDER_MODE = 0o700
/** Everything that a network puts into its folder; nothing else is ever removed. */
const OWN_ENTRIES = [
  ...[FILES.devnet, FILES.network, FILES.genesis, FILES.wallets, FILES.delegates, FILES.providers, FILES.web],
  ...[FILES.indexer, FILES.ownerAgent],
  FILES.unfinished,
]

/** A network that can be started, but is whole only when its wallets are sealed. */
export interface NewNetwork {
  readonly record: DevnetRecord
  /** Seals the wallets, which takes a while: delegates may be started before. */
  finish(): Promise<void>
}

/**
 * Makes a network in `dir`, which is empty or holds one that was left unfinished: secrets, genesis, a folder for each
 * process. Until it is finished it counts as not there: the next call begins anew.
 * Throws DEVNET_FOLDER_IN_USE if `dir` holds other things.
 */
export async function makeNetwork(dir: string, options: DevnetOptions): Promise<NewNetwork> {
  await clearUnfinished(dir)
  const secrets = drawSecrets(options)
  const genesis = makeGenesis(secrets, options.slotMs, Date.now())
  const encoded = encodeGenesis(genesis)
  const chainId = toHex(chainIdOf(genesis))
  writeFileSync(join(dir, FILES.unfinished), '')
  writeFileAtomic(join(dir, FILES.genesis), encoded)
  for (const seat of seatsOf(dir, options)) mkdirSync(seat.dir, { recursive: true, mode: PRIVATE_FOLDER_MODE })
  for (const seat of seatsOf(dir, options)) if (seat.kind === 'delegate') writeSecrets(seat, secrets, encoded)
  await writeNodeSettings(dir, options)
  writeNetwork(dir, genesis.name, chainId, options)
  const record = { chainId, options, processes: [] }
  writeDevnet(dir, record)
  return {
    record,
    async finish() {
      await writeWallets(dir, accountsOf(secrets))
      await makeAgents(dir, options, chainId, secrets.providers)
      rmSync(join(dir, FILES.unfinished))
    },
  }
}

/** Whether a network lies in `dir` that was finished. */
export function isWhole(dir: string): boolean {
  return hasNetwork(dir) && !existsSync(join(dir, FILES.unfinished))
}

/**
 * Throws DEVNET_INCOMPLETE if part of the network in `dir` is gone, DEVNET_OTHER_GENESIS unless all copies of the genesis
 * record are the one of the network's own record.
 */
export function checkGenesis(dir: string, { chainId, options }: DevnetRecord): void {
  const delegates = seatsOf(dir, options).filter(({ kind }) => kind === 'delegate')
  const inspect = (path: string, chainIdIn: (content: Buffer) => string) => {
    let content: Buffer
    try {
      content = readFileSync(path)
    } catch (error) {
      throw new SmartshareError('DEVNET_INCOMPLETE', `the network in ${dir} lacks ${path}`, { dir, path }, error)
    }
    let found = ''
    try {
      found = chainIdIn(content)
    } catch (error) {
      throw new SmartshareError('DEVNET_OTHER_GENESIS', `${path} cannot be understood`, { path, chainId }, error)
    }
    if (found === chainId) return
    throw new SmartshareError('DEVNET_OTHER_GENESIS', `${path} belongs to another network`, { path, chainId, found })
  }
  inspect(join(dir, FILES.network), (content) => String(JSON.parse(content.toString('utf8')).chainId))
  for (const folder of [dir, ...delegates.map((seat) => seat.dir)]) {
    inspect(join(folder, FILES.genesis), (content) => toHex(chainIdOf(decodeGenesis(content))))
  }
}

/** Removes a network and nothing else; the folder too if nothing else is in it. Nothing of it may run. */
export function removeNetwork(dir: string): void {
  // The record goes last: if we are stopped in the middle, the next `reset` still knows what this was.
  const [record = '', ...others] = OWN_ENTRIES
  for (const name of [...others, record]) rmSync(join(dir, name), { recursive: true, force: true })
  if (readdirSync(dir).length === 0) rmdirSync(dir)
}

/** Those with a key file in the folder of wallets; a provider's wallet is in its own folder. */
function accountsOf({ people, foundation, team, delegates }: Secrets): Account[] {
  return [...people, foundation, team, ...delegates.map(({ account }) => account)]
}

function writeSecrets(seat: Seat, secrets: Secrets, genesis: Uint8Array): void {
  const { account, blsSecret, linkSeed } = secrets.delegates[seat.index] as DelegateSecrets
  writeFileAtomic(join(seat.dir, FILES.genesis), genesis)
  const key = { address: formatAddress(account.address), secret: toHex(blsSecret) }
  writeJson(join(seat.dir, FILES.delegateKey), key, SECRET_MODE)
  writeFileAtomic(join(seat.dir, FILES.linkKey), `${toHex(linkSeed)}\n`, SECRET_MODE)
  writeFileAtomic(join(seat.dir, FILES.accountKey), `${toHex(account.seed)}\n`, SECRET_MODE)
}

async function clearUnfinished(dir: string): Promise<void> {
  const found = readdirSync(dir)
  if (found.length === 0) return
  if (!found.includes(FILES.unfinished)) {
    throw new SmartshareError('DEVNET_FOLDER_IN_USE', `${dir} holds other things than a local network`, {
      dir,
      found: found[0] ?? '',
    })
  }
  await stopChildren(processesOf(dir))
  // The marker goes last: if we are stopped in the middle, what is left still counts as unfinished.
  const others = OWN_ENTRIES.filter((name) => name !== FILES.unfinished)
  for (const name of [...others, FILES.unfinished]) rmSync(join(dir, name), { recursive: true, force: true })
}
