import { ADDRESS_BYTES, HASH_BYTES, MAX_ARGUMENT_BYTES, MAX_METHOD_NAME_BYTES, MAX_SEATS } from '@smartshare/chain'
import {
  amount,
  array,
  bytes,
  fixedBytes,
  type Infer,
  optional,
  record,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { uintKey } from '../../keys.ts'
import { type StateWriter, Table } from '../../table.ts'
import { CONTRACTS } from '../registry.ts'

// What the chain remembers of heavy calls (docs/spec/heavy-calls.md).

const address = fixedBytes(ADDRESS_BYTES)
const hash = fixedBytes(HASH_BYTES)
/** `heavyQueue` is never more. */
const MAX_QUEUE = 64

const jobSchema = record({
  contract: address,
  caller: address,
  method: text(MAX_METHOD_NAME_BYTES, 1),
  arguments: bytes(MAX_ARGUMENT_BYTES),
  /** Grains that came with the call. */
  value: amount,
  gas: uint(),
  /** Grains for one gas. */
  price: amount,
  /** Most grains that new bytes may lock. */
  deposit: amount,
  /** Facts of the block that ordered it. */
  term: uint(),
  height: uint(),
  timeMs: uint(),
  seed: hash,
})

const runSchema = record({
  contract: address,
  /** Its delegates attest. */
  term: uint(),
  beganHeight: uint(),
  /** The last block in which its result can be certified. */
  deadlineHeight: uint(),
  /** Grains of the contract when it began; it spends nothing until the job is done. */
  balance: amount,
  commits: uint(MAX_SEATS),
  opens: uint(MAX_SEATS),
  /** From which height on results are opened; null until enough are committed. */
  openHeight: optional(uint()),
  /** How many opened which result. */
  tally: array(record({ resultHash: hash, count: uint(MAX_SEATS) }), MAX_SEATS),
})

const attestationSchema = record({ commitment: hash, resultHash: optional(hash) })

/** A heavy call that was ordered: all that its result depends on but the state of its contract. */
export type Job = Infer<typeof jobSchema>
/** The job that is first in the queue of its contract: delegates compute and attest it. */
export type Run = Infer<typeof runSchema>
/** What a delegate said of the result of a job. */
export type Attestation = Infer<typeof attestationSchema>

const jobs = new Table<Job>(CONTRACTS, 20, jobSchema)
const runs = new Table<Run>(CONTRACTS, 21, runSchema)
const attestations = new Table<Attestation>(CONTRACTS, 22, attestationSchema)
/** Numbers of a contract's jobs, the running one first. */
const queues = new Table<number[]>(CONTRACTS, 23, array(uint(), MAX_QUEUE, 1))
/** How many jobs were ordered ever, and the gas of those that are not done. */
const totals = new Table(CONTRACTS, 24, record({ ordered: uint(), gas: uint() }))

type Reader = Pick<StateReader, 'get'>

/** A job that is not done. Throws HEAVY_UNKNOWN. */
export function getJob(reader: Reader, number: number): Job {
  const job = jobs.get(reader, uintKey(number))
  if (job === undefined) throw unknown(number)
  return job
}

/** A job that is being computed. Throws HEAVY_UNKNOWN. */
export function getRun(reader: Reader, number: number): Run {
  const run = findRun(reader, number)
  if (run === undefined) throw unknown(number)
  return run
}

export function findRun(reader: Reader, number: number): Run | undefined {
  return runs.get(reader, uintKey(number))
}

/** Jobs that are being computed, the oldest first. */
export function runningJobs(reader: StateReader, limit: number): { readonly number: number; readonly run: Run }[] {
  return [...runs.entries(reader, [], { limit })].map(([key, run]) => ({
    number: numberOf(key),
    run,
  }))
}

/** Jobs that are not done, running or waiting, from a number on. */
export function jobsFrom(reader: StateReader, from: number, limit: number): { number: number; job: Job }[] {
  const after = from === 0 ? {} : { after: uintKey(from - 1) }
  return [...jobs.entries(reader, [], { limit, ...after })].map(([key, job]) => ({ number: numberOf(key), job }))
}

export function attestationOf(reader: Reader, number: number, seat: number): Attestation | undefined {
  return attestations.get(reader, uintKey(number), Uint8Array.of(seat))
}

/** Numbers of the jobs of a contract, the running one first. */
export function queueOf(reader: Reader, contract: Uint8Array): number[] {
  return queues.get(reader, contract) ?? []
}

/** Jobs ordered so far, and the gas of all that are not done. */
export function heavyTotals(reader: Reader): { readonly ordered: number; readonly gas: number } {
  return totals.get(reader) ?? { ordered: 0, gas: 0 }
}

export function setRun(writer: StateWriter, number: number, run: Run): void {
  runs.set(writer, run, uintKey(number))
}

export function setAttestation(writer: StateWriter, number: number, seat: number, said: Attestation): void {
  attestations.set(writer, said, uintKey(number), Uint8Array.of(seat))
}

export function deleteAttestation(writer: StateWriter, number: number, seat: number): void {
  attestations.delete(writer, uintKey(number), Uint8Array.of(seat))
}

/** Puts a job at the end of its contract's queue; its number. */
export function addJob(writer: StateWriter, job: Job): number {
  const { ordered, gas } = heavyTotals(writer)
  totals.set(writer, { ordered: ordered + 1, gas: gas + job.gas })
  jobs.set(writer, job, uintKey(ordered))
  queues.set(writer, [...queueOf(writer, job.contract), ordered], job.contract)
  return ordered
}

/** Forgets the first job of a queue and all that was said of it; what is left of the queue. */
export function removeFirst(writer: StateWriter, number: number, { contract, gas }: Job): number[] {
  const [, ...rest] = queueOf(writer, contract)
  if (rest.length === 0) queues.delete(writer, contract)
  else queues.set(writer, rest, contract)
  const before = heavyTotals(writer)
  totals.set(writer, { ordered: before.ordered, gas: before.gas - gas })
  jobs.delete(writer, uintKey(number))
  runs.delete(writer, uintKey(number))
  const said = [...attestations.entries(writer, [uintKey(number)], { limit: MAX_SEATS })]
  for (const [key] of said) attestations.delete(writer, key)
  return rest
}

function numberOf(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset).getBigUint64(0))
}

function unknown(number: number): SmartshareError {
  return new SmartshareError('HEAVY_UNKNOWN', `job ${number} is not being computed`)
}
