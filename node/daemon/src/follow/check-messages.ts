/** What the thread that checks blocks begins with. */
export interface CheckOrder {
  readonly stateFolder: string
  readonly genesis: Uint8Array
  readonly protocolVersion: number
}

/** A final block as it lies in the log, and the indexes of its transactions that later blocks quarantine. */
export interface CheckedBlock {
  readonly height: number
  readonly final: Uint8Array
  readonly quarantined: readonly number[]
}

/** Blocks that were followed, the highest first. */
export interface CheckRequest {
  readonly blocks: readonly CheckedBlock[]
}

/** What it tells of a request. */
export type CheckReply =
  /** These were executed and came to the same; of the others the changes are no longer kept. */
  | { readonly type: 'checked'; readonly heights: readonly number[] }
  /** Execution comes to something else than what delegates certified. */
  | { readonly type: 'diverged'; readonly height: number; readonly message: string }
  | { readonly type: 'failed'; readonly message: string }
