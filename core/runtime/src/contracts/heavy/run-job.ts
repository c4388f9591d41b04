import { SmartshareError } from '@smartshare/codec'
import { StateJournal, type StateReader } from '@smartshare/state'
import { errorText } from '../../error-text.ts'
import { transferEvent } from '../../tokens/balances.ts'
import { callByJob } from '../call.ts'
import { JobHost, type JobSurroundings } from './job-host.ts'
import { getJob, getRun } from './jobs.ts'
import { type JobResult, MAX_OUTPUT_BYTES } from './result.ts'

/** The node is broken, not the job. */
const FATAL = new Set(['STATE_DAMAGED', 'LVM_BROKEN', 'LVM_OTHER_BUILD'])
const NO_OUTPUT = new Uint8Array()

/**
 * Runs a heavy job on any state between its beginning and its end: the contract's part of all of them is the same. Writes
 * nothing to `reader`. Throws only HEAVY_UNKNOWN and what means that the node itself is broken.
 */
export function runJob(reader: StateReader, number: number, surroundings: JobSurroundings): JobResult {
  const job = getJob(reader, number)
  const run = getRun(reader, number)
  const journal = new StateJournal(reader)
  const host = new JobHost(journal, job, run, surroundings)
  const meter = host.gas
  let output: Uint8Array
  try {
    output = host.attempt(() => {
      const returned = callByJob(host, job)
      if (returned.length > MAX_OUTPUT_BYTES) {
        throw new SmartshareError('HEAVY_SIZE', `a heavy call returns at most ${MAX_OUTPUT_BYTES} bytes`)
      }
      checkDeposit(host, job.deposit)
      return returned
    })
  } catch (error) {
    if (!SmartshareError.is(error) || FATAL.has(error.code)) throw error
    return {
      ...{ writes: [], sayings: [], gasUsed: meter.used, grownBytes: 0, freedBytes: 0, output: NO_OUTPUT },
      error: { code: error.code, message: errorText(error.message) },
    }
  }
  return {
    writes: journal.changes().map(({ key, value }) => ({ key, value })),
    sayings: host.events.map(({ target, name, data }) => ({ pays: target === transferEvent.target, name, data })),
    gasUsed: meter.used,
    grownBytes: Math.max(0, host.storedBytes),
    freedBytes: Math.max(0, -host.storedBytes),
    output,
    error: null,
  }
}

function checkDeposit({ storedBytes, parameters }: JobHost, deposit: bigint): void {
  const grains = BigInt(storedBytes) * parameters.stateByteGrains
  if (grains <= deposit) return
  throw new SmartshareError('HEAVY_DEPOSIT', `the new bytes lock ${grains} grains, and the deposit is ${deposit}`)
}
