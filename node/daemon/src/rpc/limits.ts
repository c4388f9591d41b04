// Everything that a client can make the server hold or do has a bound here.

/** Bytes of one HTTP body or WebSocket message: a thousand transfers, or thirty transactions of the largest size. */
export const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** Nesting of JSON in a request: the deepest real one is a batch of views of contracts, whose arguments are tables in tables. */
export const MAX_JSON_DEPTH = 16
/** Calls in one batch. */
export const MAX_BATCH_CALLS = 100
/** Sum of the weights of the calls of one batch; most methods weigh 1. */
export const MAX_BATCH_WEIGHT = 100
/** Bytes of answers to one batch: the calls after it are answered with an error. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024
/** Requests in work at a time, over all connections. */
export const MAX_ACTIVE_REQUESTS = 256
/** Messages of one WebSocket client in work at a time. */
export const MAX_ACTIVE_PER_SOCKET = 16
/** WebSocket clients at a time. */
export const MAX_SOCKETS = 1024
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 64
/** Transaction ids that one WebSocket client can wait for at a time, over all its subscriptions. */
export const MAX_WATCHED_PER_SOCKET = 20_000
/** Ids in one subscription request. */
export const MAX_WATCHED_PER_REQUEST = 1000
/** Bytes that may wait for a WebSocket client: beyond them it is too slow and is cut. */
export const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** A WebSocket client that answers no ping for this long is gone. */
export const PING_INTERVAL_MS = 30_000
/** Time that requests in work get to finish when the server stops. */
export const STOP_GRACE_MS = 3000

/** Most entries of a page. */
export const MAX_PAGE = 1000
export const DEFAULT_PAGE = 100
/** Blocks that one `chain_events` looks through. */
export const MAX_EVENT_BLOCKS = 100
/** Blocks that one `chain_history` answers, and bytes of transactions and receipts after which it ends. */
export const MAX_HISTORY_BLOCKS = 500
export const MAX_HISTORY_BYTES = 6 * 1024 * 1024
/** Bytes of base64 of the largest transaction (131,072 bytes). */
export const MAX_TRANSACTION_TEXT = 174_764
/** Gas of one view of a contract, which the thread that answers runs: 30 ms of it. */
export const MAX_VIEW_GAS = 3_000_000
/** Encoded bytes of what a view answers, and of the entries of one page of a contract's state. */
export const MAX_VIEW_BYTES = 262_144
export const MAX_STATE_PAGE_BYTES = 262_144
/** Contracts, or entries of their state, in one page: each may be as long as a transaction. */
export const MAX_CONTRACT_PAGE = 100
/** Heavy jobs that one `contract_jobs` looks at: each may be as long as a transaction. */
export const MAX_JOBS_LOOKED = 200
/** Decoded ABIs that are kept. */
export const MAX_KEPT_ABIS = 64
