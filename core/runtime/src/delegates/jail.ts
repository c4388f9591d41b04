import { ADDRESS_BYTES, type Call, quorum } from '@smartshare/chain'
import { encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { EventKind, Host } from '../host.ts'
import type { Method } from '../module.ts'
import { Table } from '../table.ts'
import { banOf } from './punishment.ts'
import { DELEGATES } from './registry.ts'

// Delegates that miss most of their turns are jailed: not paid for the term, not elected until they are released.
// In every round of n slots each seat has one turn, so the blocks of a seat tell how many turns it missed.

/** Three seats bear no fault at all: an absent fourth is worth more than none. */
const LEAST_SEATS_LEFT = 4

/** The seats of a term, and how many blocks each has made. */
interface Seats {
  readonly term: number
  readonly members: readonly { readonly address: Uint8Array }[]
  readonly made: readonly number[]
}

const attendanceSchema = record({
  term: uint(),
  /** The round under way and its blocks so far. */
  round: uint(),
  blocks: uint(),
  /** Rounds before it that count: at least a quorum of the seats made a block. */
  rounds: uint(),
})

const attendances = new Table<Infer<typeof attendanceSchema>>(DELEGATES, 34, attendanceSchema)
const jails = new Table(DELEGATES, 35, record({ term: uint(), freeMs: uint() }))

const address = fixedBytes(ADDRESS_BYTES)

const jailedEvent = {
  target: DELEGATES,
  name: 'jailed',
  schema: record({ delegate: address, made: uint(), turns: uint(), freeMs: uint() }),
} satisfies EventKind<unknown>

const releasedEvent = {
  target: DELEGATES,
  name: 'released',
  schema: record({ delegate: address }),
} satisfies EventKind<unknown>

export const jailEvents = [jailedEvent, releasedEvent]

/** The term in which a delegate was jailed and the time from which it may leave; undefined for who is not in jail. */
export function jailOf(reader: Pick<StateReader, 'get'>, of: Uint8Array): { term: number; freeMs: number } | undefined {
  return jails.get(reader, of)
}

/** False for who is in jail or banned: it can take no seat. */
export function isEligible(reader: Pick<StateReader, 'get'>, of: Uint8Array): boolean {
  return jailOf(reader, of) === undefined && banOf(reader, of) === undefined
}

/**
 * Counts the block that is being executed. A round in which less than a quorum of the seats made a block does not count:
 * finality stood still then, through no fault of those who waited.
 */
export function noteBlock(host: Host, { members }: Pick<Seats, 'members'>): void {
  const { term, slot } = host.block
  const round = Math.floor(slot / members.length)
  const known = attendances.get(host)
  if (known === undefined || known.term !== term) {
    attendances.set(host, { term, round, blocks: 1, rounds: 0 })
    return
  }
  if (known.round === round) {
    attendances.set(host, { ...known, blocks: known.blocks + 1 })
    return
  }
  const counts = known.blocks >= quorum(members.length)
  attendances.set(host, { term, round, blocks: 1, rounds: known.rounds + (counts ? 1 : 0) })
}

/** Jails who missed too many turns of this term, the most absent first. Once a term, when the next set is named. */
export function jailAbsent(host: Host, { term, members, made }: Seats): void {
  const { jailLeastRounds, jailMissedShare, jailMost, jailMs } = host.parameters
  const { rounds } = attendances.get(host) ?? { rounds: 0 }
  if (rounds < jailLeastRounds) return
  const absent = members
    .map(({ address: of }, seat) => ({ of, made: made[seat]! }))
    .filter((seat) => (rounds - seat.made) * 1000 > jailMissedShare * rounds && isEligible(host, seat.of))
    .sort((a, b) => a.made - b.made)
  const freeMs = host.block.timeMs + jailMs
  const most = Math.min(jailMost, Math.max(0, members.length - LEAST_SEATS_LEFT))
  for (const seat of absent.slice(0, most)) {
    jails.set(host, { term, freeMs }, seat.of)
    host.emit(jailedEvent, { delegate: seat.of, made: seat.made, turns: rounds, freeMs })
  }
}

/** `delegates.release`: the sender leaves jail and can be elected again. */
export const releaseMethod: Method<Record<string, never>> = {
  id: 10,
  name: 'release',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    const jail = jailOf(host, sender)
    if (jail === undefined) throw new SmartshareError('DELEGATE_JAILED', 'the account is not in jail')
    if (host.block.timeMs < jail.freeMs) {
      throw new SmartshareError('DELEGATE_JAILED', 'the time in jail is not over', { freeMs: jail.freeMs })
    }
    jails.delete(host, sender)
    host.emit(releasedEvent, { delegate: sender })
  },
}

/** The call by which a delegate leaves jail. */
export function releaseCall(): Call {
  return { target: DELEGATES, method: releaseMethod.id, arguments: encode(releaseMethod.arguments, {}), funds: [] }
}
