import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import { Backoff, sleep } from '../rpc/backoff.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { LateSigner } from '../wallet/signer.ts'
import { calls } from './calls.ts'
import { type FinalTransaction, fatesOf } from './fate.ts'
import { Lane } from './lane.ts'
import type { Submitter } from './submitter.ts'
import type { TransactionTracker } from './tracker.ts'
import type { FeeEstimate, SignedTransaction, TransactionBuilder, TransactionRequest } from './transaction-builder.ts'

const FIRST_WAIT_MS = 100
const MOST_WAIT_MS = 2000
/** Time to get one transaction admitted. */
const DEFAULT_ADMIT_MS = 60_000
/** Times that a transaction is made anew at another place or price before it is given up. */
const MAX_REMAKES = 32
/** Time that a nonce may lie free below others before a transaction that does nothing is sent to fill it. */
const FILL_AFTER_MS = 1000

/** The same bytes may be admitted a little later. */
const TRANSIENT = new Set([
  ...[
    'TX_RESERVE_BUSY',
    'TX_NONCE_GAP',
    'BLOCK_FULL',
    'MEMPOOL_FULL',
    'MEMPOOL_LANE_FULL',
    'MEMPOOL_ACCOUNT_FULL',
    'CLIENT_BUSY',
  ],
  ...[
    'NODE_BUSY',
    'NODE_STARTING',
    'NODE_STOPPING',
    'NODE_HALTED',
    'RPC_BUSY',
    'RPC_INTERNAL',
    'RPC_UNREACHABLE',
    'RPC_ANSWER',
  ],
])

export interface SendOptions {
  /** Time to get it admitted by a node. */
  readonly admitMs?: number
  /** Called once the transaction is signed, before it leaves: to write down what may come into being. */
  readonly onSigned?: (transaction: SignedTransaction) => void | Promise<void>
  /** Called once a node has admitted it (by `sendAndWait`). */
  readonly onAdmitted?: (sent: SentTransaction) => void
}

/** A transaction that a node has admitted. */
export interface SentTransaction {
  readonly id: string
  readonly transaction: SignedTransaction
  readonly fee: FeeEstimate
  /** Resolves when it is final and executed. Throws the code of its receipt, TX_NOT_PACKED or TX_DISPLACED. */
  wait(): Promise<FinalTransaction>
}

/**
 * Sends the transactions of one account, many at a time. What was refused gives its nonce to the next transaction, so that
 * those behind it are not held up; what may have been admitted is only ever sent again as the same bytes.
 */
export class Sender {
  private readonly rpc: RpcClient
  private readonly builder: TransactionBuilder
  private readonly tracker: TransactionTracker
  private readonly submitter: Submitter
  private readonly signer: LateSigner
  private readonly laneNumber: number
  private readonly signal: AbortSignal
  private lane: Promise<Lane> | undefined
  private filling: ReturnType<typeof setTimeout> | undefined

  constructor(parts: {
    rpc: RpcClient
    builder: TransactionBuilder
    tracker: TransactionTracker
    submitter: Submitter
    signer: LateSigner
    lane: number
    signal: AbortSignal
  }) {
    this.rpc = parts.rpc
    this.builder = parts.builder
    this.tracker = parts.tracker
    this.submitter = parts.submitter
    this.signer = parts.signer
    this.laneNumber = parts.lane
    this.signal = parts.signal
  }

  /** `ssp1…` of the account that sends. */
  get address(): string {
    return formatAddress(this.signer.address)
  }

  /** What the calls would cost now. Throws what they would fail with. */
  estimate(request: TransactionRequest): Promise<FeeEstimate> {
    return this.builder.estimate(this.signer, request)
  }

  /** Makes, signs and hands over a transaction. Throws what it would fail with, what refuses it, or TX_UNCERTAIN. */
  async send(request: TransactionRequest, options: SendOptions = {}): Promise<SentTransaction> {
    const fee = await this.estimate(request)
    const admitted = await this.admit(request, fee, options, (lane) => lane.take())
    // A lane always has a next nonce.
    const { transaction, final } = admitted as NonNullable<typeof admitted>
    return {
      id: transaction.id,
      transaction,
      fee,
      wait: async () => checkDone(await final),
    }
  }

  /**
   * Sends and waits until the transaction is final and executed. One that another program's transaction displaced, so that
   * it can never be executed, is made anew. Throws as `send` and its `wait` do.
   */
  async sendAndWait(request: TransactionRequest, options: SendOptions = {}): Promise<FinalTransaction> {
    for (let remake = 0; ; remake++) {
      const sent = await this.send(request, options)
      options.onAdmitted?.(sent)
      try {
        return await sent.wait()
      } catch (error) {
        if (!SmartshareError.is(error, 'TX_DISPLACED') || remake >= MAX_REMAKES) throw error
      }
    }
  }

  private async admit(
    request: TransactionRequest,
    firstFee: FeeEstimate,
    options: SendOptions,
    take: (lane: Lane) => bigint | undefined,
  ): Promise<{ transaction: SignedTransaction; final: Promise<FinalTransaction> } | undefined> {
    const deadlineMs = Date.now() + (options.admitMs ?? DEFAULT_ADMIT_MS)
    const lane = await this.openLane()
    let fee = firstFee
    let nonce = take(lane)
    if (nonce === undefined) return undefined
    try {
      for (let remake = 0; remake < MAX_REMAKES; remake++) {
        const expiryHeight = await this.builder.expiryFor(request)
        const transaction = await this.builder.sign(this.signer, request, fee, {
          lane: lane.number,
          nonce,
          expiryHeight,
        })
        await options.onSigned?.(transaction)
        const verdict = await this.handOver(transaction, deadlineMs)
        if (verdict === 'admitted') return { transaction, final: this.follow(lane, transaction) }
        if (verdict === 'uncertain') {
          void this.follow(lane, transaction)
          nonce = undefined
          throw uncertain(transaction)
        }
        switch (verdict.code) {
          case 'TX_NONCE_USED':
          case 'TX_NONCE_TAKEN':
            // Another program uses the account, and these bytes can never be packed: the next nonce.
            lane.used(nonce)
            lane.skipTo(nonce + 1n)
            await this.catchUp(lane)
            nonce = lane.take()
            break
          case 'TX_PRICE':
            fee = await this.estimate(request)
            break
          case 'TX_EXPIRED':
            break
          default:
            throw verdict
        }
      }
      throw new SmartshareError('TX_REMADE', `the transaction found no place in ${MAX_REMAKES} attempts`)
    } catch (error) {
      if (nonce !== undefined) {
        lane.free(nonce)
        this.fillSoon(lane)
      }
      throw error
    }
  }

  /**
   * Hands the same bytes over until a node admits them or refuses them. Once an answer was lost, a node may have them: then
   * no refusal counts. A nonce that another program took counts only when the chain has used it up: before that, what
   * holds it may be these very bytes.
   */
  private async handOver(
    transaction: SignedTransaction,
    deadlineMs: number,
  ): Promise<'admitted' | 'uncertain' | SmartshareError> {
    const backoff = new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS)
    let mayBeKnown = false
    for (;;) {
      const outcome = await this.submitter.submit(transaction.wire)
      mayBeKnown ||= outcome.isLost
      if ('id' in outcome) return 'admitted'
      const { error } = outcome
      if (error.code === 'TX_NONCE_TAKEN' || error.code === 'TX_NONCE_USED') {
        const [fate] = await fatesOf(this.rpc, [transaction])
        if (fate?.kind === 'executed' || fate?.kind === 'pending') return 'admitted'
        if (fate?.kind === 'displaced') return error
      } else if (!mayBeKnown && !TRANSIENT.has(error.code)) return error
      if (Date.now() >= deadlineMs) return mayBeKnown ? 'uncertain' : error
      await sleep(backoff.next(), this.signal)
      if (this.signal.aborted) throw new SmartshareError('CLIENT_CLOSED', 'the client was closed')
    }
  }

  private follow(lane: Lane, transaction: SignedTransaction): Promise<FinalTransaction> {
    const final = this.followToEnd(lane, transaction)
    // Whoever sent it need not wait for it.
    final.catch(() => undefined)
    return final
  }

  private async followToEnd(lane: Lane, transaction: SignedTransaction): Promise<FinalTransaction> {
    try {
      const final = await this.tracker.track(transaction)
      lane.used(transaction.nonce)
      return final
    } catch (error) {
      if (SmartshareError.is(error, 'TX_NOT_PACKED')) {
        // Never packed and expired: the nonce is free for another transaction.
        lane.free(transaction.nonce)
        this.fillSoon(lane)
      } else if (SmartshareError.is(error, 'TX_DISPLACED')) {
        lane.used(transaction.nonce)
        lane.skipTo(transaction.nonce + 1n)
      }
      throw error
    }
  }

  private openLane(): Promise<Lane> {
    this.lane ??= this.rpc.account(this.address).then(
      ({ nonces }) => new Lane(this.laneNumber, nonces[this.laneNumber] ?? 0n),
      (error) => {
        this.lane = undefined
        throw error
      },
    )
    return this.lane
  }

  private async catchUp(lane: Lane): Promise<void> {
    const { nonces } = await this.rpc.account(this.address)
    lane.skipTo(nonces[lane.number] ?? 0n)
  }

  /** Fills a free nonce that holds up later ones, unless another transaction takes it first. */
  private fillSoon(lane: Lane): void {
    if (this.filling !== undefined || this.signal.aborted) return
    this.filling = setTimeout(() => {
      this.filling = undefined
      void this.fill(lane)
    }, FILL_AFTER_MS)
  }

  private async fill(lane: Lane): Promise<void> {
    // One grain to oneself: the cheapest transaction there is. If even that is refused, those behind expire by themselves.
    const request = { calls: [calls.transfer(this.signer.address, 1n)] }
    try {
      const fee = await this.estimate(request)
      const filled = await this.admit(request, fee, {}, (open) => open.takeHole())
      if (filled !== undefined) this.fillSoon(lane)
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
    }
  }
}

function checkDone(final: FinalTransaction): FinalTransaction {
  const { receipt, id, height } = final
  if (receipt.status === 'done') return final
  const { code, message } = receipt.error ?? { code: 'TX_FAILED', message: 'the transaction failed' }
  throw new SmartshareError(code, message, {
    transaction: id,
    height,
    feeGrains: receipt.feeGrains,
  })
}

function uncertain({ id, expiryHeight }: SignedTransaction): SmartshareError {
  return new SmartshareError('TX_UNCERTAIN', 'no node says whether it has the transaction', {
    transaction: id,
    expiryHeight,
  })
}
