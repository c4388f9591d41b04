import {
  ADDRESS_BYTES,
  type Call,
  COMMIT_METHOD,
  type Commitment,
  commitmentSchema,
  HASH_BYTES,
  quorum,
} from '@smartshare/chain'
import { encode, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { pastSet } from '../../delegates/past-sets.ts'
import { banOf, punish } from '../../delegates/punishment.ts'
import { getDelegate } from '../../delegates/registry.ts'
import { currentTerm } from '../../delegates/term.ts'
import type { EventKind, Host } from '../../host.ts'
import type { Method } from '../../module.ts'
import { pools } from '../../tokens/tokens.ts'
import { CONTRACTS } from '../registry.ts'
import { attestationOf, deleteAttestation, findRun, getRun, type Run, setAttestation, setRun } from './jobs.ts'
import { expire, freeze, isExpired, pack } from './queue.ts'
import { commitmentTo, type JobResult, PACKING_GAS, resultHash } from './result.ts'
import { runJob } from './run-job.ts'

// How delegates attest the results of heavy calls (docs/spec/heavy-calls.md).

const address = fixedBytes(ADDRESS_BYTES)
const hash = fixedBytes(HASH_BYTES)
/** Blocks that a quorum waits for the others at least: a call of a moment must not shut out who hesitates for another. */
const LEAST_WAIT_BLOCKS = 5
/** For reading the set of a term. */
const SET_GAS = 10_000

/** A delegate committed to two results of one job, and was convicted. */
const contradictedEvent = {
  target: CONTRACTS,
  name: 'jobContradicted',
  schema: record({ job: uint(), delegate: address, first: hash, second: hash }),
} satisfies EventKind<unknown>

export const attestEvents = [contradictedEvent]

/** Members of the set that attests a job. */
export function witnessesOf(
  reader: Pick<StateReader, 'get'>,
  { term }: Run,
): readonly { readonly address: Uint8Array }[] {
  const current = currentTerm(reader)
  return (term === current.term ? current.members : pastSet(reader, term)?.members) ?? []
}

/** Whether results are opened at a height; from then on nobody commits. */
export function isOpening({ commits, openHeight }: Run, seats: number, height: number): boolean {
  return commits === seats || (openHeight !== null && height >= openHeight)
}

export const JOB_STATES = ['waiting', 'committing', 'opening', 'expired'] as const
/** Behind another one; results are committed; they are opened; its time is over, and nobody has ended it yet. */
export type JobState = (typeof JOB_STATES)[number]

/** Where a job stands in the block of a height. */
export function jobState(reader: Pick<StateReader, 'get'>, run: Run | undefined, height: number): JobState {
  if (run === undefined) return 'waiting'
  if (height > run.deadlineHeight) return 'expired'
  return isOpening(run, witnessesOf(reader, run).length, height) ? 'opening' : 'committing'
}

/**
 * `contracts.commitResult`: a delegate has a result, and binds itself to it before it can know those of others. Who commits
 * to a second one is convicted, and the call succeeds. It stands alone in its transaction, so that two of them are evidence
 * that is short and the same for everybody.
 */
const commitResult: Method<Commitment> = {
  id: COMMIT_METHOD,
  name: 'commitResult',
  arguments: commitmentSchema,
  gas: SET_GAS,
  check: () => undefined,
  execute(host, { job, term, commitment }, sender) {
    const { height } = host.block
    if (host.actor?.calls !== 1) {
      throw new SmartshareError('HEAVY_ALONE', 'a delegate commits to a result in a transaction of its own')
    }
    const { run, seats, seat } = attesting(host, job, sender)
    if (term !== run.term) {
      throw new SmartshareError('HEAVY_SEAT', `the delegates of term ${run.term} attest the job`)
    }
    const before = attestationOf(host, job, seat)
    if (before !== undefined) {
      if (equalBytes(before.commitment, commitment)) {
        throw new SmartshareError('HEAVY_REPEATED', 'the delegate committed to this result already')
      }
      punish(host, { term: run.term, seats, convicted: [sender] }, pools.mining)
      host.emit(contradictedEvent, { job, delegate: sender, first: before.commitment, second: commitment })
      if (!isOpening(run, seats, height)) forget(host, job, { run, seats, seat })
      return
    }
    if (isOpening(run, seats, height)) {
      throw new SmartshareError('HEAVY_PHASE', 'results are being opened, and no more are committed')
    }
    const commits = run.commits + 1
    // The slower ones have as much time again as the quorum needed, but half of what is left at most.
    const again = Math.max(LEAST_WAIT_BLOCKS, height - run.beganHeight)
    const wait = Math.min(again, Math.floor((run.deadlineHeight - height) / 2))
    const openHeight = commits === quorum(seats) ? height + Math.max(1, wait) : run.openHeight
    setAttestation(host, job, seat, { commitment, resultHash: null })
    setRun(host, job, { ...run, commits, openHeight })
  },
}

/** `contracts.openResult`: a delegate says which result it committed to. The one that completes a quorum packs it. */
const openResult: Method<{ job: number; resultHash: Uint8Array; salt: Uint8Array }> = {
  id: 6,
  name: 'openResult',
  arguments: record({ job: uint(), resultHash: hash, salt: hash }),
  gas: SET_GAS,
  check: () => undefined,
  execute(host, { job, resultHash: opened, salt }, sender) {
    const { run, seats, seat, members } = attesting(host, job, sender)
    const said = attestationOf(host, job, seat)
    if (said === undefined) throw new SmartshareError('HEAVY_OPENING', 'the delegate committed to no result')
    const { chainId, height } = host.block
    const commitment = commitmentTo({ chainId, number: job, resultHash: opened, delegate: sender, salt })
    if (!equalBytes(said.commitment, commitment)) {
      throw new SmartshareError('HEAVY_OPENING', 'this is not what the delegate committed to')
    }
    if (said.resultHash !== null) throw new SmartshareError('HEAVY_REPEATED', 'the delegate opened its result already')
    if (!isOpening(run, seats, height)) {
      throw new SmartshareError('HEAVY_PHASE', 'results are still being committed')
    }
    setAttestation(host, job, seat, { ...said, resultHash: opened })
    const after = counted(run, opened)
    setRun(host, job, after)
    const most = Math.max(...after.tally.map(({ count }) => count))
    if (most >= quorum(seats)) certify(host, job, { run: after, certified: opened, members })
    else if (after.opens - most > seats - quorum(seats)) freeze(host, job)
  },
}

/** `contracts.expireJob`: anybody ends a job whose time is over. */
const expireJob: Method<{ job: number }> = {
  id: 7,
  name: 'expireJob',
  arguments: record({ job: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, { job }) {
    getRun(host, job)
    if (!isExpired(host, job)) throw new SmartshareError('HEAVY_DEADLINE', 'the time of the job is not over')
    expire(host, job)
  },
}

/** What a delegate says of the result that its node has. */
interface Opening {
  readonly chainId: Uint8Array
  readonly number: number
  readonly resultHash: Uint8Array
  readonly delegate: Uint8Array
  readonly salt: Uint8Array
}

/** The call by which a delegate commits to a result, of a job that began in a term. */
export function commitCall(opening: Opening, term: number): Call {
  const args = { job: opening.number, term, commitment: commitmentTo(opening) }
  return { target: CONTRACTS, method: commitResult.id, arguments: encode(commitResult.arguments, args), funds: [] }
}

/** The call by which it opens that. */
export function openCall({ number: job, resultHash: hash, salt }: Omit<Opening, 'chainId' | 'delegate'>): Call {
  const args = encode(openResult.arguments, { job, resultHash: hash, salt })
  return { target: CONTRACTS, method: openResult.id, arguments: args, funds: [] }
}

export const heavyMethods = [commitResult, openResult, expireJob]

/** Who of the set of a job's term attests. Throws HEAVY_UNKNOWN, HEAVY_DEADLINE or HEAVY_SEAT. */
function attesting(host: Host, job: number, sender: Uint8Array) {
  const run = getRun(host, job)
  if (isExpired(host, job)) throw new SmartshareError('HEAVY_DEADLINE', 'the time of the job is over')
  const members = witnessesOf(host, run)
  const seat = members.findIndex((member) => equalBytes(member.address, sender))
  if (seat < 0 || banOf(host, sender) !== undefined || getDelegate(host, sender) === undefined) {
    throw new SmartshareError('HEAVY_SEAT', 'the account is no delegate of the term in which the job began')
  }
  return { run, seats: members.length, seat, members }
}

/** A delegate was convicted otherwise: what it committed to of a job counts no more, unless results are opened already. */
export function forgetCommitment(host: Host, job: number, delegate: Uint8Array): void {
  const run = findRun(host, job)
  if (run === undefined) return
  const members = witnessesOf(host, run)
  const seat = members.findIndex((member) => equalBytes(member.address, delegate))
  if (seat < 0 || attestationOf(host, job, seat) === undefined) return
  if (!isOpening(run, members.length, host.block.height)) forget(host, job, { run, seats: members.length, seat })
}

/** Who is convicted opens nothing any more: so its commitment must not bring the others to open. */
function forget(host: Host, job: number, { run, seats, seat }: { run: Run; seats: number; seat: number }): void {
  const commits = run.commits - 1
  deleteAttestation(host, job, seat)
  setRun(host, job, { ...run, commits, openHeight: commits < quorum(seats) ? null : run.openHeight })
}

function counted(run: Run, opened: Uint8Array): Run {
  const tally = run.tally.map((entry) =>
    equalBytes(entry.resultHash, opened) ? { ...entry, count: entry.count + 1 } : entry,
  )
  const isNew = !run.tally.some((entry) => equalBytes(entry.resultHash, opened))
  return { ...run, opens: run.opens + 1, tally: isNew ? [...tally, { resultHash: opened, count: 1 }] : tally }
}

interface Certificate {
  readonly run: Run
  readonly certified: Uint8Array
  readonly members: readonly { readonly address: Uint8Array }[]
}

/** Packs a certified result, which this node has or computes now. Throws HEAVY_DIVERGED if it is not its own. */
function certify(host: Host, job: number, { run, certified, members }: Certificate): void {
  // Whoever opens must bear that others opened before, and the job must not run for a transaction that cannot pack it.
  if (host.gas.left < PACKING_GAS) host.gas.charge(PACKING_GAS)
  if (!host.runsJobs) {
    host.gas.charge(PACKING_GAS)
    return
  }
  const result = ownResult(host, job, run, certified)
  const witnesses = members.filter((_, seat) => {
    const opened = attestationOf(host, job, seat)?.resultHash ?? null
    return opened !== null && equalBytes(opened, certified)
  })
  pack(host, job, { resultHash: certified, result, witnesses: witnesses.map((member) => member.address) })
}

function ownResult(host: Host, job: number, { contract }: Run, certified: Uint8Array): JobResult {
  const { engine, parameters, block } = host
  const known = engine.results.get(job)
  engine.results.delete(job)
  if (known !== undefined && equalBytes(resultHash(job, contract, known), certified)) return known
  const result = runJob(host.branch(), job, { chainId: block.chainId, parameters, engine })
  const own = resultHash(job, contract, result)
  if (equalBytes(own, certified)) return result
  throw new SmartshareError('HEAVY_DIVERGED', `job ${job} of this node does not end as a quorum of delegates says`)
}
