import type { Call } from '@smartshare/chain'
import { formatAddress, toHex } from '@smartshare/crypto'
import { encodeParameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { describe, expect, it } from 'vitest'
import { MemoryNode } from './memory-node.ts'
import { methods } from './method-table.ts'
import { signed } from './test-transaction.ts'

const SOURCE = `
abi.heavy('sum(n: integer)', function(n) end, { gas = 3000000, deposit = 7 })
abi.heavy('tiny()', function() end, { gas = 1 })`
const alice = testAccount('alice')

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field.
type Answer = any

/** A chain that nobody attests on: what is ordered stays until its time is over. */
class Chain {
  readonly node = new MemoryNode({ accounts: ['alice'], parameters: { heavyDeadlineBlocks: 6 } })
  private nonce = 0n

  async ask(params: object): Promise<Answer> {
    const found = methods.get('contract_jobs')
    const result = JSON.parse(JSON.stringify(await found?.call(this.node, params)))
    found?.result.parse(result)
    return result
  }

  async run(...calls: Call[]): Promise<Answer[]> {
    const tx = signed(this.node, alice, calls, { nonce: this.nonce++, gasLimit: 10_000_000 })
    expect(await this.node.submit([tx.wire])).toEqual([{ id: tx.id }])
    this.node.makeBlock()
    const { receipt }: Answer = await methods.get('chain_transaction')!.call(this.node, { id: toHex(tx.id) })
    expect(receipt).toMatchObject({ status: 'done' })
    return receipt.events
  }

  async publish(): Promise<Uint8Array> {
    const source = new TextEncoder().encode(SOURCE)
    const draft = { name: 'sums', source, metadata: '', upgrade: null, pauser: null, arguments: null, value: 0n }
    await this.run(callOf('contracts', 'publish', draft))
    const [last] = [...this.node.state().reader.range(Uint8Array.of(11, 1), Uint8Array.of(11, 2))]
      .map(([key]) => key.slice(2))
      .filter((address) => !this.known.has(toHex(address)))
    this.known.add(toHex(last as Uint8Array))
    return last as Uint8Array
  }

  private readonly known = new Set<string>()
}

const sum = (target: Uint8Array, grains = 0n): Call => ({
  ...{ target, method: 'sum', funds: grains === 0n ? [] : [{ token: 0, amount: grains }] },
  arguments: encodeParameters([{ name: 'n', type: 'integer' }], [1n]),
})
const tiny = (target: Uint8Array): Call => ({ target, method: 'tiny', arguments: encodeParameters([], []), funds: [] })

describe('contract_jobs', () => {
  it('tells of every job where it stands, by contract and by state', async () => {
    const chain = new Chain()
    const [one, two] = [await chain.publish(), await chain.publish()]
    expect(await chain.ask({})).toMatchObject({ jobs: [], next: null })
    await chain.run(sum(one, 5n), sum(one), sum(two))
    const { height } = chain.node.state()
    const { jobs } = await chain.ask({})
    const run = { beganHeight: height, deadlineHeight: height + 6, term: 0, seats: 4, commits: 0, opens: 0 }
    expect(jobs).toEqual([
      {
        ...{ job: 0, contract: formatAddress(one), caller: formatAddress(alice.address), method: 'sum' },
        ...{ state: 'committing', gas: 3_000_000, depositGrains: '7', valueGrains: '5', orderedHeight: height },
        ...{ highestFeeGrains: expect.stringMatching(/^[1-9]/), orderedMs: chain.node.state().timeMs },
        run: { ...run, openHeight: null },
      },
      expect.objectContaining({ job: 1, contract: formatAddress(one), state: 'waiting', run: null }),
      expect.objectContaining({ job: 2, contract: formatAddress(two), state: 'committing' }),
    ])
    const numbers = async (params: object) => (await chain.ask(params)).jobs.map(({ job }: Answer) => job)
    expect(await numbers({ contract: formatAddress(one) })).toEqual([0, 1])
    expect(await numbers({ contract: formatAddress(one), from: 1 })).toEqual([1])
    expect(await numbers({ state: 'committing' })).toEqual([0, 2])
    expect(await numbers({ state: 'waiting', contract: formatAddress(two) })).toEqual([])
    for (let i = 0; i < 6; i++) chain.node.makeBlock()
    expect(await numbers({ state: 'expired' })).toEqual([0, 2])
    await expect(chain.ask({ contract: formatAddress(alice.address) })).rejects.toMatchObject({
      code: 'CONTRACT_UNKNOWN',
    })
    await expect(chain.ask({ state: 'done' })).rejects.toMatchObject({ code: 'RPC_PARAMS' })
    await expect(chain.ask({ limit: 101 })).rejects.toMatchObject({ code: 'RPC_PARAMS' })
  })

  it('gives each job once, however many there are and however few are wanted of them', async () => {
    const chain = new Chain()
    const contracts: Uint8Array[] = []
    for (let i = 0; i < 27; i++) contracts.push(await chain.publish())
    // As many as a queue holds; more in all than one answer looks at.
    for (const contract of contracts) await chain.run(...Array.from({ length: 8 }, () => tiny(contract)))
    const walk = async (params: object) => {
      const seen: number[] = []
      const pages: number[] = []
      for (let from: number | null = 0; from !== null; ) {
        const page: Answer = await chain.ask({ ...params, from })
        pages.push(page.jobs.length)
        seen.push(...page.jobs.map(({ job }: Answer) => job))
        from = page.next
      }
      return { seen, pages }
    }
    const all = Array.from({ length: 216 }, (_, job) => job)
    expect(await walk({})).toEqual({ seen: all, pages: [100, 100, 16] })
    expect((await walk({ limit: 7 })).seen).toEqual(all)
    expect(await walk({ state: 'waiting' })).toMatchObject({ seen: all.filter((job) => job % 8 !== 0) })
    // Nothing is found in what one answer looks at, and yet it is not the last one.
    expect((await walk({ state: 'opening' })).pages).toEqual([0, 0])
  }, 60_000)
})
