import { type Call, STATUS_DONE } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { addressOfKey, equalBytes, toHex } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import {
  type AbiMethod,
  type ContractEngine,
  callView,
  codeHashOf,
  decodeAbi,
  findContract,
  GasMeter,
  getCode,
  Host,
  intrinsicGas,
  modules,
  pools,
  runCall,
  settleDeposit,
} from '@smartshare/runtime'
import { callOf, type PublishOptions, type TestAccount, TestChain, type TestEvent } from '@smartshare/runtime/testing'
import { StateJournal } from '@smartshare/state'
import type { GasTable } from './report.ts'
import { INLINE, type SourceFile, type Watcher } from './watcher.ts'

/** Who pays new accounts their first money. */
const BANK = 'bank'
const BANK_GRAINS = 10n ** 16n
/** What an account of a test begins with: 1,000,000 SSP. */
const ACCOUNT_GRAINS = 10n ** 14n
/** Who acts where a test names nobody. */
export const DEFAULT_ACCOUNT = 'alice'
/** Room over what a call needed when it was tried, in hundredths; wallets leave it too. */
const GAS_ROOM = 130
const MAX_BLOCKS = 10_000
const MAX_ACCOUNTS = 90

/** A name, or an address. */
export type Who = string | Uint8Array

export interface SessionOptions {
  readonly engine: ContractEngine
  /** Where gas is noted, if this run measures it. */
  readonly gas?: GasTable
  /** Set if this run watches: then gas means nothing. */
  readonly watcher?: Watcher
}

/** A fresh chain for one test, and what the test can do on it. Time stands still but for `advance`. */
export class TestSession {
  readonly chain: TestChain
  /** Events of the last transaction. */
  events: readonly TestEvent[] = []
  gasUsed = 0
  /** What the last call failed with, as tests see it. */
  failure = ''
  private readonly options: SessionOptions
  private readonly byAddress = new Map<string, TestAccount>()
  private readonly sources = new Map<string, SourceFile>()
  /** Fees and deposits that accounts paid: balances are told as if there were none. */
  private readonly costs = new Map<string, bigint>()

  constructor(options: SessionOptions) {
    this.options = options
    this.chain = new TestChain({ accounts: [BANK], grains: BANK_GRAINS, engine: options.engine })
  }

  /** The account of a name; at its first use it is given money. */
  account(name: string): TestAccount {
    const account = this.chain.account(name)
    const key = toHex(account.address)
    if (this.byAddress.has(key) || name === BANK) return account
    if (this.byAddress.size === MAX_ACCOUNTS) {
      throw new SmartshareError('KIT_LIMIT', `a test has at most ${MAX_ACCOUNTS} accounts`)
    }
    this.byAddress.set(key, account)
    const { address: to } = account
    const payment = callOf('tokens', 'transfer', { to, token: 0, amount: ACCOUNT_GRAINS, memo: null })
    this.chain.makeBlock([this.chain.transaction(BANK, [payment])], 0)
    return account
  }

  addressOf(who: Who): Uint8Array {
    return typeof who === 'string' ? this.account(who).address : who
  }

  /** Grains of an account or contract, as if fees and deposits for stored bytes had not been taken. */
  balance(who: Who): bigint {
    const address = this.addressOf(who)
    return this.chain.balance(address) + (this.costs.get(toHex(address)) ?? 0n)
  }

  /** Publishes a source; the contract's address. `label`: what reports call it. */
  publish(from: Who, source: SourceFile, options: PublishOptions): Uint8Array {
    const { watcher } = this.options
    if (watcher !== undefined) {
      watcher.know(codeHashOf(textBytes(source.text)), source)
      watcher.publishing = source
    }
    try {
      const call = this.chain.publishCall(source.text, options)
      const events = this.send(from, [call], { contract: source.path, method: 'publish' })
      const address: Uint8Array = events.find(({ name }) => name === 'published')!.data.contract
      this.sources.set(toHex(address), source)
      return address
    } finally {
      if (watcher !== undefined) watcher.publishing = undefined
    }
  }

  /** Replaces the source of a contract by `contracts.upgrade`. */
  upgrade(from: Who, contract: Uint8Array, source: SourceFile): void {
    this.options.watcher?.know(codeHashOf(textBytes(source.text)), source)
    this.send(from, [callOf('contracts', 'upgrade', { contract, source: textBytes(source.text), metadata: '' })])
    this.sources.set(toHex(contract), source)
  }

  /** Methods that a contract has. Throws CONTRACT_UNKNOWN. */
  method(contract: Uint8Array, name: string): AbiMethod | undefined {
    if (findContract(this.chain.state, contract) === undefined) {
      throw new SmartshareError('CONTRACT_UNKNOWN', 'there is no contract at this address')
    }
    const { abi } = getCode(this.chain.state, contract)
    return decodeAbi(abi).methods.find((method) => method.name === name)
  }

  /** Calls a method in a transaction of its own, or asks a view, whose answer it gives. Throws what the call fails with. */
  call(
    contract: Uint8Array,
    method: string,
    args: readonly LuaValue[],
    { from = DEFAULT_ACCOUNT, value = 0n }: { from?: Who | undefined; value?: bigint | undefined } = {},
  ): LuaValue {
    if (this.method(contract, method)?.kind === 'view') return this.view(contract, method, args, from)
    const call = this.chain.contractCall(contract, method, args, value)
    this.send(from, [call], { contract: this.sourceOf(contract).path, method })
    return null
  }

  /** A transaction in a block of its own. Throws the error of its receipt. */
  send(from: Who, calls: Call[], measured?: { contract: string; method: string }): readonly TestEvent[] {
    const { chain, options } = this
    const account = this.signer(from)
    options.watcher?.beginTransaction()
    const gas = options.watcher === undefined ? this.estimate(account, calls) : undefined
    const { maxTransactionGas } = chain.parameters
    // Who watches may need more gas than the call itself; a call that will fail is sent all the same, as attackers do.
    const gasLimit = Math.min(
      maxTransactionGas,
      gas === undefined ? maxTransactionGas : Math.ceil((gas * GAS_ROOM) / 100),
    )
    options.watcher?.beginTransaction()
    const locked = chain.balance(pools.contractState)
    const block = chain.makeBlock([chain.transaction(account, calls, { gasLimit })], 0)
    const receipt = block.receipts[0]!
    const cost = receipt.feeGrains + chain.balance(pools.contractState) - locked
    const key = toHex(account.address)
    this.costs.set(key, (this.costs.get(key) ?? 0n) + cost)
    this.gasUsed += receipt.gasUsed
    this.events = receipt.events
    if (receipt.status !== STATUS_DONE) {
      throw this.noted(new SmartshareError(receipt.error?.code ?? 'INTERNAL', receipt.error?.message ?? 'it failed'))
    }
    if (measured !== undefined && measured.contract !== INLINE)
      options.gas?.add(measured.contract, measured.method, receipt.gasUsed)
    return this.events
  }

  /** Lets time and blocks pass. Throws KIT_LIMIT. */
  advance({ ms = 0, blocks = 0 }: { ms?: number; blocks?: number }): void {
    if (ms < 0 || blocks < 0 || blocks > MAX_BLOCKS) {
      throw new SmartshareError('KIT_LIMIT', `time goes forward, by at most ${MAX_BLOCKS} blocks at once`)
    }
    if (ms > 0) this.chain.makeBlock([], ms)
    for (let i = 0; i < blocks; i++) this.chain.makeBlock([])
  }

  /** What reports call a contract, and its source. */
  sourceOf(contract: Uint8Array): SourceFile {
    return this.sources.get(toHex(contract)) ?? { path: INLINE, text: '' }
  }

  /** Name of an account or contract that this test knows. */
  nameOf(address: Uint8Array): string | undefined {
    const key = toHex(address)
    return this.byAddress.get(key)?.name ?? this.sources.get(key)?.path
  }

  private view(contract: Uint8Array, method: string, args: readonly LuaValue[], from: Who): LuaValue {
    const caller = this.addressOf(from)
    const host = this.host()
    host.gas = new GasMeter(this.chain.parameters.maxTransactionGas)
    this.options.watcher?.beginTransaction()
    try {
      return callView(host, { to: contract, method, args, caller })
    } catch (error) {
      throw SmartshareError.is(error) ? this.noted(error) : error
    }
  }

  private noted(error: SmartshareError): SmartshareError {
    this.failure = `${error.code}: ${error.message}`
    return error
  }

  private signer(from: Who): TestAccount {
    if (typeof from === 'string') return this.account(from)
    const account = this.byAddress.get(toHex(from))
    if (account !== undefined && equalBytes(addressOfKey(account.keys.publicKey), from)) return account
    throw new SmartshareError('KIT_ACCOUNT', 'only accounts of the test can send transactions')
  }

  /** Gas that calls need, by trying them on a state that is thrown away; undefined if they fail. */
  private estimate(account: TestAccount, calls: Call[]): number | undefined {
    const host = this.host()
    const { feeReserveGrains: floorGrains } = this.chain.parameters
    host.actor = { sender: account.address, floorGrains, calls: calls.length }
    host.gas = new GasMeter(this.chain.parameters.maxTransactionGas)
    // Its nonce is not used up: the next transaction is made with the same one.
    const nonce = { nonce: 0n }
    host.gas.charge(intrinsicGas(this.chain.transaction(account, calls, nonce)))
    try {
      for (const call of calls) runCall(host, modules, call, account.address)
      settleDeposit(host, account.address)
      return host.gas.used
    } catch (error) {
      if (SmartshareError.is(error)) return undefined
      throw error
    }
  }

  private host(): Host {
    const { chain } = this
    const block = { ...chain.head, height: chain.head.height + 1 }
    return new Host(new StateJournal(chain.state), block, chain.parameters, this.options.engine)
  }
}
