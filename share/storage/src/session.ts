import { encode, fixedBytes, record, SmartshareError, text, uint } from '@smartshare/codec'
import { hashTagged, type PublicKey, type Signature, verify } from '@smartshare/crypto'
import { encodeMessage, expectMessage, type MessageOf, NONCE_BYTES, type PurposeValue } from './messages.ts'

/** Longest wait for a message of the handshake, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000
const MAX_PEER_BYTES = 128

/** A message channel between two peers, as a link has it. */
export interface MessageChannel {
  readonly peer: string
  send(message: Uint8Array | readonly Uint8Array[]): Promise<void>
  receive(): Promise<Uint8Array | undefined>
  close(): Promise<void>
  abort(error?: SmartshareError): void
}

/** Signs for an account. `sign` gets a 32-byte tagged hash; the key may sit in a secure element. */
export interface AccountSigner {
  readonly publicKey: PublicKey
  sign(message: Uint8Array): Signature | Promise<Signature>
}

const sessionSchema = record({
  chainId: fixedBytes(32),
  agreement: uint(),
  purpose: uint(1),
  /** 0 buyer, 1 provider: nobody can send a signature back as its own. */
  role: uint(1),
  buyerPeer: text(MAX_PEER_BYTES),
  providerPeer: text(MAX_PEER_BYTES),
  buyerNonce: fixedBytes(NONCE_BYTES),
  providerNonce: fixedBytes(NONCE_BYTES),
})

/** What a session is about, as both sides see it. */
interface SessionFacts {
  readonly chainId: Uint8Array
  readonly agreement: number
  readonly purpose: PurposeValue
  readonly buyerPeer: string
  readonly providerPeer: string
  readonly buyerNonce: Uint8Array
  readonly providerNonce: Uint8Array
}

const BUYER = 0
const PROVIDER = 1

/** What a side signs: both nonces and both peers, so that neither can be replayed nor carried on to a third. */
function sessionHash(facts: SessionFacts, role: 0 | 1): Uint8Array {
  return hashTagged('storage/session', encode(sessionSchema, { ...facts, role }))
}

/** The next message, or an error: a side that ends in the middle, or says nothing for too long. */
export async function receiveWithin(channel: MessageChannel, timeoutMs: number): Promise<Uint8Array> {
  const timer = setTimeout(() => {
    channel.abort(new SmartshareError('STORAGE_TIMEOUT', 'the other side said nothing for too long', { timeoutMs }))
  }, timeoutMs)
  try {
    const message = await channel.receive()
    if (message !== undefined) return message
  } finally {
    clearTimeout(timer)
  }
  throw new SmartshareError('STORAGE_ENDED', 'the other side ended the session', { peer: channel.peer })
}

export interface OwnerSessionInit {
  readonly channel: MessageChannel
  readonly ownPeer: string
  readonly chainId: Uint8Array
  readonly agreement: number
  readonly purpose: PurposeValue
  readonly signer: AccountSigner
  /** 32 random bytes. */
  readonly nonce: Uint8Array
  /** Whether a key acts for the provider of the agreement. */
  isProviderKey(key: PublicKey): Promise<boolean>
}

/**
 * The owner's side of the handshake. Returns the provider's key and how far its copy is. Throws STORAGE_PROVIDER if
 * the peer does not act for the provider of the agreement, or what the provider refused with.
 */
export async function openSession(init: OwnerSessionInit): Promise<{ key: PublicKey; ready: MessageOf<'ready'> }> {
  const { channel, chainId, agreement, purpose, signer, nonce } = init
  await channel.send(encodeMessage('hello', { version: 1, chainId, agreement, purpose, nonce }))
  const welcome = expectMessage(await receiveWithin(channel, HANDSHAKE_TIMEOUT_MS), 'welcome')
  const facts: SessionFacts = {
    chainId,
    agreement,
    purpose,
    buyerPeer: init.ownPeer,
    providerPeer: channel.peer,
    buyerNonce: nonce,
    providerNonce: welcome.nonce,
  }
  const holds = verify(welcome.key, sessionHash(facts, PROVIDER), welcome.signature)
  if (!holds || !(await init.isProviderKey(welcome.key))) {
    throw new SmartshareError('STORAGE_PROVIDER', 'this peer does not speak for the provider of the agreement', {
      peer: channel.peer,
      agreement,
    })
  }
  const signature = await signer.sign(sessionHash(facts, BUYER))
  await channel.send(encodeMessage('claim', { key: signer.publicKey, signature }))
  const ready = expectMessage(await receiveWithin(channel, HANDSHAKE_TIMEOUT_MS), 'ready')
  return { key: Uint8Array.from(welcome.key), ready }
}

export interface ProviderSessionInit {
  readonly channel: MessageChannel
  readonly ownPeer: string
  readonly chainId: Uint8Array
  readonly signer: AccountSigner
  /** 32 random bytes. */
  readonly nonce: Uint8Array
}

/**
 * The provider's side up to the owner's proof: which agreement, what for, and a key that has proven itself. Whether
 * that key may act is the caller's to ask; then it sends `ready`. Throws STORAGE_CHAIN or STORAGE_CLAIM.
 */
export async function acceptSession(
  init: ProviderSessionInit,
): Promise<{ agreement: number; purpose: PurposeValue; key: PublicKey }> {
  const { channel, chainId, signer, nonce } = init
  const hello = expectMessage(await receiveWithin(channel, HANDSHAKE_TIMEOUT_MS), 'hello')
  if (Buffer.compare(hello.chainId, chainId) !== 0) {
    throw new SmartshareError('STORAGE_CHAIN', 'this provider belongs to another network')
  }
  const facts: SessionFacts = {
    chainId,
    agreement: hello.agreement,
    purpose: hello.purpose as PurposeValue,
    buyerPeer: channel.peer,
    providerPeer: init.ownPeer,
    buyerNonce: Uint8Array.from(hello.nonce),
    providerNonce: nonce,
  }
  const signature = await signer.sign(sessionHash(facts, PROVIDER))
  await channel.send(encodeMessage('welcome', { nonce, key: signer.publicKey, signature }))
  const claim = expectMessage(await receiveWithin(channel, HANDSHAKE_TIMEOUT_MS), 'claim')
  if (!verify(claim.key, sessionHash(facts, BUYER), claim.signature)) {
    throw new SmartshareError('STORAGE_CLAIM', 'the signature over this session does not hold')
  }
  return { agreement: facts.agreement, purpose: facts.purpose, key: Uint8Array.from(claim.key) }
}
