import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type AgentRouteName, agentRoutes } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import type { z } from 'zod'
import type { Log } from '../log.ts'
import { answers } from './answers.ts'
import { Gate } from './gate.ts'
import { statusOf } from './http-status.ts'
import type { OwnerDesk } from './owner-desk.ts'
import { Tickets } from './tickets.ts'
import { Uploads } from './uploads.ts'
import { failureView } from './views.ts'

const HOST = '127.0.0.1'
const MAX_CONNECTIONS = 64
/** Requests in work at a time, uploads and downloads included. */
const MAX_ACTIVE = 32
const HEADERS_TIMEOUT_MS = 10_000
/** A connection on which nothing moves is given up, milliseconds. */
const IDLE_TIMEOUT_MS = 120_000
const JSON_TYPE = 'application/json; charset=utf-8'

export interface OwnerApiOptions {
  readonly desk: OwnerDesk
  /** 0: any free port. */
  readonly port: number
  readonly token: string
  /** Origins of the app; no other page may ask. */
  readonly origins: readonly string[]
  readonly log: Log
}

/** What answering a question needs. */
export interface Context {
  readonly desk: OwnerDesk
  readonly uploads: Uploads
  readonly tickets: Tickets
  readonly origins: readonly string[]
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type Answering = (params: unknown, query: unknown, context: Context) => Promise<unknown>

interface Found {
  readonly name: AgentRouteName
  readonly params: Record<string, string>
}

/** The local API of an owner's agent (docs/spec/agent-api.md), on this machine alone. */
export class OwnerApi {
  readonly url: string
  private readonly server: Server
  private readonly options: OwnerApiOptions
  private readonly uploads: Uploads
  private readonly tickets = new Tickets()
  private readonly gate: Gate
  private active = 0

  private constructor(server: Server, options: OwnerApiOptions) {
    const { port } = server.address() as AddressInfo
    this.server = server
    this.options = options
    this.uploads = new Uploads(options.log)
    this.gate = new Gate({ token: options.token, origins: options.origins, port })
    this.url = `http://${HOST}:${port}`
    server.on('request', (request, response) => void this.answer(request, response))
  }

  /** Throws PORT_IN_USE, AGENT_LISTEN. */
  static async start(options: OwnerApiOptions): Promise<OwnerApi> {
    // An upload may take hours: what is bounded is the time in which nothing moves.
    const server = createServer({ requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS })
    server.maxConnections = MAX_CONNECTIONS
    server.setTimeout(IDLE_TIMEOUT_MS, (socket: Socket) => socket.destroy())
    const { port } = options
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'AGENT_LISTEN'
        reject(new SmartshareError(code, `the agent cannot listen on port ${port}`, { port }, error))
      })
      server.listen(port, HOST, resolve)
    })
    return new OwnerApi(server, options)
  }

  /** Gives up what is under way, in order. */
  async close(): Promise<void> {
    this.server.close()
    await this.uploads.close()
    this.server.closeAllConnections()
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.active += 1
    try {
      response.setHeader('x-content-type-options', 'nosniff')
      response.setHeader('referrer-policy', 'no-referrer')
      if (this.gate.enter(request, response)) return
      await this.route(request, response)
    } catch (error) {
      this.fail(error, request, response)
    } finally {
      this.active -= 1
    }
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    if (url.pathname === '/health' && request.method === 'GET') {
      return sendJson(response, 200, { healthy: true, problem: null })
    }
    const found = routeOf(request.method ?? '', url.pathname)
    if (found.name !== 'download') this.gate.mustKnow(request)
    if (this.active > MAX_ACTIVE) throw new SmartshareError('AGENT_BUSY', `at most ${MAX_ACTIVE} requests at a time`)
    const route = agentRoutes[found.name]
    const params = checked(route.params, found.params)
    const query = checked(route.query, Object.fromEntries(url.searchParams))
    if (found.name !== 'put') refuseBody(request)
    const { desk, origins } = this.options
    const context = { desk, origins, uploads: this.uploads, tickets: this.tickets, request, response }
    const answer = await (answers[found.name] as Answering)(params, query, context)
    if (answer !== undefined) sendJson(response, found.name === 'put' ? 202 : 200, answer)
    return undefined
  }

  private fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const { log } = this.options
    // Whoever asked has gone: nobody is left to be told.
    if (response.destroyed || request.destroyed) return
    const code = SmartshareError.is(error) ? error.code : 'INTERNAL'
    if (code === 'INTERNAL') log.error({ err: error }, 'a question failed for a reason of our own')
    if (response.headersSent) {
      log.warn({ code }, 'an answer broke off')
      response.destroy()
      return
    }
    const isComplete = request.complete
    // The rest of an upload that is refused is not wanted.
    if (!isComplete) response.setHeader('connection', 'close')
    sendJson(response, statusOf(code), { error: failureView(error) })
    if (!isComplete) request.resume()
  }
}

const routes = (Object.entries(agentRoutes) as [AgentRouteName, (typeof agentRoutes)[AgentRouteName]][]).map(
  ([name, { method, path }]) => ({
    ...{ name, method },
    pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }),
)

/** Throws AGENT_PATH. */
function routeOf(method: string, path: string): Found {
  for (const one of routes) {
    const match = one.method === method ? one.pattern.exec(path) : null
    if (match !== null) return { name: one.name, params: { ...match.groups } }
  }
  throw new SmartshareError('AGENT_PATH', 'the agent has no such question')
}

/** Throws AGENT_QUERY with what is wrong. */
function checked(schema: z.ZodObject, given: unknown): Record<string, unknown> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SmartshareError('AGENT_QUERY', `wrong question: ${issue?.path.join('.') || 'names'}: ${issue?.message}`)
}

/** Only uploads have a body. Throws AGENT_QUERY. */
function refuseBody({ headers }: IncomingMessage): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  if (length !== '0' || encoding !== undefined) throw new SmartshareError('AGENT_QUERY', 'this question has no body')
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
  response.writeHead(status, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
  response.end(text)
}
