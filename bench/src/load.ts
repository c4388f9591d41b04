import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { chainTag, encodeTransaction, SSP, transactionId } from '@smartshare/chain'
import { type Client, callOf, type Wallet } from '@smartshare/client'
import { addressOfKey, KeyPair, sha256, sign } from '@smartshare/crypto'

const SENDERS = 500
const GRAINS_EACH = 20_000_000_000n
export const BATCH = 100
const GAS_LIMIT = 4_000
const MAX_GAS_PRICE = 40n
const LIFETIME_BLOCKS = 3_000
const FUNDING_CALLS = 16
const PATIENCE_MS = 60_000

/** Accounts that pay each other; each keeps its own nonce. */
export class Load {
  private readonly client: Client
  private readonly pairs: KeyPair[]
  private readonly addresses: Uint8Array[]
  private readonly nonces: bigint[]
  private next = 0
  private expiryHeight = 0

  private constructor(client: Client, pairs: KeyPair[]) {
    this.client = client
    this.pairs = pairs
    this.addresses = pairs.map((pair) => addressOfKey(pair.publicKey))
    this.nonces = pairs.map(() => 0n)
  }

  /** Makes the accounts and funds them from a wallet of the network. */
  static async make(client: Client, faucet: Wallet): Promise<Load> {
    const text = new TextEncoder()
    const pairs = Array.from({ length: SENDERS }, (_, i) =>
      KeyPair.fromSeed('ed25519', sha256(text.encode(`load ${i}`))),
    )
    const load = new Load(client, pairs)
    const sender = client.sender(faucet.account())
    const calls = load.addresses.map((to) =>
      callOf('tokens', 'transfer', { to, token: SSP, amount: GRAINS_EACH, memo: null }),
    )
    const waits: Promise<unknown>[] = []
    for (let at = 0; at < calls.length; at += FUNDING_CALLS) {
      waits.push(sender.sendAndWait({ calls: calls.slice(at, at + FUNDING_CALLS) }))
    }
    await Promise.all(waits)
    await load.renew()
    return load
  }

  /** Counts the lifetime of what is signed from now on from the present height. */
  async renew(): Promise<void> {
    this.expiryHeight = (await this.client.rpc.status()).height + LIFETIME_BLOCKS
  }

  /** Takes back the last `count` signed transfers, which were never sent: their nonces come next again. */
  takeBack(count: number): void {
    for (let i = 0; i < count; i++) this.nonces[--this.next % SENDERS]!--
  }

  /** The next `count` signed transfers, as they travel. */
  sign(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => {
      const i = this.next++ % SENDERS
      const pair = this.pairs[i]!
      const to = this.addresses[(i * 7 + this.next) % SENDERS]!
      const body = {
        version: 1,
        chain: chainTag(this.client.chainId),
        sender: pair.publicKey,
        lane: 0,
        nonce: this.nonces[i]!++,
        expiryHeight: this.expiryHeight,
        gasLimit: GAS_LIMIT,
        maxGasPrice: MAX_GAS_PRICE,
        tipGasPrice: 0n,
        feePayer: null,
        emptying: false,
        calls: [callOf('tokens', 'transfer', { to, token: SSP, amount: 1n, memo: null })],
      }
      const signature = sign(pair, transactionId(body, this.client.chainId))
      return encodeTransaction({ body, senderAuth: [{ key: null, signature }], payerAuth: [] })
    })
  }
}

/** A batch as the body of one request, made before the clock runs. */
export function requestBody(wires: readonly Uint8Array[]): string {
  const transactions = wires.map((wire) => Buffer.from(wire).toString('base64'))
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_submit', params: { transactions } })
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export async function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Transactions that a node has executed and made durable since its start. */
export async function executedCount(rpc: string): Promise<number> {
  const answer = await fetch(new URL('/metrics', rpc))
  const found = /^smartshare_transactions_total (\d+)/m.exec(await answer.text())
  return Number(found?.[1] ?? 0)
}

/** Milliseconds until the transaction is executed and durable, by asking every few milliseconds. */
export async function untilExecuted(rpc: string, id: string, sinceMs: number): Promise<number> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_transaction', params: { id } })
  for (;;) {
    const { result } = JSON.parse(await post(rpc, body)) as { result: { state?: string } | null }
    if (result?.state === 'executed') return performance.now() - sinceMs
    if (performance.now() - sinceMs > PATIENCE_MS) throw new Error(`transaction ${id} was not executed`)
    await delay(10)
  }
}
