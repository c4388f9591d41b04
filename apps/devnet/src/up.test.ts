import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from '@smartshare/agent'
import { openWallet } from '@smartshare/client'
import { toHex } from '@smartshare/crypto'
import { decodeGenesis } from '@smartshare/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { banner } from './banner.ts'
import { devnetDown, devnetReset } from './down.ts'
import type { DevnetOptions } from './options.ts'
import { freeBasePort } from './ports.ts'
import { isRunning } from './process-mark.ts'
import { readDevnet } from './records.ts'
import { standIn } from './stand-in-fixture.ts'
import { devnetStatus } from './status.ts'
import { devnetUp, type UpRequest } from './up.ts'

let basePort = 0
let home = ''
let dir = ''
let lines: string[] = []

const up = (options: Partial<DevnetOptions> = {}, more: Partial<UpRequest> = {}) =>
  devnetUp({
    dir,
    options: { basePort, delegates: 2, providers: 0, indexers: 0, ...options },
    program: standIn(home),
    progress: (line) => lines.push(line),
    ...more,
  })
const pidsOf = () => readDevnet(dir).processes.map(({ pid }) => pid)
const runningIn = () => readDevnet(dir).processes.filter(isRunning)

beforeEach(async () => {
  basePort = await freeBasePort()
  home = mkdtempSync(join(tmpdir(), 'devnet-up-'))
  dir = join(home, 'net')
  lines = []
})
afterEach(async () => {
  if (existsSync(join(dir, 'devnet.json'))) await devnetReset(dir)
  rmSync(home, { recursive: true })
})

describe('devnetUp', () => {
  it('makes a network whose processes each have only their own secrets, and starts it', async () => {
    const status = await up()
    expect(status.final).toBeGreaterThan(0)
    expect(status.down).toEqual([])
    expect(status.delegates.map(({ name, rpc }) => [name, rpc])).toEqual([
      ['d1', `http://127.0.0.1:${basePort}`],
      ['d2', `http://127.0.0.1:${basePort + 10}`],
    ])
    // The web app is the last.
    expect(status.delegates.map(({ pid }) => pid)).toEqual(pidsOf().slice(0, -1))
    expect(status.urls.web).toBe(`http://localhost:${basePort + 900}`)
    expect(JSON.parse(readFileSync(join(dir, 'network.json'), 'utf8'))).toEqual({
      name: 'local',
      chainId: status.chainId,
      rpc: [`http://127.0.0.1:${basePort}`, `http://127.0.0.1:${basePort + 10}`],
      ws: [`ws://127.0.0.1:${basePort}/ws`, `ws://127.0.0.1:${basePort + 10}/ws`],
      wallets: 'wallets',
      owner: 'owner',
    })
    const genesis = decodeGenesis(readFileSync(join(dir, 'genesis.cbor')))
    expect(genesis.delegates.map(({ name }) => name)).toEqual(['d1', 'd2'])
    for (const name of ['d1', 'd2']) {
      const folder = join(dir, 'delegates', name)
      const secrets = ['account.key', 'delegate.json', 'link.key']
      const files = [...secrets, 'genesis.cbor', 'node.json', 'node.log']
      expect(readdirSync(folder).sort()).toEqual(files.sort())
      for (const secret of secrets) expect(statSync(join(folder, secret)).mode & 0o777).toBe(0o600)
      const settings = JSON.parse(readFileSync(join(folder, 'node.json'), 'utf8'))
      expect(settings.p2p.peers).toHaveLength(1)
      expect(settings.p2p.peers[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
    }
    const password = readFileSync(join(dir, 'wallets', 'password'), 'utf8').trim()
    const owner = await openWallet(readFileSync(join(dir, 'wallets', 'owner.json'), 'utf8'), password)
    expect(toHex(genesis.placement[0]?.address as Uint8Array)).toBe(toHex(owner.account().address))
    expect(banner(status, '')).toContain(owner.account().text)
  })

  it('starts providers once blocks are final, each with a folder of its own that knows where the chain is', async () => {
    const status = await up({ providers: 2 })
    expect(lines.findIndex((line) => line.includes('final'))).toBeLessThan(lines.indexOf('starting p1 p2'))
    expect(status.storedBytes).toBe(2 * 1024 * 1024)
    expect(status.providers.map(({ name, status: url, offer }) => [name, url, offer])).toEqual([
      ['p1', `http://127.0.0.1:${basePort + 201}`, '7'],
      ['p2', `http://127.0.0.1:${basePort + 211}`, '7'],
    ])
    // Where something can be stored, the owner's agent runs and the web app knows it.
    const agent = `http://127.0.0.1:${basePort + 920}`
    expect([status.urls.agent, status.down]).toEqual([agent, []])
    expect(JSON.parse(readFileSync(join(dir, 'web', 'web.json'), 'utf8')).network.agent).toBe(agent)
    expect(banner(status, '')).toContain('agent pair')
    const folder = join(dir, 'providers', 'p2')
    expect(readdirSync(folder).sort()).toEqual(['agent.json', 'node.log', 'password', 'wallet.json'])
    const settings = await readSettings(folder)
    expect(settings).toMatchObject({
      name: 'p2',
      listen: [`/ip4/127.0.0.1/tcp/${basePort + 210}`],
      localNetwork: true,
    })
    expect(settings.network).toMatchObject({ chainId: status.chainId, rpc: status.delegates.map(({ rpc }) => rpc) })
    const genesis = decodeGenesis(readFileSync(join(dir, 'genesis.cbor')))
    const opened = await openWallet(
      readFileSync(join(folder, 'wallet.json'), 'utf8'),
      readFileSync(join(folder, 'password'), 'utf8').trim(),
    )
    expect(genesis.placement.map(({ address }) => toHex(address))).toContain(toHex(opened.account().address))
    await devnetDown(dir)
    await up({ providers: 2, basePort: basePort + 100 })
    expect((await readSettings(folder)).status.port).toBe(basePort + 311)
    expect((await readSettings(folder)).storage).toEqual(settings.storage)
  })

  it('leaves alone what runs and starts only what is missing', async () => {
    await up()
    const [first, second] = runningIn()
    process.kill(second?.pid as number, 'SIGKILL')
    await expect.poll(() => isRunning(second as never)).toBe(false)
    expect((await devnetStatus(dir)).down).toEqual(['d2'])
    await up()
    const after = runningIn()
    const named = (wanted: string) => after.find(({ name }) => name === wanted)
    expect(after).toHaveLength(3)
    expect(named('d1')).toEqual(first)
    expect(named('d2')?.pid).not.toBe(second?.pid)
    const again = await up()
    expect(again.delegates.map(({ pid }) => pid)).toEqual([first?.pid, named('d2')?.pid])
  })

  it('keeps the chain and may move to other ports once it is stopped', async () => {
    const { chainId } = await up()
    await expect(up({ basePort: basePort + 100 })).rejects.toMatchObject({ code: 'DEVNET_RUNNING' })
    await devnetDown(dir)
    const moved = await up({ basePort: basePort + 100 })
    expect(moved.chainId).toBe(chainId)
    expect(moved.urls.rpc).toBe(`http://127.0.0.1:${basePort + 100}`)
    expect(JSON.parse(readFileSync(join(dir, 'network.json'), 'utf8')).rpc[0]).toBe(moved.urls.rpc)
  })

  it('starts an indexer that the web app knows, and goes on with it or without once it is stopped', async () => {
    const urlOfWeb = () => JSON.parse(readFileSync(join(dir, 'web', 'web.json'), 'utf8')).network.indexer
    const url = `http://127.0.0.1:${basePort + 910}`
    const status = await up({ indexers: 1 })
    expect(status.urls.index).toBe(url)
    expect(status.indexers).toMatchObject([{ name: 'indexer', pid: pidsOf().at(-1), url, lag: 0 }])
    expect(banner(status, '')).toContain(url)
    expect(urlOfWeb()).toBe(url)
    await expect(up({ indexers: 0 })).rejects.toMatchObject({ code: 'DEVNET_RUNNING' })
    expect((await devnetDown(dir)).stopped).toEqual(['d1', 'd2', 'web', 'indexer'])
    const without = await up({ indexers: 0 })
    expect([without.urls.index, without.indexers, urlOfWeb()]).toEqual([null, [], null])
    expect(runningIn()).toHaveLength(3)
    await devnetDown(dir)
    writeFileSync(join(dir, 'indexer', 'broken'), '')
    const failure = up({ indexers: 1 })
    await expect(failure).rejects.toMatchObject({ code: 'DEVNET_PROCESS_ENDED', details: { process: 'indexer' } })
    expect(pidsOf()).toEqual([])
  })

  it('refuses a network that was made with other options, and one whose genesis is another', async () => {
    await up()
    await devnetDown(dir)
    await expect(up({ delegates: 3 })).rejects.toMatchObject({ code: 'DEVNET_OTHER_GENESIS' })
    await expect(up({ slotMs: 700 })).rejects.toMatchObject({ code: 'DEVNET_OTHER_GENESIS' })
    const copy = join(dir, 'delegates', 'd2', 'genesis.cbor')
    const bytes = readFileSync(copy)
    writeFileSync(copy, Buffer.from(bytes.toString('latin1').replace('local', 'other'), 'latin1'))
    await expect(up()).rejects.toMatchObject({ code: 'DEVNET_OTHER_GENESIS', details: { path: copy } })
    rmSync(copy)
    await expect(up()).rejects.toMatchObject({ code: 'DEVNET_INCOMPLETE' })
    expect(pidsOf()).toEqual([])
  })

  it('refuses a folder of another version, a damaged record, and a folder with other things in it', async () => {
    await up()
    await devnetDown(dir)
    const path = join(dir, 'devnet.json')
    const record = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...record, version: 99 }))
    await expect(up()).rejects.toMatchObject({ code: 'DEVNET_VERSION', details: { version: 99 } })
    writeFileSync(path, '{"version":1}')
    await expect(up()).rejects.toMatchObject({ code: 'DEVNET_RECORD' })
    const other = join(home, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'letter.txt'), 'dear friend')
    await expect(up({}, { dir: other })).rejects.toMatchObject({ code: 'DEVNET_FOLDER_IN_USE' })
    expect(readFileSync(join(other, 'letter.txt'), 'utf8')).toBe('dear friend')
  })

  it('starts nothing at all when a port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(basePort + 11, '127.0.0.1', resolve))
    await expect(up()).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port: basePort + 11, process: 'd2' } })
    expect(pidsOf()).toEqual([])
    await new Promise((resolve) => server.close(resolve))
    await up()
  })

  it('says why a process ended while starting, and stops what it had started but nothing else', async () => {
    await up()
    await devnetDown(dir)
    writeFileSync(join(dir, 'delegates', 'd2', 'broken'), '')
    const failure = up()
    await expect(failure).rejects.toMatchObject({ code: 'DEVNET_PROCESS_ENDED', details: { process: 'd2' } })
    await expect(failure).rejects.toThrow('cannot go on: broken')
    expect(pidsOf()).toEqual([])
  })

  it('names the process that is ill, and what ails it, when nothing moves any more', async () => {
    await up()
    await devnetDown(dir)
    writeFileSync(join(dir, 'delegates', 'd2', 'ill'), '')
    const failure = up({}, { standstillMs: 1_500 })
    await expect(failure).rejects.toMatchObject({ code: 'DEVNET_TIMEOUT', details: { ill: 'd2: has a cold' } })
    expect(pidsOf()).toEqual([])
  })

  it('can be interrupted while starting, and stops what it had started', async () => {
    const abort = new AbortController()
    const progress = (line: string) => line.startsWith('starting') && abort.abort()
    await expect(up({}, { signal: abort.signal, progress })).rejects.toMatchObject({ code: 'DEVNET_INTERRUPTED' })
    expect(pidsOf()).toEqual([])
  })

  it('lets one at a time start a network', async () => {
    const outcomes = await Promise.allSettled([up(), up()])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused).toMatchObject({ code: 'DEVNET_LOCKED' })
  })

  it('begins anew, and stops what was started, where making a network was cut short', async () => {
    const { chainId } = await up()
    const cutShort = runningIn()
    writeFileSync(join(dir, 'unfinished'), '')
    writeFileSync(join(dir, 'wallets', 'owner.json'), 'half')
    expect((await up()).chainId).not.toBe(chainId)
    expect(cutShort.some(isRunning)).toBe(false)
    expect(existsSync(join(dir, 'unfinished'))).toBe(false)
  })
})

describe('devnetDown and devnetReset', () => {
  it('stop every process; only the latter removes the network, and nothing else in its folder', async () => {
    await up()
    const children = runningIn()
    expect(await devnetDown(dir)).toEqual({ stopped: ['d1', 'd2', 'web'] })
    expect(children.some(isRunning)).toBe(false)
    expect(await devnetDown(dir)).toEqual({ stopped: [] })
    expect((await devnetStatus(dir)).down).toEqual(['d1', 'd2', 'web'])
    await up()
    writeFileSync(join(dir, 'notes.txt'), 'mine')
    expect((await devnetReset(dir)).stopped).toEqual(['d1', 'd2', 'web'])
    expect(readdirSync(dir)).toEqual(['notes.txt'])
    await expect(devnetDown(dir)).rejects.toMatchObject({ code: 'DEVNET_MISSING' })
    await expect(devnetReset(dir)).rejects.toMatchObject({ code: 'DEVNET_MISSING' })
    await expect(devnetStatus(dir)).rejects.toMatchObject({ code: 'DEVNET_MISSING' })
  })

  it('remove a network of another version after stopping it', async () => {
    await up()
    const children = runningIn()
    const path = join(dir, 'devnet.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), version: 99 }))
    expect((await devnetReset(dir)).stopped).toEqual(['d1', 'd2', 'web'])
    expect(children.some(isRunning)).toBe(false)
    expect(existsSync(dir)).toBe(false)
  })
})
