import { type ErrorTable, REPORT } from './error-table.ts'

/** The command line. */
export const toolErrors: ErrorTable = {
  USAGE: ['The command was not used as it is meant.', 'See `smartshare COMMAND --help`.'],
  CLI_NO_NETWORK: [
    'The folder holds no network.',
    'Start one with `npm start`, name its folder with --dir, or a node with --rpc.',
  ],
  CLI_NETWORK_FILE: [
    'The file network.json cannot be understood.',
    'Make the network again, or correct the file at the place that is named.',
  ],
  CLI_SETTINGS: [
    'A setting has a value that it cannot have.',
    'See `smartshare config show` for all settings and where they come from.',
  ],
  CLI_WALLET_MISSING: [
    'There is no such wallet.',
    'See `smartshare wallet list`, or make one with `smartshare wallet create NAME`.',
  ],
  CLI_WALLET_EXISTS: ['There is a wallet of this name already.', 'Choose another name.'],
  CLI_WALLET_NAME: ['A name that no wallet can have.', 'Use 1 to 32 lower-case letters, digits and inner hyphens.'],
  CLI_PASSWORD: [
    'A password is needed and there is nobody to ask.',
    'Give --password-file, set SMARTSHARE_PASSWORD, or run the command in a terminal.',
  ],
  CLI_FILE: ['A file cannot be read or written.', 'Check the path and the rights on it.'],
  CLI_CANCELLED: ['The command was cancelled.', 'Nothing was done.'],
  KIT_ACCOUNT: [
    'A test sends a transaction from an address that is none of its accounts.',
    'Name the sender, as in `c:with { from = "alice" }`.',
  ],
  KIT_FILE: [
    'A file of a contract or of its tests cannot be read.',
    'Check the path; it begins at the folder of the test.',
  ],
  KIT_LIMIT: ['Tests of contracts ask for more than they may.', 'The message names the limit.'],
  KIT_NO_TESTS: ['No test of a contract was found, or the filter fits none.', 'Name test files `*.test.lua`.'],
  KIT_TYPESCRIPT: [
    'A contract in TypeScript does not compile to Lua.',
    'The message names the lines; the types of the host are in sdk/contract-kit/types/host.d.ts.',
  ],
  INTERNAL: ['Something happened that nobody foresaw.', REPORT],
}
