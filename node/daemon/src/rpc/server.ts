import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import { SmartshareError } from '@smartshare/codec'
import Fastify, { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { NodeApi } from '../api.ts'
import { Dispatcher, failureText } from './dispatch.ts'
import { MAX_ACTIVE_REQUESTS, MAX_REQUEST_BYTES, MAX_SOCKETS, PING_INTERVAL_MS, STOP_GRACE_MS } from './limits.ts'
import { RpcMetrics } from './metrics.ts'
import { isOriginAllowed } from './origins.ts'
import { failureOf } from './rpc-failure.ts'
import { SocketClient } from './socket.ts'
import { SubscriptionHub } from './subscriptions.ts'

/** WebSocket status (RFC 6455 §7.4.1, IANA registry). */
const TRY_AGAIN_LATER = 1013
const JSON_TYPE = 'application/json; charset=utf-8'
const REQUEST_TIMEOUT_MS = 30_000
const CORS_AGE_SECONDS = '600'

export interface RpcOptions {
  readonly node: NodeApi
  readonly logger: Logger
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Web pages that may use the RPC (see `isOriginAllowed`); those of this machine unless told otherwise. */
  readonly origins?: readonly string[]
}

export interface RpcServer {
  readonly host: string
  readonly port: number
  /** For POST. */
  readonly url: string
  /** For WebSocket. */
  readonly ws: string
  /** Takes no more requests, lets those in work finish within a few seconds, then closes everything. */
  close(): Promise<void>
}

/** Serves `node` over HTTP and WebSocket: JSON-RPC 2.0 on `/` and `/ws`, `/health`, `/metrics`. Throws RPC_LISTEN. */
export async function startRpcServer(options: RpcOptions): Promise<RpcServer> {
  const { node, logger, origins = ['local'] } = options
  const metrics = new RpcMetrics(node.metrics)
  const hub = new SubscriptionHub(node, metrics)
  const dispatcher = new Dispatcher(node, metrics, (error, method) => {
    logger.error({ err: error, method }, 'a call failed for a reason of our own')
  })
  const clients = new Set<SocketClient>()
  let active = 0
  let stopping = false

  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  await app.register(websocket, { options: { maxPayload: MAX_REQUEST_BYTES, perMessageDeflate: false } })

  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined) return undefined
    if (!isOriginAllowed(origin, origins)) {
      return refuse(reply, 403, new SmartshareError('RPC_ORIGIN', 'pages of this origin may not use this node'))
    }
    reply.header('access-control-allow-origin', origin).header('vary', 'origin')
    if (request.method !== 'OPTIONS') return undefined
    return reply
      .header('access-control-allow-methods', 'GET, POST')
      .header('access-control-allow-headers', 'content-type')
      .header('access-control-max-age', CORS_AGE_SECONDS)
      .status(204)
      .send()
  })
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status === 413) {
      return refuse(reply, status, new SmartshareError('RPC_TOO_LARGE', `at most ${MAX_REQUEST_BYTES} bytes`))
    }
    if (status < 500) return refuse(reply, status, new SmartshareError('RPC_REQUEST', 'not a request for this server'))
    logger.error({ err: error }, 'a request failed for a reason of our own')
    return refuse(reply, status, error)
  })
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, 404, new SmartshareError('RPC_REQUEST', 'POST JSON-RPC to /, or GET /health, /metrics')),
  )

  app.post('/', async (request: FastifyRequest, reply) => {
    if (node.halted !== undefined) return refuse(reply, 503, node.halted)
    if (stopping || active >= MAX_ACTIVE_REQUESTS) {
      metrics.busy.inc()
      return refuse(
        reply,
        503,
        new SmartshareError('RPC_BUSY', stopping ? 'the node is stopping' : 'too many requests'),
      )
    }
    active += 1
    try {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const answer = await dispatcher.answer(body)
      return answer === undefined ? reply.status(204).send() : reply.type(JSON_TYPE).send(answer)
    } finally {
      active -= 1
    }
  })
  app.get('/ws', { websocket: true }, (socket) => {
    if (stopping || clients.size >= MAX_SOCKETS) {
      socket.close(TRY_AGAIN_LATER, 'RPC_BUSY')
      return
    }
    if (node.halted !== undefined) {
      socket.close(TRY_AGAIN_LATER, node.halted.code)
      return
    }
    const client = new SocketClient(socket, dispatcher, hub, metrics)
    clients.add(client)
    metrics.sockets.set(clients.size)
    socket.on('close', () => {
      clients.delete(client)
      metrics.sockets.set(clients.size)
    })
  })
  app.get('/health', async (_request, reply) => {
    const { healthy, problem, finalHeight } = node.status()
    if (node.halted !== undefined) {
      const { code, cure } = failureOf(node.halted).data
      reply.status(503)
      return { healthy: false, height: null, final: null, problem: problem ?? node.halted.message, code, cure }
    }
    const { height } = node.state()
    reply.status(healthy ? 200 : 503)
    return { healthy, height, final: Math.max(height, finalHeight), problem: problem ?? null }
  })
  app.get('/metrics', async (_request, reply) => {
    return reply.type(node.metrics.contentType).send(await node.metrics.metrics())
  })

  // News would stay away without a word: clients are told to listen elsewhere.
  const endHalt = node.onHalt(() => {
    for (const client of clients) client.halt()
  })
  const pinging = setInterval(() => {
    for (const client of clients) client.ping()
  }, PING_INTERVAL_MS)
  pinging.unref()
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    clearInterval(pinging)
    endHalt()
    hub.close()
    await app.close()
    metrics.close()
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new SmartshareError('RPC_LISTEN', `cannot listen on ${options.host}:${options.port}: ${why}`, { why }, error)
  }
  const { address, port } = app.server.address() as AddressInfo
  const authority = `${address.includes(':') ? `[${address}]` : address}:${port}`
  return {
    host: address,
    port,
    url: `http://${authority}/`,
    ws: `ws://${authority}/ws`,
    async close() {
      if (stopping) return
      stopping = true
      clearInterval(pinging)
      endHalt()
      hub.close()
      for (const client of clients) client.close()
      const grace = setTimeout(() => {
        for (const client of clients) client.terminate()
        app.server.closeAllConnections()
      }, STOP_GRACE_MS)
      await app.close()
      clearTimeout(grace)
      metrics.close()
    },
  }
}

function refuse(reply: FastifyReply, status: number, error: unknown): FastifyReply {
  return reply.status(status).type(JSON_TYPE).send(failureText(null, error))
}
