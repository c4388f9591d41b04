import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { SmartshareError } from '@smartshare/codec'
import { addressOfKey, formatAddress, KeyPair, SEED_BYTES } from '@smartshare/crypto'
import { keySigner, type Signer } from './signer.ts'
import { accountPath, deriveEd25519 } from './slip10.ts'

/** Bits of a new wallet's words: 24 of them. */
const ENTROPY_BYTES = 32
const MIN_ENTROPY_BYTES = 16
const MAX_ACCOUNTS = 2 ** 31
const DERIVED_BYTES = 32
const utf8 = new TextEncoder()

/** What a wallet is made of: a person's words (BIP-39), or the bare seed of one key, as servers have it. */
export type WalletSecret =
  | { readonly kind: 'words'; readonly entropy: Uint8Array }
  | { readonly kind: 'seed'; readonly seed: Uint8Array }

/** One account of a wallet: signs, and derives other secrets that belong to it. */
export interface Account extends Signer {
  readonly keys: KeyPair
  /** `ssp1…` */
  readonly text: string
  /** A secret of 32 bytes for another purpose, the same every time; it says nothing about the key or other purposes. */
  derive(purpose: string): Uint8Array
}

/** Accounts from one secret, which never leaves the object except as words or sealed in a key file. */
export class Wallet {
  readonly #secret: WalletSecret

  constructor(secret: WalletSecret) {
    checkSecret(secret)
    this.#secret = secret
  }

  /** A wallet of 24 new words. Takes its randomness from the platform. */
  static create(): Wallet {
    return new Wallet({ kind: 'words', entropy: randomBytes(ENTROPY_BYTES) })
  }

  /** The wallet of 12 … 24 English words (BIP-39). Throws WALLET_WORDS. */
  static fromWords(words: string): Wallet {
    try {
      const normal = words.trim().toLowerCase().split(/\s+/).join(' ')
      return new Wallet({ kind: 'words', entropy: mnemonicToEntropy(normal, wordlist) })
    } catch (error) {
      // What was typed is never repeated, in no message and no log.
      if (SmartshareError.is(error)) throw error
      throw new SmartshareError(
        'WALLET_WORDS',
        'these are not the words of a wallet: one is misspelt, missing or too many',
      )
    }
  }

  /** The wallet of one 32-byte seed: it has only account 0 and no words. Throws WALLET_SECRET. */
  static fromSeed(seed: Uint8Array): Wallet {
    return new Wallet({ kind: 'seed', seed: Uint8Array.from(seed) })
  }

  /** The words to write down; undefined for a wallet of a bare seed. Whoever has them has everything. */
  words(): string | undefined {
    return this.#secret.kind === 'words' ? entropyToMnemonic(this.#secret.entropy, wordlist) : undefined
  }

  /** Account `index` of the wallet. Throws WALLET_ACCOUNT. */
  account(index = 0): Account {
    const isBare = this.#secret.kind === 'seed'
    if (!Number.isInteger(index) || index < 0 || index >= (isBare ? 1 : MAX_ACCOUNTS)) {
      throw new SmartshareError(
        'WALLET_ACCOUNT',
        isBare ? 'a wallet of a bare seed has one account' : 'no such account',
      )
    }
    return accountOf(this.#seedOf(index))
  }

  /** What a key file seals. Keep it no longer than that takes. */
  secret(): WalletSecret {
    return this.#secret
  }

  #seedOf(index: number): Uint8Array {
    const secret = this.#secret
    if (secret.kind === 'seed') return secret.seed
    return deriveEd25519(mnemonicToSeedSync(entropyToMnemonic(secret.entropy, wordlist)), accountPath(index))
  }
}

/** The account of a 32-byte Ed25519 seed. */
function accountOf(seed: Uint8Array): Account {
  const keys = KeyPair.fromSeed('ed25519', seed)
  return {
    ...keySigner(keys),
    keys,
    text: formatAddress(addressOfKey(keys.publicKey)),
    derive: (purpose) => hkdf(sha256, seed, utf8.encode('smartshare/account'), utf8.encode(purpose), DERIVED_BYTES),
  }
}

function checkSecret(secret: WalletSecret): void {
  const size = secret.kind === 'words' ? secret.entropy.length : secret.seed.length
  const good =
    secret.kind === 'seed' ? size === SEED_BYTES : size >= MIN_ENTROPY_BYTES && size <= ENTROPY_BYTES && size % 4 === 0
  if (!good) throw new SmartshareError('WALLET_SECRET', 'this is no secret of a wallet')
}

/** Random bytes of the platform's generator (Web Crypto, in browsers and in Node). */
export function randomBytes(size: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(size))
}
