// `npm run soak:heavy -- --seconds 60 [--json]`: four delegates as processes compute a heavy call of about so many seconds of
// processor time each, while blocks go on. The machine of the last one is broken: it must refuse what the others certify.
// Then the delegate of that node says two results of another call to two nodes, and must lose for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ContractEngine, runJob } from '@smartshare/runtime'
import { callOf, TestChain, testAccount } from '@smartshare/runtime/testing'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import type { Answer, TestNode } from '../test-network.ts'
import { HeavyRig, sumSource } from './heavy-rig.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
})
const seconds = Number(values.seconds)
if (!(seconds >= 1 && seconds <= 3_600)) throw new RangeError('--seconds is from 1 to 3600')

/** Four machines on one: a job takes several times its processor time, and more where others are at work. */
const PATIENCE_MS = 120_000 + seconds * 30_000
/** Blocks of 200 ms, as many as fit into that. */
const DEADLINE_BLOCKS = Math.ceil(PATIENCE_MS / 200)
const TRIAL_STEPS = 20_000_000n
/** Beyond what any job of an hour takes. */
const MOST_GAS = 600_000_000_000
const PARAMETERS = {
  heavyMostGas: MOST_GAS,
  heavyBacklogGas: 4 * MOST_GAS,
  heavyDeadlineBlocks: DEADLINE_BLOCKS,
  // The job is locked at the price of gas, which is not what this is about.
  leastBasePrice: 1n,
}
/** Blocks that are looked at before the call, and that must come after what went wrong. */
const CALM_BLOCKS = 100
const MORE_BLOCKS = 20

const startMs = performance.now()
const say = (line: string) =>
  process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s  ${line}\n`)

/** Steps of the loop that take about `seconds` of this processor, and the gas and the fuel that they use. */
function calibrate(): { steps: bigint; gas: number; fuel: number } {
  const chain = new TestChain({ accounts: ['alice'], parameters: PARAMETERS })
  const contract = chain.publish('alice', sumSource(MOST_GAS / 1_000))
  chain.run('alice', chain.contractCall(contract, 'sum', [TRIAL_STEPS]))
  const engine = new ContractEngine()
  const { chainId, parameters, state } = chain
  const before = process.cpuUsage()
  const { gasUsed, error } = runJob(state, 0, { chainId, parameters, engine })
  const { user } = process.cpuUsage(before)
  if (error !== null) throw new Error(`${error.code}: ${error.message}`)
  const times = (seconds * 1_000_000) / user
  const steps = BigInt(Math.ceil(Number(TRIAL_STEPS) * times))
  const gas = Math.ceil(gasUsed * times)
  return { steps, gas: Math.ceil(gas * 1.2), fuel: gas * 16 }
}

/** Milliseconds between blocks of a range of heights, by the times in their headers: the median, the 99th of 100, and the most. */
async function paceOf(rig: HeavyRig, first: number, last: number): Promise<{ p50: number; p99: number; most: number }> {
  const times: number[] = []
  for (let height = first; height <= last; height++) {
    times.push((await rig.ask(rig.nodes[0], 'chain_block', { height, limit: 0 })).header.timeMs)
  }
  const gaps = times.slice(1).map((timeMs, i) => timeMs - times[i]!)
  gaps.sort((a, b) => a - b)
  const at = (part: number) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))] ?? 0
  return { p50: at(0.5), p99: at(0.99), most: at(1) }
}

function insist(what: string, isTrue: boolean): void {
  if (!isTrue) throw new Error(`FAILED: ${what}`)
  say(what)
}

async function run(home: string): Promise<Record<string, unknown>> {
  const { steps, gas, fuel } = calibrate()
  say(`a call of ${steps} steps takes about ${seconds} s of this processor and ${gas} gas`)
  const options = { home, parameters: PARAMETERS, faultFuel: fuel / 2, patienceMs: PATIENCE_MS }
  const rig = await HeavyRig.start(options)
  try {
    return await watch(rig, { steps, gas })
  } finally {
    await rig.network.stop()
  }
}

async function watch(rig: HeavyRig, { steps, gas }: { steps: bigint; gas: number }): Promise<Record<string, unknown>> {
  const [first, second, third, broken] = rig.nodes
  const sound = [first, second, third]
  await rig.publish(gas)
  const calmFrom = (await rig.heightOf(first)) + 1
  await rig.until('blocks', async () => (await rig.heightOf(first)) >= calmFrom + CALM_BLOCKS)
  const before = await paceOf(rig, calmFrom, calmFrom + CALM_BLOCKS)
  say(`before the call: blocks every ${before.p50} ms (p99 ${before.p99}, most ${before.most})`)

  const orderedMs = performance.now()
  await rig.order(steps)
  const [began] = await rig.eventsOf(first, 'jobBegan')
  for (const node of sound) await rig.until('the call is certified', async () => (await rig.doneOn(node)) === 1)
  const tookMs = Math.round(performance.now() - orderedMs)
  const ends = await Promise.all(sound.map((node) => rig.eventsOf(node, 'jobDone')))
  const end: Answer = ends[0]![0]
  insist(
    'all sound nodes certified the same result',
    ends.every((one) => JSON.stringify(one) === JSON.stringify(ends[0])),
  )
  insist('the call succeeded', end.error === null)
  const during = await paceOf(rig, began.height, end.height)
  const blocks = end.height - began.height
  say(`while it was computed: ${blocks} blocks, every ${during.p50} ms (p99 ${during.p99}, most ${during.most})`)

  const isHalted = async () => (await rig.metricsOf(broken)).includes('smartshare_halted 1')
  await rig.until('the broken node refuses', isHalted)
  insist('the node with the broken machine refused and raised the alarm', rig.logOf(broken).includes('HEAVY_DIVERGED'))
  await goOn(rig, sound, end.height)
  insist(
    'the others go on',
    sound.every((node) => !rig.logOf(node).includes('HEAVY_DIVERGED')),
  )

  await contradict(rig, { to: [first, second], watched: third })
  for (const node of sound) await rig.until('the call after that', async () => (await rig.doneOn(node)) === 2)
  await goOn(rig, sound, await rig.heightOf(first))
  return {
    seconds,
    steps: `${steps}`,
    tookMs,
    blocks,
    gasUsed: end.gasUsed,
    resultHash: end.resultHash,
    before,
    during,
  }
}

async function goOn(rig: HeavyRig, nodes: readonly TestNode[], height: number): Promise<void> {
  for (const node of nodes)
    await rig.until('more blocks', async () => (await rig.heightOf(node)) >= height + MORE_BLOCKS)
}

/** The delegate of the broken node says one result to one node and another to the next. */
async function contradict(
  rig: HeavyRig,
  { to, watched }: { to: readonly TestNode[]; watched: TestNode },
): Promise<void> {
  await rig.order(TRIAL_STEPS)
  const [, { job, term }] = await rig.eventsOf(watched, 'jobBegan')
  const expiryHeight = (await rig.heightOf(watched)) + 500
  for (const [i, node] of to.entries()) {
    const commitment = new Uint8Array(32).fill(i + 1)
    const call = callOf('contracts', 'commitResult', { job, term, commitment })
    // Of one nonce: the chain takes one of them at most.
    const place = { nonce: 0n, lane: 3, expiryHeight }
    const { wire } = signed(rig.network.genesis, testAccount('delegate 3'), [call], place)
    await rig.ask(node, 'chain_submit', { transactions: [base64(wire)] })
  }
  const convicted = () => rig.eventsOf(watched, 'convicted', 'evidence')
  await rig.until('the evidence is reported', async () => (await convicted()).length > 0)
  const [told] = await convicted()
  const slashed = await rig.eventsOf(watched, 'slashed', 'delegates')
  insist(
    `the delegate who said two results of job ${told.job} lost ${slashed[0]?.amount} grains`,
    told.job === job && slashed.length > 0,
  )
}

const home = mkdtempSync(join(tmpdir(), 'smartshare-soak-heavy-'))
try {
  const found = await run(home)
  say('passed')
  if (values.json) process.stdout.write(`${JSON.stringify(found)}\n`)
  rmSync(home, { recursive: true, force: true })
} catch (error) {
  say(`${(error as Error).message}; what is left is in ${home}`)
  process.exitCode = 1
}
