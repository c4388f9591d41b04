import { ADDRESS_BYTES, BLS_SIGNATURE_BYTES, HASH_BYTES } from '@smartshare/chain'
import { bytes, decode, encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { bls, equalBytes, hashTagged } from '@smartshare/crypto'

/** Version of what nodes say to each other. */
export const NETWORK_VERSION = 2
const NONCE_BYTES = 32
const MAX_PEER_ID_BYTES = 128

const helloSchema = record({ version: uint(), chainId: fixedBytes(HASH_BYTES), nonce: fixedBytes(NONCE_BYTES) })
const proofSchema = record({ address: fixedBytes(ADDRESS_BYTES), signature: fixedBytes(BLS_SIGNATURE_BYTES) })
const claimSchema = record({
  chainId: fixedBytes(HASH_BYTES),
  nonce: fixedBytes(NONCE_BYTES),
  prover: bytes(MAX_PEER_ID_BYTES, 1),
  verifier: bytes(MAX_PEER_ID_BYTES, 1),
})

export type Hello = Infer<typeof helloSchema>
export type DelegateProof = Infer<typeof proofSchema>

export const encodeHello = (hello: Hello): Uint8Array => encode(helloSchema, hello)
export const encodeProof = (proof: DelegateProof): Uint8Array => encode(proofSchema, proof)
export const decodeProof = (encoded: Uint8Array): DelegateProof => decode(proofSchema, encoded)

/** Throws NETWORK_VERSION or NETWORK_OTHER_CHAIN if the peer belongs elsewhere. */
export function readHello(encoded: Uint8Array, chainId: Uint8Array): Hello {
  const hello = decode(helloSchema, encoded)
  if (hello.version !== NETWORK_VERSION) {
    throw new SmartshareError('NETWORK_VERSION', `the peer speaks version ${hello.version}, not ${NETWORK_VERSION}`)
  }
  if (!equalBytes(hello.chainId, chainId)) {
    throw new SmartshareError('NETWORK_OTHER_CHAIN', 'the peer belongs to another network')
  }
  return hello
}

/** What a delegate signs to show over a connection that it holds its key: bound to both ends and a fresh nonce. */
function claimHash(chainId: Uint8Array, nonce: Uint8Array, prover: string, verifier: string): Uint8Array {
  const text = new TextEncoder()
  const claim = { chainId, nonce, prover: text.encode(prover), verifier: text.encode(verifier) }
  return hashTagged('link/delegate', encode(claimSchema, claim))
}

export interface Ends {
  readonly prover: string
  readonly verifier: string
}

export function proveDelegate(
  identity: { address: Uint8Array; secret: Uint8Array },
  chainId: Uint8Array,
  nonce: Uint8Array,
  { prover, verifier }: Ends,
): DelegateProof {
  const signature = bls.sign(identity.secret, claimHash(chainId, nonce, prover, verifier))
  return { address: identity.address, signature }
}

export function holdsKey(
  proof: DelegateProof,
  key: Uint8Array,
  chainId: Uint8Array,
  nonce: Uint8Array,
  { prover, verifier }: Ends,
): boolean {
  return bls.verify(key, claimHash(chainId, nonce, prover, verifier), proof.signature)
}
