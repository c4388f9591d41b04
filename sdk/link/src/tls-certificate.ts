import { generateKeyPairSync, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { SmartshareError } from '@smartshare/codec'

// The certificate of libp2p's TLS (https://github.com/libp2p/specs/blob/master/tls/tls.md): self-signed, with a fresh
// P-256 key, and one extension in which the peer's own key vouches for that key.

const MAX_CERTIFICATE_BYTES = 8 * 1024
const SERIAL_BYTES = 8
const SIGNED_PREFIX = Buffer.from('libp2p-tls-handshake:')
/** 1.3.6.1.4.1.53594.1.1 */
const EXTENSION_ID = Buffer.from('2b0601040183a25a0101', 'hex')
/** ecdsa-with-SHA256 */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
const NOT_BEFORE = '20000101000000Z'
const NOT_AFTER = '20991231235959Z'

const Tag = {
  Boolean: 1,
  Integer: 2,
  BitString: 3,
  Bytes: 4,
  ObjectId: 6,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
} as const
const VERSION_TAG = 0xa0
const EXTENSIONS_TAG = 0xa3

export interface TlsIdentity {
  /** PEM. */
  readonly key: string
  readonly cert: string
}

/** Makes a certificate for the peer's key; good for as long as the process runs. */
export async function makeTlsIdentity(peerKey: PrivateKey): Promise<TlsIdentity> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const signature = await peerKey.sign(Buffer.concat([SIGNED_PREFIX, keyInfo]))
  const vouched = der(Tag.Sequence, der(Tag.Bytes, publicKeyToProtobuf(peerKey.publicKey)), der(Tag.Bytes, signature))
  const critical = der(Tag.Boolean, Buffer.from([0xff]))
  const extension = der(Tag.Sequence, der(Tag.ObjectId, EXTENSION_ID), critical, der(Tag.Bytes, vouched))
  // A serial number is positive: the first byte stays below 0x80 and above 0.
  const serial = Buffer.concat([Buffer.from([0x4d]), randomBytes(SERIAL_BYTES)])
  const noName = der(Tag.Sequence)
  const validity = der(Tag.Sequence, time(NOT_BEFORE), time(NOT_AFTER))
  const body = der(
    Tag.Sequence,
    der(VERSION_TAG, der(Tag.Integer, Buffer.from([2]))),
    der(Tag.Integer, serial),
    ECDSA_SHA256,
    noName,
    validity,
    noName,
    keyInfo,
    der(EXTENSIONS_TAG, der(Tag.Sequence, extension)),
  )
  const sealed = der(Tag.BitString, Buffer.from([0]), sign('sha256', body, privateKey))
  const bytes = der(Tag.Sequence, body, ECDSA_SHA256, sealed)
  const cert = `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}

/**
 * Checks the certificate that a peer has shown (TLS itself has proven that the peer holds its key) and returns who the
 * peer is. LINK_BAD_CERTIFICATE otherwise.
 */
export async function peerOfCertificate(certificate: X509Certificate, nowMs: number): Promise<PeerId> {
  const bytes = certificate.raw
  if (bytes.length > MAX_CERTIFICATE_BYTES) throw bad('is too long')
  const validFrom = Date.parse(certificate.validFrom)
  const validTo = Date.parse(certificate.validTo)
  if (!(validFrom <= nowMs && nowMs <= validTo)) throw bad('is not valid now')
  if (!certificate.verify(certificate.publicKey)) throw bad('is not signed by its own key')
  const [peerKeyField, signatureField, ...more] = children(readAll(findExtension(bytes), Tag.Sequence))
  if (peerKeyField?.tag !== Tag.Bytes || signatureField?.tag !== Tag.Bytes || more.length > 0) {
    throw bad('does not name the peer as it should')
  }
  const peerKey = readKey(peerKeyField.content)
  const keyInfo = certificate.publicKey.export({ type: 'spki', format: 'der' })
  const signed = Buffer.concat([SIGNED_PREFIX, keyInfo])
  if (!(await peerKey.verify(signed, signatureField.content))) throw bad('is not vouched for by the peer')
  return peerIdFromPublicKey(peerKey)
}

function readKey(protobuf: Uint8Array): ReturnType<typeof publicKeyFromProtobuf> {
  try {
    return publicKeyFromProtobuf(protobuf)
  } catch (error) {
    throw bad('names no key that is known', error)
  }
}

/** The content of libp2p's extension, which has to be there exactly once. */
function findExtension(certificate: Uint8Array): Uint8Array {
  const [body] = children(readAll(certificate, Tag.Sequence))
  const fields = body?.tag === Tag.Sequence ? children(body.content) : []
  const extensions = fields.find((field) => field.tag === EXTENSIONS_TAG)
  if (extensions === undefined) throw bad('has no extension')
  const found = children(readAll(extensions.content, Tag.Sequence))
    .map((extension) => children(extension.content))
    .filter(([id]) => id?.tag === Tag.ObjectId && EXTENSION_ID.equals(id.content))
  const value = found[0]?.at(-1)
  if (found.length !== 1 || value?.tag !== Tag.Bytes) throw bad('has no extension of libp2p, or more than one')
  return value.content
}

interface Field {
  readonly tag: number
  readonly content: Uint8Array
}

/** One DER element (X.690), definite lengths up to 65,535; returns it and where it ends. */
function readField(bytes: Uint8Array, at: number): { field: Field; end: number } {
  const tag = bytes[at] ?? 0
  const first = bytes[at + 1] ?? 0xff
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (lengthBytes > 2) throw bad('is not well-formed')
  let length = lengthBytes === 0 ? first : 0
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
  const start = at + 2 + lengthBytes
  const end = start + length
  if (end > bytes.length) throw bad('is not well-formed')
  return { field: { tag, content: bytes.subarray(start, end) }, end }
}

function readAll(bytes: Uint8Array, tag: number): Uint8Array {
  const { field, end } = readField(bytes, 0)
  if (field.tag !== tag || end !== bytes.length) throw bad('is not well-formed')
  return field.content
}

function children(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length; ) {
    const { field, end } = readField(bytes, at)
    fields.push(field)
    at = end
  }
  return fields
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([
    Buffer.from([tag, ...(body.length >= 0x80 && body.length < 0x100 ? [0x81, body.length] : length)]),
    body,
  ])
}

function time(text: string): Buffer {
  return der(Tag.GeneralizedTime, Buffer.from(text))
}

function bad(what: string, cause?: unknown): SmartshareError {
  return new SmartshareError('LINK_BAD_CERTIFICATE', `The peer's certificate ${what}`, {}, cause)
}
