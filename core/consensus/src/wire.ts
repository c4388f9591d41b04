import {
  decodeBlock,
  decodeCertificate,
  decodeSet,
  decodeVote,
  encodeBlock,
  encodeCertificate,
  encodeSet,
  encodeVote,
  HASH_BYTES,
  MAX_BLOCK_BYTES,
} from '@smartshare/chain'
import {
  array,
  bytes,
  decode,
  encode,
  fixedBytes,
  mapped,
  optional,
  record,
  type Schema,
  SmartshareError,
  uint,
} from '@smartshare/codec'
import {
  MAX_PAGE_BLOCKS,
  MAX_PAGE_BYTES,
  MAX_PAGE_CERTIFICATES,
  MAX_PROPOSAL_CERTIFICATES,
  MAX_VOTES_PER_MESSAGE,
  MAX_WANTED,
} from './config.ts'
import type { Ask, LogRecord, Message, Page, TermStart } from './events.ts'

// Messages and log records in the deterministic CBOR of docs/spec/bytes.md §2: [kind, content]. Votes, certificates, sets and
// blocks travel as byte strings of their own encoding.

/** Bytes of a vote or a certificate at most: three integers, a hash, a bitmap of 256 bits, a signature, and heads. */
const MAX_STATEMENT_BYTES = 256
/** A set of 256 members of 80 bytes. */
const MAX_SET_BYTES = 32_768
/** A message is at most a page with a block that alone fills it. */
export const MAX_MESSAGE_BYTES = MAX_PAGE_BYTES + MAX_BLOCK_BYTES
/** A term's start holds two sets, two certificates and some hashes. */
const MAX_RECORD_BYTES = MAX_BLOCK_BYTES + 1024

const hash = fixedBytes(HASH_BYTES)
const vote = mapped(bytes(MAX_STATEMENT_BYTES), encodeVote, decodeVote)
const certificate = mapped(bytes(MAX_STATEMENT_BYTES), encodeCertificate, decodeCertificate)
const set = mapped(bytes(MAX_SET_BYTES), encodeSet, decodeSet)
const block = mapped(bytes(MAX_BLOCK_BYTES), encodeBlock, decodeBlock)

const askSchema: Schema<Ask> = record({
  term: uint(),
  finalHeight: uint(),
  fromSlot: uint(),
  wanted: array(hash, MAX_WANTED),
}) as Schema<Ask>

const pageSchema: Schema<Page> = record({
  term: uint(),
  certificates: array(certificate, MAX_PAGE_CERTIFICATES),
  blocks: array(block, MAX_PAGE_BLOCKS),
  nextSet: optional(set),
}) as Schema<Page>

const baseSchema = record({
  hash,
  height: uint(),
  timeMs: uint(),
  accumulator: hash,
  rootHeight: uint(),
  stateRoot: hash,
  rangeRoot: hash,
  rootCertificate: optional(certificate),
})
const startSchema: Schema<TermStart> = record({
  set,
  base: baseSchema,
  seed: hash,
  previous: optional(record({ set, terminal: certificate })),
}) as Schema<TermStart>

/** Fields of each kind of message, by the number under which it travels. */
const MESSAGES = [
  ['proposal', record({ block, certificates: array(certificate, MAX_PROPOSAL_CERTIFICATES + 1) })],
  ['votes', record({ votes: array(vote, MAX_VOTES_PER_MESSAGE), executedHeight: uint() })],
  ['certificates', record({ certificates: array(certificate, MAX_PAGE_CERTIFICATES) })],
  ['ask', record({ ask: askSchema })],
  ['page', record({ page: pageSchema })],
] as const

const RECORDS = [
  ['term', record({ start: startSchema })],
  ['vote', record({ vote })],
  ['floor', record({ term: uint(), slot: uint(), silentUntilMs: uint() })],
  ['block', record({ block })],
  ['certificate', record({ certificate })],
] as const

type Kinds = readonly (readonly [string, Schema<unknown>])[]

/** `[kind, content]`, where kind is the place in the list. */
function kinds<T extends { type: string }>(list: Kinds): Schema<T> {
  const kind = uint(list.length - 1)
  return {
    write(writer, value) {
      const number = list.findIndex(([name]) => name === value.type)
      writer.head(4, 2)
      kind.write(writer, number)
      list[number]![1].write(writer, value)
    },
    read(reader) {
      if (reader.head(4) !== 2) throw new SmartshareError('CODEC_LENGTH', 'a message is a kind and its content')
      const [type, schema] = list[kind.read(reader)]!
      return { type, ...(schema.read(reader) as object) } as unknown as T
    },
  }
}

const messageSchema = kinds<Message>(MESSAGES)
const recordSchema = kinds<LogRecord>(RECORDS)

export const encodeMessage = (message: Message): Uint8Array => encode(messageSchema, message)

/** Throws CODEC_*, BLOCK_TOO_LARGE or CONSENSUS_MESSAGE_TOO_LARGE. What is read holds views into `encoded`. */
export function decodeMessage(encoded: Uint8Array): Message {
  if (encoded.length > MAX_MESSAGE_BYTES) {
    throw new SmartshareError('CONSENSUS_MESSAGE_TOO_LARGE', `a message has at most ${MAX_MESSAGE_BYTES} bytes`, {
      sizeBytes: encoded.length,
    })
  }
  return decode(messageSchema, encoded)
}

export const encodeRecord = (record: LogRecord): Uint8Array => encode(recordSchema, record)

/** Throws CODEC_*, BLOCK_TOO_LARGE or CONSENSUS_RECORD_TOO_LARGE. What is read holds views into `encoded`. */
export function decodeRecord(encoded: Uint8Array): LogRecord {
  if (encoded.length > MAX_RECORD_BYTES) {
    throw new SmartshareError('CONSENSUS_RECORD_TOO_LARGE', `a record has at most ${MAX_RECORD_BYTES} bytes`, {
      sizeBytes: encoded.length,
    })
  }
  return decode(recordSchema, encoded)
}
