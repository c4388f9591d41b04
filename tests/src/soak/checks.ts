import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { disagreements } from '../ledger.ts'
import type { Told } from './load.ts'
import type { SoakNetwork, SoakNode } from './network.ts'
import { type Call, callBatch, callOne, type Status } from './rpc.ts'

const SUPPLY = `${10n ** 18n}`
const WATCH_MS = 2_000
/** Calls for receipts weigh five units of the hundred that a batch may have. */
const RECEIPTS_PER_BATCH = 20
const MOST_RECEIPTS = 1_000
const MOST_VIOLATIONS = 50
/** No node is paused any more: whoever does not answer for so long is not well. */
const COMPARE_MS = 120_000

interface Seen {
  readonly hash: string
  readonly stateRoot: string
  readonly name: string
}

/** Looks at all nodes all the time: whatever two of them say about one height must be the same. */
export class Watcher {
  readonly violations: string[] = []
  private readonly network: SoakNetwork
  private readonly seen = new Map<number, Seen>()
  private readonly heights = new Map<string, number>()
  private readonly finals = new Map<string, number>()
  private running = true
  term = 0

  constructor(network: SoakNetwork) {
    this.network = network
  }

  /** Highest final block that any node has told of. */
  get final(): number {
    return Math.max(0, ...this.finals.values())
  }

  /** Executed height of a node when it was last seen. */
  heightOf(node: SoakNode): number {
    return this.heights.get(node.name) ?? 0
  }

  async run(): Promise<void> {
    while (this.running) {
      await this.look()
      await delay(WATCH_MS)
    }
  }

  stop(): void {
    this.running = false
  }

  complain(violation: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(violation)
  }

  async look(): Promise<void> {
    await Promise.all(
      this.network.up.map(async (node) => {
        try {
          this.take(node, await callOne<Status>(node.url, 'chain_status'))
        } catch {
          // Killed or paused in between, or too busy: the next look will tell.
        }
      }),
    )
  }

  private take({ name }: SoakNode, { height, final, hash, stateRoot, supplyGrains, term }: Status): void {
    this.term = Math.max(this.term, term)
    const before = this.heights.get(name) ?? 0
    if (height < before) this.complain(`${name} was at height ${before} and is now at ${height}`)
    this.heights.set(name, height)
    this.finals.set(name, final)
    if (supplyGrains !== SUPPLY) this.complain(`${name} has a supply of ${supplyGrains} at height ${height}`)
    const known = this.seen.get(height)
    if (known === undefined) this.seen.set(height, { hash, stateRoot, name })
    else if (known.hash !== hash)
      this.complain(`a fork at height ${height}: ${known.name} ${known.hash}, ${name} ${hash}`)
    else if (known.stateRoot !== stateRoot) this.complain(`other states at height ${height}: ${known.name} and ${name}`)
  }
}

/** What a node says of others only if they do wrong, or of itself only if it cannot go on. All are honest here. */
const ALARMS = [
  'block is invalid',
  'peer misbehaves',
  'peer sent junk',
  'a delegate contradicted itself',
  'the node cannot go on',
]

/** Alarms in the logs of the nodes, with how often each was raised. */
export function alarmsOf(network: SoakNetwork): string[] {
  return network.nodes.flatMap(({ name, dir }) => {
    const lines = readFileSync(join(dir, 'node.log'), 'utf8').split('\n')
    return ALARMS.flatMap((alarm) => {
      const raised = lines.filter((line) => line.includes(`"msg":"${alarm}"`))
      return raised.length === 0 ? [] : [`${name} says ${raised.length} times: ${raised[0]}`]
    })
  })
}

interface Receipts {
  readonly receipts: readonly { readonly transaction: string }[]
  readonly total: number
}

interface Headers {
  readonly headers: readonly { readonly hash: string; readonly stateRoot: string; readonly rangeRoot: string }[]
}

/**
 * Compares everything that all nodes hold from height 1 to `height`, after the network has come to rest: headers, receipts,
 * what the client was told to be final, and a ledger kept from receipts alone.
 */
export async function compareAll(network: SoakNetwork, height: number, told: readonly Told[]): Promise<string[]> {
  const wrong: string[] = []
  const digests = new Map<number, string>()
  const places = new Map<string, string>()
  for (const node of network.nodes) {
    for (let from = 1; from <= height; from += RECEIPTS_PER_BATCH) {
      const heights = Array.from({ length: Math.min(RECEIPTS_PER_BATCH, height - from + 1) }, (_, i) => from + i)
      const { headers } = await callOne<Headers>(node.url, 'chain_blocks', { from, limit: heights.length }, COMPARE_MS)
      const calls = heights.map((at): Call => ['chain_receipts', { height: at, limit: MOST_RECEIPTS }])
      const pages = await callBatch<Receipts>(node.url, calls, COMPARE_MS)
      for (const [i, at] of heights.entries()) {
        const page = pages[i]
        if (page === undefined || headers[i] === undefined) {
          wrong.push(`${node.name} lacks height ${at}`)
          continue
        }
        const digest = createHash('sha256')
          .update(JSON.stringify([headers[i], page]))
          .digest('hex')
        const known = digests.get(at)
        if (known !== undefined && known !== digest) wrong.push(`${node.name} has another block or receipts at ${at}`)
        if (known !== undefined) continue
        digests.set(at, digest)
        for (const [index, { transaction }] of page.receipts.entries()) {
          if (places.has(transaction)) wrong.push(`${transaction} was executed twice`)
          places.set(transaction, `${at} ${index}`)
        }
      }
    }
  }
  for (const one of told) {
    const found = places.get(one.id)
    if (found !== `${one.height} ${one.index}`) {
      wrong.push(`${one.id}, told to be final at ${one.height} ${one.index}, is at ${found ?? 'no place'}`)
    }
  }
  const [first] = network.nodes
  if (first !== undefined) wrong.push(...(await disagreements(first.url)))
  return wrong.slice(0, MOST_VIOLATIONS)
}
