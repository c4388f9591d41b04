import type { ParsedTransaction } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { MAX_AMOUNT } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { type Account, getAccount, mayAct, nextNonce, payingReserve } from './accounts/account.ts'
import { intrinsicGas } from './intrinsic-gas.ts'
import { mapKey } from './keys.ts'
import type { Parameters } from './parameters.ts'
import { balanceOf } from './tokens/tokens.ts'

/** What the transactions of one block mean for the transactions after them, until a named root covers them. */
export interface BlockSummary {
  readonly gas: number
  /** Sum of the highest fees per payer. */
  readonly fees: ReadonlyMap<string, bigint>
  /** Accounts whose balance may fall below the reserve. */
  readonly emptying: ReadonlySet<string>
  /** Number of transactions per account and lane. */
  readonly nonces: ReadonlyMap<string, bigint>
}

export interface GateBlock {
  readonly height: number
  readonly basePrice: bigint
}

interface Party {
  account: Account
  balance: bigint
}

/** The highest fee that a transaction can cost. */
export function highestFee(body: { gasLimit: number; maxGasPrice: bigint }): bigint {
  return BigInt(body.gasLimit) * body.maxGasPrice
}

/**
 * Decides which transactions may stand in a block (docs/spec/chain.md, "Paying for bytes"): a pure function of the state at the
 * named root, the blocks between that root and this block, and the transactions before it in this block. The mempool, the
 * leader and every voter use this same gate. What passes can always pay its highest fee when it is executed.
 */
export class Gate {
  private readonly root: Pick<StateReader, 'get'>
  private readonly window: readonly BlockSummary[]
  private readonly block: GateBlock
  private readonly parameters: Parameters
  private readonly parties = new Map<string, Party>()
  private readonly fees = new Map<string, bigint>()
  private readonly emptying = new Set<string>()
  private readonly nonces = new Map<string, bigint>()
  private readonly uncoveredGas: number
  private gas = 0

  constructor(
    root: Pick<StateReader, 'get'>,
    window: readonly BlockSummary[],
    block: GateBlock,
    parameters: Parameters,
  ) {
    this.root = root
    this.window = window
    this.block = block
    this.parameters = parameters
    this.uncoveredGas = window.reduce((sum, summary) => sum + summary.gas, 0)
  }

  /** Gas limits admitted so far. */
  get admittedGas(): number {
    return this.gas
  }

  /** The nonce that the sender's lane needs next in this block. */
  expectedNonce(tx: ParsedTransaction): bigint {
    const fromKey = mapKey(tx.from)
    return this.expected(this.party(fromKey, tx.from), fromKey + String.fromCharCode(tx.body.lane), tx.body.lane)
  }

  /** Admits the next transaction or throws TX_* / BLOCK_FULL; what is refused leaves no trace. */
  admit(tx: ParsedTransaction): void {
    const { body } = tx
    checkLimits(tx, this.block, this.parameters)
    const gas = this.gas + body.gasLimit
    if (gas > this.parameters.maxBlockGas || this.uncoveredGas + gas > this.parameters.maxUncoveredGas) {
      throw new SmartshareError('BLOCK_FULL', 'the block has no room for this transaction')
    }
    const fromKey = mapKey(tx.from)
    const payerKey = tx.payer === tx.from ? fromKey : mapKey(tx.payer)
    const from = this.party(fromKey, tx.from)
    const payer = this.party(payerKey, tx.payer)
    checkAuthority(tx, from.account, payer.account)
    const nonceKey = fromKey + String.fromCharCode(body.lane)
    const expected = this.expected(from, nonceKey, body.lane)
    if (body.nonce !== expected) {
      const code = body.nonce < expected ? 'TX_NONCE_USED' : 'TX_NONCE_GAP'
      throw new SmartshareError(code, `nonce ${body.nonce} where ${expected} comes next`, { expected })
    }
    const fee = highestFee(body)
    const owed = this.sum((summary) => summary.fees.get(payerKey), this.fees.get(payerKey))
    const reserved = payer.balance < this.parameters.feeReserveGrains ? payer.balance : this.parameters.feeReserveGrains
    const covered = reserved + payingReserve(payer.account)
    if (owed + fee > covered) {
      const code = owed + fee > payer.balance + payingReserve(payer.account) ? 'TX_UNPAYABLE' : 'TX_RESERVE_BUSY'
      throw new SmartshareError(code, `fees of up to ${owed + fee} grains where ${covered} are reserved`, {
        owed,
        fee,
        covered,
      })
    }
    if (this.isEmptying(payerKey)) {
      throw new SmartshareError('TX_RESERVE_BUSY', 'a transaction that may empty the account is not executed yet')
    }
    if (body.emptying && this.sum((summary) => summary.fees.get(fromKey), this.fees.get(fromKey)) > 0n) {
      throw new SmartshareError('TX_RESERVE_BUSY', 'the account has other transactions that are not executed yet')
    }
    this.gas = gas
    this.fees.set(payerKey, (this.fees.get(payerKey) ?? 0n) + fee)
    this.nonces.set(nonceKey, (this.nonces.get(nonceKey) ?? 0n) + 1n)
    if (body.emptying) this.emptying.add(fromKey)
  }

  /** What this block means for those after it. */
  summary(): BlockSummary {
    return { gas: this.gas, fees: this.fees, emptying: this.emptying, nonces: this.nonces }
  }

  private party(key: string, address: Uint8Array): Party {
    const known = this.parties.get(key)
    if (known !== undefined) return known
    const party = { account: getAccount(this.root, address), balance: balanceOf(this.root, address) }
    this.parties.set(key, party)
    return party
  }

  private expected(from: Party, nonceKey: string, lane: number): bigint {
    return (
      nextNonce(from.account, lane) + this.sum((summary) => summary.nonces.get(nonceKey), this.nonces.get(nonceKey))
    )
  }

  private sum(of: (summary: BlockSummary) => bigint | undefined, own: bigint | undefined): bigint {
    let total = own ?? 0n
    for (const summary of this.window) total += of(summary) ?? 0n
    return total
  }

  private isEmptying(key: string): boolean {
    return this.emptying.has(key) || this.window.some((summary) => summary.emptying.has(key))
  }
}

/** Expiry, price and gas of a transaction by itself. Throws TX_EXPIRED, TX_EXPIRY, TX_PRICE or TX_GAS. */
export function checkLimits(tx: ParsedTransaction, { height, basePrice }: GateBlock, parameters: Parameters): void {
  const { body } = tx
  if (body.expiryHeight < height) {
    throw new SmartshareError('TX_EXPIRED', `the transaction expired at height ${body.expiryHeight}`)
  }
  if (body.expiryHeight > height + parameters.maxLifetimeBlocks) {
    throw new SmartshareError('TX_EXPIRY', `an expiry may lie ${parameters.maxLifetimeBlocks} blocks ahead`)
  }
  if (body.maxGasPrice < basePrice) {
    throw new SmartshareError('TX_PRICE', `the gas price is ${basePrice} grains now`, { basePrice })
  }
  const least = intrinsicGas(tx)
  const most = Math.min(parameters.maxTransactionGas, parameters.maxBlockGas)
  if (body.gasLimit < least || body.gasLimit > most) {
    throw new SmartshareError('TX_GAS', `a gas limit must lie in ${least} … ${most}`, { least })
  }
  if (highestFee(body) > MAX_AMOUNT) throw new SmartshareError('TX_GAS', 'the highest fee is no amount')
}

/** Whether the keys of a transaction may act for its sender and its payer. Throws TX_UNAUTHORISED. */
export function checkAuthority(tx: ParsedTransaction, from: Account, payer: Account): void {
  const { body } = tx
  if (!mayAct(from, tx.from, body.sender, tx.senderAuth)) {
    throw new SmartshareError('TX_UNAUTHORISED', 'these keys may not act for the sender')
  }
  if (body.feePayer !== null && !mayAct(payer, tx.payer, body.feePayer, tx.payerAuth)) {
    throw new SmartshareError('TX_UNAUTHORISED', 'these keys may not act for the fee payer')
  }
}

/** The summary of a block that is final already: nothing is checked again. */
export function summarise(transactions: readonly ParsedTransaction[]): BlockSummary {
  let gas = 0
  const fees = new Map<string, bigint>()
  const nonces = new Map<string, bigint>()
  const emptying = new Set<string>()
  for (const tx of transactions) {
    const fromKey = mapKey(tx.from)
    const payerKey = mapKey(tx.payer)
    const nonceKey = fromKey + String.fromCharCode(tx.body.lane)
    gas += tx.body.gasLimit
    fees.set(payerKey, (fees.get(payerKey) ?? 0n) + highestFee(tx.body))
    nonces.set(nonceKey, (nonces.get(nonceKey) ?? 0n) + 1n)
    if (tx.body.emptying) emptying.add(fromKey)
  }
  return { gas, fees, emptying, nonces }
}
