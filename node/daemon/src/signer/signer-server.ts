import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { Logger } from 'pino'
import { isRefusal, type Signer } from './key-signer.ts'
import {
  answers,
  contents,
  FrameReader,
  HELLO,
  LINK,
  QUARANTINE,
  REVEAL,
  type Request,
  requests,
  SIGNER_VERSION,
  STATEMENT,
  writeFrame,
} from './signer-protocol.ts'

const MAX_CONNECTIONS = 16
const MAX_IN_FLIGHT = 256
/** Time that a connection gets for its hello. */
const HELLO_TIMEOUT_MS = 5_000
const MAX_FAILURE_CHARACTERS = 60

export interface SignerServerOptions {
  readonly signer: Signer
  readonly chainId: Uint8Array
  /** Path of the Unix socket; only the user of this process can open it. */
  readonly socket: string
  readonly log: Logger
  /** The disk of the promises fails: nothing more can be signed. */
  readonly onFatal: (error: unknown) => void
}

/** Lets nodes on this machine ask for signatures. */
export class SignerServer {
  private readonly options: SignerServerOptions
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  /** Throws SIGNER_LISTEN. */
  static async start(options: SignerServerOptions): Promise<SignerServer> {
    const signerServer = new SignerServer(options)
    const { server } = signerServer
    // The lock of the folder is held, so a socket that is there already belongs to no living process.
    rmSync(options.socket, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(new SmartshareError('SIGNER_LISTEN', `cannot listen at ${options.socket}: ${error.message}`, {}, error))
      })
      server.listen(options.socket, resolve)
    })
    chmodSync(options.socket, 0o600)
    return signerServer
  }

  private constructor(options: SignerServerOptions) {
    this.options = options
    this.server = createServer((socket) => this.serve(socket))
    this.server.maxConnections = MAX_CONNECTIONS
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    for (const socket of this.sockets) socket.destroy()
    await closed
  }

  private serve(socket: Socket): void {
    const { log } = this.options
    const reader = new FrameReader()
    let greeted = false
    let inFlight = 0
    this.sockets.add(socket)
    const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS)
    socket.on('close', () => {
      clearTimeout(timer)
      this.sockets.delete(socket)
    })
    socket.on('error', (error) => log.debug({ error: error.message }, 'connection lost'))
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) {
          const request = requests.decode(frame)
          if ((request.type === HELLO) === greeted) throw new SmartshareError('SIGNER_FRAME', 'a hello out of place')
          if (++inFlight > MAX_IN_FLIGHT) throw new SmartshareError('SIGNER_FRAME', 'too much is asked for at once')
          if (request.type === HELLO) {
            greeted = true
            clearTimeout(timer)
          }
          void this.answer(socket, request).finally(() => {
            inFlight--
          })
        }
      } catch (error) {
        log.warn({ why: String(error) }, 'connection cut: it sent what no node sends')
        socket.destroy()
      }
    })
  }

  /** Throws SIGNER_OTHER_CHAIN or SIGNER_FRAME. */
  private checkHello(content: Uint8Array): void {
    const { version, chainId } = contents.hello.decode(content)
    if (version !== SIGNER_VERSION) throw new SmartshareError('SIGNER_FRAME', `version ${version} of the protocol`)
    if (equalBytes(chainId, this.options.chainId)) return
    throw new SmartshareError('SIGNER_OTHER_CHAIN', 'the node belongs to another network than the signer')
  }

  private async answer(socket: Socket, request: Request): Promise<void> {
    const { id } = request
    try {
      const content = await this.work(request)
      if (!socket.destroyed) writeFrame(socket, answers.encode({ id, done: true, content }))
    } catch (error) {
      if (!isRefusal(error)) {
        if (SmartshareError.is(error) && error.code.startsWith('CODEC_')) socket.destroy()
        else this.options.onFatal(error)
        return
      }
      const { code } = error
      this.options.log.warn({ code, why: error.message }, 'refused to sign')
      const content = contents.failure.encode({ code, message: error.message.slice(0, MAX_FAILURE_CHARACTERS) })
      if (!socket.destroyed) writeFrame(socket, answers.encode({ id, done: false, content }))
      if (request.type === HELLO) socket.end()
    }
  }

  private async work({ type, content }: Request): Promise<Uint8Array> {
    const { signer } = this.options
    switch (type) {
      case STATEMENT:
        return signer.sign({ type: 'statement', ...contents.statement.decode(content) })
      case REVEAL:
        return signer.sign({ type: 'reveal', ...contents.reveal.decode(content) })
      case QUARANTINE:
        return signer.attest(contents.quarantine.decode(content))
      case LINK: {
        const { nonce, ...ends } = contents.link.decode(content)
        return (await signer.proveLink(nonce, ends)).signature
      }
      default:
        this.checkHello(content)
        return contents.identity.encode({ address: signer.address, publicKey: signer.publicKey })
    }
  }
}
