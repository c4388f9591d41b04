import { setTimeout as delay } from 'node:timers/promises'
import { chainTag, encodeTransaction, SSP, transactionId } from '@smartshare/chain'
import { callOf } from '@smartshare/client'
import type { Random } from '@smartshare/consensus/simulator'
import { addressOfKey, type KeyPair, sign, toHex } from '@smartshare/crypto'
import { chainIdOf } from '@smartshare/runtime'
import { accountOf, type SoakNetwork, type SoakNode } from './network.ts'
import { callBatch, MOST_CALLS } from './rpc.ts'

const TICK_MS = 250
const POLL_MS = 1_000
/** A transaction that is not executed by now is handed to another node. */
const PATIENCE_MS = 15_000
/** Of one account; more would wait on each other. */
const MOST_OUTSTANDING = 4
const GAS_LIMIT = 4_000
const MAX_GAS_PRICE = 1_000n
const LIFETIME_BLOCKS = 3_000
export const ACCOUNTS = 400

interface Outstanding {
  readonly id: string
  readonly payer: number
  readonly wire: string
  readonly sinceMs: number
  node: SoakNode
  handedMs: number
}

/** What a node told the client: from then on it must hold for ever. */
export interface Told {
  readonly id: string
  readonly height: number
  readonly index: number
}

interface Place {
  readonly state: 'unknown' | 'pending' | 'executed'
  readonly height: number | null
  readonly index: number | null
}

/** A client that pays all the time, and remembers everything that it was told to be final. */
export class Load {
  readonly told: Told[] = []
  /** Refusals by their code; the same bytes are offered again elsewhere. */
  readonly refusals = new Map<string, number>()
  /** Highest block of which the client was told. */
  highest = 0
  submitted = 0
  handedAgain = 0
  private readonly network: SoakNetwork
  private readonly random: Random
  private readonly chainId: Uint8Array
  private readonly pairs: readonly KeyPair[]
  private readonly nonces: bigint[]
  private readonly unpaid: number[]
  private readonly outstanding = new Map<string, Outstanding>()
  private paying = true
  private watching = true

  constructor(network: SoakNetwork, seed: number, random: Random) {
    this.network = network
    this.random = random
    this.chainId = chainIdOf(network.genesis)
    this.pairs = Array.from({ length: ACCOUNTS }, (_, index) => accountOf(seed, index))
    this.nonces = this.pairs.map(() => 0n)
    this.unpaid = this.pairs.map(() => 0)
  }

  get waiting(): number {
    return this.outstanding.size
  }

  /** Pays `perSecond` times a second until `finish`; ends when everything is executed, or `stop` was called. */
  async run(perSecond: number): Promise<void> {
    await Promise.all([this.pay(perSecond), this.watch()])
  }

  /** Pays no more. */
  finish(): void {
    this.paying = false
  }

  stop(): void {
    this.paying = false
    this.watching = false
  }

  private async pay(perSecond: number): Promise<void> {
    let due = 0
    while (this.paying) {
      await delay(TICK_MS)
      due = Math.min(due + (perSecond * TICK_MS) / 1000, perSecond)
      const node = this.anyNode()
      if (node === undefined) continue
      const fresh: Outstanding[] = []
      for (; due >= 1; due--) {
        const payer = this.random.between(0, ACCOUNTS - 1)
        if (this.unpaid[payer]! >= MOST_OUTSTANDING) continue
        fresh.push(this.sign(payer, node))
      }
      this.submitted += fresh.length
      void this.hand(node, fresh)
    }
  }

  private async watch(): Promise<void> {
    while (this.watching && (this.paying || this.outstanding.size > 0)) {
      await delay(POLL_MS)
      const byNode = new Map<SoakNode, Outstanding[]>()
      const nowMs = performance.now()
      for (const one of this.outstanding.values()) {
        if (nowMs - one.sinceMs < POLL_MS) continue
        const all = byNode.get(one.node) ?? []
        if (all.length < MOST_CALLS) byNode.set(one.node, [...all, one])
      }
      await Promise.all([...byNode].map(([node, all]) => this.ask(node, all)))
    }
  }

  private async ask(node: SoakNode, all: readonly Outstanding[]): Promise<void> {
    if (node.state === 'up') {
      const calls = all.map(({ id }) => ['chain_transaction', { id }] as const)
      const places = await callBatch<Place>(node.url, calls).catch(() => [])
      for (const [i, one] of all.entries()) {
        const place = places[i]
        if (place?.state !== 'executed') continue
        this.outstanding.delete(one.id)
        this.unpaid[one.payer]!--
        this.told.push({ id: one.id, height: place.height!, index: place.index! })
        this.highest = Math.max(this.highest, place.height!)
      }
    }
    const late = all.filter((one) => this.outstanding.has(one.id) && performance.now() - one.handedMs > PATIENCE_MS)
    const other = this.anyNode()
    if (late.length === 0 || other === undefined) return
    this.handedAgain += late.length
    await this.hand(other, late)
  }

  private async hand(node: SoakNode, all: readonly Outstanding[]): Promise<void> {
    if (all.length === 0) return
    for (const one of all) {
      one.node = node
      one.handedMs = performance.now()
      this.outstanding.set(one.id, one)
    }
    const transactions = all.map(({ wire }) => wire)
    try {
      const [answer] = await callBatch<{ results: { error?: { code: string } }[] }>(node.url, [
        ['chain_submit', { transactions }],
      ])
      for (const { error } of answer?.results ?? []) if (error !== undefined) this.count(error.code)
    } catch {
      // Nobody is there; the bytes are handed to another node when patience ends.
    }
  }

  private count(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
  }

  private anyNode(): SoakNode | undefined {
    const { up } = this.network
    return up.length === 0 ? undefined : this.random.pick(up)
  }

  private sign(payer: number, node: SoakNode): Outstanding {
    const pair = this.pairs[payer]!
    const to = addressOfKey(this.pairs[(payer + 1) % ACCOUNTS]!.publicKey)
    this.unpaid[payer]!++
    const body = {
      version: 1,
      chain: chainTag(this.chainId),
      sender: pair.publicKey,
      lane: 0,
      nonce: this.nonces[payer]!++,
      expiryHeight: LIFETIME_BLOCKS,
      gasLimit: GAS_LIMIT,
      maxGasPrice: MAX_GAS_PRICE,
      tipGasPrice: 0n,
      feePayer: null,
      emptying: false,
      calls: [callOf('tokens', 'transfer', { to, token: SSP, amount: 1n, memo: null })],
    }
    const id = transactionId(body, this.chainId)
    const wire = encodeTransaction({ body, senderAuth: [{ key: null, signature: sign(pair, id) }], payerAuth: [] })
    const nowMs = performance.now()
    return {
      id: toHex(id),
      payer,
      wire: Buffer.from(wire).toString('base64'),
      sinceMs: nowMs,
      handedMs: nowMs,
      node,
    }
  }
}
