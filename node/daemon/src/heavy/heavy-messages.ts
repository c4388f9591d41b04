/** What the thread of heavy calls begins with. */
export interface HeavyOrder {
  readonly stateFolder: string
  readonly genesis: Uint8Array
}

/** What it is asked for: one job at a time. */
export interface HeavyRequest {
  readonly job: number
}

/** What it tells. */
export type HeavyReply =
  | { readonly type: 'result'; readonly job: number; readonly hash: Uint8Array; readonly result: Uint8Array }
  /** The job is done by others, or not known yet. */
  | { readonly type: 'gone'; readonly job: number }
  | { readonly type: 'failed'; readonly job: number; readonly message: string }
