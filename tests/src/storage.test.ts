import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeBasePort } from '@smartshare/devnet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { call, disagreements } from './ledger.ts'
import { COMMAND, smartshareJson } from './smartshare.ts'

// A person stores files on a whole network of real processes; providers die, lie and lose. One network, in this order.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 })

const MIB = 1024 * 1024
const FILE_BYTES = 64 * MIB + 4_321
const BLOCK_BYTES = 4_096
const SEGMENT_BYTES = 64
/** Three periods of 20 s with windows of 15 s, and room for a machine that is busy with other things. */
const BREACH_PATIENCE = { timeout: 180_000, interval: 1_000 }

interface Agreement {
  readonly id: number
  readonly state: string
  /** False while nobody has called on the chain to draw the consequence. */
  readonly settled: boolean
  readonly provider: string
  readonly object: string
  readonly missed: number
  readonly passed: number
  readonly paidGrains: string
}

interface Put {
  readonly object: string
  readonly sizeBytes: number
  readonly copies: number
  readonly agreements: number[]
}

let home = ''
let dir = ''
let basePort = 0
const run = <T>(...words: string[]) => smartshareJson<T>(...words, '--dir', dir)
const rpc = () => `http://127.0.0.1:${basePort}`
const agreements = () => run<Agreement[]>('agreements')

function randomFile(name: string, sizeBytes: number): string {
  const path = join(home, name)
  writeFileSync(path, randomBytes(sizeBytes))
  return path
}

/** Providers with what their settings and status tell. */
async function providers(): Promise<{ name: string; pid: number; folder: string; address: string }[]> {
  const { providers: listed } = await run<{ providers: { name: string; pid: number; status: string }[] }>(
    'devnet',
    'status',
  )
  return Promise.all(
    listed.map(async ({ name, pid, status }) => {
      const { address } = (await (await fetch(new URL('/status', status))).json()) as { address: string }
      return { name, pid, folder: join(dir, 'providers', name), address }
    }),
  )
}

/** Packet files that a provider holds for one agreement. */
function packets(folder: string, agreement: number): string[] {
  const lot = join(folder, 'lots', String(agreement))
  return readdirSync(lot)
    .filter((name) => name.startsWith('packet-'))
    .map((name) => join(lot, name))
}

function start(...words: string[]): { child: ChildProcess; done: Promise<{ code: number | null; stdout: string }> } {
  const child = spawn(process.execPath, [COMMAND, ...words, '--json', '--dir', dir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let stdout = ''
  child.stdout!.on('data', (text) => {
    stdout += text
  })
  return { child, done: once(child, 'close').then(([code]) => ({ code: code as number | null, stdout })) }
}

/** What the chain said when the agreement closed. */
async function closingOf(agreement: number): Promise<Record<string, string>> {
  let at: { height: number; skip: number } = { height: 1, skip: 0 }
  for (;;) {
    const query = { ...at, limit: 100, from: 'agreements', name: 'closed' }
    const page: { events: { data: Record<string, string> }[]; next: typeof at } = await call(
      rpc(),
      'chain_events',
      query,
    )
    const found = page.events.find(({ data }) => Number(data.agreement) === agreement)
    if (found !== undefined) return found.data
    if (page.next.height === at.height && page.next.skip === at.skip) throw new Error(`${agreement} did not close`)
    at = page.next
  }
}

function lotsOf(folder: string): number[] {
  try {
    return readdirSync(join(folder, 'lots')).map(Number)
  } catch {
    // A provider that never held anything has no such folder.
    return []
  }
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Flips a byte in a part of the segments of a file, behind its owner's back. */
function flipSegments(path: string, part: number): void {
  const file = openSync(path, 'r+')
  const segments = Math.floor(statSync(path).size / SEGMENT_BYTES)
  const byte = Buffer.alloc(1)
  const every = Math.round(1 / part)
  for (let segment = 0; segment < segments; segment += every) {
    const at = segment * SEGMENT_BYTES + (segment % SEGMENT_BYTES)
    readSync(file, byte, 0, 1, at)
    byte[0]! ^= 0xff
    writeSync(file, byte, 0, 1, at)
  }
  closeSync(file)
}

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-storage-'))
  dir = join(home, 'net')
  basePort = await freeBasePort()
  // One delegate says as much of storage as four.
  await run('devnet', 'up', '--detach', '--base-port', `${basePort}`, '--delegates', '1', '--indexers', '0')
})

afterAll(async () => {
  await run('devnet', 'down')
  rmSync(home, { recursive: true })
})

describe('a file stored on the network', () => {
  let source = ''
  let stored: Put

  it('is kept by four different providers, each with bytes of its own', async () => {
    source = randomFile('first', FILE_BYTES)
    stored = await run<Put>('put', source, '--copies', '4')
    expect(stored).toMatchObject({ sizeBytes: FILE_BYTES, copies: 4 })
    const own = (await agreements()).filter(({ id }) => stored.agreements.includes(id))
    expect(own.map(({ state }) => state)).toEqual(['active', 'active', 'active', 'active'])
    const all = await providers()
    const holders = own.map(({ id, provider }) => ({ id, ...all.find(({ address }) => address === provider)! }))
    expect(new Set(holders.map(({ name }) => name)).size).toBe(4)
    const seen = new Map<string, string>()
    for (const { id, name, folder } of holders) {
      for (const path of packets(folder, id)) {
        const bytes = readFileSync(path)
        for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
          const block = createHash('md5')
            .update(bytes.subarray(at, at + BLOCK_BYTES))
            .digest('base64')
          if (seen.has(block)) throw new Error(`${name} and ${seen.get(block)} hold the same block`)
          seen.set(block, name)
        }
      }
    }
    expect(seen.size).toBeGreaterThan((4 * FILE_BYTES) / BLOCK_BYTES - 40)
    // Nobody keeps a second copy: what all providers hold together is four times the file and a little more.
    const kept = all.reduce((sum, { folder }) => sum + sizeOf(folder), 0)
    expect(kept).toBeLessThan(4.2 * FILE_BYTES)
  })

  it('comes back as it was', async () => {
    const out = join(home, 'out')
    await run('get', stored.object, '-o', out)
    expect(digest(out)).toBe(digest(source))
    expect(await run<{ object: string }[]>('ls')).toMatchObject([{ object: stored.object }])
  })

  it('costs and earns what an independent ledger says, to the grain', async () => {
    expect(await disagreements(rpc())).toEqual([])
  })

  it('comes back although a provider is killed meanwhile', async () => {
    const [first] = (await agreements()).filter(({ object }) => object === stored.object)
    const victim = (await providers()).find(({ address }) => address === first!.provider)!
    const out = join(home, 'out-again')
    const { done } = start('get', stored.object, '-o', out)
    await new Promise((resolve) => setTimeout(resolve, 700))
    process.kill(victim.pid, 'SIGKILL')
    expect((await done).code).toBe(0)
    expect(digest(out)).toBe(digest(source))
    await run('devnet', 'up', '--detach')
  })

  it('is stored whole although a provider is killed in the middle of the upload', async () => {
    const path = randomFile('second', FILE_BYTES)
    const before = new Set((await agreements()).map(({ id }) => id))
    const all = await providers()
    const { done } = start('put', path, '--copies', '4')
    const victim = await vi.waitFor(
      () => {
        const busy = all.find(({ folder }) => {
          const fresh = lotsOf(folder).filter((id) => !before.has(id))
          return fresh.some((id) => packets(folder, id).some((packet) => statSync(packet).size > MIB))
        })
        if (busy === undefined) throw new Error('no provider has begun to receive')
        return busy
      },
      { timeout: 60_000, interval: 20 },
    )
    process.kill(victim.pid, 'SIGKILL')
    const { code, stdout } = await done
    expect(code).toBe(0)
    const put = JSON.parse(stdout) as Put
    const active = (await agreements()).filter(({ id }) => put.agreements.includes(id))
    expect(active.map(({ state }) => state)).toEqual(['active', 'active', 'active', 'active'])
    expect(new Set(active.map(({ provider }) => provider)).size).toBe(4)
    expect(active.map(({ provider }) => provider)).not.toContain(victim.address)
    const out = join(home, 'out-second')
    await run('get', put.object, '-o', out)
    expect(digest(out)).toBe(digest(path))
    await run('devnet', 'up', '--detach')
  })

  it('makes providers that damage or delete it pay, and no others', async () => {
    const path = randomFile('third', 8 * MIB)
    const put = await run<Put>('put', path, '--copies', '4')
    const all = await providers()
    const own = (await agreements()).filter(({ id }) => put.agreements.includes(id))
    const [damaged, deleted, ...sound] = own.map((agreement) => ({
      ...agreement,
      folder: all.find(({ address }) => address === agreement.provider)!.folder,
    }))
    for (const packet of packets(damaged!.folder, damaged!.id)) flipSegments(packet, 0.1)
    for (const packet of packets(deleted!.folder, deleted!.id)) rmSync(packet)
    const now = async () => new Map((await agreements()).map((agreement) => [agreement.id, agreement]))
    await expect
      .poll(async () => {
        const states = await now()
        return [damaged!, deleted!].map(({ id }) => [states.get(id)?.state, states.get(id)?.settled])
      }, BREACH_PATIENCE)
      .toEqual([
        ['breached', true],
        ['breached', true],
      ])
    const after = await now()
    for (const { id } of sound) expect(after.get(id)).toMatchObject({ state: 'active', missed: 0 })
    for (const { id } of [damaged!, deleted!]) {
      const closing = await closingOf(id)
      expect(BigInt(closing.compensationGrains!)).toBeGreaterThan(0n)
      expect(BigInt(closing.refundGrains!)).toBeGreaterThan(0n)
      // What the provider loses of its collateral is more than all that it was paid.
      const lost = ['compensationGrains', 'bountyGrains', 'forfeitGrains'].reduce(
        (sum, name) => sum + BigInt(closing[name]!),
        0n,
      )
      expect(lost).toBeGreaterThan(BigInt(after.get(id)!.paidGrains))
    }
    expect(await disagreements(rpc())).toEqual([])
  })

  it('can be taken back early by rule', async () => {
    await run('rm', stored.object)
    const own = (await agreements()).filter(({ id }) => stored.agreements.includes(id))
    expect(own.every(({ state }) => state === 'ended' || state === 'breached')).toBe(true)
    expect((await run<{ object: string }[]>('ls')).map(({ object }) => object)).not.toContain(stored.object)
    expect(await disagreements(rpc())).toEqual([])
  })
})
