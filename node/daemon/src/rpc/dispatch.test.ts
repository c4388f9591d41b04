import { SSP } from '@smartshare/chain'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { Dispatcher } from './dispatch.ts'
import { MemoryNode } from './memory-node.ts'
import { methods } from './method-table.ts'
import { RpcMetrics } from './metrics.ts'
import { signed } from './test-transaction.ts'
import { base64 } from './views.ts'

const node = new MemoryNode({ accounts: ['alice'] })
node.makeBlock()
const internal: unknown[] = []
const dispatcher = new Dispatcher(node, new RpcMetrics(new Registry()), (error) => internal.push(error))
const alice = testAccount('alice')
const transfer = signed(
  node,
  alice,
  [callOf('tokens', 'transfer', { to: alice.address, token: SSP, amount: 1n, memo: null })],
  { nonce: 0n },
)

async function answer(message: string | Buffer): Promise<unknown> {
  const text = await dispatcher.answer(Buffer.from(message as string))
  return text === undefined ? undefined : JSON.parse(text)
}

const someMethod = fc.constantFrom(...methods.keys(), 'rpc.discover', 'chain_subscribe', 'x')
const someText = fc.oneof(
  fc.string(),
  fc.constantFrom('00'.repeat(32), base64(transfer.wire), 'delegate-1', '__proto__'),
)
const someValue = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.integer(), someText)
const names = [...new Set([...methods.values()].flatMap((method) => Object.keys(method.params.shape)))]
const someParams = fc.oneof(
  fc.array(someValue, { maxLength: 4 }),
  fc.dictionary(fc.constantFrom(...names), someValue, { maxKeys: 4 }),
)

describe('the dispatcher', () => {
  it('answers any bytes with JSON-RPC, and never breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await answer(Buffer.from(bytes))).toMatchObject({
          jsonrpc: '2.0',
          error: { data: { code: expect.stringMatching(/^RPC_/) } },
        })
      }),
    )
  })

  it('answers any call of any method with a result or a coded refusal, and never for a reason of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        someMethod,
        someParams,
        fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
        async (method, params, id) => {
          const got = (await answer(JSON.stringify({ jsonrpc: '2.0', id, method, params }))) as Record<string, unknown>
          expect(got).toMatchObject({ jsonrpc: '2.0' })
          if ('error' in got)
            expect(got).toMatchObject({ error: { data: { code: expect.stringMatching(/^[A-Z_]+$/) } } })
          else methods.get(method)?.result.parse(got.result)
        },
      ),
      { numRuns: 1500 },
    )
    expect(internal).toEqual([])
  })

  it('estimates any damaged transaction without breaking', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(transfer.wire.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const wire = Uint8Array.from(transfer.wire)
        wire[at]! ^= change
        const message = { jsonrpc: '2.0', id: 1, method: 'chain_estimate', params: { transaction: base64(wire) } }
        const got = (await answer(JSON.stringify(message))) as Record<string, unknown>
        expect('result' in got || (got.error as { data: { code: string } }).data.code !== 'RPC_INTERNAL').toBe(true)
      }),
      { numRuns: 500 },
    )
    expect(internal).toEqual([])
  })
})
