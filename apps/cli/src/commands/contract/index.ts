import type { Command } from 'commander'
import { addCall, addView } from './call.ts'
import { addClient } from './client.ts'
import { addEvents } from './events.ts'
import { addJobs } from './jobs.ts'
import { addNew } from './new.ts'
import { addPublish } from './publish.ts'
import { addList, addShow } from './show.ts'
import { addState } from './state.ts'
import { addTest } from './test.ts'
import { addPause, addResume, addUpgrade } from './upgrade.ts'

export function addContract(program: Command): void {
  const contract = program.command('contract').description('programs in Lua on the chain: write, publish, call, watch')
  const all = [addNew, addTest, addPublish, addCall, addView, addEvents, addShow, addList, addState, addJobs]
  for (const add of [...all, addUpgrade, addPause, addResume, addClient]) add(contract)
}
