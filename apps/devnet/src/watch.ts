import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { readDevnet } from './records.ts'
import { type DevnetStatus, devnetStatus } from './status.ts'
import { liveLine } from './status-text.ts'

const LOOK_MS = 1_000
/** Without a terminal a line is written when something starts or stops, and now and then to show that we are alive. */
const PLAIN_LINE_MS = 60_000
/** Of a terminal that does not know its own width. */
const LEAST_COLUMNS = 80
const CLEAR_LINE = '\r\u001b[2K'

/** Where the line is shown. */
export interface LineOutput {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

/**
 * Shows one line about the network in `dir`, kept up to date on a terminal, until `signal` or until the network has been
 * stopped or removed by another command. Says which it was.
 */
export async function watchNetwork(
  dir: string,
  output: LineOutput,
  signal: AbortSignal,
): Promise<'interrupted' | 'stopped'> {
  let shown = ''
  let shownMs = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    const status = await look(dir)
    if (status === undefined) {
      if (output.isTTY) output.write('\n')
      return 'stopped'
    }
    const line = liveLine(status)
    const down = status.down.join(' ')
    if (output.isTTY) output.write(`${CLEAR_LINE}${line.slice(0, (output.columns || LEAST_COLUMNS) - 1)}`)
    else if (down !== shown || performance.now() - shownMs > PLAIN_LINE_MS) {
      output.write(`${line}\n`)
      shown = down
      shownMs = performance.now()
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)
  }
  if (output.isTTY) output.write('\n')
  return 'interrupted'
}

/** Undefined if another command has stopped or removed the network. */
async function look(dir: string): Promise<DevnetStatus | undefined> {
  try {
    return readDevnet(dir).processes.length === 0 ? undefined : await devnetStatus(dir)
  } catch (error) {
    if (SmartshareError.is(error, 'DEVNET_MISSING')) return undefined
    throw error
  }
}
