import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SmartshareError } from '@smartshare/codec'
import { cureOf } from '@smartshare/codec/errors'
import { Faucet } from './faucet.ts'
import { contentSecurityPolicy, SAFE_HEADERS } from './headers.ts'
import type { WebSettings } from './settings.ts'
import { StaticFiles } from './static-files.ts'

/** Where the build of the web app lies. */
const APP_FOLDER = fileURLToPath(new URL('../../web/dist/', import.meta.url))
const MAX_BODY_BYTES = 4096
const REQUEST_TIMEOUT_MS = 30_000
const MAX_CONNECTIONS = 256
const JSON_TYPE = 'application/json; charset=utf-8'

export interface WebServer {
  /** What people open: by name, because passkeys belong to names. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves the app: its files, `/network.json` (where the network is), `/faucet` on local networks, `/health`. `folder` is where
 * the settings lie. Throws WEB_FILES if the app was not built, WEB_LISTEN.
 */
export async function startWebServer(settings: WebSettings, folder: string, app = APP_FOLDER): Promise<WebServer> {
  if (!existsSync(join(app, 'index.html'))) {
    throw new SmartshareError('WEB_FILES', `there is no built web app in ${app}`, { app })
  }
  const site = new Site(settings, folder, app)
  const server = createServer((request, response) => void site.answer(request, response))
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code ?? 'unknown'
      reject(new SmartshareError('WEB_LISTEN', `cannot listen on ${settings.host}:${settings.port}: ${why}`, { why }))
    })
    server.listen(settings.port, settings.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const name = settings.host === '127.0.0.1' ? 'localhost' : settings.host
  return {
    url: `http://${name}:${port}`,
    port,
    async close() {
      server.close()
      server.closeAllConnections()
      await site.close()
    },
  }
}

class Site {
  private readonly settings: WebSettings
  private readonly files: StaticFiles
  private readonly faucet: Faucet
  private readonly headers: Readonly<Record<string, string>>

  constructor(settings: WebSettings, folder: string, app: string) {
    this.settings = settings
    this.files = new StaticFiles(app)
    this.faucet = new Faucet(settings, folder)
    this.headers = { ...SAFE_HEADERS, 'content-security-policy': contentSecurityPolicy(settings) }
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = (request.url ?? '/').split('?', 1)[0] as string
      if (path === '/faucet') await this.giveMoney(request, response)
      else if (request.method !== 'GET' && request.method !== 'HEAD')
        this.refuse(response, 405, 'only GET is answered here')
      else if (path === '/health') this.json(response, 200, { healthy: true, problem: null })
      else if (path === '/network.json') this.json(response, 200, this.network())
      else await this.file(path, request, response)
    } catch (error) {
      const known = SmartshareError.is(error) ? error : new SmartshareError('INTERNAL', 'the server failed')
      const { code, message } = known
      if (response.headersSent) response.destroy()
      else this.json(response, SmartshareError.is(error) ? 400 : 500, { error: { code, message, cure: cureOf(code) } })
    }
  }

  close(): Promise<void> {
    return this.faucet.close()
  }

  private network() {
    return { ...this.settings.network, faucet: this.settings.faucet !== null }
  }

  private async giveMoney(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of another origin cannot send this type without asking first, and nobody answers that.
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      this.refuse(response, 405, 'POST JSON here')
      return
    }
    const { address } = (await readJson(request)) as { address?: unknown }
    this.json(response, 200, await this.faucet.give(address))
  }

  private async file(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = await this.files.find(path)
    if (file === undefined) {
      this.refuse(response, 404, 'there is no such file')
      return
    }
    const isZipped = file.gzipped !== undefined && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const bytes = isZipped ? (file.gzipped as Uint8Array) : file.bytes
    response.writeHead(200, {
      ...this.headers,
      'content-type': file.type,
      'content-length': bytes.length,
      'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }

  private refuse(response: ServerResponse, status: number, message: string): void {
    this.json(response, status, { error: { code: 'WEB_REQUEST', message, cure: cureOf('WEB_REQUEST') } })
  }

  private json(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { ...this.headers, 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
    response.end(JSON.stringify(value))
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > MAX_BODY_BYTES) throw new SmartshareError('WEB_REQUEST', `at most ${MAX_BODY_BYTES} bytes`)
    parts.push(part)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString())
    if (value !== null && typeof value === 'object') return value
  } catch {
    // Told below.
  }
  throw new SmartshareError('WEB_REQUEST', 'the body is a JSON object')
}
