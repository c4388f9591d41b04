import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FINAL, NO_VALUE, NOTAR, quarantineStatementHash, SKIP } from '@smartshare/chain'
import type { SmartshareError } from '@smartshare/codec'
import { type SignRequest, signedHash } from '@smartshare/consensus'
import { bls, sha256 } from '@smartshare/crypto'
import { testAccount } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { MemoryNode } from '../rpc/memory-node.ts'
import { KeySigner } from './key-signer.ts'
import { RemoteSigner } from './remote-signer.ts'
import { initSigner } from './run-signer.ts'

// A real signer process, and clients of it in this one.

vi.setConfig({ testTimeout: 180_000 })
const PATIENCE = { timeout: 30_000, interval: 20 }
const log = pino({ level: 'silent' })
const genesis = new MemoryNode({ accounts: [] })
const { chainId } = genesis
const key = {
  address: testAccount('delegate 0').address,
  secret: bls.secretFromSeed(sha256(new TextEncoder().encode('delegate 0'))),
}
const publicKey = bls.publicKey(key.secret)

let home: string
let folder: string
let socket: string
let child: ChildProcess | undefined
const open: { close(): Promise<void> }[] = []

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'signer-'))
  writeFileSync(join(home, 'genesis.cbor'), genesis.genesis.encoded)
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await end('SIGTERM')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A folder of its own for each test. */
async function init(name: string, used = false): Promise<void> {
  folder = join(home, name)
  socket = (await initSigner(folder, { genesis: join(home, 'genesis.cbor'), key, used })).socket
}

function start(): ChildProcess {
  const program = join(folder, 'run.mjs')
  const source = JSON.stringify(new URL('./run-signer.ts', import.meta.url).href)
  writeFileSync(
    program,
    `import { runSigner } from ${source}
    try { await runSigner(${JSON.stringify(folder)}) } catch (error) { console.error(error.code); process.exit(1) }`,
  )
  const output = openSync(join(folder, 'signer.log'), 'a')
  child = spawn(process.execPath, ['--conditions=source', program], { stdio: ['ignore', output, output] })
  closeSync(output)
  return child
}

async function end(signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

async function connect(patienceMs = 30_000): Promise<RemoteSigner> {
  const signer = await RemoteSigner.connect({ socket, chainId, log, patienceMs })
  open.push(signer)
  return signer
}

const value = (byte: number) => new Uint8Array(32).fill(byte)
const statement = (slot: number, kind: number, of = kind === SKIP ? NO_VALUE : value(1)) =>
  ({ type: 'statement', term: 1, baseMs: Date.now() + 60_000, slot, kind, value: of }) satisfies SignRequest

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'signed',
    (error: SmartshareError) => error.code,
  )

/** A connection that says whatever it likes; resolves when the signer has cut it. */
async function babble(bytes: Uint8Array): Promise<void> {
  const raw: Socket = createConnection(socket)
  raw.on('error', () => undefined)
  raw.end(bytes)
  await once(raw, 'close')
}

describe('a signer in a process of its own', () => {
  it('signs as the key itself would, for consensus and for links, and refuses what contradicts', async () => {
    await init('signs')
    start()
    const [first, second] = [await connect(), await connect()]
    expect(first.publicKey).toEqual(publicKey)
    const notar = statement(3, NOTAR)
    const signature = await first.sign(notar)
    expect(bls.verify(publicKey, signedHash(chainId, notar), signature)).toBe(true)
    expect(await second.sign(notar)).toEqual(signature)
    const reveal = { type: 'reveal', term: 1, round: 4 } as const
    expect(bls.verify(publicKey, signedHash(chainId, reveal), await first.sign(reveal))).toBe(true)
    const subject = { term: 1, height: 8, block: value(3), index: 2, transactionId: value(4) }
    const attested = await first.attest(subject)
    expect(bls.verify(publicKey, quarantineStatementHash(chainId, subject), attested)).toBe(true)
    const { address } = await first.proveLink(value(9), { prover: 'a', verifier: 'b' })
    expect(address).toEqual(key.address)
    // Another node with the same signer.
    expect(await codeOf(second.sign(statement(3, NOTAR, value(2))))).toBe('SIGNER_CONFLICT')
    expect(await codeOf(second.sign(statement(3, FINAL)))).toBe('signed')
    expect(await codeOf(first.sign(statement(3, SKIP)))).toBe('SIGNER_CONFLICT')
  })

  it('gives two nodes that contradict each other no two signatures that convict, though it is killed again and again', async () => {
    await init('killed')
    start()
    const nodes = [await connect(), await connect()]
    const got: { slot: number; kind: number; value: Uint8Array }[] = []
    let killed = 0
    const plan = fc.sample(fc.record({ kind: fc.constantFrom(NOTAR, SKIP, FINAL), kills: fc.nat(19) }), {
      numRuns: 80,
      seed: 7,
    })
    for (const [i, { kind, kills }] of plan.entries()) {
      // Both ask at the same time about one slot, each for a value of its own.
      const slot = i >> 2
      const asked = nodes.map(async (node, n) => {
        const request = statement(slot, kind, kind === SKIP ? NO_VALUE : value(n + 1))
        const signature = await node.sign(request).catch(() => undefined)
        if (signature === undefined) return
        expect(bls.verify(publicKey, signedHash(chainId, request), signature)).toBe(true)
        got.push(request)
      })
      if (kills === 0 && killed < 3) {
        killed++
        await end('SIGKILL')
        start()
      }
      await Promise.all(asked)
    }
    expect(killed).toBe(3)
    expect(got.length).toBeGreaterThan(40)
    for (const one of got) {
      for (const other of got.filter(({ slot }) => slot === one.slot)) {
        if (one.kind === other.kind) expect(other.value).toEqual(one.value)
        expect([one.kind, other.kind].sort()).not.toEqual([SKIP, FINAL])
      }
    }
  })

  it('is waited for while it is down, and hears then what is still of use', async () => {
    await init('down')
    start()
    const node = await connect()
    await end('SIGKILL')
    await expect.poll(() => node.problem, PATIENCE).toContain('does not answer')
    const waiting = Array.from({ length: 80 }, (_, slot) => codeOf(node.sign(statement(slot, NOTAR))))
    start()
    const codes = await Promise.all(waiting)
    expect(codes.slice(0, 16)).toEqual(Array(16).fill('SIGNER_GIVEN_UP'))
    expect(codes.slice(16)).toEqual(Array(64).fill('signed'))
    expect(node.problem).toBeUndefined()
  })

  it('cuts who sends garbage, and goes on signing for the others', async () => {
    await init('garbage')
    start()
    const node = await connect()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await babble(bytes)
        expect(await codeOf(node.sign(statement(1, NOTAR)))).toBe('signed')
      }),
      { numRuns: 25 },
    )
    const other = RemoteSigner.connect({ socket, chainId: value(3), log, patienceMs: 20_000 })
    expect(await codeOf(other)).toBe('SIGNER_OTHER_CHAIN')
  })

  it('is one per folder, keeps its key to itself, and is silent in the running term if its promises are lost', async () => {
    await init('lost')
    start()
    const node = await connect()
    expect(await codeOf(node.sign(statement(1, NOTAR)))).toBe('signed')
    const first = child!
    const [code] = await once(start(), 'exit')
    child = first
    expect(code).toBe(1)
    expect(readFileSync(join(folder, 'signer.log'), 'utf8')).toContain('SIGNER_LOCKED')
    await end('SIGKILL')
    rmSync(join(folder, 'promises'), { recursive: true })
    chmodSync(join(folder, 'delegate.json'), 0o644)
    expect(await once(start(), 'exit')).toEqual([1, null])
    expect(readFileSync(join(folder, 'signer.log'), 'utf8')).toContain('SIGNER_KEY_OPEN')
    chmodSync(join(folder, 'delegate.json'), 0o600)
    start()
    const inTerm = (baseMs: number) => codeOf(node.sign({ ...statement(1, NOTAR, value(2)), baseMs }))
    expect(await inTerm(Date.now())).toBe('SIGNER_SILENT')
    await end('SIGTERM')
    // It knows after a restart too.
    start()
    expect(await inTerm(Date.now() - 1_000)).toBe('SIGNER_SILENT')
    expect(await inTerm(Date.now() + 60_000)).toBe('signed')
  })
})

describe('a signer that is slow', () => {
  it('is waited for without end as long as it lives, and what comes late is not lost', async () => {
    await init('slow')
    start()
    const direct = await connect()
    // Between the node and the signer stands something that passes everything on late.
    const slow = join(home, 'slow.sock')
    const proxy = createServer((from) => {
      const to = createConnection(socket)
      from.on('error', () => undefined).on('close', () => to.destroy())
      to.on('error', () => undefined).on('close', () => from.destroy())
      from.on('data', async (bytes) => {
        await delay(300)
        to.write(bytes)
      })
      to.on('data', (bytes) => from.write(bytes))
    })
    await new Promise<void>((resolve) => proxy.listen(slow, resolve))
    const node = await RemoteSigner.connect({ socket: slow, chainId, log, patienceMs: 10_000 })
    try {
      const codes = await Promise.all([1, 2, 3].map((slot) => codeOf(node.sign(statement(slot, NOTAR)))))
      expect(codes).toEqual(['signed', 'signed', 'signed'])
      expect(await codeOf(direct.sign(statement(2, NOTAR, value(2))))).toBe('SIGNER_CONFLICT')
    } finally {
      await node.close()
      proxy.close()
    }
  })
})

describe('a key in the node itself', () => {
  it('keeps the same promises over a restart, and is used by one process at a time', async () => {
    const options = { key, chainId, folder: join(home, 'own'), mayHaveSigned: false, now: () => Date.now() }
    const signer = await KeySigner.open(options)
    expect(await codeOf(signer.sign(statement(1, FINAL)))).toBe('signed')
    expect(await codeOf(KeySigner.open(options))).toBe('SIGNER_LOCKED')
    await signer.close()
    const again = await KeySigner.open({ ...options, mayHaveSigned: true })
    expect(again.isSilent).toBe(false)
    expect(await codeOf(again.sign(statement(1, SKIP)))).toBe('SIGNER_CONFLICT')
    await again.close()
    rmSync(options.folder, { recursive: true })
    const lost = await KeySigner.open({ ...options, mayHaveSigned: true })
    expect(lost.isSilent).toBe(true)
    expect(await codeOf(lost.sign({ ...statement(2, NOTAR), baseMs: Date.now() }))).toBe('SIGNER_SILENT')
    await lost.close()
  })
})
