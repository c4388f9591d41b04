import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  array,
  decode,
  encode,
  fixedBytes,
  type Infer,
  bytes as octets,
  record,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import { hashTagged, KeyPair, type PublicKey, type Signature, toHex } from '@smartshare/crypto'
import {
  type Attestation,
  DOMAINS,
  type Domain,
  type ElementInfo,
  IDENTITY_SLOT,
  type SecureElement,
} from './element.ts'

const KEY_FILE = 'element.key'
const COUNTER_FILE = 'element.counters'
const PRIVATE_FILE = 0o600
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEED_BYTES = 32
const SERIAL_BYTES = 16
const MAX_SLOTS = 16
const MAX_NAME_BYTES = 32
const MAX_COUNTERS = 64
const LEAST_ATTEST_NONCE = 16
const MOST_ATTEST_NONCE = 64
/** A random seed is no P-256 secret once in 2^32; twice in a row means that randomness is broken. */
const MAX_DRAWS = 4

const keyFileSchema = record({
  serial: fixedBytes(SERIAL_BYTES),
  slots: array(record({ name: text(MAX_NAME_BYTES, 1), seed: fixedBytes(SEED_BYTES) }), MAX_SLOTS, 1),
})
const countersSchema = array(record({ name: text(MAX_NAME_BYTES, 1), value: uint() }), MAX_COUNTERS)
const attestSchema = record({
  level: uint(),
  maker: text(64),
  model: text(64),
  serial: text(64),
  nonce: octets(MOST_ATTEST_NONCE),
})

/**
 * Level 0: keys in a file sealed under a secret of the wallet. Nothing vouches for it, so such an agent may trade but
 * never mine. Same behaviour as a chip otherwise: what works with it works with a better one.
 */
export class SoftwareElement implements SecureElement {
  readonly #folder: string
  readonly #info: ElementInfo
  readonly #keys: ReadonlyMap<string, KeyPair>
  readonly #counters: Map<string, number>
  #writing: Promise<void> = Promise.resolve()

  private constructor(folder: string, file: Infer<typeof keyFileSchema>, counters: Map<string, number>) {
    this.#folder = folder
    this.#info = { level: 0, maker: 'smartshare', model: 'software', serial: toHex(file.serial) }
    this.#keys = new Map(file.slots.map(({ name, seed }) => [name, KeyPair.fromSeed('p256', seed)]))
    this.#counters = counters
  }

  /**
   * Opens the element in a folder, made at its first use. `secret` (32 bytes) seals its keys. Throws ELEMENT_SEALED for
   * another secret or a damaged file: a lost element is never replaced by a new one unnoticed.
   */
  static async open(folder: string, secret: Uint8Array): Promise<SoftwareElement> {
    const sealed = await readIfThere(join(folder, KEY_FILE))
    const file = sealed === undefined ? await create(folder, secret) : unseal(sealed, secret)
    const counters = await readIfThere(join(folder, COUNTER_FILE))
    const known = counters === undefined ? [] : decode(countersSchema, counters)
    return new SoftwareElement(folder, file, new Map(known.map(({ name, value }) => [name, value])))
  }

  async info(): Promise<ElementInfo> {
    return this.#info
  }

  async publicKey(slot: string): Promise<PublicKey> {
    return this.#key(slot).publicKey
  }

  async sign(slot: string, domain: Domain, bytes: Uint8Array): Promise<Signature> {
    if (!DOMAINS.includes(domain)) throw new SmartshareError('ELEMENT_DOMAIN', 'the element signs nothing for this')
    return this.#key(slot).sign(hashTagged(`element/${domain}`, bytes))
  }

  async attest(nonce: Uint8Array): Promise<Attestation> {
    if (nonce.length < LEAST_ATTEST_NONCE || nonce.length > MOST_ATTEST_NONCE) {
      throw new SmartshareError('ELEMENT_NONCE', `a nonce has ${LEAST_ATTEST_NONCE} … ${MOST_ATTEST_NONCE} bytes`)
    }
    const signature = await this.sign(IDENTITY_SLOT, 'attest', encode(attestSchema, { ...this.#info, nonce }))
    return { info: this.#info, publicKey: this.#key(IDENTITY_SLOT).publicKey, nonce, signature }
  }

  nextCounter(name: string): Promise<number> {
    if (!this.#counters.has(name) && this.#counters.size >= MAX_COUNTERS) {
      return Promise.reject(new SmartshareError('ELEMENT_COUNTER', `an element has at most ${MAX_COUNTERS} counters`))
    }
    const value = (this.#counters.get(name) ?? 0) + 1
    this.#counters.set(name, value)
    const writing = this.#writing.then(() => this.#saveCounters())
    this.#writing = writing.catch(() => undefined)
    // Given out only once it is durable: after a loss of power it must not come again.
    return writing.then(() => value)
  }

  #key(slot: string): KeyPair {
    const key = this.#keys.get(slot)
    if (key !== undefined) return key
    throw new SmartshareError('ELEMENT_SLOT', 'the element has no such key', { slot })
  }

  #saveCounters(): Promise<void> {
    const counters = [...this.#counters].map(([name, value]) => ({ name, value }))
    return writeDurably(join(this.#folder, COUNTER_FILE), encode(countersSchema, counters))
  }
}

/** Whether an attestation holds for this nonce; says nothing about who vouches for the key. */
export function attestedHash({ info, nonce }: Pick<Attestation, 'info' | 'nonce'>): Uint8Array {
  return hashTagged('element/attest', encode(attestSchema, { ...info, nonce }))
}

async function create(folder: string, secret: Uint8Array): Promise<Infer<typeof keyFileSchema>> {
  const file = {
    serial: new Uint8Array(randomBytes(SERIAL_BYTES)),
    slots: [{ name: IDENTITY_SLOT, seed: drawSeed() }],
  }
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES })
  const sealed = Buffer.concat([nonce, cipher.update(encode(keyFileSchema, file)), cipher.final(), cipher.getAuthTag()])
  await writeDurably(join(folder, KEY_FILE), sealed)
  return file
}

function drawSeed(): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const seed = new Uint8Array(randomBytes(SEED_BYTES))
    try {
      KeyPair.fromSeed('p256', seed)
      return seed
    } catch (error) {
      if (!SmartshareError.is(error, 'KEY_SEED_INVALID')) throw error
    }
  }
  throw new SmartshareError('ELEMENT_RANDOM', 'the randomness of this machine is broken')
}

function unseal(sealed: Uint8Array, secret: Uint8Array): Infer<typeof keyFileSchema> {
  const refuse = (cause?: unknown) =>
    new SmartshareError('ELEMENT_SEALED', 'the keys of the element do not open with this wallet', {}, cause)
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw refuse()
  const end = sealed.length - TAG_BYTES
  const options = { authTagLength: TAG_BYTES }
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE_BYTES), options)
  decipher.setAuthTag(sealed.subarray(end))
  try {
    return decode(keyFileSchema, Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]))
  } catch (error) {
    throw refuse(error)
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SmartshareError('ELEMENT_FILE', 'a file of the element cannot be read', {}, error)
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    const handle = await open(temporary, 'w', PRIVATE_FILE)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new SmartshareError('ELEMENT_FILE', 'a file of the element cannot be written', {}, error)
  }
}
