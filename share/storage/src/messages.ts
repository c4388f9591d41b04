import {
  decode,
  encode,
  fixedBytes,
  type Infer,
  bytes as octets,
  record,
  SmartshareError,
  uint,
  Writer,
} from '@smartshare/codec'
import { CHUNK_BYTES, MAX_COPY_BYTES } from './sizes.ts'

/** The protocol's name on a link; docs/spec/storage-transfer.md tells its rules. */
export const STORAGE_PROTOCOL = '/smartshare/storage/1'
/** Largest message: a chunk and its head. */
export const MAX_MESSAGE_BYTES = CHUNK_BYTES + 64
export const NONCE_BYTES = 32
const HASH_BYTES = 32
const SIGNATURE_BYTES = 64
const LEAST_KEY_BYTES = 33
const MOST_KEY_BYTES = 34

/** What a session is for. */
export const Purpose = { Put: 0, Get: 1 } as const
export type PurposeValue = (typeof Purpose)[keyof typeof Purpose]

const key = octets(MOST_KEY_BYTES, LEAST_KEY_BYTES)
const signature = fixedBytes(SIGNATURE_BYTES)
const nonce = fixedBytes(NONCE_BYTES)
const hash = fixedBytes(HASH_BYTES)
const position = uint(MAX_COPY_BYTES)

const MAJOR_BYTES = 2
const ARRAY_OF_3 = 0x83
const MAX_KIND = 15

const schemas = {
  /** Owner: begins a session about one agreement. */
  hello: {
    kind: 1,
    schema: record({
      kind: uint(1, 1),
      version: uint(1, 1),
      chainId: hash,
      agreement: uint(),
      purpose: uint(1),
      nonce,
    }),
  },
  /** Provider: its nonce, and its signature over the session. */
  welcome: { kind: 2, schema: record({ kind: uint(2, 2), nonce, key, signature }) },
  /** Owner: its signature over the session. */
  claim: { kind: 3, schema: record({ kind: uint(3, 3), key, signature }) },
  /** Provider: the owner may go on; so many bytes are durable. */
  ready: { kind: 4, schema: record({ kind: uint(4, 4), sizeBytes: position, storedBytes: position }) },
  /** Put: the next chunk of the copy, from the owner. Get: an answer, from the provider. */
  data: { kind: 5, schema: record({ kind: uint(5, 5), offset: position, bytes: octets(CHUNK_BYTES, 1) }) },
  /** Put, provider: all bytes before this one are durable. */
  stored: { kind: 6, schema: record({ kind: uint(6, 6), storedBytes: position }) },
  /** Put, owner: that was all, and this is its root. */
  finish: { kind: 7, schema: record({ kind: uint(7, 7), root: hash }) },
  /** Put, provider: its word that it holds these bytes. */
  receipt: { kind: 8, schema: record({ kind: uint(8, 8), root: hash, sizeBytes: position, key, signature }) },
  /** Get, owner: wants these bytes. */
  read: { kind: 9, schema: record({ kind: uint(9, 9), offset: position, length: uint(CHUNK_BYTES, 1) }) },
} as const

type Schemas = typeof schemas
export type MessageName = keyof Schemas
export type MessageOf<K extends MessageName> = Omit<Infer<Schemas[K]['schema']>, 'kind'>
export type Message = { [K in MessageName]: { readonly name: K } & MessageOf<K> }[MessageName]

const names = new Map<number, MessageName>(
  (Object.keys(schemas) as MessageName[]).map((name) => [schemas[name].kind, name] as const),
)

export function encodeMessage<K extends MessageName>(name: K, message: MessageOf<K>): Uint8Array {
  const { kind, schema } = schemas[name]
  return encode(schema as never, { kind, ...message } as never)
}

/** A `data` message in parts, so that the chunk itself is not copied: the same bytes as `encodeMessage` would give. */
export function dataParts(offset: number, bytes: Uint8Array): Uint8Array[] {
  const head = new Writer()
  head.head(4, 3)
  head.head(0, schemas.data.kind)
  head.head(0, offset)
  head.head(MAJOR_BYTES, bytes.length)
  return [head.finish(), bytes]
}

/** Reads any message; byte strings in it are views into `encoded`. Throws CODEC_* or STORAGE_MESSAGE. */
export function decodeMessage(encoded: Uint8Array): Message {
  // The kind is the first field; below 24 it is a byte by itself, in a record of a few fields.
  const kind = encoded[1] ?? MAX_KIND + 1
  const name = names.get(kind)
  if (name === undefined || ((encoded[0] ?? 0) & 0xe0) !== (ARRAY_OF_3 & 0xe0)) {
    throw new SmartshareError('STORAGE_MESSAGE', 'this is no message of the storage protocol')
  }
  const { kind: _, ...message } = decode(schemas[name].schema as never, encoded) as { kind: number }
  return { name, ...message } as Message
}

/** The message if it is of one of these names. Throws STORAGE_MESSAGE otherwise. */
export function expectMessage<K extends MessageName>(
  encoded: Uint8Array,
  ...expected: K[]
): Extract<Message, { name: K }> {
  const message = decodeMessage(encoded)
  if ((expected as MessageName[]).includes(message.name)) return message as Extract<Message, { name: K }>
  throw new SmartshareError('STORAGE_MESSAGE', 'this message has no place here', { message: message.name })
}
