import { type ErrorTable, REPORT } from './error-table.ts'

/** The Lua machine: how calls of contracts end, and what a machine refuses. */
export const lvmErrors: ErrorTable = {
  LVM_BROKEN: ['A Lua machine is used that failed in a way that nobody foresaw.', REPORT],
  LVM_BUSY: ['A Lua machine is asked for something while it runs a call.', REPORT],
  LVM_ERROR: [
    'The Lua program raised an error, or is no program.',
    'See the message for its line; the contract decides what it refuses.',
  ],
  LVM_FORBIDDEN: ['Lua asked for something of the system, which programs cannot reach.', REPORT],
  LVM_FUEL: ['The call used up its fuel.', 'Call with a higher gas limit, or let the contract do less at once.'],
  LVM_MEMORY: ['The call used up its 16 MiB of memory.', 'Let the contract hold less at once.'],
  LVM_OTHER_BUILD: [
    'The Lua machine was not built to the hash that the protocol names.',
    'Run `npm run setup` again; if it lasts, remove node_modules first.',
  ],
  LVM_TORN: ['A Lua machine is used whose last call was cut off, without restoring an image first.', REPORT],
  LVM_TRAP: [
    'The call stopped at a limit that no program should reach.',
    'Change the contract, and please report what it did.',
  ],
}
