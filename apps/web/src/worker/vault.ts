import {
  keyFileAddress,
  type LateSigner,
  openWallet,
  passkeySigner,
  type SignedMessage,
  sealWallet,
  signMessage,
  verifyMessage,
  Wallet,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import {
  addressOfKey,
  addressOfPolicy,
  formatAddress,
  fromHex,
  type KeyPair,
  type Policy,
  parseAddress,
  passkeyPublicKey,
  toHex,
} from '@smartshare/crypto'
import { askPasskey, passkeyAnswer } from './passkey.ts'
import { tell } from './serve.ts'
import { store } from './store.ts'
import type { Contact, KeyAccount, StoredAccount, StoredWallet, VaultInfo } from './vault-types.ts'

/** Time without a touch after which the keys are forgotten. */
const LOCK_AFTER_MS = 15 * 60_000
const MAX_WALLETS = 32
const MAX_ACCOUNTS = 256
const MAX_CONTACTS = 2000
const MAX_NAME_CHARACTERS = 64
/** What spoils a name: controls, and marks that turn the direction of writing or join nothing. */
const SPOILING = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu

/** Wallets that are open in this tab. Their keys are nowhere else. */
const open = new Map<string, Wallet>()
/** A wallet that was made but not kept yet: its words are being written down. */
let draft: Wallet | undefined
let locking: ReturnType<typeof setTimeout> | undefined

function changed(): void {
  tell({ news: 'vault' })
}

/** Starts the time until the keys are forgotten anew. */
function touch(): void {
  clearTimeout(locking)
  if (open.size > 0) locking = setTimeout(lock, LOCK_AFTER_MS)
}

function lock(): void {
  clearTimeout(locking)
  open.clear()
  draft = undefined
  changed()
}

function cleanName(name: string): string {
  const clean = name.normalize('NFC').replace(SPOILING, '').trim().slice(0, MAX_NAME_CHARACTERS)
  if (clean === '') throw new SmartshareError('WALLET_LABEL', 'a name has at least one visible character')
  return clean
}

async function info(): Promise<VaultInfo> {
  const database = await store()
  const wallets = (await database.getAll('wallets')).sort((a, b) => a.createdMs - b.createdMs)
  const accounts = (await database.getAll('accounts')).sort((a, b) => a.createdMs - b.createdMs)
  return {
    wallets: wallets.map(({ id, name, sealed, isBackedUp }) => ({
      id,
      name,
      isBackedUp,
      isOpen: open.has(id),
      hasWords: (JSON.parse(sealed) as { secret?: string }).secret === 'words',
    })),
    accounts,
  }
}

async function keep(wallet: Wallet, sealed: string, name: string, isBackedUp: boolean): Promise<StoredAccount> {
  const database = await store()
  const address = wallet.account().text
  const known = await database.get('accounts', address)
  if (known !== undefined) throw new SmartshareError('WALLET_KNOWN', 'this wallet is in this browser already')
  if ((await database.count('wallets')) >= MAX_WALLETS) {
    throw new SmartshareError('WALLET_LIMIT', `at most ${MAX_WALLETS} wallets in one browser`)
  }
  const stored: StoredWallet = {
    id: crypto.randomUUID(),
    name: cleanName(name),
    sealed,
    createdMs: Date.now(),
    isBackedUp,
  }
  const account = keyAccount(stored.id, wallet, 0, stored.name)
  const change = database.transaction(['wallets', 'accounts'], 'readwrite')
  await Promise.all([
    change.objectStore('wallets').add(stored),
    change.objectStore('accounts').add(account),
    change.done,
  ])
  open.set(stored.id, wallet)
  touch()
  changed()
  return account
}

function keyAccount(wallet: string, keys: Wallet, index: number, name: string): KeyAccount {
  const account = keys.account(index)
  return {
    kind: 'key',
    address: account.text,
    name,
    createdMs: Date.now(),
    wallet,
    index,
    publicKey: toHex(account.keys.publicKey),
  }
}

async function storedWallet(id: string): Promise<StoredWallet> {
  const found = await (await store()).get('wallets', id)
  if (found === undefined) throw new SmartshareError('WALLET_MISSING', 'there is no such wallet in this browser')
  return found
}

async function storedAccount(address: string): Promise<StoredAccount> {
  const found = await (await store()).get('accounts', address)
  if (found === undefined) throw new SmartshareError('WALLET_MISSING', 'there is no such account in this browser')
  return found
}

/** The keys of an account of this browser. Throws WALLET_LOCKED, WALLET_MISSING. */
export async function keyPairOf(address: string): Promise<KeyPair> {
  const account = await storedAccount(address)
  if (account.kind !== 'key') throw new SmartshareError('WALLET_APPROVALS', 'this account has no key of its own')
  touch()
  return openedWallet(account.wallet).account(account.index).keys
}

/** Signs for an account of this browser. Throws WALLET_LOCKED, WALLET_MISSING. */
export async function signerOf(address: string): Promise<LateSigner> {
  const account = await storedAccount(address)
  if (account.kind === 'passkey') {
    return passkeySigner(fromHex(account.publicKey), (challenge) => askPasskey(account.credential, challenge))
  }
  if (account.kind !== 'key')
    throw new SmartshareError('WALLET_APPROVALS', 'this account needs approvals of several keys')
  touch()
  return openedWallet(account.wallet).account(account.index)
}

function openedWallet(id: string): Wallet {
  const wallet = open.get(id)
  if (wallet === undefined) throw new SmartshareError('WALLET_LOCKED', 'the wallet is locked')
  return wallet
}

/** What the page can do with wallets, accounts and names. */
export const vault = {
  info,
  lock,
  touch,

  /** Makes a wallet and shows its words; it is kept by `keepDraft` alone. */
  draft(): string {
    draft = Wallet.create()
    return draft.words() as string
  },

  async keepDraft(name: string, password: string): Promise<StoredAccount> {
    if (draft === undefined) throw new SmartshareError('WALLET_MISSING', 'no new wallet is being made')
    const account = await keep(draft, await sealWallet(draft, password), name, true)
    draft = undefined
    return account
  },

  async importWords(words: string, name: string, password: string): Promise<StoredAccount> {
    const wallet = Wallet.fromWords(words)
    return await keep(wallet, await sealWallet(wallet, password), name, true)
  },

  /** A key file is kept as it is, with its own password. */
  async importFile(text: string, name: string, password: string): Promise<StoredAccount> {
    return await keep(await openWallet(text, password), text, name, true)
  },

  /** The address of a key file, before its password is asked for. */
  fileAddress: (text: string): string => keyFileAddress(text),

  async unlock(id: string, password: string): Promise<void> {
    open.set(id, await openWallet((await storedWallet(id)).sealed, password))
    touch()
    changed()
  },

  /** The key file to save. */
  async file(id: string): Promise<string> {
    return (await storedWallet(id)).sealed
  },

  /** The words, for whoever knows the password. Undefined for a wallet of a bare seed. */
  async words(id: string, password: string): Promise<string | undefined> {
    return (await openWallet((await storedWallet(id)).sealed, password)).words()
  },

  async addAccount(id: string, name: string): Promise<StoredAccount> {
    const wallet = openedWallet(id)
    const database = await store()
    const accounts = await database.getAll('accounts')
    if (accounts.length >= MAX_ACCOUNTS) {
      throw new SmartshareError('WALLET_LIMIT', `at most ${MAX_ACCOUNTS} accounts in one browser`)
    }
    const indexes = accounts.flatMap((one) => (one.kind === 'key' && one.wallet === id ? [one.index] : []))
    const account = keyAccount(id, wallet, Math.max(-1, ...indexes) + 1, cleanName(name))
    await database.add('accounts', account)
    changed()
    return account
  },

  passkeyAnswer,

  /** An account of a passkey that the page has just made: its point (SEC 1, compressed), and what names it. */
  async addPasskey(point: Uint8Array, credential: Uint8Array<ArrayBuffer>, name: string): Promise<StoredAccount> {
    const publicKey = passkeyPublicKey(point)
    const address = formatAddress(addressOfKey(publicKey))
    const facts = { address, name: cleanName(name), createdMs: Date.now(), credential }
    const account: StoredAccount = { kind: 'passkey', publicKey: toHex(publicKey), ...facts }
    await (await store()).put('accounts', account)
    changed()
    return account
  },

  /** Forgets a passkey or shared account in this browser; what acts for it stays where it is. */
  async removeAccount(address: string): Promise<void> {
    const account = await storedAccount(address)
    if (account.kind === 'key')
      throw new SmartshareError('WALLET_MISSING', 'an account of a wallet goes with its wallet')
    await (await store()).delete('accounts', address)
    changed()
  },

  async addPolicyAccount(policy: Policy, name: string): Promise<StoredAccount> {
    const address = formatAddress(addressOfPolicy(policy))
    const account: StoredAccount = { kind: 'policy', address, name: cleanName(name), createdMs: Date.now(), policy }
    await (await store()).put('accounts', account)
    changed()
    return account
  },

  async rename(address: string, name: string): Promise<void> {
    const account = await storedAccount(address)
    await (await store()).put('accounts', { ...account, name: cleanName(name) })
    changed()
  },

  /** Forgets a wallet and its accounts in this browser. */
  async removeWallet(id: string): Promise<void> {
    const database = await store()
    const change = database.transaction(['wallets', 'accounts'], 'readwrite')
    await change.objectStore('wallets').delete(id)
    for (const account of await change.objectStore('accounts').getAll()) {
      if (account.kind === 'key' && account.wallet === id) await change.objectStore('accounts').delete(account.address)
    }
    await change.done
    open.delete(id)
    changed()
  },

  async signMessage(address: string, text: string): Promise<SignedMessage> {
    return await signMessage(await signerOf(address), text)
  },

  /** Throws MESSAGE_INVALID, MESSAGE_SIGNATURE. */
  verifyMessage: (json: string): SignedMessage => verifyMessage(json),

  async contacts(): Promise<Contact[]> {
    return (await (await store()).getAll('contacts')).sort((a, b) => (a.name < b.name ? -1 : 1))
  },

  async saveContact(contact: Contact): Promise<void> {
    const address = formatAddress(parseAddress(contact.address))
    const database = await store()
    if ((await database.count('contacts')) >= MAX_CONTACTS) {
      throw new SmartshareError('WALLET_LIMIT', `at most ${MAX_CONTACTS} entries in the address book`)
    }
    const note = contact.note.replace(SPOILING, '').slice(0, 4 * MAX_NAME_CHARACTERS)
    await database.put('contacts', { address, name: cleanName(contact.name), note })
    changed()
  },

  async removeContact(address: string): Promise<void> {
    await (await store()).delete('contacts', address)
    changed()
  },
}
