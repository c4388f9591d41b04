import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freeBasePort } from '@smartshare/devnet'
import type { Report } from './report.ts'

const COMMAND = fileURLToPath(new URL('../../apps/cli/bin/smartshare.js', import.meta.url))
/** What `devnet up` says when a block has become final. */
const FINAL_LINE = /blocks become final/
interface Start {
  /** From the start of the command to the first final block, and to its end, when every service answers. */
  readonly finalMs: number
  readonly readyMs: number
}

/** A whole local network of a built tree: from the start of the command to final blocks and to full service. */
export async function benchStart(report: Report): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'smartshare-start-'))
  const dir = join(home, 'net')
  const basePort = await freeBasePort()
  const figure = (metric: string, value: number) => report({ bench: 'start', metric, unit: 'ms', value })
  try {
    const first = await start(dir, basePort)
    figure('first_final_ms', first.finalMs)
    figure('ready_ms', first.readyMs)
    await run(['devnet', 'down', '--dir', dir])
    const again = await start(dir, basePort)
    figure('resume_final_ms', again.finalMs)
    figure('resume_ready_ms', again.readyMs)
  } finally {
    await run(['devnet', 'down', '--dir', dir])
    rmSync(home, { recursive: true })
  }
}

async function start(dir: string, basePort: number): Promise<Start> {
  const startedMs = performance.now()
  let finalMs: number | undefined
  await run(['devnet', 'up', '--detach', '--dir', dir, '--base-port', `${basePort}`], (line) => {
    if (FINAL_LINE.test(line)) finalMs ??= performance.now() - startedMs
  })
  const readyMs = performance.now() - startedMs
  if (finalMs === undefined) throw new Error('devnet up ended well without a word of a final block')
  return { finalMs, readyMs }
}

/** Runs the command to its end; hands on each line that it writes to standard error. */
async function run(args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    onLine(line)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`smartshare ${args.join(' ')} failed:\n${lines.join('\n')}`)
}
