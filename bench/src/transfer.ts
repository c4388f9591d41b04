import { setTimeout as delay } from 'node:timers/promises'
import { parseTransaction } from '@smartshare/chain'
import { Client } from '@smartshare/client'
import { toHex } from '@smartshare/crypto'
import { bareChecks } from './execute.ts'
import { liskPerSecond } from './lisk.ts'
import { BATCH, executedCount, Load, post, requestBody, untilExecuted } from './load.ts'
import { startNetwork } from './network.ts'
import { beside, type Report } from './report.ts'

const SECONDS = 30
const LATENCY_SECONDS = 10
/** Transactions submitted but not executed yet: enough to fill blocks, less than the mempool holds. */
const MOST_OUTSTANDING = 16_000
const IN_FLIGHT = 8
/** Part of the sustained rate at which latency is measured. */
const LATENCY_LOAD = 0.8
/** Batches of which one transfer is watched: watching costs the node too. */
const SAMPLE_EVERY = 10
const RUNS = [
  { name: 'one_node', delegates: 1, expectedPerSecond: 14_000 },
  { name: 'four_node', delegates: 4, expectedPerSecond: 5_000 },
] as const

/**
 * Transfers per second from RPC to final, executed, durable and in the state root; then latency at four fifths of it. Beside
 * it one core's bare signature checks and, unless `--no-lisk` is given, the Lisk SDK, both in the same run.
 */
export async function benchTransfer(report: Report): Promise<void> {
  const lisk = process.argv.includes('--no-lisk') ? undefined : await liskPerSecond()
  for (const run of RUNS) {
    const network = await startNetwork({ delegates: run.delegates, providers: 0 })
    const client = await Client.connect({ rpc: network.rpc })
    try {
      const load = await Load.make(client, await network.wallet('faucet'))
      const wires = load.sign(run.expectedPerSecond * SECONDS)
      const checks = bareChecks(client, wires.slice(0, 10_000))
      const { perSecond, submitted } = await sustained(network.rpc, wires)
      load.takeBack(wires.length - submitted)
      const figure = { bench: 'transfer', unit: 'tx/s' }
      report(
        beside(
          { ...figure, metric: `${run.name}_tx_per_s`, value: perSecond },
          'bare Ed25519 checks, one core',
          checks,
        ),
      )
      if (lisk !== undefined) {
        const metric = run.delegates === 1 ? 'lisk_ratio' : `${run.name}_lisk_ratio`
        const times = { bench: 'transfer', metric, unit: 'times', value: perSecond / lisk }
        report({ ...times, peer: 'Lisk SDK 5.2.2, one node, tx/s', peerValue: lisk, ratio: perSecond / lisk })
      }
      const delays = await latencies(network.rpc, client, load, perSecond * LATENCY_LOAD)
      const prefix = run.delegates === 1 ? '' : `${run.name}_`
      report({ bench: 'transfer', metric: `${prefix}final_p50_ms`, unit: 'ms', value: quantile(delays, 0.5) })
      report({ bench: 'transfer', metric: `${prefix}final_p99_ms`, unit: 'ms', value: quantile(delays, 0.99) })
    } finally {
      client.close()
      await network.stop()
    }
  }
}

/** As fast as it goes for a while, in batches of 100 to all nodes in turn. */
export async function sustained(
  rpc: readonly string[],
  wires: readonly Uint8Array[],
): Promise<{ perSecond: number; submitted: number }> {
  const bodies = Array.from({ length: Math.floor(wires.length / BATCH) }, (_, i) =>
    requestBody(wires.slice(i * BATCH, (i + 1) * BATCH)),
  )
  const before = await executedCount(rpc[0]!)
  const startMs = performance.now()
  const endMs = startMs + SECONDS * 1000
  let executed = 0
  let submitted = 0
  const submitting = Array.from({ length: IN_FLIGHT }, async () => {
    for (let body = bodies.shift(); body !== undefined && performance.now() < endMs; body = bodies.shift()) {
      while (submitted - executed > MOST_OUTSTANDING && performance.now() < endMs) await delay(5)
      const to = rpc[Math.floor(submitted / BATCH) % rpc.length]!
      submitted += BATCH
      await submit(to, body)
    }
  })
  while (performance.now() < endMs) {
    await delay(100)
    executed = (await executedCount(rpc[0]!)) - before
  }
  const perSecond = (executed * 1000) / (performance.now() - startMs)
  await Promise.all(submitting)
  while ((await executedCount(rpc[0]!)) - before < submitted) await delay(50)
  return { perSecond, submitted }
}

/** One request of a batch, and the id of its first transfer. */
export interface Batch {
  readonly body: string
  readonly firstId: string
}

export function signBatch(client: Client, load: Load): Batch {
  const wires = load.sign(BATCH)
  return { body: requestBody(wires), firstId: toHex(parseTransaction(wires[0]!, client.chainId).id) }
}

/** At four fifths of the rate for some seconds, with everything signed before. */
async function latencies(rpc: readonly string[], client: Client, load: Load, perSecond: number): Promise<number[]> {
  const count = Math.ceil((perSecond * LATENCY_SECONDS) / BATCH)
  const batches = Array.from({ length: count }, () => signBatch(client, load))
  return paced(rpc, perSecond, count, (i) => batches[i]!)
}

/** At a fixed rate: the time of one transfer of every tenth batch from its submission until it is executed and durable. */
export async function paced(
  rpc: readonly string[],
  perSecond: number,
  count: number,
  batchAt: (i: number) => Batch,
): Promise<number[]> {
  const startMs = performance.now()
  const delays: number[] = []
  const failures: unknown[] = []
  const waits = new Set<Promise<void>>()
  for (let i = 0; i < count; i++) {
    const { body, firstId } = batchAt(i)
    const dueMs = startMs + (i * BATCH * 1000) / perSecond
    if (dueMs > performance.now()) await delay(dueMs - performance.now())
    const to = rpc[i % rpc.length]!
    const sinceMs = performance.now()
    const watched = i % SAMPLE_EVERY === 0
    const wait = submit(to, body)
      .then(async () => {
        if (watched) delays.push(await untilExecuted(to, firstId, sinceMs))
      })
      .catch((error) => failures.push(error))
      .then(() => void waits.delete(wait))
    waits.add(wait)
    if (failures.length > 0) throw failures[0]
  }
  await Promise.all(waits)
  if (failures.length > 0) throw failures[0]
  return delays
}

async function submit(to: string, body: string): Promise<void> {
  const answer = await post(to, body)
  if (answer.includes('"error"')) throw new Error(`a transfer was refused: ${answer.slice(0, 400)}`)
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
}
