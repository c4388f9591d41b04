import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SmartshareError } from '@smartshare/codec'

/** The peer id (text, base58) of a raw Ed25519 public key (32 B). */
export function peerIdOfKey(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** A peer id from its text; LINK_BAD_PEER_ID if it is none. */
export function parsePeerId(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId)
  } catch (error) {
    throw new SmartshareError('LINK_BAD_PEER_ID', 'This is no peer id', { peerId }, error)
  }
}

/** The raw Ed25519 public key (32 B) in a peer id; LINK_BAD_PEER_ID for anything else. */
export function keyOfPeerId(peerId: string): Uint8Array {
  const id = parsePeerId(peerId)
  if (id.type === 'Ed25519') return id.publicKey.raw
  throw new SmartshareError('LINK_BAD_PEER_ID', 'Smartshare peers have Ed25519 keys', { peerId })
}

/** A multiaddress from its text; LINK_BAD_ADDRESS if it is none. */
export function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (error) {
    throw new SmartshareError('LINK_BAD_ADDRESS', 'This is no multiaddress', { address }, error)
  }
}
