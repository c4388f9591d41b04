// What travels between the page and its worker. Everything that is checked, signed or sealed is done in the worker.

export interface PlainError {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, string | number | boolean | bigint | null>>
}

export interface Request {
  readonly id: number
  /** Where the function is, from the top of the worker's API. */
  readonly path: readonly string[]
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError }

/** What the worker tells by itself. */
export type News =
  | { readonly news: 'network'; readonly state: NetworkState }
  | { readonly news: 'vault' }
  | { readonly news: 'payments' }
  /** Only the page can have a passkey sign: it answers with `vault.passkeyAnswer`. */
  | {
      readonly news: 'passkey'
      readonly id: string
      readonly credential: Uint8Array<ArrayBuffer>
      readonly challenge: Uint8Array<ArrayBuffer>
    }

/** A node that showed something that the delegates did not certify. */
export interface Lie {
  readonly node: string
  /** PROOF_*: what does not hold. */
  readonly code: string
  /** What was asked for: an address, a key of the state. */
  readonly subject: string
  readonly atMs: number
}

export interface NetworkState {
  /** `wrong`: the nodes belong to another network. `away`: none answers. */
  readonly phase: 'opening' | 'open' | 'away' | 'wrong' | 'missing'
  readonly name: string
  readonly chainId: string
  /** The node that is asked now, and all that may be asked. */
  readonly node: string
  readonly nodes: readonly string[]
  readonly hasFaucet: boolean
  readonly indexer: string | null
  /** The local API of the owner's agent; null where the app knows none. */
  readonly agent: string | null
  readonly height: number
  /** Time of the latest block, and how far the clock of this device is from when the node told of it. */
  readonly timeMs: number
  readonly ageMs: number
  readonly basePrice: bigint
  readonly healthy: boolean
  readonly lies: readonly Lie[]
  /** Why nothing answers, where nothing does. */
  readonly error: PlainError | null
}

/** What a passkey gave for a challenge, or why it did not. */
export type PasskeyAnswer =
  | { readonly signature: Uint8Array; readonly authenticatorData: Uint8Array; readonly clientData: Uint8Array }
  | { readonly error: PlainError }

/** A balance, and how much of it is known. */
export interface CheckedUnits {
  /** `verified`: certified by a quorum of the delegates. `unverified`: only told. `lie`: the node cannot prove what it told. */
  readonly state: 'verified' | 'unverified' | 'lie'
  readonly units: bigint
  /** Height of the state that is spoken of. */
  readonly height: number
  /** Why it is not verified. */
  readonly code: string | null
  readonly node: string
}

/** The functions of an API of the worker, as the page sees them: all are answered later. */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends RemoteMember ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Answered<R>>
    : Remote<T[K]>
}
// biome-ignore lint/suspicious/noExplicitAny: functions of every kind
type RemoteMember = ((...args: any[]) => unknown) | object
/** Lists that come bit by bit arrive as one array, cut at a bound. */
type Answered<R> = R extends AsyncGenerator<infer Item> ? Item[] : Awaited<R>
