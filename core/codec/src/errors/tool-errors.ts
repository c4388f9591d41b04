import { type ErrorTable, REPORT } from './error-table.ts'

/** The command line and the web app. */
export const toolErrors: ErrorTable = {
  APPROVAL_INVALID: ['What should be approved is not right.', 'Ask the one who proposed it for a new copy.'],
  APPROVAL_MISSING: ['Not enough keys have approved yet.', 'Collect the approvals of more of its keys.'],
  MESSAGE_INVALID: [
    'What should be a signed message is none.',
    'Copy the whole message; sign with an account of one key.',
  ],
  MESSAGE_SIGNATURE: ['The account did not sign this text.', 'Do not believe it; ask for the message again.'],
  PASSKEY_CANCELLED: [
    'A passkey was asked to sign and did not.',
    'Nothing was signed: try again, on the device that has the passkey.',
  ],
  PASSKEY_KIND: ['The device makes no passkeys with ES256.', 'Use another device, or a wallet with words.'],
  WALLET_ABANDONED: ['A payment was interrupted before it was signed.', 'Nothing was sent: make the payment again.'],
  WALLET_APPROVALS: [
    'An account of several keys cannot be used by one key alone.',
    'Collect the approvals of its keys.',
  ],
  WALLET_KNOWN: ['This wallet is in this browser already.', 'Use the one that is there.'],
  WALLET_LABEL: ['A name without any visible character.', 'Give it another name.'],
  WALLET_LIMIT: ['One browser keeps no more of these.', 'Remove some that are not needed.'],
  WALLET_LOCKED: ['The wallet is locked.', 'Open it with its password.'],
  WALLET_MISSING: ['There is no such wallet or account in this browser.', 'Choose another one, or import it.'],
  WALLET_PAYMENT: ['Another tab is making this payment.', 'Look at it there, or wait until it is final.'],
  WEB_FILES: ['The web app was not built.', 'Run `npm run setup`.'],
  WEB_FAUCET: [
    'The faucet gives nothing now.',
    'Only local networks have a faucet; where it is busy, try again in a moment.',
  ],
  WEB_FUNCTION: ['A page asks its worker for a function that it has not.', REPORT],
  WEB_LISTEN: ['The port of the web app cannot be opened.', 'Choose another port, or stop what uses this one.'],
  WEB_NETWORK: [
    'Nothing says which network the web app opens.',
    'Open the app at the address that `npm start` prints.',
  ],
  WEB_REQUEST: [
    'A request that the server of the web app does not answer.',
    'Open the address that `npm start` prints.',
  ],
  WEB_WORKER: ['The worker of the web app failed.', 'Reload the page; report it if it happens again.'],
  WEB_SETTINGS: ['The settings of the web app cannot be understood.', 'Correct web.json at the place that is named.'],
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
