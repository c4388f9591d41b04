// For tests and the soak of heavy calls: four delegates as real processes. The machine of the last one is broken, but only for long calls.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Call } from '@smartshare/chain'
import { fromHex, parseAddress } from '@smartshare/crypto'
import { encodeParameters, type Parameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import { type Answer, callNode, TestNetwork, type TestNode } from '../test-network.ts'

const POLL_MS = 200
const LIFETIME_BLOCKS = 1_000

/** A contract whose heavy call adds the numbers from 1 to n. */
export const sumSource = (gas: number): string => `
local total = state.value('total', 0)
local Summed = abi.event('Summed(total: integer)')
abi.heavy('sum(n: integer)', function(n)
  local sum = 0
  for i = 1, n do sum = sum + i end
  total:set(sum)
  Summed(sum)
end, { gas = ${gas}, deposit = 10000000 })`

interface RigOptions {
  readonly home: string
  readonly parameters: Partial<Parameters>
  /** Fuel above which the last node's machine counts wrong. */
  readonly faultFuel: number
  /** Time after which what is waited for does not come any more. */
  readonly patienceMs: number
}

type Nodes = readonly [TestNode, TestNode, TestNode, TestNode]

export class HeavyRig {
  readonly network: TestNetwork
  private readonly patienceMs: number
  private nonce = 0n
  private contract: Uint8Array = new Uint8Array()

  static async start({ home, parameters, faultFuel, patienceMs }: RigOptions): Promise<HeavyRig> {
    mkdirSync(home, { recursive: true })
    const network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), ['alice'], parameters)
    const fault = join(home, 'fault.mjs')
    writeFileSync(
      fault,
      `import { Machine } from ${JSON.stringify(new URL('../../../../core/lvm/src/machine.ts', import.meta.url).href)}
      const call = Machine.prototype.call
      Machine.prototype.call = function (...args) {
        const outcome = call.apply(this, args)
        return outcome.fuelUsed > ${faultFuel} ? { ...outcome, fuelUsed: outcome.fuelUsed + 16 } : outcome
      }`,
    )
    for (const [i, node] of network.nodes.entries()) {
      network.start(node, i === 3 ? { preload: pathToFileURL(fault) } : {})
    }
    return new HeavyRig(network, patienceMs)
  }

  private constructor(network: TestNetwork, patienceMs: number) {
    this.network = network
    this.patienceMs = patienceMs
  }

  get nodes(): Nodes {
    return this.network.nodes as unknown as Nodes
  }

  /** Waits for a condition. Throws with what it was. */
  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const startMs = performance.now()
    while (!(await condition())) {
      if (performance.now() - startMs > this.patienceMs) throw new Error(`waited in vain: ${what}`)
      await delay(POLL_MS)
    }
  }

  /** Undefined where nobody answers, or with an error. */
  async ask(node: TestNode, method: string, params: unknown = {}): Promise<Answer> {
    return (await callNode(node, method, params).catch(() => ({}) as Answer)).result
  }

  async heightOf(node: TestNode): Promise<number> {
    return (await this.ask(node, 'chain_status'))?.height ?? 0
  }

  async metricsOf({ url }: TestNode): Promise<string> {
    return (await fetch(new URL('/metrics', url))).text()
  }

  logOf({ dir }: TestNode): string {
    return readFileSync(join(dir, 'node.log'), 'utf8')
  }

  /** The events of a module of one name, with their heights, as far as a node has come. */
  async eventsOf(node: TestNode, name: string, from = 'contracts'): Promise<Answer[]> {
    const found: Answer[] = []
    let at = { height: 1, skip: 0 }
    for (;;) {
      const page = await this.ask(node, 'chain_events', { ...at, from, name, limit: 100 })
      if (page === undefined) return found
      found.push(...page.events.map((event: Answer) => ({ ...event.data, height: event.height })))
      if (page.next.height > (await this.heightOf(node))) return found
      if (page.next.height === at.height && page.next.skip === at.skip) return found
      at = page.next
    }
  }

  async doneOn(node: TestNode): Promise<number> {
    return (await this.eventsOf(node, 'jobDone')).length
  }

  /** A transaction of alice by the first node; returns when it is executed. Throws if it failed. */
  async act(call: Call): Promise<void> {
    const [node] = this.nodes
    await this.until('the first node answers', async () => (await this.ask(node, 'chain_status')) !== undefined)
    const expiryHeight = (await this.heightOf(node)) + LIFETIME_BLOCKS
    const options = { nonce: this.nonce++, gasLimit: 5_000_000, expiryHeight }
    const tx = signed(this.network.genesis, testAccount('alice'), [call], options)
    let id: string | undefined
    await this.until('a transaction is admitted', async () => {
      id = (await this.ask(node, 'chain_submit', { transactions: [base64(tx.wire)] }))?.results[0].id
      return id !== undefined
    })
    let found: Answer
    await this.until('a transaction is executed', async () => {
      found = await this.ask(node, 'chain_transaction', { id })
      return found?.state === 'executed'
    })
    if (found.receipt.status !== 'done') throw new Error(JSON.stringify(found.receipt))
  }

  async publish(gas: number): Promise<void> {
    const source = new TextEncoder().encode(sumSource(gas))
    const publish = { name: 'sums', source, metadata: '', upgrade: null, pauser: null, arguments: null, value: 0n }
    await this.act(callOf('contracts', 'publish', publish))
    const [published] = await this.eventsOf(this.nodes[0], 'published')
    const told = published.contract as string
    this.contract = told.startsWith('ssp1') ? parseAddress(told) : fromHex(told)
  }

  /** Orders the sum of the numbers up to n. */
  order(n: bigint): Promise<void> {
    const args = encodeParameters([{ name: 'n', type: 'integer' }], [n])
    return this.act({ target: this.contract, method: 'sum', arguments: args, funds: [] })
  }
}
