import type { ContractJob } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { JOB_STATES, type JobState } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../../session.ts'
import { sspText, tableText } from '../../text.ts'
import { contractAddress } from './call.ts'

const MAX_LISTED = 1000

interface JobFlags {
  readonly contract?: string
  readonly state?: string
}

export function addJobs(contract: Command): void {
  const command = clientCommand(contract, 'jobs', 'heavy calls that wait or are being computed')
  command
    .option('--contract <address>', 'only those of a contract')
    .option('--state <state>', `only those that are ${JOB_STATES.join(', ')}`)
    .addHelpText(
      'after',
      `\nWhat came of a call that is done says the event jobDone of its result.\n${examples(
        'smartshare contract jobs',
        'smartshare contract jobs --contract ssp1… --state waiting --json',
      )}`,
    )
  command.action(() =>
    withSession(command, async (session) => {
      const flags = command.opts<JobFlags>()
      const wanted = {
        ...(flags.contract === undefined ? {} : { contract: contractAddress(flags.contract) }),
        ...(flags.state === undefined ? {} : { state: stateOf(flags.state) }),
      }
      const found: ContractJob[] = []
      for await (const job of (await session.client()).rpc.contracts.jobs(wanted)) {
        found.push(job)
        if (found.length >= MAX_LISTED) break
      }
      session.output.result(found, () =>
        tableText(
          ['job', 'contract', 'method', 'state', 'attested', 'until', 'at most'],
          found.map(({ job, contract, method, state, run, highestFeeGrains }) => [
            ...[`${job}`, contract, method, state],
            run === null ? '-' : `${run.commits} committed, ${run.opens} opened of ${run.seats}`,
            run === null ? '-' : `${run.deadlineHeight}`,
            sspText(highestFeeGrains),
          ]),
          'no heavy calls wait',
        ),
      )
    }),
  )
}

function stateOf(text: string): JobState {
  const found = JOB_STATES.find((state) => state === text)
  if (found !== undefined) return found
  throw new SmartshareError('USAGE', `--state is one of ${JOB_STATES.join(', ')}, not ${text}`)
}
