import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import rateLimit from '@fastify/rate-limit'
import { type IndexerRoute, type IndexerRouteName, indexerRoutes, MAX_INDEX_PAGE } from '@smartshare/client'
import { type ErrorDetails, SmartshareError } from '@smartshare/codec'
import { cureOf } from '@smartshare/codec/errors'
import { isOriginAllowed } from '@smartshare/daemon/origins'
import Fastify, { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { answers, type Index } from './answers.ts'
import { columnsOf, csvLines } from './csv.ts'
import { IndexMetrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import type { PageOf } from './pages.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const REQUEST_TIMEOUT_MS = 30_000
const CORS_AGE_SECONDS = '600'
const MAX_URL_CHARACTERS = 2048
/** Questions in work at a time, and files of CSV among them. */
const MAX_ACTIVE = 64
const MAX_EXPORTS = 2
/** Questions of one address in a minute: a page that asks for all it shows, again and again. */
const MAX_PER_MINUTE = 3000
const MAX_TEXT = 500

/** HTTP status of refusals; of all others 500. */
const STATUS: Readonly<Record<string, number>> = {
  INDEX_QUERY: 400,
  INDEX_CURSOR: 400,
  INDEX_NOT_FOUND: 404,
  INDEX_STARTING: 503,
  INDEX_BUSY: 503,
  INDEX_TIMEOUT: 503,
  INDEX_DATABASE: 503,
  INDEX_RATE: 429,
}

export interface IndexServerOptions {
  readonly index: Index
  readonly logger: Logger
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Web pages that may ask; those of this machine unless told otherwise. */
  readonly origins?: readonly string[]
  readonly perMinute?: number
}

export interface IndexServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

type Answering = (index: Index, params: unknown, query: unknown) => Promise<unknown>

/** Serves an index over HTTP: the questions of `indexerRoutes`, `/openapi.json`, `/health`, `/metrics`. Throws RPC_LISTEN. */
export async function startIndexServer(options: IndexServerOptions): Promise<IndexServer> {
  const { index, logger, origins = ['local'], perMinute = MAX_PER_MINUTE } = options
  const metrics = new IndexMetrics(index.follower)
  const document = JSON.stringify(openApiDocument())
  let active = 0
  let exports = 0

  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_URL_CHARACTERS },
    exposeHeadRoutes: false,
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, new SmartshareError('INDEX_QUERY', 'not an address of this server'), 400)
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    const { origin } = request.headers
    if (request.url.length > MAX_URL_CHARACTERS) throw new SmartshareError('INDEX_QUERY', 'the address is too long')
    if (origin === undefined) return undefined
    if (!isOriginAllowed(origin, origins)) {
      return refuse(reply, new SmartshareError('RPC_ORIGIN', 'pages of this origin may not use this indexer'), 403)
    }
    reply.header('access-control-allow-origin', origin).header('vary', 'origin')
    if (request.method !== 'OPTIONS') return undefined
    return reply
      .header('access-control-allow-methods', 'GET')
      .header('access-control-max-age', CORS_AGE_SECONDS)
      .status(204)
      .send()
  })
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    cache: 10_000,
    errorResponseBuilder: () => new SmartshareError('INDEX_RATE', `at most ${perMinute} questions in a minute`),
  })
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    if (SmartshareError.is(error)) return refuse(reply, error)
    const { statusCode = 500 } = error
    if (statusCode < 500)
      return refuse(reply, new SmartshareError('INDEX_QUERY', 'not a question for this server'), statusCode)
    logger.error({ err: error }, 'a question failed for a reason of our own')
    return refuse(reply, new SmartshareError('INDEX_BROKEN', 'the indexer could not answer: its log says why'))
  })
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, new SmartshareError('INDEX_QUERY', 'there is no such page: /openapi.json lists them'), 404),
  )

  const serve = async (name: IndexerRouteName, route: IndexerRoute, request: FastifyRequest, reply: FastifyReply) => {
    const params = checked(route.params, request.params)
    const query = checked(route.query, request.query)
    const answer = answers[name] as unknown as Answering
    if (query.format === 'csv') {
      const columns = columnsOf(route.answer) ?? []
      if (exports >= MAX_EXPORTS) throw new SmartshareError('INDEX_BUSY', `at most ${MAX_EXPORTS} files at a time`)
      exports += 1
      const pageAt = (cursor: string | undefined) =>
        answer(index, params, { ...query, cursor, limit: MAX_INDEX_PAGE }) as Promise<PageOf<unknown>>
      const lines = Readable.from(csvLines(columns, pageAt, query.cursor as string | undefined))
      lines.once('close', () => {
        exports -= 1
      })
      lines.once('error', (error) => logger.warn({ err: error, question: name }, 'a file of rows broke off'))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}.csv"`)
        .send(lines)
    }
    // Before the rows are read: what they hold is at least as new.
    const height = index.follower.state?.height ?? 0
    const found = await answer(index, params, query)
    const isList = typeof found === 'object' && found !== null && 'items' in found
    return reply.type(JSON_TYPE).send(JSON.stringify(isList ? { ...found, height } : found))
  }

  for (const [name, route] of Object.entries(indexerRoutes) as [IndexerRouteName, IndexerRoute][]) {
    app.get(route.path.replace(/\{(\w+)\}/g, ':$1'), async (request, reply) => {
      if (active >= MAX_ACTIVE) throw new SmartshareError('INDEX_BUSY', 'too many questions at a time')
      if (index.follower.state === undefined && name !== 'status') {
        throw new SmartshareError('INDEX_STARTING', 'the index has not begun: its node was not reached yet')
      }
      active += 1
      const stop = metrics.seconds.startTimer({ question: name })
      try {
        const sent = await serve(name, route, request, reply)
        metrics.answers.inc({ question: name, outcome: 'ok' })
        return sent
      } catch (error) {
        metrics.answers.inc({ question: name, outcome: SmartshareError.is(error) ? error.code : 'INDEX_BROKEN' })
        throw error
      } finally {
        active -= 1
        stop()
      }
    })
  }
  app.get('/openapi.json', async (_request, reply) => reply.type(JSON_TYPE).send(document))
  app.get('/health', async (_request, reply) => {
    const { state, phase, problem, nodeHeight } = index.follower
    const healthy = phase === 'following'
    reply.status(healthy ? 200 : 503)
    const lag = state === undefined || nodeHeight === null ? null : Math.max(0, nodeHeight - state.height)
    return {
      ...{ healthy, state: phase, height: state?.height ?? null, nodeHeight, lag },
      percent:
        lag === null ? null : nodeHeight === 0 ? 100 : Math.floor((100 * (state?.height ?? 0)) / (nodeHeight ?? 1)),
      problem: problem?.message ?? (healthy ? null : phase),
      code: problem?.code ?? null,
    }
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )

  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await app.close()
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new SmartshareError('RPC_LISTEN', `cannot listen on ${options.host}:${options.port}: ${why}`, { why }, error)
  }
  const { address, port } = app.server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    port,
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

/** Throws INDEX_QUERY with what is wrong. */
function checked(schema: z.ZodObject, given: unknown): Record<string, unknown> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SmartshareError('INDEX_QUERY', `wrong question: ${issue?.path.join('.') || 'names'}: ${issue?.message}`)
}

function refuse(reply: FastifyReply, error: SmartshareError, status = STATUS[error.code] ?? 500): FastifyReply {
  const details = plainDetails(error.details)
  return reply
    .status(status)
    .type(JSON_TYPE)
    .send(
      JSON.stringify({
        error: {
          ...{ code: error.code, message: error.message.slice(0, MAX_TEXT), cure: cureOf(error.code) },
          ...(details && { details }),
        },
      }),
    )
}

function plainDetails(details: ErrorDetails): Record<string, unknown> | undefined {
  const entries = Object.entries(details).map(([name, value]) => [name, typeof value === 'bigint' ? `${value}` : value])
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
