import { encodeReceipt } from '@smartshare/chain'
import { type RpcServer, serve } from '@smartshare/daemon/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMarket } from '../test-chain.ts'
import { Source } from './source.ts'

const market = new TestMarket()
const { node } = market
let rpc: RpcServer

beforeAll(async () => {
  rpc = await serve(node)
})

afterAll(async () => {
  await rpc.close()
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('blocks from a node', () => {
  it('are whole and in order, also one that fits into no answer', async () => {
    await market.publish(`
      local Big = abi.event('Big(text: string)')
      abi.method('shout(n: integer)', function(n) for i = 1, n do Big(string.rep('x', 60000)) end end)
    `)
    for (let i = 0; i < 9; i++) await market.send('alice', market.call('shout', [14n]))
    await market.block('bob', market.pay('carol', 1n))
    await market.block('bob', market.pay('carol', 2n))
    const source = new Source([rpc.url], new AbortController().signal)
    const blocks = []
    for (;;) {
      const more = await source.blocks(blocks.length + 1)
      if (more.length === 0) break
      blocks.push(...more)
    }
    expect(blocks.map(({ header }) => header.height)).toEqual(Array.from({ length: node.height }, (_, i) => i + 1))
    for (const { header, transactions, receipts } of blocks) {
      const [block, encoded] = [await node.block(header.height), await node.receipts(header.height)]
      expect(transactions.map(({ wire }) => hex(wire))).toEqual(block?.transactions.map(hex))
      expect(receipts.map((receipt) => hex(encodeReceipt(receipt)))).toEqual(encoded?.map(hex))
    }
    const large = blocks.find(({ transactions }) => transactions.length === 10)
    expect(large?.receipts.filter(({ status }) => status === 0)).toHaveLength(11)
    const abiOf = await source.abisFor(blocks)
    expect(abiOf(market.contract!)?.events.map(({ name }) => name)).toEqual(['Big'])
  })

  it('are refused if the node is of another network than before', async () => {
    const source = new Source([rpc.url], new AbortController().signal)
    await source.genesis()
    await rpc.close()
    const other = new TestMarket('another').node
    rpc = await serve(other, rpc.port)
    await expect(source.checkChain()).rejects.toMatchObject({ code: 'INDEX_CHAIN' })
  })
})
