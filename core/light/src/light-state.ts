import { ADDRESS_BYTES, BLS_KEY_BYTES, type DelegateSet, HASH_BYTES, MAX_SEATS } from '@smartshare/chain'
import { array, decode, encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { LIGHT_VERSION, MAX_STATE_BYTES } from './limits.ts'

export const hash = fixedBytes(HASH_BYTES)
export const memberSchema = record({ address: fixedBytes(ADDRESS_BYTES), key: fixedBytes(BLS_KEY_BYTES) })
export type Member = Infer<typeof memberSchema>

const membersSchema = array(memberSchema, MAX_SEATS, 1)

const stateSchema = record({
  version: uint(LIGHT_VERSION, LIGHT_VERSION),
  /** It covers the fork record, so that another branch is another chain. */
  chainId: hash,
  term: uint(),
  /** The latest final block that was checked: height, hash, and time in ms since the Unix epoch. */
  height: uint(),
  blockHash: hash,
  timeMs: uint(),
  /** The delegates of the term in the order of their seats. */
  members: membersSchema,
})

/** All that a light client keeps: whom it believes, and since when (docs/spec/light.md §3). Never changed in place. */
export type LightState = Readonly<Infer<typeof stateSchema>>

/** The state that a network begins with. The caller has checked that its genesis record gives the chain id. */
export function firstState(chainId: Uint8Array, set: DelegateSet, timeMs: number): LightState {
  const { term, members } = set
  return { version: LIGHT_VERSION, chainId, term, height: 0, blockHash: chainId, timeMs, members: [...members] }
}

export function encodeLightState(state: LightState): Uint8Array {
  return encode(stateSchema, state)
}

/** Throws LIGHT_STATE. What it returns shares no memory with `encoded`. */
export function decodeLightState(encoded: Uint8Array): LightState {
  if (encoded.length > MAX_STATE_BYTES) throw new SmartshareError('LIGHT_STATE', 'too many bytes for a light state')
  try {
    return decode(stateSchema, Uint8Array.from(encoded))
  } catch (error) {
    throw new SmartshareError('LIGHT_STATE', 'these bytes are no light state', {}, error)
  }
}

/**
 * Trust for a client that slept too long: two sources that do not know of each other name the same set of the same term
 * of this chain. What is believed is the older one of the two. Throws LIGHT_CHECKPOINT if they do not agree.
 */
export function agreedState(chainId: Uint8Array, one: LightState, other: LightState): LightState {
  const refuse = (why: string) => new SmartshareError('LIGHT_CHECKPOINT', why)
  for (const { chainId: found } of [one, other]) {
    if (!equalBytes(found, chainId)) throw refuse('a checkpoint is of another network')
  }
  if (one.term !== other.term) throw refuse('the checkpoints are of different terms: take two of the same day')
  if (!equalBytes(membersBytes(one), membersBytes(other))) throw refuse('the checkpoints name different delegates')
  if (one.height === other.height && !(equalBytes(one.blockHash, other.blockHash) && one.timeMs === other.timeMs)) {
    throw refuse('the checkpoints name different blocks of one height')
  }
  const [older, younger] = one.height <= other.height ? [one, other] : [other, one]
  if (older.timeMs > younger.timeMs) throw refuse('the checkpoints contradict each other in time')
  return older
}

function membersBytes({ members }: LightState): Uint8Array {
  return encode(membersSchema, [...members])
}
