import type { IncomingMessage, ServerResponse } from 'node:http'
import { SmartshareError } from '@smartshare/codec'
import { isToken } from './pairing.ts'

const PREFLIGHT_AGE_SECONDS = 600
const METHODS = 'GET, PUT, POST, DELETE'
const HEADERS = 'authorization, content-type, range'
const SCHEME = 'Bearer '
const MAX_URL_CHARACTERS = 4096

export interface GateOptions {
  readonly token: string
  /** Origins of the app; no other page may ask. */
  readonly origins: readonly string[]
  readonly port: number
}

/** Who may ask: this machine, by its own name, a page of the app or a program, and only with the token. */
export class Gate {
  private readonly options: GateOptions
  private readonly hosts: ReadonlySet<string>

  constructor(options: GateOptions) {
    this.options = options
    this.hosts = new Set(['127.0.0.1', 'localhost'].map((name) => `${name}:${options.port}`))
  }

  /**
   * Lets a request in, or throws AGENT_HOST, AGENT_ORIGIN, AGENT_PATH. True: it was a question of the browser whether it may
   * ask, and is answered.
   */
  enter(request: IncomingMessage, response: ServerResponse): boolean {
    const { host = '', origin } = request.headers
    // A name that was turned to this machine (DNS rebinding) makes a page of another place look like our own.
    if (!this.hosts.has(host))
      throw new SmartshareError('AGENT_HOST', 'the agent is asked under a name of its own only')
    if ((request.url ?? '').length > MAX_URL_CHARACTERS) {
      throw new SmartshareError('AGENT_PATH', 'the address is too long')
    }
    response.setHeader('vary', 'origin')
    if (origin !== undefined) {
      if (!this.options.origins.includes(origin)) {
        throw new SmartshareError('AGENT_ORIGIN', 'pages of this origin may not use this agent')
      }
      response.setHeader('access-control-allow-origin', origin)
    }
    if (request.method !== 'OPTIONS') return false
    response.setHeader('access-control-allow-methods', METHODS)
    response.setHeader('access-control-allow-headers', HEADERS)
    response.setHeader('access-control-max-age', PREFLIGHT_AGE_SECONDS)
    if (request.headers['access-control-request-private-network'] === 'true') {
      response.setHeader('access-control-allow-private-network', 'true')
    }
    response.writeHead(204).end()
    return true
  }

  /** Throws AGENT_TOKEN unless the request carries the token. */
  mustKnow(request: IncomingMessage): void {
    const { authorization = '' } = request.headers
    const given = authorization.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : ''
    if (!isToken(given, this.options.token)) {
      throw new SmartshareError('AGENT_TOKEN', 'the pairing token is missing or not that of this agent')
    }
  }
}
