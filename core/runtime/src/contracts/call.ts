import { ADDRESS_BYTES, type Call, SSP, type Token } from '@smartshare/chain'
import { encode, SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { LuaValue } from '@smartshare/lvm'
import type { Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import { releaseToken, spendToken } from '../tokens/coins.ts'
import { type AbiMethod, abiType, decodeParameters, encodeParameters } from './abi.ts'
import type { Program } from './engine.ts'
import { type Frame, FUEL_PER_GAS, FuelMeter, type Funds } from './frame.ts'
import type { Job } from './heavy/jobs.ts'
import { checkFree, orderJob } from './heavy/queue.ts'
import { type Contract, findContract, getCode, getContract, noContract } from './registry.ts'
import { tokenMethod } from './token-protocol.ts'

/** A call of a contract by whomever. */
interface Request {
  readonly to: Uint8Array
  readonly method: string
  /** Values by themselves, or as they travel. */
  readonly args: readonly LuaValue[] | Uint8Array
  readonly caller: Uint8Array
  readonly funds: readonly Funds[]
  readonly isView: boolean
  readonly depth: number
  /** Most gas that it may use, if less than the caller has. */
  readonly gas: number | undefined
  /** Set for the one call that publishing makes. */
  readonly isConstructor?: boolean
}

/** A call of a transaction to a contract. Throws CONTRACT_*, ABI_*, CODEC_*, TOKENS_* or GAS_EXHAUSTED. */
export function callByTransaction(host: Host, call: Call, sender: Uint8Array): LuaValue {
  if (!(call.target instanceof Uint8Array) || call.target.length !== ADDRESS_BYTES || typeof call.method !== 'string') {
    throw new SmartshareError('CALL_UNKNOWN', 'methods of contracts are called by name')
  }
  const { target: to, method, arguments: args, funds } = call
  return run(host, { to, method, args, caller: sender, funds, isView: false, depth: 0, gas: undefined })
}

/** A question to a contract that changes nothing; for RPC. `gas` bounds it. */
export function callView(
  host: Host,
  { to, method, args, caller }: Omit<Request, 'funds' | 'isView' | 'depth' | 'gas'>,
): LuaValue {
  return run(host, { to, method, args, caller, funds: [], isView: true, depth: 0, gas: undefined })
}

/** What publishing calls, if there is one. */
export function callConstructor(
  host: Host,
  to: Uint8Array,
  args: Uint8Array,
  sender: Uint8Array,
  funds: Funds[],
): void {
  run(host, {
    ...{ to, method: 'constructor', args, caller: sender, funds },
    ...{ isView: false, depth: 0, gas: undefined, isConstructor: true },
  })
}

/** A call that a contract makes. */
export function callFromContract(
  { host, contract, depth, isView }: Frame,
  request: Pick<Request, 'to' | 'method' | 'args' | 'funds' | 'isView' | 'gas'>,
): LuaValue {
  return run(host, { ...request, isView: isView || request.isView, caller: contract, depth: depth + 1 })
}

/** What a heavy call does, on the host of its job; what it returns, by its type, or nothing. Throws what the call fails with. */
export function callByJob(host: Host, { contract: to, method, arguments: args, caller, value }: Job): Uint8Array {
  const funds: Funds[] = value === 0n ? [] : [{ token: SSP, amount: value }]
  const request = { to, method, args, caller, funds, isView: false, depth: 0, gas: undefined }
  const program = programOf(host, request, getContract(host, to))
  const called = methodOf(program, request)
  const result = perform(host, request, { program, called })
  const { output } = called.method
  return output === null ? new Uint8Array() : encode(abiType(output).schema, result)
}

function run(host: Host, request: Request): LuaValue {
  const { to } = request
  const contract = findContract(host, to)
  if (contract === undefined) return callToken(host, request)
  if (contract.paused && !request.isView) {
    throw new SmartshareError('CONTRACT_PAUSED', 'the contract is paused by whom its rules allow to')
  }
  const program = programOf(host, request, contract)
  const called = methodOf(program, request)
  if (called.method.kind === 'heavy') {
    order(host, request, called.method)
    return null
  }
  if (contract.jobs > 0 && !request.isView) checkFree(host, to)
  return perform(host, request, { program, called })
}

/** Tokens of module 2 answer the protocol of tokens at their addresses. */
function callToken(host: Host, request: Request): LuaValue {
  const called = tokenMethod(host, request.to, request.method)
  if (called === undefined) throw noContract()
  checkKind(called.method, request)
  const args = argumentsOf(called.method, request.args)
  return host.attempt(() => called.run(request.caller, args))
}

/** A heavy method is called: what it does comes later. Its guard decides now whether the caller may. */
function order(host: Host, { to, args, caller, funds, depth }: Request, method: AbiMethod): void {
  if (depth > 0) throw new SmartshareError('CONTRACT_HEAVY', `${method.name} is heavy: transactions alone can call it`)
  const values = argumentsOf(method, args)
  const guard = method.heavy?.guard ?? null
  if (guard !== null) {
    run(host, { to, method: guard, args: values, caller, funds: [], isView: true, depth, gas: undefined })
  }
  if (funds.some(({ token }) => token !== SSP)) {
    throw new SmartshareError('CONTRACT_FUNDS', 'a heavy method takes no money but SSP')
  }
  const value = funds.reduce((sum, { amount }) => sum + amount, 0n)
  orderJob(host, method, { to, caller, args: encodeParameters(method.inputs, values), value })
}

/** The program of a contract; loading it and bringing it back is paid for. */
function programOf(host: Host, { to, depth }: Request, contract: Contract): Program {
  const codeKey = mapKey(contract.codeHash)
  payLoading(host, codeKey, contract.loadGas)
  // Who has the source loaded reads nothing: so reading it costs nothing.
  const program = host.engine.program(host.engine.slot(depth), codeKey, () => getCode(host.branch(), to).source)
  host.gas.charge(program.callGas)
  return program
}

interface Called {
  readonly program: Program
  readonly called: { readonly method: AbiMethod; readonly nameBytes: Uint8Array }
}

function perform(host: Host, request: Request, { program, called: { method, nameBytes } }: Called): LuaValue {
  const { to, depth, caller } = request
  const slot = host.engine.slot(depth)
  const key = mapKey(to)
  if (host.calling.includes(key) && !method.reentrant) {
    throw new SmartshareError('CONTRACT_REENTRANT', `${method.name} does not allow calls while another is under way`)
  }
  const args = argumentsOf(method, request.args)
  return host.attempt(() => {
    const inside = host.depth
    // The money of a job is in its pool until its result is packed.
    if (host.job === undefined) for (const { token, amount } of request.funds) pay(host, caller, to, token, amount)
    const meter = host.gas
    const gas = Math.min(meter.left, request.gas ?? Number.MAX_SAFE_INTEGER)
    const { machine } = slot
    machine.restore(program.image)
    slot.frame = {
      // A view never writes, whoever calls it and however.
      ...{
        host,
        contract: to,
        program,
        caller,
        funds: request.funds,
        isView: request.isView || method.kind === 'view',
      },
      ...{ depth, machine, prefixes: [], lateNames: [] },
    }
    host.gas = new FuelMeter(machine)
    host.calling.push(key)
    let outcome: ReturnType<typeof machine.call>
    try {
      outcome = machine.call(
        slot.dispatcher,
        [nameBytes, caller, host.actor?.sender ?? caller, to, ...args],
        gas * FUEL_PER_GAS,
      )
    } finally {
      host.gas = meter
      host.calling.pop()
      slot.frame = undefined
    }
    meter.charge(Math.ceil(outcome.fuelUsed / FUEL_PER_GAS))
    if (!outcome.done) {
      host.engine.watch?.failure(to, outcome.trace)
      throw callError(outcome.error)
    }
    if (host.depth !== inside) {
      throw new SmartshareError('CONTRACT_ATTEMPTS', 'an attempt of contract.pcall did not end')
    }
    return resultOf(method, outcome.values[0] ?? null)
  })
}

/** Loading is charged once in a block, before it is done and whether or not this node has the source loaded. */
function payLoading(host: Host, codeKey: string, loadGas: number): void {
  if (host.loaded.has(codeKey)) return
  host.gas.charge(loadGas)
  host.loaded.add(codeKey)
}

function methodOf({ methods }: Program, request: Request) {
  const { method: name, isConstructor = false } = request
  const found = methods.get(name)
  if (found === undefined || (found.method.kind === 'constructor') !== isConstructor) {
    throw new SmartshareError('CONTRACT_METHOD', `the contract has no method ${name}`)
  }
  checkKind(found.method, request)
  return found
}

/** Whether a method may be called like this. */
function checkKind({ name, kind }: AbiMethod, { funds, isView }: Request): void {
  if (isView && kind !== 'view') throw new SmartshareError('CONTRACT_METHOD', `${name} is no view`)
  if (funds.some(({ amount }) => amount > 0n) && kind !== 'payable' && kind !== 'constructor' && kind !== 'heavy') {
    throw new SmartshareError('CONTRACT_FUNDS', `${name} takes no money`)
  }
}

function argumentsOf({ inputs }: AbiMethod, args: readonly LuaValue[] | Uint8Array): LuaValue[] {
  // Encoded and decoded again, so that a method sees the same whoever calls it.
  return decodeParameters(inputs, args instanceof Uint8Array ? args : encodeParameters(inputs, args))
}

function resultOf({ name, output }: AbiMethod, value: LuaValue): LuaValue {
  if (output === null) return null
  if (abiType(output).fits(value)) return value
  throw new SmartshareError('CONTRACT_RESULT', `${name} did not return a value of the type ${output}`)
}

function pay(host: Host, from: Uint8Array, to: Uint8Array, token: Token, amount: bigint): void {
  if (host.actor !== undefined && equalBytes(host.actor.sender, from)) spendToken(host, token, from, to, amount)
  else releaseToken(host, token, from, to, amount)
}

/** What the failure of a machine means for a transaction. */
function callError(error: SmartshareError): SmartshareError {
  switch (error.code) {
    case 'LVM_FUEL':
      return new SmartshareError('GAS_EXHAUSTED', 'the contract needs more gas than there is')
    case 'LVM_ERROR':
      return new SmartshareError('CONTRACT_FAILED', error.message)
    default:
      return new SmartshareError('CONTRACT_MEMORY', error.message)
  }
}
