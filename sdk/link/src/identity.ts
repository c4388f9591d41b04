import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { SmartshareError } from '@smartshare/codec'

/** The peer id (text, base58) of a raw Ed25519 public key (32 B). */
export function peerIdOfKey(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** The raw Ed25519 public key (32 B) in a peer id; LINK_BAD_PEER_ID for anything else. */
export function keyOfPeerId(peerId: string): Uint8Array {
  try {
    const id = peerIdFromString(peerId)
    if (id.type === 'Ed25519') return id.publicKey.raw
  } catch (error) {
    throw new SmartshareError('LINK_BAD_PEER_ID', 'This is no peer id', { peerId }, error)
  }
  throw new SmartshareError('LINK_BAD_PEER_ID', 'Smartshare peers have Ed25519 keys', { peerId })
}
