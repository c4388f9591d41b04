import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../../session.ts'
import { contractAddress } from './call.ts'
import { countOf } from './counts.ts'
import { eventText, plainEvent } from './show-values.ts'

/** Blocks that are looked through if nobody says from where. */
const RECENT_BLOCKS = 1_000

interface EventFlags {
  readonly from?: string
  readonly name?: string
  readonly follow?: boolean
  readonly count?: string
}

export function addEvents(contract: Command): void {
  const command = clientCommand(contract, 'events <address>', 'what a contract said, and what it says from now on')
  command
    .option('--from <height>', `first block to look at (default: ${RECENT_BLOCKS} blocks back)`)
    .option('--name <event>', 'only events of this name')
    .option('--follow', 'go on until interrupted; with --json one JSON value on each line')
    .option('--count <number>', 'end after so many events')
    .addHelpText(
      'after',
      examples(
        'smartshare contract events ssp1… --json',
        'smartshare contract events ssp1… --name Transfer --from 1',
        'smartshare contract events ssp1… --follow',
      ),
    )
  command.action((address: string) =>
    withSession(command, async (session) => {
      const { from, name, follow, count } = command.opts<EventFlags>()
      const most = count === undefined ? Number.POSITIVE_INFINITY : countOf(count, '--count')
      const client = await session.client()
      const { height } = await client.rpc.status()
      const first = from === undefined ? Math.max(1, height - RECENT_BLOCKS + 1) : countOf(from, '--from')
      const contractAt = client.contract(contractAddress(address))
      // Says at once that there is no such contract, which otherwise would only be silent.
      await contractAt.abi()
      const lines: string[] = []
      const values: unknown[] = []
      for await (const event of contractAt.events(name, { from: first, ...(follow === true ? {} : { to: height }) })) {
        const line = `${event.height}  ${eventText(event)}  ${event.transaction.slice(0, 8)}…`
        if (follow === true) session.output.result(plainEvent(event), () => line)
        values.push(plainEvent(event))
        lines.push(line)
        if (values.length >= most) break
      }
      if (follow !== true) {
        session.output.result(values, () => lines.join('\n') || `nothing was said from height ${first} to ${height}`)
      }
    }),
  )
}
