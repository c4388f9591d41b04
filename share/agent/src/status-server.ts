import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SmartshareError } from '@smartshare/codec'
import type { AgentMetrics } from './metrics.ts'
import { type AgentStatus, statusJson } from './status.ts'

const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 10_000

/** /health, /metrics and /status of an agent, for this machine only: it says what it earns. */
export class StatusServer {
  readonly port: number
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** Throws PORT_IN_USE. */
  static async start(
    { host, port }: { readonly host: string; readonly port: number },
    status: () => Promise<AgentStatus>,
    metrics: AgentMetrics,
  ): Promise<StatusServer> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void answer(request.method ?? '', request.url ?? '', response, status, metrics)
    })
    server.maxConnections = MAX_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const isTaken = error.code === 'EADDRINUSE'
        const code = isTaken ? 'PORT_IN_USE' : 'AGENT_STATUS'
        reject(new SmartshareError(code, `the status of the agent cannot be served on port ${port}`, { port }, error))
      })
      server.listen(port, host, resolve)
    })
    return new StatusServer(server)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

async function answer(
  method: string,
  url: string,
  response: ServerResponse,
  status: () => Promise<AgentStatus>,
  metrics: AgentMetrics,
): Promise<void> {
  const reply = (code: number, type: string, body: string): void => {
    response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  }
  const problem = (code: number, name: string, message: string): void =>
    reply(code, 'application/json', JSON.stringify({ error: { code: name, message } }))
  try {
    if (method !== 'GET') return problem(405, 'AGENT_METHOD', 'only GET is answered here')
    switch (url.split('?')[0]) {
      case '/health': {
        const { healthy, problem: why } = await status()
        return reply(healthy ? 200 : 503, 'application/json', JSON.stringify({ healthy, problem: why }))
      }
      case '/status':
        return reply(200, 'application/json', statusJson(await status()))
      case '/metrics':
        return reply(200, metrics.contentType, await metrics.text())
      default:
        return problem(404, 'AGENT_PATH', 'there are /health, /metrics and /status')
    }
  } catch (error) {
    problem(500, SmartshareError.is(error) ? error.code : 'INTERNAL', 'the status could not be read')
  }
}
