import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { logTail, startChild, stopChildren } from './children.ts'
import type { Seat } from './layout.ts'
import { MAX_LOG_BYTES } from './log-bound.ts'
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
    truncateSync(seat.log, MAX_LOG_BYTES + 1)
    run("console.log('ready again')")
    await saysReady()
    expect(readFileSync(seat.log, 'utf8')).toBe('ready again\n')
    expect(statSync(`${seat.log}.1`).size).toBe(MAX_LOG_BYTES + 1)
  })

  it('keeps the log of a running process within two files of bounded size, and loses no line between them', async () => {
    // Half a megabyte in each hundredth of a second, from the main thread; 100 MiB in all.
    const child = run(`
      let number = 0
      const timer = setInterval(() => {
        let lines = ''
        while (lines.length < 524288) lines += String(number++).padStart(99) + '\\n'
        require('node:fs').writeSync(1, lines)
        if (number > 1048576) { clearInterval(timer); console.error('ready'); setInterval(() => {}, 1000) }
      }, 10)`)
    // What is written between two looks comes on top, also when the machine is busy.
    const most = 4 * MAX_LOG_BYTES
    await vi.waitFor(
      () => {
        for (const log of [seat.log, `${seat.log}.1`]) {
          expect(statSync(log, { throwIfNoEntry: false })?.size ?? 0).toBeLessThan(most)
        }
        expect(logTail(seat.log)).toContain('ready')
      },
      { timeout: 60_000, interval: 20 },
    )
    expect(isRunning(child)).toBe(true)
    await stopChildren([child])
    const lines = [`${seat.log}.1`, seat.log].flatMap((log) => readFileSync(log, 'utf8').trimEnd().split('\n'))
    expect(lines.pop()).toBe('ready')
    const first = Number(lines[0])
    expect(first).toBeGreaterThan(0)
    expect(lines.every((line, i) => line.length === 99 && Number(line) === first + i)).toBe(true)
    expect(first + lines.length).toBeGreaterThan(1_048_576)
  })

  it('leaves outputs alone that are not the log, and passes nothing of it on', async () => {
    const other = join(dir, 'other')
    writeFileSync(other, '')
    truncateSync(other, 2 * MAX_LOG_BYTES)
    const child = run(`
      const { spawn } = require('node:child_process')
      const { openSync } = require('node:fs')
      const own = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1500)'], { stdio: ['ignore', openSync('other', 'a'), 'ignore'] })
      own.on('exit', () => console.log(process.env.SMARTSHARE_LOG, 'ready'))`)
    await saysReady()
    expect(readFileSync(seat.log, 'utf8')).toBe('undefined ready\n')
    expect(statSync(other).size).toBe(2 * MAX_LOG_BYTES)
    await vi.waitFor(() => expect(isRunning(child)).toBe(false))
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
