// A whole chain without consensus, network and disk, for tests of modules and of what stands on them: real keys, real
// signatures, the real gate and the real state transition over a state in memory.
import {
  type Call,
  chainTag,
  decodeReceipt,
  encodeTransaction,
  FIRST_VERSION,
  firstAccumulator,
  type Header,
  headerHash,
  MODE_CALM,
  nextAccumulator,
  type ParsedTransaction,
  parseTransaction,
  type Receipt,
  revealHash,
  SSP,
  STATUS_DONE,
  TRANSACTION_VERSION,
  type TransactionBody,
  transactionId,
  transactionsRoot,
} from '@smartshare/chain'
import { decode, encode, SmartshareError } from '@smartshare/codec'
import { addressOfKey, bls, KeyPair, sha256 } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { MemoryState, StateJournal, type StateReader } from '@smartshare/state'
import { getAccount, nextNonce } from './accounts/account.ts'
import { decodeAbi, decodeParameters, encodeParameters } from './contracts/abi.ts'
import { callView } from './contracts/call.ts'
import { ContractEngine, MAX_LOAD_GAS } from './contracts/engine.ts'
import { getCode } from './contracts/registry.ts'
import { executeBlock } from './execute-block.ts'
import { GasMeter } from './gas.ts'
import { Gate } from './gate.ts'
import { chainIdOf, type Genesis, writeGenesis } from './genesis.ts'
import { type Rules, rulesOf } from './governance/rules.ts'
import { Host } from './host.ts'
import { mapKey } from './keys.ts'
import { modules } from './modules.ts'
import { type Parameters, presets } from './parameters.ts'
import { nextBasePrice } from './price.ts'
import { balanceOf } from './tokens/tokens.ts'

export { writeBallots, writeCandidates } from './delegates/testing-election.ts'

const NOTHING = new Uint8Array(32)
const utf8 = new TextEncoder()
const GENESIS_TIME_MS = 1_700_000_000_000
const DEFAULT_GRAINS = 10n ** 14n
const DEFAULT_GAS_LIMIT = 5_000_000

/** An account whose key the test holds. */
export interface TestAccount {
  readonly name: string
  readonly keys: KeyPair
  readonly address: Uint8Array
}

/** What a decoded event of a receipt says. */
export interface TestEvent {
  readonly module: string
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: each kind of event has its own record; tests name the fields they look at.
  readonly data: any
  /** Of an event that a contract said. */
  readonly contract?: Uint8Array
}

export interface TestReceipt extends Omit<Receipt, 'events'> {
  readonly events: TestEvent[]
}

/** What a block did: the receipts of its transactions, and its own. */
export interface TestBlock {
  readonly header: Header
  readonly receipts: TestReceipt[]
  readonly own: TestReceipt
}

export interface TestChainOptions {
  /** Names of accounts that genesis funds; `chain.account(name)` gives them. */
  readonly accounts?: readonly string[]
  /** Grains of each of them; 1,000,000 SSP if not said. */
  readonly grains?: bigint
  /** Delegates of the first set; one if not said. Account and secret of seat n: `delegate` for 0, else `delegate n`. */
  readonly delegates?: number
  /** Changes to the parameters of the local preset. */
  readonly parameters?: Partial<Parameters>
  /** Runs the contracts: one that watches, or that keeps loaded sources from chain to chain. */
  readonly engine?: ContractEngine
}

export interface TransactionOptions {
  readonly lane?: number
  readonly nonce?: bigint
  readonly gasLimit?: number
  readonly emptying?: boolean
  /** Name of the account that pays the fee and signs too. */
  readonly feePayer?: string
}

/** Seed of the key of `testAccount`. */
export function testAccountSeed(name: string): Uint8Array {
  return sha256(utf8.encode(`test account ${name}`))
}

/** The account of a name: the same key every time. */
export function testAccount(name: string): TestAccount {
  const keys = KeyPair.fromSeed('ed25519', testAccountSeed(name))
  return { name, keys, address: addressOfKey(keys.publicKey) }
}

/** Name of the account that has a seat of the first set. */
export function delegateName(seat: number): string {
  return seat === 0 ? 'delegate' : `delegate ${seat}`
}

/** BLS secret of a seat of the first set. */
export function delegateSecret(seat: number): Uint8Array {
  return bls.secretFromSeed(sha256(utf8.encode(`test ${delegateName(seat)}`)))
}

/** Reveals by what they sign: chains of the same genesis, of which tests make many, sign the same ones. */
const reveals = new Map<string, Uint8Array>()
const MOST_REVEALS = 4_096

function revealOf(secret: Uint8Array, hash: Uint8Array): Uint8Array {
  const key = mapKey(secret) + mapKey(hash)
  let reveal = reveals.get(key)
  if (reveal === undefined) {
    if (reveals.size === MOST_REVEALS) reveals.clear()
    reveal = bls.sign(secret, hash)
    reveals.set(key, reveal)
  }
  return reveal
}

/** A call of a system module by names, for example `callOf('tokens', 'transfer', { to, token: 0, amount, memo: null })`. */
export function callOf(moduleName: string, methodName: string, args: unknown): Call {
  const module = modules.find(({ name }) => name === moduleName)
  const method = module?.methods.find(({ name }) => name === methodName)
  if (module === undefined || method === undefined) {
    throw new SmartshareError('CALL_UNKNOWN', `there is no method ${moduleName}.${methodName}`)
  }
  return { target: module.id, method: method.id, arguments: encode(method.arguments, args), funds: [] }
}

export interface PublishOptions {
  readonly name?: string
  /** Arguments of the constructor. */
  readonly arguments?: readonly LuaValue[]
  readonly value?: bigint
  readonly upgrade?: { by: Uint8Array; delayMs: number } | null
  readonly pauser?: Uint8Array | null
}

/**
 * A chain whose blocks one delegate makes. Headers are whole but for what consensus alone gives them: they name genesis as their root
 * and carry no certificate of a Final vote.
 */
export class TestChain {
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly parameters: Parameters
  readonly state = new MemoryState()
  /** The last block; before the first one, what stands for genesis. */
  head: Header
  private readonly secret: Uint8Array
  readonly engine: ContractEngine
  private readonly accounts = new Map<string, TestAccount>()
  /** Nonces used by transactions that were made but are in no block yet, by account and lane. */
  private readonly pending = new Map<string, bigint>()

  constructor({
    accounts = [],
    grains = DEFAULT_GRAINS,
    delegates = 1,
    parameters = {},
    engine,
  }: TestChainOptions = {}) {
    this.engine = engine ?? new ContractEngine()
    this.parameters = { ...presets.local, ...parameters }
    this.secret = delegateSecret(0)
    const bond = this.parameters.leastBondGrains
    const seats = Array.from({ length: delegates }, (_, seat) => seat)
    this.genesis = {
      name: 'test',
      preset: 'local',
      timeMs: GENESIS_TIME_MS,
      parameters: this.parameters,
      foundation: this.account('foundation').address,
      team: this.account('team').address,
      placement: [
        ...seats.map((seat) => ({ address: this.account(delegateName(seat)).address, grains: bond + grains })),
        ...['foundation', ...accounts].map((name) => ({ address: this.account(name).address, grains })),
      ],
      delegates: seats.map((seat) => ({
        address: this.account(delegateName(seat)).address,
        name: delegateName(seat).replace(' ', '-'),
        key: bls.publicKey(delegateSecret(seat)),
        proof: bls.provePossession(delegateSecret(seat)),
        bond,
      })),
      fork: null,
    }
    this.chainId = chainIdOf(this.genesis)
    writeGenesis(this.state, this.genesis)
    this.head = {
      version: FIRST_VERSION,
      chainId: this.chainId,
      term: 0,
      slot: 0,
      height: 0,
      parent: NOTHING,
      timeMs: GENESIS_TIME_MS,
      leader: 0,
      reveal: new Uint8Array(96),
      accumulator: firstAccumulator(this.chainId),
      rootHeight: 0,
      stateRoot: NOTHING,
      rangeRoot: NOTHING,
      certificateHash: NOTHING,
      transactionsRoot: transactionsRoot([]),
      transactionCount: 0,
      gas: 0,
      basePrice: this.parameters.leastBasePrice,
      mode: MODE_CALM,
      nextSet: null,
    }
  }

  /** What is in force in the running term. */
  get rules(): Rules {
    return rulesOf(this.state, this.head.term, this.parameters)
  }

  /** The account of a name; one that genesis does not name has no money. */
  account(name: string): TestAccount {
    let known = this.accounts.get(name)
    if (known === undefined) {
      known = testAccount(name)
      this.accounts.set(name, known)
    }
    return known
  }

  /** SSP balance in grains of an account, by its name or address. */
  balance(of: string | Uint8Array): bigint {
    return balanceOf(this.state, typeof of === 'string' ? this.account(of).address : of)
  }

  /** A signed transaction with the account's next nonce. */
  transaction(from: TestAccount | string, calls: Call[], options: TransactionOptions = {}): ParsedTransaction {
    const account = typeof from === 'string' ? this.account(from) : from
    const payer = options.feePayer === undefined ? undefined : this.account(options.feePayer).keys
    const lane = options.lane ?? 0
    const key = mapKey(account.address) + lane
    const nonce =
      options.nonce ?? nextNonce(getAccount(this.state, account.address), lane) + (this.pending.get(key) ?? 0n)
    if (options.nonce === undefined) this.pending.set(key, (this.pending.get(key) ?? 0n) + 1n)
    const body: TransactionBody = {
      version: TRANSACTION_VERSION,
      chain: chainTag(this.chainId),
      sender: account.keys.publicKey,
      lane,
      nonce,
      expiryHeight: this.head.height + this.parameters.maxLifetimeBlocks,
      gasLimit: options.gasLimit ?? DEFAULT_GAS_LIMIT,
      maxGasPrice: this.head.basePrice * 2n,
      tipGasPrice: 0n,
      feePayer: payer?.publicKey ?? null,
      emptying: options.emptying ?? false,
      calls,
    }
    const id = transactionId(body, this.chainId)
    const senderAuth = [{ key: null, signature: account.keys.sign(id) }]
    const payerAuth = payer === undefined ? [] : [{ key: null, signature: payer.sign(id) }]
    const wire = encodeTransaction({ body, senderAuth, payerAuth })
    return parseTransaction(wire, this.chainId)
  }

  /**
   * Makes the next block, executes it and takes over what it changed. Throws what the gate throws for a transaction
   * that may not stand in a block. `advanceMs` is the time since the block before, one slot if not said.
   */
  makeBlock(transactions: readonly ParsedTransaction[] = [], advanceMs: number = this.parameters.slotMs): TestBlock {
    this.pending.clear()
    const header = this.nextHeader(transactions, advanceMs)
    const gate = new Gate(this.state, [], header, this.rules.parameters)
    for (const transaction of transactions) gate.admit(transaction)
    const journal = new StateJournal(this.state)
    const executed = executeBlock(
      journal,
      { hash: headerHash(header), header, rootCertificate: null, transactions },
      this.parameters,
      undefined,
      this.engine,
    )
    this.state.apply(executed.changes)
    this.head = header
    const receipts = executed.receipts.map((encoded) => readable(decodeReceipt(encoded), this.state))
    return { header, receipts: receipts.slice(0, -1), own: receipts.at(-1)! }
  }

  /** One transaction in a block of its own. Throws the error of its receipt if it failed. */
  run(from: TestAccount | string, ...calls: Call[]): TestBlock & { receipt: TestReceipt } {
    const block = this.makeBlock([this.transaction(from, calls)])
    const receipt = block.receipts[0]!
    if (receipt.status !== STATUS_DONE) {
      throw new SmartshareError(receipt.error?.code ?? 'UNKNOWN', receipt.error?.message ?? 'failed')
    }
    return { ...block, receipt }
  }

  /** Publishes a source in a block of its own; its address. Throws the error of the receipt. */
  publish(from: TestAccount | string, source: string, options: PublishOptions = {}): Uint8Array {
    const { receipt } = this.run(from, this.publishCall(source, options))
    return receipt.events.find((event) => event.name === 'published')!.data.contract
  }

  /** The call that publishes a source, for transactions. */
  publishCall(source: string, options: PublishOptions = {}): Call {
    const { name = 'test', arguments: args, value = 0n, upgrade = null, pauser = null } = options
    const inputs = args === undefined ? [] : this.inputsOf(source, 'constructor')
    return callOf('contracts', 'publish', {
      ...{ name, source: textBytes(source), metadata: '', upgrade, pauser, value },
      arguments: args === undefined ? null : encodeParameters(inputs, args),
    })
  }

  /** A call of a contract's method, for transactions. */
  contractCall(contract: Uint8Array, method: string, args: readonly LuaValue[] = [], grains = 0n): Call {
    const abi = decodeAbi(getCode(this.state, contract).abi)
    const inputs = abi.methods.find((candidate) => candidate.name === method)?.inputs ?? []
    const funds = grains === 0n ? [] : ([{ token: SSP, amount: grains }] satisfies Call['funds'])
    return { target: contract, method, arguments: encodeParameters(inputs, args), funds }
  }

  /** What a view of a contract answers. */
  view(contract: Uint8Array, method: string, ...args: LuaValue[]): LuaValue {
    const host = new Host(new StateJournal(this.state), this.head, this.parameters, this.engine)
    return callView(host, { to: contract, method, args, caller: NOTHING })
  }

  private inputsOf(source: string, method: string) {
    const { abi } = this.engine.load(this.engine.slot(0), textBytes(source), new GasMeter(MAX_LOAD_GAS))
    return abi.methods.find(({ name }) => name === method)?.inputs ?? []
  }

  private nextHeader(transactions: readonly ParsedTransaction[], advanceMs: number): Header {
    const parent = this.head
    const slot = parent.slot + 1
    const reveal = revealOf(this.secret, revealHash(this.chainId, parent.term, slot))
    return {
      ...parent,
      version: this.rules.version,
      slot,
      height: parent.height + 1,
      parent: parent.height === 0 ? this.chainId : headerHash(parent),
      timeMs: parent.timeMs + advanceMs,
      reveal,
      accumulator: nextAccumulator(parent.accumulator, reveal),
      transactionsRoot: transactionsRoot(transactions.map(({ wire }) => wire)),
      transactionCount: transactions.length,
      gas: transactions.reduce((sum, { body }) => sum + body.gasLimit, 0),
      basePrice: nextBasePrice(parent, this.rules.parameters),
    }
  }
}

function readable(receipt: Receipt, reader: Pick<StateReader, 'get'>): TestReceipt {
  const events = receipt.events.map(({ target, name, data }) => {
    if (target instanceof Uint8Array) {
      const event = decodeAbi(getCode(reader, target).abi).events.find((candidate) => candidate.name === name)!
      const values = decodeParameters(event.fields, data)
      return {
        module: 'contract',
        contract: target,
        name,
        data: Object.fromEntries(event.fields.map((field, i) => [field.name, values[i]])),
      }
    }
    const module = modules.find(({ id }) => id === target)
    const kind = module?.events.find((candidate) => candidate.name === name)
    if (module === undefined || kind === undefined) {
      throw new SmartshareError('EVENT_UNKNOWN', `module ${String(target)} names no event ${name}`)
    }
    return { module: module.name, name, data: decode(kind.schema, data) }
  })
  return { ...receipt, events }
}
