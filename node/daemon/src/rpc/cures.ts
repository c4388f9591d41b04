/**
 * What helps, for the codes that clients of the RPC meet most. The same words as in the catalogue of all codes
 * (docs/errors.md); a test in apps/cli holds the two together.
 */
export const cures: Readonly<Record<string, string>> = {
  CALL_FUNDS: 'Give the amount as an argument of the call.',
  CALL_UNKNOWN: 'Check the names, and that client and node are of the same version.',
  GAS_EXHAUSTED: 'Let the limit be estimated, or split the work over several transactions.',
  MEMPOOL_FULL: 'Try again in a few seconds.',
  MEMPOOL_LANE_FULL: 'Wait for some to become final, or use another lane.',
  NODE_BUSY: 'Try again in a few seconds.',
  NODE_HALTED: 'Ask another node. `/health` says why; after a full disk it goes on by itself once there is room.',
  NODE_STARTING: 'Try again in a few seconds.',
  NODE_STOPPING: 'Ask another node, or start it again.',
  RPC_BATCH_TOO_LARGE: 'Send smaller batches.',
  RPC_BUSY: 'Try again in a few seconds.',
  RPC_INTERNAL: 'Ask another node; the log of this one says why.',
  RPC_METHOD: 'See `rpc.discover` for all methods; subscriptions need /ws.',
  RPC_NOT_FOUND: 'Check the id or height; a node may have to catch up first.',
  RPC_NOT_READY: 'Try again in a few seconds.',
  RPC_ORIGIN: 'Add the origin to the configuration of the node.',
  RPC_PARAMS: 'See `rpc.discover` for the parameters of the method.',
  RPC_PARSE: 'Send a JSON-RPC 2.0 object.',
  RPC_REQUEST: 'POST {"jsonrpc":"2.0","id":1,"method":"chain_status"} to /.',
  RPC_RESPONSE_TOO_LARGE: 'Ask for less in one batch.',
  RPC_TOO_LARGE: 'Send less at once.',
  RPC_TOO_MANY_SUBSCRIPTIONS: 'End some of them, or use another connection.',
  TOKENS_AMOUNT: 'Give an amount above 0.',
  TOKENS_BALANCE: 'Send less, or top the account up. `smartshare balance` shows what is there.',
  TOKENS_RESERVE:
    'Leave the fee reserve in the account, or let the transaction empty it (the client does so by itself).',
  TOKENS_SENDER: 'This is a fault of the software: please report it with the log around it.',
  TOKENS_UNKNOWN: 'Leave the token out to use SSP.',
  TX_EXPIRED: 'Send it again: it was not and cannot be executed.',
  TX_EXPIRY: 'Choose a nearer expiry.',
  TX_FORM: 'Make it with this version of the client.',
  TX_GAS: 'Let the gas limit be estimated.',
  TX_KNOWN: 'Nothing needs to be done: it waits for a block.',
  TX_NONCE_GAP: 'Send the transactions before it first.',
  TX_NONCE_TAKEN: 'Wait for it to become final, then send again.',
  TX_NONCE_USED: 'Ask for the account again and take its next nonce.',
  TX_OTHER_CHAIN: 'Check --rpc and --dir, then send it again.',
  TX_PRICE: 'Send it again with a higher price, or wait until the network is calmer.',
  TX_RESERVE_BUSY: 'Wait a few blocks, or deposit a larger fee reserve.',
  TX_SIGNATURE: 'Sign it again with the key of the account.',
  TX_TOO_LARGE: 'Split it over several transactions.',
  TX_UNAUTHORISED: 'Sign with the keys of its policy: see the account.',
  TX_UNPAYABLE: 'Top the account up, or let another one pay the fee.',
}

/** What helps against a refusal; undefined for codes that only the catalogue explains. */
export function cureOf(code: string): string | undefined {
  return cures[code]
}
