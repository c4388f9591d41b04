import { randomBytes } from 'node:crypto'
import { addressOfKey, bls, KeyPair, SEED_BYTES } from '@smartshare/crypto'
import { type Genesis, presets } from '@smartshare/runtime'
import { delegateName, providerName } from './layout.ts'
import type { DevnetOptions } from './options.ts'

const SSP = 100_000_000n

/** The people of a local network and what they begin with. */
export const PEOPLE = {
  owner: 1_000_000n * SSP,
  alice: 100_000n * SSP,
  bob: 100_000n * SSP,
  faucet: 100_000_000n * SSP,
} as const
const PROVIDER_GRAINS = 100_000n * SSP
const DELEGATE_GRAINS = 2_000_000n * SSP
const DELEGATE_BOND = 1_000_000n * SSP

/** An Ed25519 account: its seed is the secret. */
export interface Account {
  readonly name: string
  readonly seed: Uint8Array
  readonly address: Uint8Array
}

/** A delegate: the account that holds its bond, its BLS secret for votes, its seed for links (32 bytes each). */
export interface DelegateSecrets {
  readonly account: Account
  readonly blsSecret: Uint8Array
  readonly linkSeed: Uint8Array
}

/** All secrets of a local network. */
export interface Secrets {
  readonly people: readonly Account[]
  readonly foundation: Account
  readonly team: Account
  readonly delegates: readonly DelegateSecrets[]
  readonly providers: readonly Account[]
}

/** Fresh secrets from the system's randomness. */
export function drawSecrets(options: Pick<DevnetOptions, 'delegates' | 'providers'>): Secrets {
  return {
    people: Object.keys(PEOPLE).map(drawAccount),
    foundation: drawAccount('foundation'),
    team: drawAccount('team'),
    delegates: Array.from({ length: options.delegates }, (_, index) => ({
      account: drawAccount(delegateName(index)),
      blsSecret: bls.secretFromSeed(draw()),
      linkSeed: draw(),
    })),
    providers: Array.from({ length: options.providers }, (_, index) => drawAccount(providerName(index))),
  }
}

/** The genesis record of a local network that begins at `timeMs`. */
export function makeGenesis(secrets: Secrets, slotMs: number, timeMs: number): Genesis {
  const { people, delegates, providers } = secrets
  return {
    name: 'local',
    preset: 'local',
    timeMs,
    parameters: { ...presets.local, slotMs },
    foundation: secrets.foundation.address,
    team: secrets.team.address,
    placement: [
      ...people.map(({ name, address }) => ({ address, grains: PEOPLE[name as keyof typeof PEOPLE] })),
      ...delegates.map(({ account }) => ({ address: account.address, grains: DELEGATE_GRAINS })),
      ...providers.map(({ address }) => ({ address, grains: PROVIDER_GRAINS })),
    ],
    delegates: delegates.map(({ account, blsSecret }) => ({
      address: account.address,
      name: account.name,
      key: bls.publicKey(blsSecret),
      proof: bls.provePossession(blsSecret),
      bond: DELEGATE_BOND,
    })),
    fork: null,
  }
}

function draw(): Uint8Array {
  return Uint8Array.from(randomBytes(SEED_BYTES))
}

function drawAccount(name: string): Account {
  const seed = draw()
  return { name, seed, address: addressOfKey(KeyPair.fromSeed('ed25519', seed).publicKey) }
}
