import type { Socket } from 'node:net'
import { ADDRESS_BYTES, BLS_KEY_BYTES, HASH_BYTES, MAX_BLOCK_TRANSACTIONS } from '@smartshare/chain'
import {
  bool,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  record,
  type Schema,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import type { SignRequest } from '@smartshare/consensus'

// What a node and its signer say to each other (docs/spec/signer.md).

export const SIGNER_VERSION = 1
/** Largest frame, without its length. */
const MAX_FRAME_BYTES = 1_024
const LENGTH_BYTES = 4
const MAX_CONTENT_BYTES = 512
const MAX_PEER_BYTES = 128

/** Types of requests; the first one of a connection is a hello. */
export const HELLO = 0
export const STATEMENT = 1
export const REVEAL = 2
export const LINK = 3
export const QUARANTINE = 4

const hash = fixedBytes(HASH_BYTES)

const requestSchema = record({ id: uint(), type: uint(QUARANTINE), content: bytes(MAX_CONTENT_BYTES) })
/** `content` is an identity after a hello, else the signature; or a failure. */
const answerSchema = record({ id: uint(), done: bool, content: bytes(MAX_CONTENT_BYTES) })
const failureSchema = record({ code: text(64), message: text(256) })
const helloSchema = record({ version: uint(), chainId: hash })
const identitySchema = record({ address: fixedBytes(ADDRESS_BYTES), publicKey: fixedBytes(BLS_KEY_BYTES) })
const statementSchema = record({ term: uint(), baseMs: uint(), slot: uint(), kind: uint(3), value: hash })
const revealSchema = record({ term: uint(), round: uint() })
const linkSchema = record({ nonce: hash, prover: text(MAX_PEER_BYTES, 1), verifier: text(MAX_PEER_BYTES, 1) })

const quarantineSchema = record({
  term: uint(),
  height: uint(),
  block: hash,
  index: uint(MAX_BLOCK_TRANSACTIONS - 1),
  transactionId: hash,
})

export type Request = Infer<typeof requestSchema>

export const contents = {
  hello: codecOf(helloSchema),
  identity: codecOf(identitySchema),
  statement: codecOf(statementSchema),
  reveal: codecOf(revealSchema),
  link: codecOf(linkSchema),
  quarantine: codecOf(quarantineSchema),
  failure: codecOf(failureSchema),
} as const

export const requests = codecOf(requestSchema)
export const answers = codecOf(answerSchema)

function codecOf<T>(schema: Schema<T>) {
  return {
    encode: (value: T): Uint8Array => encode(schema, value),
    /** Throws CODEC_*. What it gives has its own bytes. */
    decode: (encoded: Uint8Array): T => decode(schema, Uint8Array.from(encoded)),
  }
}

/** The request of a type with its content. */
export function contentOf(request: SignRequest): { type: number; content: Uint8Array } {
  if (request.type === 'reveal') return { type: REVEAL, content: contents.reveal.encode(request) }
  return { type: STATEMENT, content: contents.statement.encode(request) }
}

export function writeFrame(socket: Socket, content: Uint8Array): void {
  const frame = Buffer.alloc(LENGTH_BYTES + content.length)
  frame.writeUInt32BE(content.length)
  frame.set(content, LENGTH_BYTES)
  socket.write(frame)
}

/** The frames of a stream of bytes: four bytes of length, big-endian, and so many bytes. */
export class FrameReader {
  private waiting = Buffer.alloc(0)

  /** The frames that are whole by now. Throws SIGNER_FRAME for one that is empty or too long. */
  push(chunk: Buffer): Uint8Array[] {
    this.waiting = Buffer.concat([this.waiting, chunk])
    const frames: Uint8Array[] = []
    let at = 0
    while (this.waiting.length - at >= LENGTH_BYTES) {
      const length = this.waiting.readUInt32BE(at)
      if (length === 0 || length > MAX_FRAME_BYTES) {
        throw new SmartshareError('SIGNER_FRAME', `a frame of ${length} bytes where ${MAX_FRAME_BYTES} are the most`)
      }
      if (this.waiting.length - at - LENGTH_BYTES < length) break
      frames.push(this.waiting.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
      at += LENGTH_BYTES + length
    }
    this.waiting = this.waiting.subarray(at)
    return frames
  }
}
