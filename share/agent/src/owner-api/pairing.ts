import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PAIRING_KEY, PAIRING_TOKEN } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'

/** 256 bits. */
const TOKEN_BYTES = 32
const SECRET_MODE = 0o600
const PRIVATE_FOLDER_MODE = 0o700

const pairingSchema = z.strictObject({
  token: z.string().regex(PAIRING_TOKEN),
  /** Where the agent answers, and where the app is opened that may ask it; null: no app. */
  agent: z.url(),
  app: z.url().nullable(),
})

/** What connects a browser with the owner's agent. Whoever has the token can read, store and remove all objects. */
export type Pairing = z.output<typeof pairingSchema>

/** The pairing that was made before. Throws AGENT_PAIRING if there is none, or the file cannot be understood. */
export function readPairing(path: string): Pairing {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SmartshareError('AGENT_PAIRING', `there is no pairing in ${path}`, { path }, error)
  }
  const parsed = pairingSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new SmartshareError('AGENT_PAIRING', `${path} cannot be understood`, { path })
}

/**
 * Writes where the agent is, for this user alone to read, with the token that was there before so that browsers stay
 * paired. `isNew`: another token, which no browser knows yet. Throws AGENT_PAIRING.
 */
export function writePairing(path: string, places: Omit<Pairing, 'token'>, isNew = false): Pairing {
  const token = isNew || !existsSync(path) ? randomBytes(TOKEN_BYTES).toString('base64url') : readPairing(path).token
  const pairing = { token, ...places }
  const fresh = `${path}.new`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER_MODE })
    rmSync(fresh, { force: true })
    writeFileSync(fresh, `${JSON.stringify(pairing)}\n`, { mode: SECRET_MODE, flag: 'wx', flush: true })
    // Whatever the mask of this process is.
    chmodSync(fresh, SECRET_MODE)
    renameSync(fresh, path)
  } catch (error) {
    throw new SmartshareError('AGENT_PAIRING', `${path} cannot be written`, { path }, error)
  }
  return pairing
}

/** The link that pairs a browser: what follows # is sent to no server. Undefined without an app. */
export function pairingLink({ token, app }: Pairing): string | undefined {
  return app === null ? undefined : `${app.replace(/\/+$/, '')}/storage#${PAIRING_KEY}=${token}`
}

/** Whether a text is the token; how long that takes says nothing about either. */
export function isToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
