import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { devnetDown, devnetReset } from './down.ts'
import { freeBasePort } from './ports.ts'
import { isRunning } from './process-mark.ts'
import { readDevnet } from './records.ts'
import { standIn } from './stand-in-fixture.ts'
import { devnetStatus } from './status.ts'
import { liveLine, statusText } from './status-text.ts'
import { devnetUp } from './up.ts'
import { watchNetwork } from './watch.ts'

let basePort = 0
let home = ''
let dir = ''

beforeEach(async () => {
  basePort = await freeBasePort()
  home = mkdtempSync(join(tmpdir(), 'devnet-line-'))
  dir = join(home, 'net')
  const options = { basePort, delegates: 2, providers: 0, indexers: 0 }
  await devnetUp({ dir, options, program: standIn(home), progress: () => undefined })
})
afterEach(async () => {
  if (existsSync(dir)) await devnetReset(dir)
  rmSync(home, { recursive: true })
})

/** What was written, in the order in which it was. */
function output(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 200, written, write: (text: string) => written.push(text) }
}

describe('watchNetwork', () => {
  it('keeps one line up to date on a terminal and names what is down, until it is interrupted', async () => {
    const abort = new AbortController()
    const screen = output(true)
    const watching = watchNetwork(dir, screen, abort.signal)
    await expect.poll(() => screen.written.at(-1), { timeout: 10_000 }).toContain('3 of 3 up')
    const [first, second] = readDevnet(dir).processes
    process.kill(second?.pid as number, 'SIGKILL')
    await expect.poll(() => screen.written.at(-1), { timeout: 10_000 }).toContain('2 of 3 up · down: d2')
    expect(isRunning(first as never)).toBe(true)
    abort.abort()
    expect(await watching).toBe('interrupted')
    expect(screen.written.slice(0, -1).every((text) => text.startsWith('\r'))).toBe(true)
  })

  it('writes whole lines, and only when something changes, where there is no terminal', async () => {
    const pipe = output(false)
    const watching = watchNetwork(dir, pipe, new AbortController().signal)
    await expect.poll(() => pipe.written.length, { timeout: 10_000 }).toBe(1)
    expect(pipe.written[0]).toMatch(/^height \d+ · final \d+ · 0\.0 tx\/s · 3 peers · 3 of 3 up\n$/)
    await devnetDown(dir)
    expect(await watching).toBe('stopped')
    expect(pipe.written.length).toBeLessThanOrEqual(2)
  })

  it('ends when another command has removed the network', async () => {
    const watching = watchNetwork(dir, output(false), new AbortController().signal)
    await devnetReset(dir)
    expect(await watching).toBe('stopped')
  })
})

describe('liveLine', () => {
  it('says so when no delegate answers', async () => {
    await devnetDown(dir)
    expect(liveLine(await devnetStatus(dir))).toBe('no delegate answers · 0 of 3 up · down: d1 d2 web')
  })
})

describe('statusText', () => {
  it('has a line for each process, also for one that is down', async () => {
    process.kill(readDevnet(dir).processes[1]?.pid as number, 'SIGKILL')
    await expect.poll(async () => (await devnetStatus(dir)).down).toEqual(['d2'])
    const lines = statusText(await devnetStatus(dir)).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(/^ {2}d1 +process \d+ +http:\/\/127\.0\.0\.1:\d+ +height \d+, state 0{16}…$/)
    expect(lines[2]).toMatch(/^ {2}d2 +down +http:\/\/127\.0\.0\.1:\d+$/)
  })
})
