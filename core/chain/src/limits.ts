/** Sizes and counts that bound every message of the chain (docs/spec/bytes.md). */
export const HASH_BYTES = 32
export const ADDRESS_BYTES = 32
export const SIGNATURE_BYTES = 64
/** A passkey's signature tells what it signed (docs/spec/bytes.md §4). */
export const MAX_SIGNATURE_BYTES = 1024
export const BLS_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96
/** First bytes of the chain id that travel in a transaction; its hash covers all of them. */
export const CHAIN_TAG_BYTES = 8
export const MAX_LANES = 16
export const MAX_CALLS = 16
export const MAX_FUNDS = 4
export const MAX_AUTH = 16
export const MAX_ARGUMENT_BYTES = 65_536
export const MAX_METHOD_NAME_BYTES = 64
export const MAX_TRANSACTION_BYTES = 131_072
export const MAX_BLOCK_BYTES = 4 * 1024 * 1024
export const MAX_BLOCK_TRANSACTIONS = 20_000
export const MAX_EVENTS = 4096
export const MAX_EVENT_NAME_BYTES = 64
export const MAX_EVENT_DATA_BYTES = 65_536
export const MAX_ERROR_CODE_BYTES = 64
export const MAX_ERROR_MESSAGE_BYTES = 256
export const MAX_RECEIPT_BYTES = 4 * 1024 * 1024
/** Most seats of a delegate set; the main network has 99. */
export const MAX_SEATS = 256
