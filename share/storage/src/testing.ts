// What several tests of this package need: accounts, a table of agreements in place of a chain, real links.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOfKey, type KeyPair, sha256 } from '@smartshare/crypto'
import { createLink, type Link } from '@smartshare/link'
import { testAccount } from '@smartshare/runtime/testing'
import type { AgreementReader, StorageAgreement } from './chain.ts'

/** As many bytes as wanted that look random and are the same every time. */
export function bytesOf(text: string, length: number): Uint8Array {
  return new Uint8Array(createHash('shake256', { outputLength: length }).update(text).digest())
}

const BLANK = {
  kind: 'storage',
  tender: 0,
  lot: 0,
  offer: 0,
  buyer: new Uint8Array(32),
  provider: new Uint8Array(32),
  object: new Uint8Array(16),
  copyId: new Uint8Array(16),
  sizeBytes: 0,
  token: 0,
  periodGrains: 1n,
  pledgeGrains: 1n,
  periods: 10,
  segments: 40,
  state: 'matched',
  settled: true,
  root: null,
  readings: 0,
  passed: 0,
  missed: 0,
  escrowGrains: 10n,
  heldGrains: 0n,
  collateralGrains: 14n,
  paidGrains: 0n,
  feeGrains: 0n,
  expectedGrains: 10n,
  nextInspection: null,
  activateUntilMs: null,
  peer: '',
  addresses: [],
} as const

export interface TestParty {
  readonly keys: KeyPair
  readonly address: Uint8Array
}

/** The account of a name, which a chain of tests has too. */
export function party(name: string): TestParty {
  return testAccount(name)
}

/** Agreements by hand, for tests of what happens between two peers once the chain has spoken. */
export class AgreementTable implements AgreementReader {
  readonly chainId = bytesOf('chain', 32)
  readonly agreements = new Map<number, StorageAgreement>()

  async agreement(agreement: number): Promise<StorageAgreement | undefined> {
    return this.agreements.get(agreement)
  }

  async mayAct(account: Uint8Array, key: Uint8Array): Promise<boolean> {
    return Buffer.compare(addressOfKey(key), account) === 0
  }

  set(entry: Partial<StorageAgreement> & { agreement: number }): StorageAgreement {
    const known = this.agreements.get(entry.agreement)
    const whole: StorageAgreement = {
      ...BLANK,
      ...known,
      ...entry,
    }
    this.agreements.set(entry.agreement, whole)
    return whole
  }
}

/** A link on a free port of this machine, or one that only dials. */
export function testLink(name: string, listen = true): Promise<Link> {
  return createLink({
    privateKeySeed: sha256(new TextEncoder().encode(`link ${name}`)),
    listen: listen ? ['/ip4/127.0.0.1/tcp/0'] : [],
    localNetwork: true,
  })
}

/** A new folder for `use`, removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'smartshare-storage-'))
  try {
    return await use(folder)
  } finally {
    // A provider that was cut off may still be writing its last chunk.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
