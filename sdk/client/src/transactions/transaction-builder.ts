import {
  type Call,
  chainTag,
  encodeTransaction,
  TRANSACTION_VERSION,
  type TransactionBody,
  transactionId,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import type { Parameters } from '@smartshare/runtime'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { LateSigner, Signer } from '../wallet/signer.ts'

/** As long as the largest real nonce, gas limit and price are encoded: the estimate counts the bytes of the transaction. */
const WIDE_NUMBER = 0xffff_ffff
/** Blocks after which a transaction that was not packed can never be packed any more. */
const DEFAULT_LIFETIME_BLOCKS = 1200

const HEIGHT_AGE_MS = 1000
/** How many values the limits of a transaction are drawn from. */
const VARIETY = 256

/** The network that transactions are made for. */
export interface Network {
  readonly chainId: Uint8Array
  readonly parameters: Parameters
}

/** What to do, and how; everything beside `calls` is found out if it is not said. */
export interface TransactionRequest {
  readonly calls: readonly Call[]
  /** Pays the fee in the sender's place, and signs too. */
  readonly feePayer?: Signer
  readonly gasLimit?: number
  readonly maxGasPrice?: bigint
  readonly tipGasPrice?: bigint
  /** Whether the balance may fall below the fee reserve. Found out if not said. */
  readonly emptying?: boolean
  readonly lifetimeBlocks?: number
}

/** What a transaction is going to cost, and how it must be made. */
export interface FeeEstimate {
  readonly gas: number
  readonly gasLimit: number
  readonly maxGasPrice: bigint
  readonly tipGasPrice: bigint
  readonly feeGrains: bigint
  readonly highestFeeGrains: bigint
  readonly emptying: boolean
  /**
   * What the bytes that contracts store lock of the sender beside the fee; negative: what it gets back for freed ones. Absent
   * where nobody was asked, because everything was said.
   */
  readonly depositGrains?: bigint
}

/** Where a transaction stands among those of its account, and until when it may be packed. */
export interface Placement {
  readonly lane: number
  readonly nonce: bigint
  readonly expiryHeight: number
}

/** A transaction ready to be handed over, again and again: always these same bytes. */
export interface SignedTransaction extends Placement {
  /** Transaction id in hexadecimal. */
  readonly id: string
  /** `ssp1…` of the account that acts. */
  readonly sender: string
  readonly wire: Uint8Array
}

/**
 * Two programs that pay the same with the same nonce must not make the very same transaction, or both would believe that
 * their own was executed. Limits that cost nothing differ at random, where the caller has not fixed them.
 */
function varied(request: TransactionRequest, fee: FeeEstimate): FeeEstimate {
  // What empties an account counts on the highest fee to the grain.
  if (fee.emptying) return fee
  return {
    ...fee,
    gasLimit: request.gasLimit ?? fee.gasLimit + randomBelow(VARIETY),
    maxGasPrice: request.maxGasPrice ?? fee.maxGasPrice + BigInt(randomBelow(VARIETY)),
  }
}

function randomBelow(most: number): number {
  return Math.floor(Math.random() * most)
}

/** Makes transactions of one network: estimates, fills in, signs. */
export class TransactionBuilder {
  private readonly rpc: RpcClient
  private readonly network: Network
  private height: { askedMs: number; value: Promise<number> } | undefined

  constructor(rpc: RpcClient, network: Network) {
    this.rpc = rpc
    this.network = network
  }

  /**
   * What the calls would cost now, by running them on a node. Throws what they would fail with (TOKENS_BALANCE …), so that
   * nobody pays for a transaction that cannot succeed.
   */
  async estimate(sender: LateSigner, request: TransactionRequest): Promise<FeeEstimate> {
    const { gasLimit, maxGasPrice } = request
    if (gasLimit !== undefined && maxGasPrice !== undefined && request.emptying !== undefined) {
      // Everything is said: senders of very many alike transactions ask once and then say it themselves.
      const { emptying, tipGasPrice = 0n } = request
      const highestFeeGrains = BigInt(gasLimit) * maxGasPrice
      return {
        gas: gasLimit,
        gasLimit,
        maxGasPrice,
        tipGasPrice,
        feeGrains: highestFeeGrains,
        highestFeeGrains,
        emptying,
      }
    }
    if (request.emptying !== undefined) return await this.estimateAs(sender, request, request.emptying)
    try {
      return await this.estimateAs(sender, request, false)
    } catch (error) {
      // The first grains of a balance are kept for fees, unless the transaction says that it may use them up.
      if (!SmartshareError.is(error, 'TOKENS_RESERVE')) throw error
      return await this.estimateAs(sender, request, true)
    }
  }

  /** Signs a transaction. */
  async sign(
    sender: LateSigner,
    request: TransactionRequest,
    fee: FeeEstimate,
    placement: Placement,
  ): Promise<SignedTransaction> {
    const body = this.body(sender, request, varied(request, fee), placement)
    const id = transactionId(body, this.network.chainId)
    const wire = encodeTransaction({
      body,
      senderAuth: await sender.sign(id),
      payerAuth: request.feePayer?.sign(id) ?? [],
    })
    return { ...placement, id: toHex(id), sender: formatAddress(sender.address), wire }
  }

  /** The last height at which a transaction made now may be packed. */
  async expiryFor(request: TransactionRequest): Promise<number> {
    const height = await this.recentHeight()
    const most = this.network.parameters.maxLifetimeBlocks
    if (request.lifetimeBlocks !== undefined) return height + Math.min(request.lifetimeBlocks, most)
    const least = DEFAULT_LIFETIME_BLOCKS / 2
    return height + Math.min(least + randomBelow(least), most)
  }

  /** The chain's height, at most HEIGHT_AGE_MS old: senders of many transactions need not ask for each. */
  private async recentHeight(): Promise<number> {
    const nowMs = Date.now()
    if (this.height === undefined || nowMs - this.height.askedMs > HEIGHT_AGE_MS) {
      this.height = { askedMs: nowMs, value: this.rpc.status().then(({ height }) => height) }
      this.height.value.catch(() => {
        this.height = undefined
      })
    }
    return await this.height.value
  }

  private async estimateAs(sender: LateSigner, request: TransactionRequest, emptying: boolean): Promise<FeeEstimate> {
    const most = { gasLimit: WIDE_NUMBER, maxGasPrice: BigInt(WIDE_NUMBER), tipGasPrice: request.tipGasPrice ?? 0n }
    const placement = { lane: 0, nonce: BigInt(WIDE_NUMBER), expiryHeight: WIDE_NUMBER }
    const body = this.body(sender, request, { ...most, emptying }, placement)
    const payerAuth = request.feePayer?.blank ?? []
    const found = await this.rpc.estimate(encodeTransaction({ body, senderAuth: sender.blank, payerAuth }))
    const tipGasPrice = request.tipGasPrice ?? 0n
    const gasLimit = request.gasLimit ?? found.gasLimit
    const maxGasPrice = request.maxGasPrice ?? found.maxGasPrice + tipGasPrice
    return {
      gas: found.gas,
      gasLimit,
      maxGasPrice,
      tipGasPrice,
      feeGrains: found.feeGrains,
      highestFeeGrains: BigInt(gasLimit) * maxGasPrice,
      emptying,
      depositGrains: found.depositGrains,
    }
  }

  private body(
    sender: LateSigner,
    request: TransactionRequest,
    fee: Pick<FeeEstimate, 'gasLimit' | 'maxGasPrice' | 'tipGasPrice' | 'emptying'>,
    placement: Placement,
  ): TransactionBody {
    return {
      version: TRANSACTION_VERSION,
      chain: chainTag(this.network.chainId),
      sender: sender.party,
      lane: placement.lane,
      nonce: placement.nonce,
      expiryHeight: placement.expiryHeight,
      gasLimit: fee.gasLimit,
      maxGasPrice: fee.maxGasPrice,
      tipGasPrice: fee.tipGasPrice,
      feePayer: request.feePayer?.party ?? null,
      emptying: fee.emptying,
      calls: [...request.calls],
    }
  }
}
