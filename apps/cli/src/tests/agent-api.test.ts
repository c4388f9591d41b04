import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initAgent, type RunningAgent, startAgent } from '@smartshare/agent'
import { pairingLink, readPairing, type ServedOwner, serveOwner } from '@smartshare/agent/owner-api'
import { AgentClient, type AgentUpload } from '@smartshare/client'
import { sha256, toHex } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'

// The local API over whole providers, a node in memory behind its real server, real links and files.

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const PROVIDERS = ['p1', 'p2']
const APP = 'http://localhost:21900'
const QUOTA_BYTES = 8 * 2 ** 20
const PATIENCE = { timeout: 60_000, interval: 50 }
const TERMS = { copies: 2, periods: 20 }

let home = ''
let network: LocalNetwork
let served: ServedOwner
let client: AgentClient
const providers: RunningAgent[] = []
const logged: string[] = []

const uploadId = () => randomBytes(16).toString('hex')
const pairingPath = () => join(home, 'alice.pairing')

async function serve(isNewToken = false): Promise<ServedOwner> {
  return await serveOwner({
    client: await network.client(),
    account: accountOf('alice'),
    wallet: 'alice',
    folder: join(home, 'puts'),
    pairingPath: pairingPath(),
    isNewToken,
    port: 0,
    apps: [APP],
    quotaBytes: QUOTA_BYTES,
    logTo: { write: (line) => void logged.push(line) },
  })
}

async function over(upload: string): Promise<AgentUpload> {
  return await vi.waitFor(async () => {
    const view = await client.ask('upload', { upload })
    expect(['done', 'failed', 'cancelled']).toContain(view.state)
    return view
  }, PATIENCE)
}

async function store(bytes: Uint8Array<ArrayBuffer>, name: string, type = ''): Promise<string> {
  const upload = uploadId()
  await client.put(upload, bytes, { name, type, ...TERMS })
  const view = await over(upload)
  expect(view).toMatchObject({ state: 'done', error: null, ready: 2 })
  return view.object ?? ''
}

/** A request as a browser or a program may send it, with any headers. */
function raw(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: Uint8Array } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> {
  const { port } = new URL(served.url)
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const codeOf = (body: Buffer) => (JSON.parse(body.toString()) as { error: { code: string } }).error.code
const bearer = () => ({ authorization: `Bearer ${served.pairing.token}` })

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-agent-api-'))
  network = await LocalNetwork.start({ accounts: ['alice', 'bob', ...PROVIDERS] })
  for (const name of PROVIDERS) {
    const dir = join(home, name)
    await initAgent({
      dir,
      seed: sha256(new TextEncoder().encode(`test account ${name}`)),
      settings: {
        name,
        network: { chainId: toHex(network.node.chainId), rpc: [network.server.url], ws: [network.server.ws] },
        listen: ['/ip4/127.0.0.1/tcp/0'],
        status: { port: 0 },
        localNetwork: true,
        storage: { capacityBytes: 2 ** 30 },
      },
    })
    const provider = await startAgent({ dir, logTo: { write: () => undefined } })
    providers.push(provider)
    await vi.waitFor(async () => expect((await provider.status()).offerState).toBe('listed'), PATIENCE)
  }
  served = await serve()
  client = new AgentClient({ url: served.url, token: served.pairing.token })
})

afterAll(async () => {
  await served?.close()
  for (const provider of providers) await provider.stop()
  await network.close()
  rmSync(home, { recursive: true, force: true })
})

describe('the local API of an owner', () => {
  it('stores a file, lists it, gives it back byte by byte, and removes it', async () => {
    const bytes = new Uint8Array(randomBytes(3 * 2 ** 20 + 17))
    const object = await store(bytes, 'film ünö.bin', 'video/mp4')
    const { items, isWhole } = await client.ask('objects', {})
    expect(isWhole).toBe(true)
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ object, name: 'film ünö.bin', mediaType: 'video/mp4', sizeBytes: bytes.length })
    expect(items[0]).toMatchObject({ copies: 2, token: 'SSP' })
    expect(items[0]?.endsMs).toBeGreaterThan(Date.now() - 3_600_000)
    expect(items[0]?.expectedGrains).toBeGreaterThan(0n)
    expect(Buffer.compare(await client.content(object), bytes)).toBe(0)
    expect(Buffer.compare(await client.content(object, 1000), bytes.subarray(0, 1000))).toBe(0)

    const detail = await client.ask('object', { object })
    expect(new Set(detail.agreements.map(({ provider }) => provider)).size).toBe(2)
    expect(detail.places.map(({ agreement }) => agreement)).toEqual(detail.agreements.map((one) => one.agreement))
    for (const { addresses, peer } of detail.places) expect([addresses.length, peer.length > 10]).toEqual([1, true])
    for (const { ending, escrowGrains, heldGrains } of detail.agreements) {
      expect((ending?.costGrains ?? 0n) + (ending?.returnedGrains ?? 0n)).toBe(escrowGrains + heldGrains)
    }

    const ticket = await client.ask('ticket', { object })
    const { path } = ticket
    const given = await raw(path)
    expect([given.status, Buffer.compare(given.body, bytes)]).toEqual([200, 0])
    expect(given.headers).toMatchObject({ 'content-type': 'application/octet-stream' })
    expect(given.headers['content-disposition']).toContain("filename*=UTF-8''film%20%C3%BCn%C3%B6.bin")
    expect((await raw(path)).status).toBe(404)

    const removed = await client.ask('remove', { object })
    expect(removed.ended).toEqual(detail.agreements.map(({ agreement }) => agreement))
    expect((await client.ask('objects', {})).items).toEqual([])
    await expect(client.content(object)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN' })
    expect((await client.ask('object', { object })).agreements.map(({ state }) => state)).toEqual(['ended', 'ended'])
  })

  it('keeps an empty file too', async () => {
    const object = await store(new Uint8Array(), 'empty')
    expect((await client.content(object)).length).toBe(0)
    expect((await client.content(object, 100)).length).toBe(0)
    await client.ask('remove', { object })
  })

  it('says before an upload what it would cost, and refuses what cannot be', async () => {
    const quote = await client.ask('quote', {}, { sizes: '999000,1000', ...TERMS })
    expect(quote).toMatchObject({ sizeBytes: 1_000_000, copies: 2, periods: 20, providers: 2, problem: null })
    expect(quote.lockedGrains).toBeGreaterThan(0n)
    const problem = async (sizeBytes: number, terms: object) =>
      (await client.ask('quote', {}, { sizes: `${sizeBytes}`, ...terms })).problem?.code
    expect(await problem(1000, { copies: 3 })).toBe('AGENT_PROVIDERS')
    expect(await problem(QUOTA_BYTES + 1, TERMS)).toBe('AGENT_QUOTA')
    const before = (await client.ask('status', {})).balanceGrains
    for (const [sizeBytes, terms, code] of [
      [1000, { copies: 3 }, 'AGENT_PROVIDERS'],
      [QUOTA_BYTES + 1, TERMS, 'AGENT_QUOTA'],
    ] as const) {
      await expect(client.put(uploadId(), new Uint8Array(sizeBytes), terms)).rejects.toMatchObject({
        code: expect.stringMatching(`${code}|AGENT_UNREACHABLE`),
      })
    }
    await expect(client.ask('quote', {}, { sizes: `${9 * 10 ** 14}` })).rejects.toMatchObject({ code: 'STORAGE_SIZE' })
    expect((await client.ask('status', {})).balanceGrains).toBe(before)
  })

  it('takes no upload twice, and nothing of one that is cut off or cancelled', async () => {
    const upload = uploadId()
    const bytes = new Uint8Array(randomBytes(1000))
    await client.put(upload, bytes, { name: 'once', ...TERMS })
    await expect(client.put(upload, bytes, { name: 'once', ...TERMS })).rejects.toMatchObject({
      code: 'AGENT_UPLOAD_KNOWN',
    })
    const { object } = await over(upload)
    await client.ask('remove', { object: object ?? '' })
    const { balanceGrains } = await client.ask('status', {})

    const cut = uploadId()
    const { port } = new URL(served.url)
    const headers = { ...bearer(), 'content-length': '5000' }
    const path = `/v1/uploads/${cut}?copies=2&periods=20`
    const sent = httpRequest({ host: '127.0.0.1', port, path, method: 'PUT', headers })
    sent.on('error', () => undefined)
    sent.write(bytes)
    await vi.waitFor(
      async () => expect((await client.ask('upload', { upload: cut })).receivedBytes).toBe(1000),
      PATIENCE,
    )
    sent.destroy()
    expect(await over(cut)).toMatchObject({ state: 'failed', error: { code: 'AGENT_CUT' } })

    const given = uploadId()
    const slow = httpRequest({
      ...{ host: '127.0.0.1', port, method: 'PUT', headers },
      path: `/v1/uploads/${given}?copies=2&periods=20`,
    })
    slow.on('error', () => undefined)
    slow.write(bytes)
    await vi.waitFor(async () => expect((await client.ask('uploads', {})).items[0]?.upload).toBe(given), PATIENCE)
    expect(await client.ask('cancel', { upload: given })).toMatchObject({ state: 'cancelled', error: null })
    slow.destroy()
    expect((await client.ask('status', {})).balanceGrains).toBe(balanceGrains)
    await client.ask('cancel', { upload: given })
    await expect(client.ask('upload', { upload: given })).rejects.toMatchObject({ code: 'AGENT_UPLOAD' })
  })

  it('answers its own app and programs with the token, and nobody else', async () => {
    const stranger = new AgentClient({ url: served.url, token: 'x'.repeat(43) })
    await expect(stranger.ask('status', {})).rejects.toMatchObject({ code: 'AGENT_TOKEN' })
    const host = new URL(served.url).host
    const refused = async (headers: Record<string, string>, method = 'GET') => {
      const { status, headers: given, body } = await raw('/v1/status', { method, headers })
      expect(given['access-control-allow-origin']).toBeUndefined()
      return [status, codeOf(body)]
    }
    expect(await refused({})).toEqual([401, 'AGENT_TOKEN'])
    expect(await refused({ ...bearer(), host: 'evil.example' })).toEqual([403, 'AGENT_HOST'])
    expect(await refused({ ...bearer(), host: `evil.example:${new URL(served.url).port}` })).toEqual([
      403,
      'AGENT_HOST',
    ])
    for (const origin of [
      'http://evil.example',
      'null',
      `${APP}.evil.example`,
      'http://localhost:21901',
      `http://${host}`,
    ]) {
      expect(await refused({ ...bearer(), origin })).toEqual([403, 'AGENT_ORIGIN'])
      expect(await refused({ origin, 'access-control-request-method': 'GET' }, 'OPTIONS')).toEqual([
        403,
        'AGENT_ORIGIN',
      ])
    }
    const own = await raw('/v1/status', { headers: { ...bearer(), origin: APP } })
    expect([own.status, own.headers['access-control-allow-origin']]).toEqual([200, APP])
    const preflight = await raw('/v1/uploads/x', {
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'PUT',
        'access-control-request-private-network': 'true',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-private-network': 'true',
      'access-control-allow-headers': expect.stringContaining('authorization'),
    })
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined()
  })

  it('refuses questions that it does not know, bodies that it does not want, and lengths that are not said', async () => {
    const ask = async (path: string, more: Parameters<typeof raw>[1] = {}) => {
      const { status, body } = await raw(path, { ...more, headers: { ...bearer(), ...more.headers } })
      return [status, codeOf(body)]
    }
    expect(await ask('/v1/nothing')).toEqual([404, 'AGENT_PATH'])
    expect(await ask(`/v1/status?${'a'.repeat(5000)}`)).toEqual([404, 'AGENT_PATH'])
    expect(await ask('/v1/objects/..%2f..%2fetc')).toEqual([400, 'AGENT_QUERY'])
    expect(await ask('/v1/quote?sizes=-1')).toEqual([400, 'AGENT_QUERY'])
    expect(await ask('/v1/quote?sizes=1&copies=65')).toEqual([400, 'AGENT_QUERY'])
    expect(await ask('/v1/status', { headers: { 'content-length': '1' }, body: Buffer.from('x') })).toEqual([
      400,
      'AGENT_QUERY',
    ])
    expect(
      await ask(`/v1/uploads/${uploadId()}`, { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }),
    ).toEqual([411, 'AGENT_LENGTH'])
    expect(await ask('/v1/downloads/abc')).toEqual([400, 'AGENT_QUERY'])
    expect(await ask(`/v1/downloads/${'a'.repeat(43)}`)).toEqual([404, 'AGENT_TICKET'])
  })

  it('keeps its token from other users, out of its log, and for the next start', async () => {
    const { token } = served.pairing
    expect(statSync(pairingPath()).mode & 0o777).toBe(0o600)
    expect(pairingLink(readPairing(pairingPath()))).toBe(`${APP}/storage#agent=${token}`)
    expect(logged.join('')).toContain('an upload is stored')
    expect(logged.join('')).not.toContain(token)
    for (const name of ['film', 'once']) expect(logged.join('')).not.toContain(name)
    chmodSync(pairingPath(), 0o644)
    await served.close()
    served = await serve()
    expect(served.pairing.token).toBe(token)
    expect(statSync(pairingPath()).mode & 0o777).toBe(0o600)
    await served.close()
    served = await serve(true)
    expect(served.pairing.token).not.toBe(token)
    client = new AgentClient({ url: served.url, token })
    await expect(client.ask('status', {})).rejects.toMatchObject({ code: 'AGENT_TOKEN' })
    expect(readFileSync(pairingPath(), 'utf8')).toContain(served.pairing.token)
  })
})
