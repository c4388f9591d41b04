import { encodeEvidence } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import {
  banOf,
  commissionOf,
  currentTerm,
  delegateByName,
  getDelegate,
  jailOf,
  lastElection,
  nextSet,
  ranked,
  voterView,
} from '@smartshare/runtime'
import { z } from 'zod'
import { MAX_PAGE } from './limits.ts'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf } from './texts.ts'
import { base64 } from './views.ts'

const delegateShape = z.object({
  address: shapes.address,
  name: z.string(),
  key: shapes.hex.describe('BLS key, 48 bytes'),
  bondGrains: shapes.grains,
  votesGrains: shapes.grains,
  commissionThousandths: z.int().describe('part of its pay that it keeps; the rest is its voters’'),
  seat: z.int().nullable().describe('seat in the current term'),
  registeredHeight: shapes.height,
  jailedUntilMs: shapes.timeMs.nullable().describe('time from which it may leave jail; null if it is not in jail'),
  bannedTerm: z.int().nullable().describe('term for which it was convicted by evidence; null if it was not'),
})

type Registered = NonNullable<ReturnType<typeof getDelegate>>

function view(reader: Reader, address: Uint8Array, delegate: Registered, seats: ReadonlyMap<string, number>) {
  return {
    address: formatAddress(address),
    name: delegate.name,
    key: toHex(delegate.key),
    bondGrains: `${delegate.bond}`,
    votesGrains: `${delegate.votes}`,
    commissionThousandths: commissionOf(reader, address),
    seat: seats.get(toHex(address)) ?? null,
    registeredHeight: delegate.registeredHeight,
    jailedUntilMs: jailOf(reader, address)?.freeMs ?? null,
    bannedTerm: banOf(reader, address)?.term ?? null,
  }
}

type Reader = Parameters<typeof ranked>[0]

function seatsNow(reader: Reader): ReadonlyMap<string, number> {
  return new Map(currentTerm(reader).members.map(({ address }, seat) => [toHex(address), seat]))
}

const list = method({
  name: 'delegate_list',
  summary: 'Delegates by their backing, the largest first; those that retired are left out',
  params: { skip: z.int().min(0).max(MAX_PAGE).default(0), limit: shapes.limit },
  result: z.object({ height: shapes.height, delegates: z.array(delegateShape.extend({ rank: z.int() })) }),
  weight: 10,
  handle(node, { skip, limit }) {
    const { reader, height } = node.state()
    const seats = seatsNow(reader)
    const page = ranked(reader, skip + limit).slice(skip)
    return {
      height,
      delegates: page.map((one, i) => ({ ...view(reader, one.address, one, seats), rank: skip + i + 1 })),
    }
  },
})

const get = method({
  name: 'delegate_get',
  summary: 'A delegate by address or by name',
  params: { delegate: z.string().min(1).max(62) },
  result: delegateShape,
  handle(node, { delegate }) {
    const { reader } = node.state()
    // A name has at most 32 characters, an address 62.
    const address = delegate.length > 32 ? addressOf(delegate) : delegateByName(reader, delegate)
    const found = address && getDelegate(reader, address)
    if (address === undefined || found === undefined) {
      throw new SmartshareError('RPC_NOT_FOUND', `there is no delegate ${delegate}`)
    }
    return view(reader, address, found, seatsNow(reader))
  },
})

const voter = method({
  name: 'delegate_voter',
  summary: "A holder's stake and ballot, what of it counts in the term that runs, and what it can collect",
  params: { address: shapes.address },
  result: z.object({
    stakeGrains: shapes.grains,
    ballot: z.array(shapes.address),
    countedGrains: shapes.grains.describe('what would count if votes were frozen now'),
    maturingGrains: shapes.grains.describe('what is too new to count'),
    renewedTerm: z.int(),
    fullUntilTerm: z.int().describe('last term in which its votes count in full'),
    endTerm: z.int().describe('first term in which they do not count at all'),
    rewardsGrains: shapes.grains.describe("its share of delegates' pay that can be collected"),
    term: z.int(),
    height: shapes.height,
  }),
  handle(node, params) {
    const { reader, height } = node.state()
    const { term: now } = currentTerm(reader)
    const found = voterView(reader, addressOf(params.address), now, node.genesis.record.parameters)
    return {
      stakeGrains: `${found.stake}`,
      ballot: found.ballot.map(formatAddress),
      countedGrains: `${found.counted}`,
      maturingGrains: `${found.maturing}`,
      renewedTerm: found.renewedTerm,
      fullUntilTerm: found.fullUntilTerm,
      endTerm: found.endTerm,
      rewardsGrains: `${found.rewards}`,
      term: now,
      height,
    }
  },
})

const term = method({
  name: 'delegate_term',
  summary: 'The term that runs: its seats, what they made and earned, and the next set once it is elected',
  params: {},
  result: z.object({
    term: z.int(),
    startHeight: shapes.height,
    height: shapes.height,
    seats: z.array(
      z.object({
        address: shapes.address,
        name: z.string().nullable(),
        blocks: z.int(),
        earnedGrains: shapes.grains,
        sinceTerm: z.int().describe('term since which it has served without a break'),
      }),
    ),
    next: z.array(shapes.address).nullable(),
  }),
  weight: 10,
  handle(node) {
    const { reader, height } = node.state()
    const now = currentTerm(reader)
    return {
      term: now.term,
      startHeight: now.startHeight,
      height,
      seats: now.members.map(({ address }, seat) => ({
        address: formatAddress(address),
        name: getDelegate(reader, address)?.name ?? null,
        blocks: now.made[seat] ?? 0,
        earnedGrains: `${now.earned[seat] ?? 0n}`,
        sinceTerm: now.since[seat] ?? now.term,
      })),
      next: nextSet(reader)?.members.map(({ address }) => formatAddress(address)) ?? null,
    }
  },
})

const election = method({
  name: 'delegate_election',
  summary: 'The election counted last: its seats in order, at most 256, and what backs each; null before the first one',
  params: {},
  result: z.object({
    height: shapes.height,
    election: z
      .object({
        term: z.int().describe('term that it elects'),
        done: z.boolean().describe('false while the count goes on'),
        seats: z.array(
          z.object({ address: shapes.address, name: z.string().nullable(), backingGrains: shapes.grains }),
        ),
      })
      .nullable(),
  }),
  weight: 10,
  handle(node) {
    const { reader, height } = node.state()
    const last = lastElection(reader)
    if (last === undefined) return { height, election: null }
    const seats = last.seats.map(({ address, backing }) => ({
      address: formatAddress(address),
      name: getDelegate(reader, address)?.name ?? null,
      backingGrains: `${backing}`,
    }))
    return { height, election: { term: last.term, done: last.isDone, seats } }
  },
})

const NO_ACCOUNT = 'Name an accountKey in node.json, or hand it in with `smartshare delegates evidence report FILE`.'

const evidence = method({
  name: 'delegate_evidence',
  summary: 'Evidence of traitors that this node saw and is not reported with success yet, at most 256 pieces',
  params: {},
  result: z.object({
    reporter: shapes.address.nullable().describe('account by which the node reports by itself'),
    cure: z.string().nullable().describe('what to do where it does not'),
    pending: z.array(
      z.object({
        kind: z.enum(['votes', 'certificates', 'commitments']),
        term: z.int(),
        slot: z.int().nullable().describe('of statements of consensus'),
        job: z.int().nullable().describe('of commitments: the heavy call'),
        standing: z.enum(['open', 'early']).describe('early: the chain has not come to its term'),
        accused: z.array(z.object({ address: shapes.address, name: z.string().nullable() })),
        attempts: z.int(),
        transaction: shapes.hash.nullable().describe('the last report of this node'),
        error: z.object({ code: z.string(), message: z.string() }).nullable().describe('why it could not report'),
        encoded: shapes.base64.describe('the evidence of bytes.md §8'),
      }),
    ),
  }),
  weight: 10,
  handle(node) {
    const { reader } = node.state()
    const { reporter, pending } = node.evidence()
    return {
      reporter: reporter === null ? null : formatAddress(reporter),
      cure: reporter === null ? NO_ACCOUNT : null,
      pending: pending.map((one) => ({
        kind: one.evidence.kind,
        term: one.evidence.first.term,
        slot: one.evidence.kind === 'commitments' ? null : one.evidence.first.slot,
        job: one.evidence.kind === 'commitments' ? one.evidence.first.job : null,
        standing: one.standing,
        accused: one.accused.map((of) => ({ address: formatAddress(of), name: getDelegate(reader, of)?.name ?? null })),
        attempts: one.attempts,
        transaction: one.transaction === null ? null : toHex(one.transaction),
        error: one.error === null ? null : { code: one.error.code, message: one.error.message },
        encoded: base64(encodeEvidence(node.chainId, one.evidence)),
      })),
    }
  },
})

export const delegateMethods: readonly RpcMethod[] = [list, get, voter, term, election, evidence]
