import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from './headers.ts'
import { startWebServer, type WebServer } from './server.ts'
import { readWebSettings } from './settings.ts'

let home = ''
let server: WebServer

const SETTINGS = {
  port: 0,
  network: { name: 'local', chainId: 'ab'.repeat(32), rpc: ['http://127.0.0.1:9'], ws: ['ws://127.0.0.1:9/ws'] },
}

function settings(change: object = {}) {
  const path = join(home, 'web.json')
  writeFileSync(path, JSON.stringify({ ...SETTINGS, ...change }))
  return readWebSettings(path)
}

/** Sends a path as it is: `fetch` would tidy it. */
function get(path: string): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port: server.port, path }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
      .on('error', reject)
      .end()
  })
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'web-server-'))
  mkdirSync(join(home, 'app', 'assets'), { recursive: true })
  writeFileSync(join(home, 'app', 'index.html'), '<!doctype html>')
  writeFileSync(join(home, 'app', 'assets', 'a.js'), 'export {}')
  writeFileSync(join(home, 'secret.json'), '{"secret":1}')
  server = await startWebServer(settings(), home, join(home, 'app'))
})
afterAll(async () => {
  await server?.close()
  rmSync(home, { recursive: true, force: true })
})

describe('the server of the web app', () => {
  it('gives files, and the page for every path that the app routes', async () => {
    expect(await get('/assets/a.js')).toMatchObject({ status: 200, body: 'export {}' })
    expect((await get('/assets/a.js')).headers['cache-control']).toContain('immutable')
    for (const path of ['/', '/wallet', '/wallet/send?to=x']) {
      expect(await get(path)).toMatchObject({ status: 200, body: '<!doctype html>' })
    }
    expect(await get('/network.json')).toMatchObject({ status: 200 })
    expect(JSON.parse((await get('/network.json')).body)).toMatchObject({ chainId: 'ab'.repeat(32), faucet: false })
    expect(JSON.parse((await get('/health')).body)).toEqual({ healthy: true, problem: null })
  })

  it('gives nothing else, however the path is written', async () => {
    const paths = [
      ...['/../secret.json', '/assets/../../secret.json', '/%2e%2e/secret.json', '/..%2fsecret.json'],
      ...[
        '/..%5csecret.json',
        '/%00.json',
        '/%zz.json',
        '//etc/passwd.txt',
        `/${'a'.repeat(600)}.js`,
        '/assets/none.js',
      ],
    ]
    for (const path of paths)
      expect([path, (await get(path)).body]).toEqual([path, expect.not.stringContaining('secret":1')])
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 404])
  })

  it('says with every answer what pages may do: their own files and the nodes of the network alone', async () => {
    const policy = String((await get('/')).headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self' http://127.0.0.1:9 ws://127.0.0.1:9;")
    expect(policy).not.toMatch(/unsafe|\*/)
    const { network } = settings({ network: { ...SETTINGS.network, indexer: 'http://127.0.0.1:8/index' } })
    expect(contentSecurityPolicy({ network })).toContain(
      "connect-src 'self' http://127.0.0.1:9 ws://127.0.0.1:9 http://127.0.0.1:8;",
    )
    expect(policy).toContain("frame-src 'none'")
    const stored = settings({ network: { ...SETTINGS.network, agent: 'http://127.0.0.1:7' } })
    expect(contentSecurityPolicy(stored)).toContain(
      'ws://127.0.0.1:9 http://127.0.0.1:7; frame-src http://127.0.0.1:7;',
    )
    expect((await get('/none.js')).headers['content-security-policy']).toBe(policy)
  })

  it('has a faucet only where the settings say so, and takes no form of another page for a request', async () => {
    const post = (body: string, type: string) =>
      fetch(`http://127.0.0.1:${server.port}/faucet`, { method: 'POST', body, headers: { 'content-type': type } })
    expect(await (await post('{"address":"x"}', 'application/json')).json()).toMatchObject({
      error: { code: 'WEB_FAUCET' },
    })
    expect((await post('address=x', 'application/x-www-form-urlencoded')).status).toBe(405)
    expect(await (await post('{', 'application/json')).json()).toMatchObject({ error: { code: 'WEB_REQUEST' } })
    expect(await (await post(`"${'x'.repeat(5000)}"`, 'application/json')).json()).toMatchObject({
      error: { code: 'WEB_REQUEST' },
    })
  })

  it('does not start with settings that it cannot follow, a port in use, or without the app', async () => {
    expect(() => settings({ network: { ...SETTINGS.network, rpc: ['nonsense'] } })).toThrow(
      expect.objectContaining({ code: 'WEB_SETTINGS' }),
    )
    expect(() => readWebSettings(join(home, 'none.json'))).toThrow(expect.objectContaining({ code: 'WEB_SETTINGS' }))
    await expect(startWebServer(settings(), home, join(home, 'none'))).rejects.toMatchObject({ code: 'WEB_FILES' })
    await expect(startWebServer(settings({ port: server.port }), home, join(home, 'app'))).rejects.toMatchObject({
      code: 'WEB_LISTEN',
    })
  })
})
