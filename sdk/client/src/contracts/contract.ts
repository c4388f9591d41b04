import { type Call, SSP, type Token } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress } from '@smartshare/crypto'
import type { LightRules } from '@smartshare/light'
import {
  type Abi,
  type AbiEvent,
  type AbiJson,
  type AbiMethod,
  decodeParameters,
  encodeParameters,
  parametersFromJson,
  valueFromJson,
} from '@smartshare/runtime'
import { checkContract, checkContractEntry, type ProvenContractEntry } from '../proof/contract-proof.ts'
import type { Trust } from '../proof/trust.ts'
import type { PlacedEvent } from '../rpc/answers.ts'
import { bytesOfBase64 } from '../rpc/base64.ts'
import type { ContractInfo } from '../rpc/contract-answers.ts'
import type { ContractSource } from '../rpc/contract-client.ts'
import type { EventQuery, RpcClient } from '../rpc/rpc-client.ts'
import type { FinalTransaction } from '../transactions/fate.ts'
import type { Sender, SendOptions } from '../transactions/sender.ts'
import type { FeeEstimate, TransactionRequest } from '../transactions/transaction-builder.ts'
import type { Signer } from '../wallet/signer.ts'
import { type ContractValue, jsonArguments, nativeValue } from './native-value.ts'

/** What a contract needs of the client that gave it out. */
export interface ContractHost {
  readonly rpc: RpcClient
  readonly trust: Trust
  senderOf(signer: Signer): Sender
  events(query: EventQuery, options: { to?: number; signal?: AbortSignal }): AsyncGenerator<PlacedEvent>
}

/** Money that goes along with a call; only payable methods take any. */
export interface CallMoney {
  /** In grains, or in the smallest units of the token. */
  readonly value?: bigint
  /** Address of the token; SSP if none is said. */
  readonly token?: string
}

/** How a method is called, beside its arguments. */
export interface CallOptions extends CallMoney, SendOptions {
  /** Found out if not said. */
  readonly gasLimit?: number
}

/** Where events are read from. */
export interface EventOptions {
  /** First block; the next one if not said. */
  readonly from?: number
  /** Last block; without it the walk has no end. */
  readonly to?: number
  readonly signal?: AbortSignal
}

/** What a contract said. */
export interface ContractEvent<T = Readonly<Record<string, ContractValue>>> {
  readonly name: string
  /** Null if the ABI does not describe it: the contract was upgraded since, or is of another version than the ABI. */
  readonly data: T | null
  /** The data as they stand in the receipt. */
  readonly encoded: Uint8Array
  readonly height: number
  /** Id of the transaction in hexadecimal. */
  readonly transaction: string
}

/** A call that is final, and what the contract said in it. */
export interface ContractCall extends FinalTransaction {
  readonly events: readonly ContractEvent[]
}

/**
 * A contract on the chain, called by names. Arguments may be what programs have at hand: bigint or whole numbers for integers
 * and amounts, texts for strings and addresses, byte arrays for bytes; results come as `ContractValue`.
 */
export class Contract {
  /** `ssp1…` */
  readonly address: string
  private readonly host: ContractHost
  private known: Promise<Abi> | undefined

  constructor(host: ContractHost, address: string, abi?: Abi) {
    this.host = host
    this.address = address
    if (abi !== undefined) this.known = Promise.resolve(abi)
  }

  /** What it offers, as it was when first asked; `isFresh` asks again, after an upgrade say. Throws CONTRACT_UNKNOWN. */
  async abi(isFresh = false): Promise<Abi> {
    if (isFresh) this.known = undefined
    this.known ??= this.info().then(({ abi }) => abi)
    this.known.catch(() => {
      this.known = undefined
    })
    return await this.known
  }

  /** Its record, rules and balance. Throws CONTRACT_UNKNOWN. */
  info(): Promise<ContractInfo> {
    return this.host.rpc.contracts.get(this.address)
  }

  /** Its source, and whether the hash in its record is that of the source. */
  source(): Promise<ContractSource> {
    return this.host.rpc.contracts.source(this.address)
  }

  /** Asks a view. Throws CONTRACT_*, ABI_VALUE. */
  view(method: string, ...args: readonly unknown[]): Promise<ContractValue> {
    return this.ask(method, args)
  }

  /** Asks a view in the name of an account: `system.caller()` is that account. */
  viewAs(caller: string, method: string, ...args: readonly unknown[]): Promise<ContractValue> {
    return this.ask(method, args, caller)
  }

  /** Asks a view with arguments in their order or by their names, in the name of an account if one is said. */
  async ask(method: string, args: unknown = [], caller?: string): Promise<ContractValue> {
    const { inputs, output } = await this.method(method)
    // Read and written again, so that the node gets nothing but what the types say.
    const values = jsonArguments(inputs, args)
    const { result } = await this.host.rpc.contracts.view(this.address, method, values, caller)
    if (output === null) return null
    try {
      return nativeValue(output, valueFromJson(output, result, 'the result'))
    } catch (error) {
      throw new SmartshareError('RPC_ANSWER', `${method} answered what its ABI does not allow`, {}, error)
    }
  }

  /** A call for a transaction: with others, from several keys, whatever. Arguments in their order or by their names. */
  async callOf(method: string, args: unknown = [], { value = 0n, token }: CallMoney = {}): Promise<Call> {
    const { inputs } = await this.method(method)
    const encoded = encodeParameters(inputs, parametersFromJson(inputs, args))
    const of: Token = token === undefined ? SSP : parseAddress(token)
    const funds = value === 0n ? [] : [{ token: of, amount: value }]
    return { target: parseAddress(this.address), method, arguments: encoded, funds }
  }

  /** Calls a method and waits until that is final. Throws what it would fail with, before anything is paid. */
  async call(wallet: Signer, method: string, args: unknown = [], options: CallOptions = {}): Promise<ContractCall> {
    const request = await this.request(method, args, options)
    const final = await this.host.senderOf(wallet).sendAndWait(request, options)
    return { ...final, events: await this.eventsOf(final) }
  }

  /** What a call would cost now: gas, fee, and the deposit for what it stores. Throws what it would fail with. */
  async estimate(wallet: Signer, method: string, args: unknown = [], options: CallOptions = {}): Promise<FeeEstimate> {
    return await this.host.senderOf(wallet).estimate(await this.request(method, args, options))
  }

  /** What it said in a transaction. */
  async eventsOf({ id, height, receipt }: FinalTransaction): Promise<ContractEvent[]> {
    const { events } = await this.abi()
    const own = receipt.events.filter(({ from }) => from === this.address)
    return own.map(({ name, encoded }) => read(events, name, encoded, { height, transaction: id }))
  }

  /** What it says from a block on, each event once and in order; of one name if one is said. */
  async *events(name?: string, { from, ...options }: EventOptions = {}): AsyncGenerator<ContractEvent> {
    const height = from ?? (await this.host.rpc.status()).height + 1
    const query = { height, from: this.address, ...(name === undefined ? {} : { name }) }
    const { events } = await this.abi()
    for await (const event of this.host.events(query, options)) {
      yield read(events, event.name, event.encoded, event)
    }
  }

  /**
   * An entry of its state, checked without trust in the node: of a map or list by its key, of a `state.value` by none. Throws
   * CONTRACT_STATE, LIGHT_*, PROOF_* or RPC_*.
   */
  proveEntry(
    name: string,
    key: AbiJson = { integer: '0' },
    rules: Partial<LightRules> = {},
  ): Promise<ProvenContractEntry> {
    const { rpc, trust } = this.host
    return checkContractEntry(rpc, trust, { address: this.address, name, key }, { nowMs: Date.now(), ...rules })
  }

  /** Its record, checked without trust in the node: hash of the source, rules. Throws CONTRACT_UNKNOWN, LIGHT_*, PROOF_*. */
  proveRecord(rules: Partial<LightRules> = {}) {
    return checkContract(this.host.rpc, this.host.trust, this.address, { nowMs: Date.now(), ...rules })
  }

  private async request(method: string, args: unknown, options: CallOptions): Promise<TransactionRequest> {
    const { gasLimit } = options
    return { calls: [await this.callOf(method, args, options)], ...(gasLimit === undefined ? {} : { gasLimit }) }
  }

  private async method(name: string): Promise<AbiMethod> {
    const found = (await this.abi()).methods.find((method) => method.name === name)
    if (found !== undefined && found.kind !== 'constructor') return found
    throw new SmartshareError('CONTRACT_METHOD', `the contract has no method ${name}`)
  }
}

function read(
  events: readonly AbiEvent[],
  name: string,
  text: string,
  { height, transaction }: { height: number; transaction: string },
): ContractEvent {
  const encoded = bytesOfBase64(text)
  const event = events.find((candidate) => candidate.name === name)
  return { name, data: event === undefined ? null : fieldsOf(event, encoded), encoded, height, transaction }
}

function fieldsOf({ fields }: AbiEvent, encoded: Uint8Array): Record<string, ContractValue> | null {
  try {
    const values = decodeParameters(fields, encoded)
    return Object.fromEntries(fields.map(({ name, type }, i) => [name, nativeValue(type, values[i] ?? null)]))
  } catch (error) {
    if (SmartshareError.is(error)) return null
    throw error
  }
}
