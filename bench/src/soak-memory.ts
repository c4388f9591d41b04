import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from '@smartshare/client'
import { devnetStatus } from '@smartshare/devnet'
import { BATCH, Load } from './load.ts'
import { startNetwork } from './network.ts'
import { paced, quantile, signBatch, sustained } from './transfer.ts'

// `npm run soak:memory -- --minutes 30 --delegates 1`: transfers at four fifths of what the network sustains, and the
// memory that its processes hold meanwhile.

const PART = 0.8
const PRESIGNED_PER_S = 14_000
const SUSTAINED_S = 30
const STRETCH_S = 60
const MINUTE_MS = 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    delegates: { type: 'string', default: '1' },
    rate: { type: 'string' },
  },
})
const minutes = Number(values.minutes)
const network = await startNetwork({ delegates: Number(values.delegates), providers: 0 })
const client = await Client.connect({ rpc: network.rpc })
try {
  const pids = (await devnetStatus(network.dir)).delegates.flatMap(({ pid }) => pid ?? [])
  const load = await Load.make(client, await network.wallet('faucet'))
  const rate = values.rate === undefined ? PART * (await sustainedPerSecond(load)) : Number(values.rate)
  console.log(`${rate.toFixed(0)} transfers a second for ${minutes} minutes; memory in MiB without mapped files`)
  const held: { minute: number; mib: number }[] = []
  const startMs = performance.now()
  const sampling = new AbortController()
  const sampled = sample(pids, held, startMs, sampling.signal)
  const delays: number[] = []
  // In stretches, each of which is signed while it runs: signing all before would hold it in the memory of this process.
  for (let minute = 0; minute < minutes; minute++) {
    await load.renew()
    const count = Math.ceil((rate * STRETCH_S) / BATCH)
    const stretch = await paced(network.rpc, rate, count, () => signBatch(client, load))
    delays.push(...stretch)
    const [p50, p99] = [quantile(stretch, 0.5), quantile(stretch, 0.99)]
    const mib = held.at(-1)?.mib ?? 0
    console.log(`minute ${minute + 1}: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ${mib.toFixed(0)} MiB`)
  }
  sampling.abort()
  await sampled
  const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)]
  const half = held.slice(Math.floor(held.length / 2))
  const report = {
    transfersPerSecond: rate,
    p50Ms: p50,
    p99Ms: p99,
    mostMib: Math.max(...held.map(({ mib }) => mib)),
    firstHalfMeanMib: mean(held.slice(0, Math.floor(held.length / 2)).map(({ mib }) => mib)),
    secondHalfMeanMib: mean(half.map(({ mib }) => mib)),
    secondHalfMibPerMinute: slope(half),
  }
  console.log(JSON.stringify(report))
} finally {
  client.close()
  await network.stop()
}

async function sustainedPerSecond(load: Load): Promise<number> {
  const wires = load.sign(PRESIGNED_PER_S * SUSTAINED_S)
  const { perSecond, submitted } = await sustained(network.rpc, wires)
  load.takeBack(wires.length - submitted)
  return perSecond
}

/** The memory of the largest process each second: what it asked for itself, not the files it maps. */
async function sample(
  pids: readonly number[],
  held: { minute: number; mib: number }[],
  startMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    held.push({ minute: (performance.now() - startMs) / MINUTE_MS, mib: Math.max(...pids.map(anonymousMib)) })
    await delay(1_000)
  }
}

function anonymousMib(pid: number): number {
  const [, kib = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** MiB per minute, by least squares. */
function slope(points: readonly { minute: number; mib: number }[]): number {
  const [minute, mib] = [mean(points.map((point) => point.minute)), mean(points.map((point) => point.mib))]
  const covariance = points.reduce((sum, point) => sum + (point.minute - minute) * (point.mib - mib), 0)
  return covariance / points.reduce((sum, point) => sum + (point.minute - minute) ** 2, 0)
}
