import { formatAddress } from '@smartshare/crypto'
import {
  findRun,
  getContract,
  getJob,
  highestFeeOf,
  JOB_STATES,
  type Job,
  jobState,
  jobsFrom,
  queueOf,
  witnessesOf,
} from '@smartshare/runtime'
import { z } from 'zod'
import type { CommittedState } from '../api.ts'
import { MAX_CONTRACT_PAGE, MAX_JOBS_LOOKED } from './limits.ts'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf } from './texts.ts'

const jobShape = z.object({
  job: z.int().describe('number of the job, over all contracts'),
  contract: shapes.address,
  caller: shapes.address,
  method: z.string(),
  state: z
    .enum(JOB_STATES)
    .describe('behind another one of its contract; results are committed; they are opened; its time is over'),
  gas: z.int().describe('what it may use'),
  highestFeeGrains: shapes.grains.describe('the most that it can cost'),
  depositGrains: shapes.grains.describe('most that its new bytes may lock'),
  valueGrains: shapes.grains.describe('what came with the call'),
  orderedHeight: shapes.height,
  orderedMs: shapes.timeMs,
  run: z
    .object({
      beganHeight: shapes.height,
      deadlineHeight: shapes.height.describe('the last block in which its result can be certified'),
      term: z.int().describe('its delegates attest'),
      seats: z.int(),
      commits: z.int().describe('delegates who committed to a result'),
      opens: z.int().describe('delegates who opened it'),
      openHeight: shapes.height.nullable().describe('from which height on results are opened; null: not known yet'),
    })
    .nullable()
    .describe('null while it waits'),
})

const jobs = method({
  name: 'contract_jobs',
  summary: 'Heavy calls that are not done, by their numbers; `next` is the number with which the next page begins',
  params: {
    contract: shapes.address.optional().describe('only those of a contract; CONTRACT_UNKNOWN if there is none'),
    state: z.enum(JOB_STATES).optional().describe('only those in a state'),
    from: z.int().min(0).default(0),
    limit: z.int().min(1).max(MAX_CONTRACT_PAGE).default(MAX_CONTRACT_PAGE),
  },
  result: z.object({
    height: shapes.height,
    jobs: z.array(jobShape).max(MAX_CONTRACT_PAGE),
    next: z.int().nullable().describe('a page may be short, or empty, and not the last one'),
  }),
  weight: 20,
  handle(node, { contract, state, from, limit }) {
    const now = node.state()
    const found: z.output<typeof jobShape>[] = []
    // One more than is looked at says whether there is a next page.
    const looked =
      contract === undefined
        ? jobsFrom(now.reader, from, MAX_JOBS_LOOKED + 1)
        : jobsOf(now, addressOf(contract)).filter(({ number }) => number >= from)
    for (const [i, { number, job }] of looked.entries()) {
      if (found.length === limit || i === MAX_JOBS_LOOKED) return { height: now.height, jobs: found, next: number }
      const view = jobView(now, number, job)
      if (state === undefined || view.state === state) found.push(view)
    }
    return { height: now.height, jobs: found, next: null }
  },
})

/** The queue of a contract has a bound of its own. */
function jobsOf({ reader }: CommittedState, contract: Uint8Array): { number: number; job: Job }[] {
  getContract(reader, contract)
  return queueOf(reader, contract).map((number) => ({ number, job: getJob(reader, number) }))
}

function jobView({ reader, height }: CommittedState, number: number, job: Job): z.output<typeof jobShape> {
  const run = findRun(reader, number)
  return {
    job: number,
    contract: formatAddress(job.contract),
    caller: formatAddress(job.caller),
    method: job.method,
    // As the next block finds it.
    state: jobState(reader, run, height + 1),
    gas: job.gas,
    highestFeeGrains: `${highestFeeOf(job)}`,
    depositGrains: `${job.deposit}`,
    valueGrains: `${job.value}`,
    orderedHeight: job.height,
    orderedMs: job.timeMs,
    run: run === undefined ? null : runView(run, witnessesOf(reader, run).length),
  }
}

function runView(run: NonNullable<ReturnType<typeof findRun>>, seats: number) {
  const { beganHeight, deadlineHeight, term, commits, opens, openHeight } = run
  return { beganHeight, deadlineHeight, term, seats, commits, opens, openHeight }
}

export const jobMethods: readonly RpcMethod[] = [jobs]
