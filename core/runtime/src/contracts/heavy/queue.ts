import { ADDRESS_BYTES, HASH_BYTES, MAX_ERROR_CODE_BYTES, MAX_METHOD_NAME_BYTES } from '@smartshare/chain'
import { amount, bytes, decode, fixedBytes, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import { checkAmount, mulDiv } from '@smartshare/crypto'
import type { EventKind, Host } from '../../host.ts'
import { balanceOf, pools, release, spend, transferEvent } from '../../tokens/balances.ts'
import type { AbiMethod } from '../abi.ts'
import { CONTRACTS, getContract, setContract } from '../registry.ts'
import { addJob, findRun, getJob, heavyTotals, type Job, queueOf, removeFirst, setRun } from './jobs.ts'
import { type JobResult, MAX_OUTPUT_BYTES } from './result.ts'

// How heavy calls get into the queue of their contract and out of it (docs/spec/heavy-calls.md).

const address = fixedBytes(ADDRESS_BYTES)
const hash = fixedBytes(HASH_BYTES)
const WHOLE = 1000n

/** A call was ordered; `feeGrains` is the most that it can cost. */
const orderedEvent = {
  target: CONTRACTS,
  name: 'jobOrdered',
  schema: record({
    job: uint(),
    contract: address,
    caller: address,
    method: text(MAX_METHOD_NAME_BYTES, 1),
    feeGrains: amount,
  }),
} satisfies EventKind<unknown>

/** It came first in its queue: the delegates of `term` compute it. */
const beganEvent = {
  target: CONTRACTS,
  name: 'jobBegan',
  schema: record({ job: uint(), contract: address, term: uint(), deadlineHeight: uint() }),
} satisfies EventKind<unknown>

/** Its result is certified and in the state; `error` is the code of a call that failed. */
const doneEvent = {
  target: CONTRACTS,
  name: 'jobDone',
  schema: record({
    job: uint(),
    contract: address,
    resultHash: hash,
    gasUsed: uint(),
    feeGrains: amount,
    output: bytes(MAX_OUTPUT_BYTES),
    error: optional(text(MAX_ERROR_CODE_BYTES, 1)),
  }),
} satisfies EventKind<unknown>

/** Delegates contradict each other so much that no result can be certified: an alarm. */
const frozenEvent = {
  target: CONTRACTS,
  name: 'jobFrozen',
  schema: record({ job: uint(), contract: address }),
} satisfies EventKind<unknown>

/** No result was certified in time. */
const expiredEvent = {
  target: CONTRACTS,
  name: 'jobExpired',
  schema: record({ job: uint(), contract: address }),
} satisfies EventKind<unknown>

export const queueEvents = [orderedEvent, beganEvent, doneEvent, frozenEvent, expiredEvent]

/** A call of a heavy method. */
export interface HeavyCall {
  readonly to: Uint8Array
  readonly caller: Uint8Array
  readonly args: Uint8Array
  readonly value: bigint
}

/**
 * Orders a heavy call: locks what it can cost at most, and puts it at the end of the contract's queue. Throws HEAVY_FULL,
 * HEAVY_SIZE or TOKENS_*.
 */
export function orderJob(host: Host, { name, heavy }: AbiMethod, { to, caller, args, value }: HeavyCall): void {
  if (heavy === null) throw new SmartshareError('STATE_DAMAGED', 'a heavy method without gas')
  const { block, parameters } = host
  if (heavy.gas > parameters.heavyMostGas) {
    throw new SmartshareError('HEAVY_SIZE', `a heavy call may use ${parameters.heavyMostGas} gas at most`)
  }
  endExpired(host, to)
  const waiting = queueOf(host, to).length
  if (waiting >= parameters.heavyQueue || heavyTotals(host).gas + heavy.gas > parameters.heavyBacklogGas) {
    throw new SmartshareError('HEAVY_FULL', 'too many heavy calls wait already, for this contract or for all')
  }
  const job: Job = {
    ...{ contract: to, caller, method: name, arguments: args, value },
    ...{ gas: heavy.gas, price: block.basePrice, deposit: heavy.deposit },
    ...{ term: block.term, height: block.height, timeMs: block.timeMs, seed: block.accumulator },
  }
  spend(host, caller, pools.heavyJobs, lockedBy(job))
  const number = addJob(host, job)
  setContract(host, to, { ...getContract(host, to), jobs: waiting + 1 })
  host.emit(orderedEvent, { job: number, contract: to, caller, method: name, feeGrains: highestFeeOf(job) })
  if (waiting === 0) begin(host, number, job)
}

/** Throws CONTRACT_BUSY if heavy calls of a contract are not done. */
export function checkFree(host: Host, contract: Uint8Array): void {
  endExpired(host, contract)
  const [number] = queueOf(host, contract)
  if (number === undefined) return
  throw new SmartshareError('CONTRACT_BUSY', `the contract waits for the result of heavy call ${number}`, { number })
}

/** The next one begins when the first one has expired, so at most one of a queue has. */
function endExpired(host: Host, contract: Uint8Array): void {
  const [number] = queueOf(host, contract)
  if (number !== undefined && isExpired(host, number)) expire(host, number)
}

/** Whether a running job can no longer be certified. Throws HEAVY_UNKNOWN. */
export function isExpired(host: Host, number: number): boolean {
  const run = findRun(host, number)
  return run !== undefined && host.block.height > run.deadlineHeight
}

function begin(host: Host, number: number, { contract }: Job): void {
  const { block, parameters } = host
  const deadlineHeight = block.height + parameters.heavyDeadlineBlocks
  setRun(host, number, {
    ...{ contract, term: block.term, beganHeight: block.height, deadlineHeight },
    ...{ balance: balanceOf(host, contract), commits: 0, opens: 0, openHeight: null, tally: [] },
  })
  host.emit(beganEvent, { job: number, contract, term: block.term, deadlineHeight })
}

/** The first job of a queue goes, and the next one begins. */
function next(host: Host, number: number, job: Job): void {
  const rest = removeFirst(host, number, job)
  const { contract } = job
  setContract(host, contract, { ...getContract(host, contract), jobs: rest.length })
  const [first] = rest
  if (first !== undefined) begin(host, first, getJob(host, first))
}

/** A running job whose time is over: its fee goes to the mining pool, all else back. */
export function expire(host: Host, number: number): void {
  const job = getJob(host, number)
  release(host, pools.heavyJobs, pools.mining, highestFeeOf(job))
  release(host, pools.heavyJobs, job.caller, lockedBy(job) - highestFeeOf(job))
  host.emit(expiredEvent, { job: number, contract: job.contract })
  next(host, number, job)
}

/** A running job whose result the delegates do not agree on: all goes back. */
export function freeze(host: Host, number: number): void {
  const job = getJob(host, number)
  release(host, pools.heavyJobs, job.caller, lockedBy(job))
  host.emit(frozenEvent, { job: number, contract: job.contract })
  next(host, number, job)
}

/** What a certified result is packed with. */
interface Certified {
  readonly resultHash: Uint8Array
  readonly result: JobResult
  /** Delegates who opened it in time to certify it: they share the delegates' part of the fee. */
  readonly witnesses: readonly Uint8Array[]
}

/** Puts the certified result of a running job into the state. */
export function pack(host: Host, number: number, { resultHash, result, witnesses }: Certified): void {
  const job = getJob(host, number)
  const feeGrains = BigInt(result.gasUsed) * job.price
  payFee(host, feeGrains, witnesses)
  // No payment of a job can fail by now: its contract spent nothing since it began.
  const spent = result.error === null ? apply(host, job, result) : 0n
  release(host, pools.heavyJobs, job.caller, lockedBy(job) - feeGrains - spent)
  const { gasUsed, output } = result
  const error = result.error?.code ?? null
  host.emit(doneEvent, { job: number, contract: job.contract, resultHash, gasUsed, feeGrains, output, error })
  next(host, number, job)
}

/** Writes, events, payments and deposit of a result, as they are for any call. Grains of what was locked that this took. */
function apply(host: Host, { contract, caller, value }: Job, result: JobResult): bigint {
  for (const { key, value: written } of result.writes) {
    if (written === null) host.delete(key)
    else host.set(key, written)
  }
  release(host, pools.heavyJobs, contract, value)
  for (const { pays, name, data } of result.sayings) {
    if (pays) {
      const { to, amount: grains } = decode(transferEvent.schema, data)
      release(host, contract, to, grains)
    } else host.pushEvent({ target: contract, name, data })
  }
  const byteGrains = host.parameters.stateByteGrains
  release(host, pools.contractState, caller, BigInt(result.freedBytes) * byteGrains)
  const deposit = BigInt(result.grownBytes) * byteGrains
  release(host, pools.heavyJobs, pools.contractState, deposit)
  return value + deposit
}

/** Like the fees of blocks: a part goes to those who did the work, the rest to the mining pool. */
function payFee(host: Host, feeGrains: bigint, witnesses: readonly Uint8Array[]): void {
  const toDelegates = mulDiv(feeGrains, BigInt(host.parameters.delegatesFeeShare), WHOLE)
  const each = toDelegates / BigInt(witnesses.length)
  for (const witness of witnesses) release(host, pools.heavyJobs, witness, each)
  release(host, pools.heavyJobs, pools.mining, feeGrains - each * BigInt(witnesses.length))
}

/** The most that a job can cost. */
export function highestFeeOf({ gas, price }: Job): bigint {
  return checkAmount(BigInt(gas) * price)
}

/** All that a job has locked. */
export function lockedBy(job: Job): bigint {
  return checkAmount(highestFeeOf(job) + job.deposit + job.value)
}
