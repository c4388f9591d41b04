import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, calls, type Sender } from '@smartshare/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'

const START = 10n ** 14n
const SSP = 10n ** 8n
const alice = accountOf('alice')
const bob = accountOf('bob')

let network: LocalNetwork

beforeEach(async () => {
  network = await LocalNetwork.start()
})

afterEach(async () => {
  await network.close()
})

async function balanceOfBob(client: Client): Promise<bigint> {
  return (await client.rpc.account(bob.text)).grains - START
}

const pay = (amount: bigint) => ({ calls: [calls.transfer(bob.address, amount)] })

type Handler = (body: string, forward: () => Promise<string>) => Promise<string | undefined>

/** A node between the client and the real one that does with messages what the test says; undefined: no answer at all. */
async function between(handle: Handler): Promise<string> {
  const proxy: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const forward = async () => {
      const headers = { 'content-type': 'application/json' }
      return await (await fetch(network.server.url, { method: 'POST', body, headers })).text()
    }
    const answer = await handle(body, forward)
    if (answer === undefined) response.destroy()
    else response.end(answer)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  network.keep({ close: () => new Promise((resolve) => proxy.close(resolve)) })
  network.keep({ close: () => proxy.closeAllConnections() })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`
}

describe('a sender', () => {
  it('sends, waits until final, and pays what was estimated', async () => {
    const client = await network.client()
    const sender = client.sender(alice)
    const fee = await sender.estimate(pay(7n))
    const final = await sender.sendAndWait(pay(7n))
    expect(final.receipt).toMatchObject({ status: 'done', payer: alice.text })
    expect(final.receipt.feeGrains).toBeLessThanOrEqual(fee.highestFeeGrains)
    expect(await balanceOfBob(client)).toBe(7n)
    expect((await client.rpc.account(alice.text)).grains).toBe(START - 7n - final.receipt.feeGrains)
  })

  it.each([
    ['news over WebSocket', true],
    ['asking alone', false],
  ])('has many transactions under way at a time, with %s', async (_, hasNews) => {
    const client = await network.client(hasNews ? {} : { ws: [] })
    const sender = client.sender(alice)
    const finals = await Promise.all(Array.from({ length: 150 }, (_, i) => sender.sendAndWait(pay(BigInt(i + 1)))))
    expect(new Set(finals.map(({ id }) => id)).size).toBe(150)
    expect(await balanceOfBob(client)).toBe((150n * 151n) / 2n)
    expect((await client.rpc.account(alice.text)).nonces).toEqual([150n])
  })

  it('says before sending what a transaction would fail with', async () => {
    const sender = (await network.client()).sender(alice)
    await expect(sender.send(pay(START * 2n))).rejects.toMatchObject({ code: 'TOKENS_BALANCE' })
    await expect(sender.send({ calls: [calls.unstake(1n)] })).rejects.toMatchObject({ code: 'DELEGATE_STAKE' })
    expect((await sender.sendAndWait(pay(1n))).receipt.status).toBe('done')
  })

  it('throws the code of the receipt when a transaction fails after all', async () => {
    const client = await network.client()
    const sender = client.sender(alice)
    const fee = await sender.estimate(pay(1n))
    const { gasLimit, maxGasPrice } = fee
    const failing = { calls: [calls.claimVesting(9)], gasLimit, maxGasPrice, emptying: false }
    await expect(sender.sendAndWait(failing)).rejects.toMatchObject({ code: 'VESTING_UNKNOWN' })
  })

  it('empties an account to the last grain it can when told to send so much', async () => {
    const client = await network.client()
    const sender = client.sender(alice)
    const fee = await sender.estimate(pay(START - 2n * SSP))
    expect(fee.emptying).toBe(true)
    await sender.sendAndWait(pay(START - fee.highestFeeGrains))
    expect(await balanceOfBob(client)).toBe(START - fee.highestFeeGrains)
    expect((await client.rpc.account(alice.text)).grains).toBeLessThan(fee.highestFeeGrains)
  })

  it('gives the nonce of a refused transaction to the next, and holds nothing up', async () => {
    const client = await network.client()
    const sender = client.sender(alice)
    const { gasLimit, maxGasPrice } = await sender.estimate(pay(1n))
    const good = { gasLimit, maxGasPrice, emptying: false }
    const refused = { ...pay(1n), ...good, gasLimit: 10 }
    const results = await Promise.allSettled([
      sender.sendAndWait({ ...pay(1n), ...good }),
      sender.sendAndWait(refused),
      sender.sendAndWait({ ...pay(2n), ...good }),
      sender.sendAndWait(refused),
      sender.sendAndWait({ ...pay(4n), ...good }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'TX_GAS' })
    }
    expect(await balanceOfBob(client)).toBe(7n)
    // Two transactions that do nothing filled the two places.
    expect((await client.rpc.account(alice.text)).nonces).toEqual([5n])
  })

  it('shares an account with another program', async () => {
    const client = await network.client()
    const one = client.sender(alice)
    const other = (await network.client()).sender(alice)
    // Both count from the same nonce and pay the same: each must still be a transaction of its own.
    const request = { ...pay(1n), lifetimeBlocks: 10_000 }
    const send = (sender: Sender) => Array.from({ length: 10 }, () => sender.sendAndWait(request))
    await Promise.all([...send(one), ...send(other)])
    expect(await balanceOfBob(client)).toBe(20n)
  })

  it('sends anew what another transaction displaced, and only then', async () => {
    network.node.stop()
    const client = await network.client({ ws: [] })
    const first = client.sender(alice).sendAndWait(pay(1n))
    await expect.poll(() => network.node.status().mempoolTransactions).toBe(1)
    // The node forgets it and packs another one with the same nonce.
    network.node.forgetMempool()
    const other = await client.sender(alice).send(pay(10n))
    network.node.makeBlock()
    network.node.start(40)
    expect((await other.wait()).receipt.status).toBe('done')
    expect((await first).receipt.status).toBe('done')
    expect(await balanceOfBob(client)).toBe(11n)
    expect((await client.rpc.account(alice.text)).nonces).toEqual([2n])
  })

  it('never sends twice when answers are lost', async () => {
    let submits = 0
    const lossy = await between(async (body, forward) => {
      if (!body.includes('chain_submit')) return await forward()
      submits += 1
      const answer = await forward()
      return submits <= 7 ? undefined : answer
    })
    const client = await network.client({ rpc: [lossy] })
    const sender = client.sender(alice)
    const finals = await Promise.all([1n, 2n, 4n].map((amount) => sender.sendAndWait(pay(amount))))
    expect(submits).toBeGreaterThan(7)
    expect(new Set(finals.map(({ id }) => id)).size).toBe(3)
    await expect.poll(() => balanceOfBob(client)).toBe(7n)
    const height = network.node.height
    await expect.poll(() => network.node.height).toBeGreaterThan(height + 3)
    expect(await balanceOfBob(client)).toBe(7n)
  })

  it('says that it does not know when no node answers any more, and never made a second one', async () => {
    const mute = await between(async (body, forward) => {
      if (!body.includes('chain_submit')) return await forward()
      await forward()
      return undefined
    })
    const client = await network.client({ rpc: [mute], ws: [] })
    const sent = client.sender(alice).send(pay(3n), { admitMs: 10 })
    const error = await sent.catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'TX_UNCERTAIN' })
    await expect.poll(async () => (await client.rpc.transaction(error.details.transaction)).state).toBe('executed')
    expect(await balanceOfBob(client)).toBe(3n)
  })

  it('hands the same bytes over again to a node that has lost them', async () => {
    network.node.stop()
    const client = await network.client({ ws: [] })
    const sent = await client.sender(alice).send(pay(5n))
    network.node.forgetMempool()
    network.node.makeBlock()
    expect((await client.rpc.transaction(sent.id)).state).toBe('unknown')
    await expect.poll(async () => (await client.rpc.transaction(sent.id)).state).toBe('pending')
    network.node.makeBlock()
    expect((await sent.wait()).id).toBe(sent.id)
    expect(await balanceOfBob(client)).toBe(5n)
  })

  it('gives up only when the transaction has expired', async () => {
    const liar = await between(async (body, forward) => {
      if (!body.includes('chain_submit')) return await forward()
      const { id, params } = JSON.parse(body)
      // Admits everything and passes nothing on.
      const results = params.transactions.map(() => ({ id: '00'.repeat(32) }))
      return JSON.stringify({ jsonrpc: '2.0', id, result: { results } })
    })
    const client = await network.client({ rpc: [liar], ws: [] })
    const sent = await client.sender(alice).send({ ...pay(5n), lifetimeBlocks: 10 })
    await expect(sent.wait()).rejects.toMatchObject({ code: 'TX_NOT_PACKED' })
    expect(network.node.height).toBeGreaterThan(sent.transaction.expiryHeight)
    expect(await balanceOfBob(client)).toBe(0n)
  })

  it('asks the next node when one is away, ill, or talks nonsense', async () => {
    const nonsense = await between(async () => '<html>')
    const ill = await between(async () => undefined)
    const client = await network.client({ rpc: ['http://127.0.0.1:9/', nonsense, ill, network.server.url] })
    expect((await client.sender(alice).sendAndWait(pay(1n))).receipt.status).toBe('done')
    const alone = Client.connect({ rpc: ['http://127.0.0.1:9/'], attempts: 2 })
    await expect(alone).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' })
    await expect(Client.connect({ rpc: [nonsense], attempts: 2 })).rejects.toMatchObject({ code: 'RPC_ANSWER' })
    await expect(Client.connect({ rpc: [] })).rejects.toMatchObject({ code: 'RPC_URL' })
  })

  it('reads no answer without an end', async () => {
    const flood = await between(async () => ' '.repeat(33 * 1024 * 1024))
    const failure = Client.connect({ rpc: [flood], attempts: 1 })
    await expect(failure).rejects.toMatchObject({ code: 'RPC_ANSWER', message: expect.stringContaining('more than') })
  })

  it('will not speak with another network', async () => {
    const other = Client.connect({ rpc: [network.server.url], chainId: '00'.repeat(32) })
    await expect(other).rejects.toMatchObject({ code: 'CLIENT_OTHER_NETWORK' })
  })
})
