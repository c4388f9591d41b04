import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isCancel, password as prompt } from '@clack/prompts'
import { SmartshareError } from '@smartshare/codec'
import { io } from './io.ts'
import type { Settings } from './settings.ts'

/** Beside the key files of a local network, whose money is worth nothing, lies their password. */
const LOCAL_PASSWORD_FILE = 'password'
const VARIABLE = 'SMARTSHARE_PASSWORD'

/**
 * The password of the key files: from the file that is named, from SMARTSHARE_PASSWORD, from the folder of a local network,
 * or typed in. `isNew` asks twice. Throws CLI_PASSWORD when there is nobody to ask.
 */
export async function findPassword(
  settings: Pick<Settings, 'passwordFile' | 'wallets'>,
  what: string,
  isNew = false,
): Promise<string> {
  if (settings.passwordFile !== '') return readPassword(settings.passwordFile)
  const fromEnvironment = io().env[VARIABLE]
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment
  const local = join(settings.wallets, LOCAL_PASSWORD_FILE)
  if (existsSync(local)) return readPassword(local)
  if (io().stdin.isTTY !== true || io().stderr.isTTY !== true) {
    throw new SmartshareError('CLI_PASSWORD', `the password of ${what} is needed`)
  }
  const typed = await ask(`Password of ${what}`)
  if (isNew && (await ask('The same again')) !== typed) {
    throw new SmartshareError('CLI_PASSWORD', 'the two passwords differ')
  }
  return typed
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new SmartshareError('CLI_FILE', `cannot read the password from ${path}`, { path }, error)
  }
}

/** Asks on standard error: standard output belongs to the result. */
async function ask(message: string): Promise<string> {
  const typed = await prompt({ message, output: process.stderr })
  if (isCancel(typed)) throw new SmartshareError('CLI_CANCELLED', 'cancelled')
  return typed
}
