import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { bls, formatAddress, fromHex, toHex } from '@smartshare/crypto'
import { LogOutput } from '@smartshare/link/log-output'
import { chainIdOf, decodeGenesis } from '@smartshare/runtime'
import pino from 'pino'
import { readDelegateKey } from '../config.ts'
import { type DelegateKey, KeySigner } from './key-signer.ts'
import { SignerServer } from './signer-server.ts'

const STDOUT = 1
const KEY_FILE = 'delegate.json'
const CHAIN_FILE = 'chain'
const PROMISES = 'promises'
const SOCKET = 'signer.sock'
/** The key must be its owner's alone. */
const OTHERS = 0o077

/** What `initSigner` made. */
export interface NewSigner {
  readonly folder: string
  readonly socket: string
  readonly publicKey: string
  /** For `delegates.register`: the proof that the key is held. */
  readonly possession: string
}

/**
 * Makes the folder of a signer: for a key that was never used, or, with `used`, for one that has signed before, which is then
 * silent until the next term. Throws SIGNER_FOLDER if there is one already, GENESIS_* or NODE_CONFIG.
 */
export async function initSigner(
  path: string,
  options: { readonly genesis: string; readonly key: DelegateKey; readonly used: boolean },
): Promise<NewSigner> {
  const folder = resolve(path)
  const { key, used } = options
  if (existsSync(join(folder, KEY_FILE))) {
    throw new SmartshareError('SIGNER_FOLDER', `${folder} is the folder of a signer already`, { folder })
  }
  const chainId = chainIdOf(decodeGenesis(readFileSync(options.genesis)))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, CHAIN_FILE), `${toHex(chainId)}\n`)
  if (!used) {
    const opened = await KeySigner.open({ ...optionsOf(folder, key, chainId), mayHaveSigned: false })
    await opened.close()
  }
  const content = { address: formatAddress(key.address), secret: toHex(key.secret) }
  writeFileSync(join(folder, KEY_FILE), `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' })
  return {
    folder,
    socket: join(folder, SOCKET),
    publicKey: toHex(bls.publicKey(key.secret)),
    possession: toHex(bls.provePossession(key.secret)),
  }
}

/** Runs the signer of a folder until SIGTERM or SIGINT. Throws SIGNER_*, STORE_* or NODE_CONFIG with what is wrong. */
export async function runSigner(path: string): Promise<void> {
  const folder = resolve(path)
  const log = pino({ name: 'signer', base: null }, new LogOutput(STDOUT))
  const keyFile = join(folder, KEY_FILE)
  if (!existsSync(keyFile)) {
    throw new SmartshareError('SIGNER_FOLDER', `${folder} is not the folder of a signer`, { folder })
  }
  if (process.platform !== 'win32' && (statSync(keyFile).mode & OTHERS) !== 0) {
    throw new SmartshareError('SIGNER_KEY_OPEN', `others may read ${keyFile}`, { path: keyFile })
  }
  const chainId = fromHex(readFileSync(join(folder, CHAIN_FILE), 'utf8').trim())
  // `initSigner` made the log of a new key, so a log that is missing is lost.
  const signer = await KeySigner.open({
    ...optionsOf(folder, readDelegateKey(keyFile), chainId),
    mayHaveSigned: true,
  })
  if (signer.isSilent) log.warn('promises of this key may be lost: nothing is signed before the next term')
  let onFatal: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    onFatal = reject
  })
  try {
    const server = await SignerServer.start({ signer, chainId, socket: join(folder, SOCKET), log, onFatal })
    log.info({ socket: join(folder, SOCKET), key: toHex(signer.publicKey) }, 'signer is ready')
    try {
      await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), failed])
    } finally {
      await server.close()
    }
  } finally {
    await signer.close()
  }
  log.info('signer stopped')
}

function optionsOf(folder: string, key: DelegateKey, chainId: Uint8Array) {
  return { key, chainId, folder: join(folder, PROMISES), now: () => Date.now() }
}
