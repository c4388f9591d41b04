import { decodeCertificate, decodeHeader, type Header, seatsOf } from '@smartshare/chain'
import { bytesOfBase64 } from '@smartshare/client'
import { orderOfRound } from '@smartshare/consensus'
import { openNetwork } from '../../../worker/network.ts'

/** Rounds that are drawn. */
const ROUNDS = 6
/** Slots that are drawn at most: a round of a large set is long. */
const MAX_SLOTS = 400
const HEADER_PAGE = 100
const CERTIFICATES = 50

/** One turn: who had it, and what came of it. */
export interface Turn {
  readonly slot: number
  /** Null: too far back to be worked out from what was asked. */
  readonly seat: number | null
  /** `open`: its time is not over for sure. */
  readonly state: 'made' | 'missed' | 'open'
  readonly height: number | null
  readonly transactions: number
  /** Seats that signed its certificate; null where it was not asked for. */
  readonly signers: readonly number[] | null
}

export interface RoundsView {
  readonly term: number
  readonly height: number
  readonly seats: readonly { readonly address: string; readonly name: string | null }[]
  readonly rounds: readonly { readonly round: number; readonly turns: readonly Turn[] }[]
}

/** The latest rounds of the term that runs: whose turn each slot was by the chain's own randomness (docs/spec/bytes.md §9). */
export async function rounds(): Promise<RoundsView> {
  const { rpc } = (await openNetwork()).client
  const { seats, term, startHeight, height } = await rpc.term()
  const size = seats.length
  const count = Math.max(1, Math.min(ROUNDS, Math.floor(MAX_SLOTS / size)))
  // Two rounds more, because the seed of a round is a block of the one before the last.
  const first = Math.max(1, height - (count + 2) * size)
  const headers: Header[] = []
  for (let at = first; at <= height; at += HEADER_PAGE) {
    const { headers: page } = await rpc.blocks(at, Math.min(HEADER_PAGE, height - at + 1))
    headers.push(...page.map(({ encoded }) => decodeHeader(bytesOfBase64(encoded))))
  }
  const own = headers.filter((header) => header.term === term && header.height >= startHeight)
  const latest = own.at(-1)
  const names = seats.map(({ address, name }) => ({ address, name }))
  if (latest === undefined) return { term, height, seats: names, rounds: [] }
  const signers = await signersOf(own.slice(-CERTIFICATES), size)
  const byslot = new Map(own.map((header) => [header.slot, header]))
  const lastRound = Math.floor(latest.slot / size)
  const firstRound = Math.max(0, lastRound - count + 1, Math.ceil((own[0] as Header).slot / size))
  const views = Array.from({ length: lastRound - firstRound + 1 }, (_, i) => firstRound + i).map((round) => {
    const seed = round < 2 ? undefined : own.findLast(({ slot }) => slot < (round - 1) * size)?.accumulator
    const order = seed === undefined ? undefined : orderOfRound(seed, term, round, size)
    const turns = Array.from({ length: size }, (_, place): Turn => {
      const slot = round * size + place
      const header = byslot.get(slot)
      const state = header !== undefined ? 'made' : slot < latest.slot ? 'missed' : 'open'
      return {
        slot,
        seat: header?.leader ?? order?.[place] ?? null,
        state,
        height: header?.height ?? null,
        transactions: header?.transactionCount ?? 0,
        signers: header === undefined ? null : (signers.get(header.height) ?? null),
      }
    })
    return { round, turns }
  })
  return { term, height, seats: names, rounds: views.reverse() }
}

const known = new Map<number, readonly number[]>()
const MAX_KNOWN = 2000

/** Certificates never change: each is asked for once. */
async function signersOf(headers: readonly Header[], seats: number) {
  const { rpc } = (await openNetwork()).client
  if (known.size > MAX_KNOWN) known.clear()
  await Promise.all(
    headers
      .filter(({ height }) => !known.has(height))
      .map(async ({ height }) => {
        const { certificate } = await rpc.block(height, { limit: 0 })
        if (certificate === null) return
        const { bitmap } = decodeCertificate(bytesOfBase64(certificate.encoded))
        known.set(height, seatsOf(bitmap, seats) ?? [])
      }),
  )
  return known
}
