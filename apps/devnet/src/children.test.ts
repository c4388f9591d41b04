import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { logTail, startChild, stopChildren } from './children.ts'
import type { Seat } from './layout.ts'
import { isRunning } from './process-mark.ts'

let dir = ''
let seat: Seat
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'devnet-child-'))
  seat = { kind: 'delegate', name: 'd1', index: 0, dir, log: join(dir, 'node.log'), ports: [] }
})
afterEach(() => rmSync(dir, { recursive: true }))

const run = (script: string) => startChild(seat, [process.execPath, '-e', script])
const saysReady = () => vi.waitFor(() => expect(readFileSync(seat.log, 'utf8')).toContain('ready'), { timeout: 10_000 })

describe('startChild', () => {
  it('starts in the own folder, writes to the log only, and passes on none of our secrets', async () => {
    process.env.SMARTSHARE_TEST_SECRET = 'secret'
    const child = run(
      "console.log(process.cwd()); console.error(Object.keys(process.env).includes('SMARTSHARE_TEST_SECRET'), 'ready')",
    )
    await saysReady()
    delete process.env.SMARTSHARE_TEST_SECRET
    const lines = readFileSync(seat.log, 'utf8').trim().split('\n')
    expect(lines).toEqual([dir, 'false ready'])
    await vi.waitFor(() => expect(isRunning(child)).toBe(false))
  })

  it('appends to the log of the run before, and puts a log aside that has grown too large', async () => {
    writeFileSync(seat.log, 'before\n')
    run("console.log('ready')")
    await saysReady()
    expect(readFileSync(seat.log, 'utf8')).toBe('before\nready\n')
    truncateSync(seat.log, 64 * 1024 * 1024 + 1)
    run("console.log('ready again')")
    await saysReady()
    expect(readFileSync(seat.log, 'utf8')).toBe('ready again\n')
    expect(statSync(`${seat.log}.1`).size).toBe(64 * 1024 * 1024 + 1)
  })

  it('throws DEVNET_SPAWN for a program that is not there', () => {
    expect(() => startChild(seat, [join(dir, 'nothing')])).toThrow(expect.objectContaining({ code: 'DEVNET_SPAWN' }))
  })
})

describe('stopChildren', () => {
  it('asks a process to end and waits until it has', async () => {
    const child = run(
      "process.on('SIGTERM', () => { console.log('bye'); process.exit() }); setInterval(() => {}, 1000); console.log('ready')",
    )
    await saysReady()
    await stopChildren([child])
    expect(isRunning(child)).toBe(false)
    expect(readFileSync(seat.log, 'utf8')).toBe('ready\nbye\n')
  })

  it('kills a process that does not listen', async () => {
    const child = run("process.on('SIGTERM', () => undefined); setInterval(() => {}, 1000); console.log('ready')")
    await saysReady()
    await stopChildren([child], 200)
    expect(isRunning(child)).toBe(false)
  })

  it('leaves a process alone that only has the pid of the one that was recorded', async () => {
    const child = run("setInterval(() => {}, 1000); console.log('ready')")
    await saysReady()
    await stopChildren([{ ...child, mark: 'of an earlier process' }])
    expect(isRunning(child)).toBe(true)
    await stopChildren([child])
  })
})

describe('logTail', () => {
  it('gives the last lines, and nothing where there is no log', () => {
    expect(logTail(seat.log)).toBe('')
    writeFileSync(seat.log, Array.from({ length: 5000 }, (_, line) => `line ${line}\n`).join(''))
    expect(logTail(seat.log)).toBe(Array.from({ length: 12 }, (_, line) => `line ${4988 + line}`).join('\n'))
  })
})
