/** Sizes and times that bound a light client (docs/spec/light.md §2). */
export const LIGHT_VERSION = 1
/** An encoded header has at most 441 bytes. */
export const MAX_HEADER_BYTES = 448
/** An encoded certificate of 256 seats has at most 186 bytes. */
export const MAX_CERTIFICATE_BYTES = 192
/** An encoded state or hand-over of 256 seats has less. */
export const MAX_STATE_BYTES = 24_576
export const MAX_HAND_OVER_BYTES = 24_576
/** Longer values of the state are not proven to light clients. */
export const MAX_ENTRY_VALUE_BYTES = 16_384
/** Longer receipts are not proven to light clients. */
export const MAX_LIGHT_RECEIPT_BYTES = 65_536
/** Above any proof whose parts are within their own bounds. */
export const MAX_LIGHT_PROOF_BYTES = 73_728
/** Levels of the range: heights below 2^53. */
export const MAX_RANGE_HASHES = 53
/** Levels of the receipts of a block: at most 20,001. */
export const MAX_RECEIPT_HASHES = 15
/** Hand-overs that one call follows; a client that needs more calls again. */
export const MAX_HAND_OVERS = 10_000
const DAY_MS = 86_400_000
/** Bonds unlock 21 days after the last term served and evidence is valid for 20: a set is believed for 14. */
export const TRUST_PERIOD_MS = 14 * DAY_MS
/** How far a header may be ahead of the caller's clock. */
export const MAX_AHEAD_MS = 60_000
