import { createConnection, type Socket } from 'node:net'
import { BLS_SIGNATURE_BYTES, type QuarantineSubject } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { SignRequest } from '@smartshare/consensus'
import { equalBytes } from '@smartshare/crypto'
import type { Logger } from 'pino'
import type { DelegateProof, Ends } from '../peers/handshake.ts'
import type { Signer } from './key-signer.ts'
import {
  answers,
  contentOf,
  contents,
  FrameReader,
  HELLO,
  LINK,
  QUARANTINE,
  requests,
  SIGNER_VERSION,
  writeFrame,
} from './signer-protocol.ts'

/** Requests that wait for a signer; of more the oldest are given up, since their slots are over. */
const MAX_PENDING = 64
const FIRST_RETRY_MS = 50
const MOST_RETRY_MS = 2_000
/** A signer that answers nothing for so long while it is asked is connected to anew. */
const SILENCE_MS = 20_000

interface Pending {
  readonly id: number
  readonly type: number
  readonly content: Uint8Array
  readonly resolve: (content: Uint8Array) => void
  readonly reject: (error: SmartshareError) => void
}

interface Identity {
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
}

export interface RemoteSignerOptions {
  readonly socket: string
  readonly chainId: Uint8Array
  readonly log: Logger
  /** How long the first connection may take. */
  readonly patienceMs: number
}

/** A signer in another process. What is asked for waits while it is down, and is asked for again when it is back. */
export class RemoteSigner implements Signer {
  private readonly options: RemoteSignerOptions
  private readonly pending = new Map<number, Pending>()
  private nextId = 1
  private socket: Socket | undefined
  private isReady = false
  private identity: Identity | undefined
  private retryMs = FIRST_RETRY_MS
  private retry: NodeJS.Timeout | undefined
  private silence: NodeJS.Timeout | undefined
  private closed = false
  /** Called when the first connection stands, or is refused for good. */
  private onFirst: (error?: SmartshareError) => void = () => undefined

  /** Connects. Throws SIGNER_UNREACHABLE if nobody answers in time. */
  static async connect(options: RemoteSignerOptions): Promise<RemoteSigner> {
    const signer = new RemoteSigner(options)
    const { patienceMs, socket } = options
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        signer.onFirst = (error) => (error === undefined ? resolve() : reject(error))
        timer = setTimeout(
          () => reject(new SmartshareError('SIGNER_UNREACHABLE', `no signer answers at ${socket}`, { socket })),
          patienceMs,
        )
        signer.open()
      })
      return signer
    } catch (error) {
      await signer.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  private constructor(options: RemoteSignerOptions) {
    this.options = options
  }

  get address(): Uint8Array {
    return this.identity!.address
  }

  get publicKey(): Uint8Array {
    return this.identity!.publicKey
  }

  get problem(): string | undefined {
    return this.isReady ? undefined : `the signer at ${this.options.socket} does not answer`
  }

  async sign(request: SignRequest): Promise<Uint8Array> {
    const { type, content } = contentOf(request)
    return signatureOf(await this.ask(type, content))
  }

  async attest(subject: QuarantineSubject): Promise<Uint8Array> {
    return signatureOf(await this.ask(QUARANTINE, contents.quarantine.encode(subject)))
  }

  async proveLink(nonce: Uint8Array, { prover, verifier }: Ends): Promise<DelegateProof> {
    const signature = signatureOf(await this.ask(LINK, contents.link.encode({ nonce, prover, verifier })))
    return { address: this.address, signature }
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.retry)
    clearTimeout(this.silence)
    this.socket?.destroy()
    for (const one of this.pending.values()) one.reject(givenUp('the node stops'))
    this.pending.clear()
  }

  private ask(type: number, content: Uint8Array): Promise<Uint8Array> {
    if (this.closed) return Promise.reject(givenUp('the node stops'))
    return new Promise((resolve, reject) => {
      const one = { id: this.nextId++, type, content, resolve, reject }
      this.pending.set(one.id, one)
      if (this.pending.size > MAX_PENDING) {
        const [oldest] = this.pending.values()
        this.pending.delete(oldest!.id)
        oldest!.reject(givenUp('too many wait for the signer'))
      }
      if (this.isReady) this.send(one)
    })
  }

  private send({ id, type, content }: Pick<Pending, 'id' | 'type' | 'content'>): void {
    writeFrame(this.socket!, requests.encode({ id, type, content }))
    this.watch()
  }

  private open(): void {
    const socket = createConnection(this.options.socket)
    const reader = new FrameReader()
    this.socket = socket
    socket.on('error', (error) => this.options.log.debug({ error: error.message }, 'no signer'))
    socket.on('connect', () => {
      const hello = { version: SIGNER_VERSION, chainId: this.options.chainId }
      this.send({ id: 0, type: HELLO, content: contents.hello.encode(hello) })
    })
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.take(frame)
      } catch (error) {
        this.options.log.warn({ why: String(error) }, 'the signer answers what no signer answers')
        socket.destroy()
      }
    })
    socket.on('close', () => this.lost())
  }

  private lost(): void {
    if (this.closed) return
    if (this.isReady) this.options.log.warn({ waiting: this.pending.size }, 'the signer is gone')
    this.isReady = false
    clearTimeout(this.silence)
    this.silence = undefined
    this.retry = setTimeout(() => this.open(), this.retryMs)
    this.retryMs = Math.min(MOST_RETRY_MS, 2 * this.retryMs)
  }

  private take(frame: Uint8Array): void {
    const { id, done, content } = answers.decode(frame)
    clearTimeout(this.silence)
    this.silence = undefined
    if (id === 0) {
      if (done) this.greet(contents.identity.decode(content))
      else this.onFirst(refusalOf(content))
      return
    }
    const asked = this.pending.get(id)
    this.pending.delete(id)
    if (this.pending.size > 0) this.watch()
    if (asked === undefined) return
    if (done) {
      asked.resolve(content)
      return
    }
    asked.reject(refusalOf(content))
  }

  /** Throws SIGNER_OTHER_KEY if the signer holds another key than before. */
  private greet(identity: Identity): void {
    if (this.identity !== undefined && !equalBytes(this.identity.publicKey, identity.publicKey)) {
      throw new SmartshareError('SIGNER_OTHER_KEY', 'the signer holds another key than before')
    }
    this.identity = identity
    this.isReady = true
    this.retryMs = FIRST_RETRY_MS
    this.options.log.info({ waiting: this.pending.size }, 'the signer answers')
    for (const one of this.pending.values()) this.send(one)
    this.onFirst()
  }

  private watch(): void {
    this.silence ??= setTimeout(() => this.socket?.destroy(), SILENCE_MS)
  }
}

function signatureOf(content: Uint8Array): Uint8Array {
  if (content.length === BLS_SIGNATURE_BYTES) return content
  throw new SmartshareError('SIGNER_FRAME', 'the signer answers something that is no signature')
}

function refusalOf(content: Uint8Array): SmartshareError {
  const { code, message } = contents.failure.decode(content)
  return new SmartshareError(code.startsWith('SIGNER_') ? code : 'SIGNER_FRAME', message)
}

function givenUp(why: string): SmartshareError {
  return new SmartshareError('SIGNER_GIVEN_UP', `a signature was given up: ${why}`)
}
