import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seededRandom } from '@smartshare/consensus/simulator'
import { freeBasePort } from '@smartshare/devnet'
import { alarmsOf, compareAll, Watcher } from './checks.ts'
import { ACCOUNTS, Load } from './load.ts'
import { MOST_NODES, SoakNetwork } from './network.ts'
import { type Episode, nextEpisode } from './plan.ts'

// `npm run soak:processes -- --minutes 10 --delegates 21 --seed 1 [--rate 20] [--json]`: a network of real processes that
// are killed, paused and cut off from each other while a client pays; at the end every node must hold the same.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    delegates: { type: 'string', default: '21' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '20' },
    'slot-ms': { type: 'string', default: '2000' },
    'term-blocks': { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const slotMs = Number(values['slot-ms'])
const delegates = Math.min(MOST_NODES, Number(values.delegates))
const options = { seed, slotMs, delegates, minutes: Number(values.minutes), perSecond: Number(values.rate) }

/** Slots within which a network that is whole again must make blocks, and every node must hold the newest of them. */
const RESUME_SLOTS = 45
const CAUGHT_UP_SLOTS = 90
/** Time between two episodes. */
const LEAST_CALM_MS = 2_000
const MOST_CALM_MS = 8_000
const MEMORY_MS = 10_000
const POLL_MS = 500
const MIB = 1024 * 1024

interface Outcome {
  readonly kind: string
  readonly heightBefore: number
  /** Blocks that became final while it lasted. */
  readonly blocks: number
  /** From the moment when all was whole again: until there were new blocks, and until every node had them. */
  readonly resumedMs: number
  readonly caughtUpMs: number
}

const startMs = performance.now()
const seconds = () => ((performance.now() - startMs) / 1000).toFixed(1).padStart(6)
const say = (line: string) => process.stderr.write(`${seconds()} s  ${line}\n`)

const home = mkdtempSync(join(tmpdir(), 'smartshare-soak-'))
const network = await SoakNetwork.make({
  ...options,
  dir: home,
  basePort: await freeBasePort(),
  termBlocks: Number(values['term-blocks']),
  accounts: ACCOUNTS,
})
const random = seededRandom(seed)
const watcher = new Watcher(network)
const load = new Load(network, seed, random.fork())
const outcomes: Outcome[] = []
let mostBytes = 0
let mostBytesOfOne = 0
process.once('exit', () => network.abandon())
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

say(`${delegates} delegates, ${network.mostFaulty} may fail, slots of ${slotMs} ms, seed ${seed}, in ${home}`)
await Promise.all(network.nodes.map((node) => network.start(node)))
const memoryTimer = setInterval(() => {
  const { allBytes, mostBytes: one } = network.memory()
  mostBytes = Math.max(mostBytes, allBytes)
  mostBytesOfOne = Math.max(mostBytesOfOne, one)
}, MEMORY_MS)
const watching = watcher.run()
await until('the first blocks', RESUME_SLOTS, () => watcher.final >= 2)
say(`all have started; final height ${watcher.final}`)
const paying = load.run(options.perSecond)
const endMs = performance.now() + options.minutes * 60_000
while (performance.now() < endMs && watcher.violations.length === 0) {
  await delay(random.between(LEAST_CALM_MS, MOST_CALM_MS))
  await endure(nextEpisode(random, delegates, network.mostFaulty))
}

say('coming to rest')
load.finish()
await until('everything handed over is executed', CAUGHT_UP_SLOTS, () => load.waiting === 0)
load.stop()
await Promise.all([paying, caughtUp()])
watcher.stop()
await watching
const height = Math.min(...network.nodes.map((node) => watcher.heightOf(node)))
say(`comparing ${height} heights of ${delegates} nodes, and ${load.told.length} transactions`)
for (const wrong of await compareAll(network, height, load.told)) watcher.complain(wrong)
for (const alarm of [...network.died, ...alarmsOf(network)]) watcher.complain(alarm)
clearInterval(memoryTimer)
await network.close()

const violations = [...watcher.violations]
const report = {
  ...options,
  good: violations.length === 0,
  violations,
  height,
  terms: watcher.term + 1,
  episodes: outcomes.length,
  kinds: Object.fromEntries(
    [...new Set(outcomes.map(({ kind }) => kind))].sort().map((kind) => [kind, ofKind(outcomes, kind)]),
  ),
  transactions: {
    submitted: load.submitted,
    final: load.told.length,
    handedAgain: load.handedAgain,
    refusals: Object.fromEntries(load.refusals),
  },
  carriedMib: Math.round(network.links.carriedBytes / MIB),
  memoryMib: { all: Math.round(mostBytes / MIB), largest: Math.round(mostBytesOfOne / MIB) },
  seconds: Math.round((performance.now() - startMs) / 1000),
  ...(violations.length === 0 ? {} : { folder: home }),
}
if (violations.length === 0) rmSync(home, { recursive: true, force: true })
if (values.json) console.log(JSON.stringify(report))
else print()
process.exitCode = violations.length === 0 ? 0 : 1

/** Lets one episode happen, makes everything whole again, and waits until the network has got over it. */
async function endure(episode: Episode): Promise<void> {
  const { kind, kill, pause, cut, stall, durationMs, halts } = episode
  const heightBefore = watcher.final
  const names = [...kill, ...pause].map((i) => network.nodes[i]!.name).join(' ')
  say(`${kind} for ${Math.round(durationMs / 1000)} s: ${names} ${cut.length + stall.length} links`)
  const at = (i: number) => network.nodes[i]!
  for (const [a, b] of cut) network.links.set(a, b, 'cut')
  for (const [a, b] of stall) network.links.set(a, b, 'stalled')
  for (const i of pause) network.pause(at(i))
  await Promise.all(kill.map((i) => network.kill(at(i))))
  await delay(durationMs)
  const blocks = watcher.final - heightBefore
  for (const i of pause) network.resume(at(i))
  network.links.heal()
  await Promise.all(kill.map((i) => network.start(at(i))))
  const wholeMs = performance.now()
  const since = watcher.final
  await until(`blocks after ${kind}`, RESUME_SLOTS, () => watcher.final >= since + 2)
  const resumedMs = Math.round(performance.now() - wholeMs)
  await caughtUp()
  const caughtUpMs = Math.round(performance.now() - wholeMs)
  outcomes.push({ kind, heightBefore, blocks, resumedMs, caughtUpMs })
  const went = halts ? `${blocks} blocks meanwhile` : `went on with ${blocks} blocks`
  say(`  ${went}; new blocks after ${resumedMs} ms, all there after ${caughtUpMs} ms; final ${watcher.final}`)
}

async function caughtUp(): Promise<void> {
  // What the client was told may be newer than what was last seen of any node.
  const goal = Math.max(watcher.final, load.highest)
  const behind = () => network.nodes.filter((node) => watcher.heightOf(node) < goal).map(({ name }) => name)
  await until(`height ${goal} on all nodes`, CAUGHT_UP_SLOTS, () => behind().length === 0, behind)
}

async function until(what: string, slots: number, met: () => boolean, who?: () => string[]): Promise<void> {
  const deadlineMs = performance.now() + slots * slotMs
  while (!met()) {
    if (performance.now() > deadlineMs) {
      watcher.complain(`${what}: not within ${slots} slots${who === undefined ? '' : `: ${who().join(' ')}`}`)
      return
    }
    await delay(POLL_MS)
  }
}

function ofKind(all: readonly Outcome[], kind: string) {
  const some = all.filter((one) => one.kind === kind)
  return {
    times: some.length,
    mostResumedMs: Math.max(...some.map(({ resumedMs }) => resumedMs)),
    mostCaughtUpMs: Math.max(...some.map(({ caughtUpMs }) => caughtUpMs)),
  }
}

function print(): void {
  const { transactions, memoryMib } = report
  console.log(`soak of ${delegates} processes, seed ${seed}: ${report.good ? 'good' : 'WRONG'}`)
  console.log(`  ${report.height} blocks in ${report.terms} terms, ${report.seconds} s, ${report.episodes} episodes`)
  for (const [kind, { times, mostResumedMs, mostCaughtUpMs }] of Object.entries(report.kinds)) {
    console.log(
      `  ${kind.padEnd(14)} ${times} times; blocks again within ${mostResumedMs} ms, all within ${mostCaughtUpMs} ms`,
    )
  }
  console.log(
    `  ${transactions.submitted} transactions, ${transactions.final} told to be final and found on all nodes,`,
  )
  console.log(`    ${transactions.handedAgain} handed over again, refused ${JSON.stringify(transactions.refusals)}`)
  console.log(`  ${report.carriedMib} MiB between the nodes`)
  console.log(`  memory: ${memoryMib.all} MiB in all, ${memoryMib.largest} MiB of one node`)
  for (const violation of violations) console.log(`  WRONG: ${violation}`)
  if (!report.good) console.log(`  everything lies in ${home}`)
}
