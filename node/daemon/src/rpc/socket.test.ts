import { connect, type Socket } from 'node:net'
import { SSP } from '@smartshare/chain'
import { formatAddress, toHex } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryNode } from './memory-node.ts'
import { type RpcServer, startRpcServer } from './server.ts'
import { signed } from './test-transaction.ts'

const alice = testAccount('alice')
const bob = testAccount('bob')

let node: MemoryNode
let server: RpcServer

beforeEach(async () => {
  node = new MemoryNode({ accounts: ['alice', 'bob'] })
  server = await startRpcServer({ node, logger: pino({ level: 'silent' }), host: '127.0.0.1', port: 0 })
})

afterEach(async () => {
  await server.close()
})

// biome-ignore lint/suspicious/noExplicitAny: messages are looked at field by field.
type Message = any

/** A client over a real WebSocket that keeps everything it hears. */
class Client {
  readonly heard: Message[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  private readonly socket: WebSocket
  private readonly opened: Promise<void>
  private lastId = 0

  constructor(url = server.ws) {
    this.socket = new WebSocket(url)
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = () => resolve()
      this.socket.onerror = () => reject(new Error('cannot connect'))
    })
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => resolve({ code, reason })
    })
    this.socket.onmessage = ({ data }) => this.heard.push(JSON.parse(String(data)))
  }

  async sendText(text: string): Promise<void> {
    await this.opened
    this.socket.send(text)
  }

  async call(method: string, params: unknown = {}): Promise<Message> {
    this.lastId += 1
    const id = this.lastId
    await this.sendText(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return await this.next((message) => message.id === id)
  }

  async next(wanted: (message: Message) => boolean): Promise<Message> {
    let found: Message
    await expect
      .poll(() => {
        found = this.heard.find(wanted)
        return found !== undefined
      })
      .toBe(true)
    return found
  }

  news(): Message[] {
    return this.heard.filter(({ method }) => method === 'chain_subscription').map(({ params }) => params)
  }
}

function pay(amount: bigint, nonce: bigint) {
  const to = bob.address
  return signed(node, alice, [callOf('tokens', 'transfer', { to, token: SSP, amount, memo: null })], { nonce })
}

describe('a WebSocket client', () => {
  it('calls methods as over HTTP', async () => {
    const client = new Client()
    expect((await client.call('chain_status')).result.height).toBe(0)
    await client.sendText('garbage')
    expect((await client.next(({ id }) => id === null)).error.data.code).toBe('RPC_PARSE')
  })

  it('hears of every executed block in order, until it has heard enough', async () => {
    const client = new Client()
    const { result } = await client.call('chain_subscribe', { topic: 'blocks' })
    for (let i = 0; i < 3; i++) node.makeBlock()
    await expect.poll(() => client.news().map((news) => news.result.height)).toEqual([1, 2, 3])
    expect(client.news()[0]).toMatchObject({ subscription: result.subscription, topic: 'blocks' })
    expect((await client.call('chain_unsubscribe', result)).result).toEqual({ ended: true })
    expect((await client.call('chain_unsubscribe', result)).result).toEqual({ ended: false })
    node.makeBlock()
    await client.call('chain_status')
    expect(client.news()).toHaveLength(3)
  })

  it('hears of its transactions once each, and of an account whenever it is named', async () => {
    const client = new Client()
    const transactions = [pay(1n, 0n), pay(2n, 1n), pay(3n, 2n)]
    await client.call('chain_subscribe', {
      topic: 'transactions',
      ids: transactions.slice(0, 2).map((tx) => toHex(tx.id)),
    })
    await client.call('chain_subscribe', { topic: 'account', address: formatAddress(bob.address) })
    await node.submit(transactions.map(({ wire }) => wire))
    node.makeBlock()
    const reported = (topic: string) =>
      client
        .news()
        .filter((news) => news.topic === topic)
        .map(({ result }) => result.receipt.transaction)
    await expect.poll(() => reported('account')).toEqual(transactions.map((tx) => toHex(tx.id)))
    expect(reported('transactions')).toEqual(transactions.slice(0, 2).map((tx) => toHex(tx.id)))
    const open = await node.metrics.getSingleMetric('smartshare_rpc_subscriptions')?.get()
    expect(open?.values[0]?.value).toBe(1)
  })

  it.each([
    [{ topic: 'weather' }],
    [{ topic: 'transactions' }],
    [{ topic: 'transactions', ids: [] }],
    [{ topic: 'blocks', ids: ['00'.repeat(32)] }],
    [{ topic: 'account', address: 'ssp1' }],
    [[]],
  ])('is refused when it subscribes to %j', async (params) => {
    expect((await new Client().call('chain_subscribe', params)).error.data.code).toBe('RPC_PARAMS')
  })

  it('has a bound on its subscriptions', async () => {
    const client = new Client()
    for (let i = 0; i < 64; i++)
      expect((await client.call('chain_subscribe', { topic: 'blocks' })).error).toBeUndefined()
    const { error } = await client.call('chain_subscribe', { topic: 'blocks' })
    expect(error.data.code).toBe('RPC_TOO_MANY_SUBSCRIPTIONS')
  })

  it('leaves nothing behind when it goes', async () => {
    const client = new Client()
    await client.call('chain_subscribe', { topic: 'blocks' })
    const raw = await rawClient()
    raw.write(frame(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_subscribe', params: { topic: 'blocks' } })))
    const count = async () =>
      (await node.metrics.getSingleMetric('smartshare_rpc_subscriptions')?.get())?.values[0]?.value
    await expect.poll(count).toBe(2)
    raw.destroy()
    await expect.poll(count).toBe(1)
  })

  it('is cut when it reads too slowly, and the others go on', async () => {
    const quick = new Client()
    await quick.call('chain_subscribe', { topic: 'blocks' })
    const slow = await rawClient()
    const ended = new Promise((resolve) => slow.on('close', resolve))
    slow.on('error', () => undefined)
    for (let i = 0; i < 60; i++) {
      slow.write(
        frame(JSON.stringify({ jsonrpc: '2.0', id: i, method: 'chain_subscribe', params: { topic: 'blocks' } })),
      )
    }
    const open = async () =>
      (await node.metrics.getSingleMetric('smartshare_rpc_subscriptions')?.get())?.values[0]?.value
    await expect.poll(open).toBe(61)
    slow.pause()
    // Each block is 60 messages of about 2 kB to it, of which it reads none.
    for (let i = 0; i < 400 && (await open()) === 61; i++) {
      node.makeBlock()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await expect.poll(open).toBe(1)
    slow.resume()
    await ended
    await expect.poll(() => quick.news().length).toBe(node.height)
    expect((await node.metrics.getSingleMetric('smartshare_rpc_slow_clients_total')?.get())?.values[0]?.value).toBe(1)
  })

  it('is refused a message above the size of a request', async () => {
    const client = new Client()
    await client.sendText(' '.repeat(9 * 1024 * 1024))
    expect((await client.closed).code).toBe(1009)
    expect((await new Client().call('chain_status')).result.height).toBe(0)
  })

  it('is told when the node stops', async () => {
    const client = new Client()
    await client.call('chain_status')
    await server.close()
    expect(await client.closed).toEqual({ code: 1001, reason: 'the node is stopping' })
  })

  it('is cut when the node halts, and not let in until it goes on', async () => {
    const client = new Client()
    await client.call('chain_subscribe', { topic: 'blocks' })
    node.halt()
    expect(await client.closed).toEqual({ code: 1013, reason: 'NODE_HALTED' })
    expect(await new Client().closed).toEqual({ code: 1013, reason: 'NODE_HALTED' })
    node.halted = undefined
    expect((await new Client().call('chain_subscribe', { topic: 'blocks' })).result).toEqual({ subscription: 1 })
  })

  it('is refused when its page is of another origin', async () => {
    const answer = await handshake('Origin: https://evil.example\r\n')
    expect(answer.text).toContain('403')
    answer.socket.destroy()
  })
})

/** A WebSocket by hand, which can stop reading as no library lets one. */
async function rawClient(): Promise<Socket> {
  const { socket, text } = await handshake('')
  expect(text).toContain('101')
  return socket
}

async function handshake(extra: string): Promise<{ socket: Socket; text: string }> {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${extra}\r\n`,
  )
  const text = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
  return { socket, text }
}

/** A text frame of a client, masked with zeros (RFC 6455 §5.2). */
function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}
