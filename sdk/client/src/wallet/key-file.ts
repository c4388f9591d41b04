import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import { z } from 'zod'
import { randomBytes, Wallet, type WalletSecret } from './wallet.ts'

const VERSION = 1
/** log2 of scrypt's N. 15 takes 32 MiB and a fifth of a second, 17 takes 128 MiB and a second. */
export const LEAST_COST = 15
export const DEFAULT_COST = 17
/** A file that asks for more is refused before any memory is reserved: 2^18 takes 256 MiB. */
const MOST_COST = 18
const BLOCK_SIZE = 8
const SALT_BYTES = 32
const KEY_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16
const MAX_FILE_CHARACTERS = 4096
const MAX_PASSWORD_CHARACTERS = 1024
const utf8 = new TextEncoder()

const hexOf = (least: number, most = least) => z.string().regex(new RegExp(`^([0-9a-f]{2}){${least},${most}}$`))

const fileSchema = z.strictObject({
  kind: z.literal('smartshare key file'),
  version: z.literal(VERSION),
  /** Of account 0, to be known without the password. */
  address: z.string().length(62),
  secret: z.enum(['words', 'seed']),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    logN: z.int().min(LEAST_COST).max(MOST_COST),
    r: z.literal(BLOCK_SIZE),
    p: z.literal(1),
    salt: hexOf(SALT_BYTES),
  }),
  cipher: z.strictObject({
    name: z.literal('xchacha20-poly1305'),
    nonce: hexOf(NONCE_BYTES),
    sealed: hexOf(16 + TAG_BYTES, 32 + TAG_BYTES),
  }),
})

type KeyFile = z.output<typeof fileSchema>

/** The text of a key file that only the password opens. `cost` is log2 of scrypt's N. Throws KEYFILE_PASSWORD. */
export async function sealWallet(wallet: Wallet, password: string, cost: number = DEFAULT_COST): Promise<string> {
  const secret = wallet.secret()
  const head: Omit<KeyFile, 'cipher'> = {
    kind: 'smartshare key file',
    version: VERSION,
    address: wallet.account().text,
    secret: secret.kind,
    kdf: { name: 'scrypt', logN: cost, r: BLOCK_SIZE, p: 1, salt: toHex(randomBytes(SALT_BYTES)) },
  }
  const nonce = randomBytes(NONCE_BYTES)
  const plain = secret.kind === 'words' ? secret.entropy : secret.seed
  const sealed = (await cipherOf(head, nonce, password)).encrypt(plain)
  const cipher = { name: 'xchacha20-poly1305' as const, nonce: toHex(nonce), sealed: toHex(sealed) }
  return `${JSON.stringify({ ...head, cipher }, null, 2)}\n`
}

/** The wallet in the text of a key file. Throws KEYFILE_INVALID, or KEYFILE_PASSWORD if the password is another one. */
export async function openWallet(text: string, password: string): Promise<Wallet> {
  const { cipher, ...head } = parseKeyFile(text)
  const plain = decrypt(await cipherOf(head, fromHex(cipher.nonce), password), fromHex(cipher.sealed))
  const secret: WalletSecret =
    head.secret === 'words' ? { kind: 'words', entropy: plain } : { kind: 'seed', seed: plain }
  const wallet = new Wallet(secret)
  if (wallet.account().text !== head.address) throw invalid('its address is not that of its key')
  return wallet
}

/** The address of a key file, without its password. Throws KEYFILE_INVALID. */
export function keyFileAddress(text: string): string {
  return parseKeyFile(text).address
}

function parseKeyFile(text: string): KeyFile {
  if (text.length > MAX_FILE_CHARACTERS) throw invalid('it is too long')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalid('it is not JSON')
  }
  const parsed = fileSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`${issue?.path.join('.') || 'file'}: ${issue?.message ?? 'wrong'}`)
}

/** The cipher under the password's key. All else in the file is bound to it: nothing can be changed unnoticed. */
async function cipherOf(head: Omit<KeyFile, 'cipher'>, nonce: Uint8Array, password: string) {
  if (password.length === 0 || password.length > MAX_PASSWORD_CHARACTERS) {
    throw new SmartshareError('KEYFILE_PASSWORD', `a password has 1 … ${MAX_PASSWORD_CHARACTERS} characters`)
  }
  if (head.kdf.logN < LEAST_COST || head.kdf.logN > MOST_COST) {
    throw new SmartshareError('KEYFILE_INVALID', `the cost of a key file is ${LEAST_COST} … ${MOST_COST}`)
  }
  const { logN, r, p, salt } = head.kdf
  const key = await scryptAsync(utf8.encode(password.normalize('NFKC')), fromHex(salt), {
    N: 2 ** logN,
    r,
    p,
    dkLen: KEY_BYTES,
    maxmem: 2 ** (MOST_COST + 11),
  })
  const bound = [head.kind, head.version, head.address, head.secret, head.kdf.name, logN, r, p, salt].join('\n')
  return xchacha20poly1305(key, nonce, utf8.encode(bound))
}

function decrypt(cipher: { decrypt(sealed: Uint8Array): Uint8Array }, sealed: Uint8Array): Uint8Array {
  try {
    return cipher.decrypt(sealed)
  } catch {
    throw new SmartshareError('KEYFILE_PASSWORD', 'the password does not open this key file')
  }
}

function invalid(why: string): SmartshareError {
  return new SmartshareError('KEYFILE_INVALID', `not a key file: ${why}`)
}
