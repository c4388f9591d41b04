import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'

// SLIP-0010 for Ed25519: only hardened steps exist, so no public key of one account says anything about another.

const CURVE = new TextEncoder().encode('ed25519 seed')
const HARDENED = 0x8000_0000
const PURPOSE = 44
/** "SSP " in ASCII: a coin type (SLIP-0044) that nobody else has. */
const COIN_TYPE = 0x5353_5020

/** The Ed25519 seed of a path under a master seed (SLIP-0010); every index is taken as hardened. */
export function deriveEd25519(masterSeed: Uint8Array, path: readonly number[]): Uint8Array {
  let node = hmac(sha512, CURVE, masterSeed)
  for (const index of path) {
    const data = new Uint8Array(37)
    data.set(node.subarray(0, 32), 1)
    new DataView(data.buffer).setUint32(33, (HARDENED | index) >>> 0)
    node = hmac(sha512, node.subarray(32), data)
  }
  return node.slice(0, 32)
}

/** The path of a wallet's account: m/44'/"SSP "'/account'. */
export function accountPath(account: number): readonly number[] {
  return [PURPOSE, COIN_TYPE, account]
}
