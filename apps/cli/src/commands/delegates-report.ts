import type { Client } from '@smartshare/client'
import { TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { BACKING_PER_BOND, leastAttack, seatsFor } from '@smartshare/runtime'
import { sspText, tableText } from '../text.ts'

const PAGE = 100
/** Delegates that are looked at, the largest first; a server pages no further. */
const MOST_DELEGATES = 1000
const TOP = 10
const MILLIONTHS = 1_000_000n
const TURNOUTS = [40, 60, 80, 95]
const STAKES = [10, 15, 20, 25, 30, 35, 40]

/** What it would take somebody who is not among the voters to get this many seats, beside the votes as they are. */
interface Price {
  readonly seats: number
  readonly grains: bigint
  /** Part of all stake that would then vote, the buyer's included. */
  readonly ofVotes: number
  /** Part of all SSP. */
  readonly ofSupply: number
}

export interface DelegatesReport {
  readonly height: number
  readonly term: number
  readonly seats: number
  /** Part of all SSP that is bonded by delegates or votes for them. */
  readonly turnout: number
  /** Fewest seats that can keep blocks from becoming final, and fewest delegates whose backing is more than a third. */
  readonly nakamotoSeats: number
  readonly nakamotoStake: number
  /** Part of the seats whose delegate was not seated in the term before. */
  readonly turnover: number
  /** Terms that the seated delegates have served without a break, this one included. */
  readonly tenureTerms: { readonly least: number; readonly median: number; readonly most: number }
  /** Part of all backing that the ten largest delegates have, and the sum of the squares of all parts (HHI). */
  readonly topShare: number
  readonly concentration: number
  /** Term of the election that prices are taken from; null if none has been counted. */
  readonly electionTerm: number | null
  /** To block (a third of the seats and one), and to convict nobody (2q - n): 33 and 35 of 99. */
  readonly blocking: Price | null
  readonly splitting: Price | null
  /** What outsiders would get if others voted as they do, so many of them that this part of all SSP votes. */
  readonly attacks: readonly Attack[] | null
}

/** Seats that an outsider takes with this part of all SSP at this turnout, and that it would take by plain counting. */
interface Attack {
  readonly turnout: number
  readonly stake: number
  /** Null for more than what an election tells prices of (2q - n). */
  readonly seats: number | null
  readonly plain: number
}

/** Reads the chain and computes the report. Throws CLIENT_* or RPC_* if the node does not answer. */
export async function reportOf(client: Client): Promise<DelegatesReport> {
  const { rpc, parameters } = client
  const [term, { election }, listed] = await Promise.all([rpc.term(), rpc.election(), allBackings(client)])
  const backings = listed.map(({ backing }) => backing).sort(descending)
  const total = backings.reduce((sum, one) => sum + one, 0n)
  const seats = term.seats.length
  const served = term.seats.map(({ sinceTerm }) => term.term - sinceTerm + 1).sort((a, b) => a - b)
  const fresh = term.seats.filter(({ sinceTerm }) => sinceTerm === term.term && term.term > 0).length
  const shares = backings.map((one) => partOf(one, total))
  const won = election?.done === true ? election.seats.map(({ backingGrains }) => backingGrains) : undefined
  const priceOf = (wanted: number): Price | null => {
    if (won === undefined) return null
    const grains = leastAttack(won, parameters.seats, wanted, parameters.leastBondGrains)
    return {
      seats: wanted,
      grains,
      ofVotes: partOf(grains, total + grains),
      ofSupply: partOf(grains, TOTAL_SUPPLY_GRAINS),
    }
  }
  return {
    height: term.height,
    term: term.term,
    seats,
    turnout: partOf(total, TOTAL_SUPPLY_GRAINS),
    nakamotoSeats: third(seats) + 1,
    nakamotoStake: fewestAboveThird(backings, total),
    turnover: fresh / seats,
    tenureTerms: { least: served[0] ?? 0, median: served[Math.floor(seats / 2)] ?? 0, most: served.at(-1) ?? 0 },
    topShare: shares.slice(0, TOP).reduce((sum, share) => sum + share, 0),
    concentration: shares.reduce((sum, share) => sum + share * share, 0),
    electionTerm: election?.done === true ? election.term : null,
    blocking: priceOf(third(parameters.seats) + 1),
    splitting: priceOf(splittingSeats(parameters.seats)),
    attacks: won === undefined || total === 0n ? null : attacksOn({ won, listed, total }, parameters),
  }
}

const third = (seats: number) => Math.floor((seats - 1) / 3)
const splittingSeats = (seats: number) => 2 * (seats - third(seats)) - seats

/** The others' votes of the last election, grown or shrunk alike so that with the outsider's the turnout is reached. */
function attacksOn(
  votes: { won: readonly bigint[]; listed: readonly Listed[]; total: bigint },
  { seats, leastBondGrains }: Client['parameters'],
): Attack[] {
  const plain = votes.listed.map(({ capped }) => capped).sort(descending)
  return TURNOUTS.flatMap((turnout) =>
    STAKES.filter((stake) => stake < turnout).map((stake) => {
      const grains = (TOTAL_SUPPLY_GRAINS * BigInt(stake)) / 100n
      const others = (TOTAL_SUPPLY_GRAINS * BigInt(turnout - stake)) / 100n
      const grown = (backings: readonly bigint[]) => backings.map((one) => (one * others) / votes.total)
      const taken = seatsFor(grown(votes.won), seats, grains, leastBondGrains)
      return {
        turnout: turnout / 100,
        stake: stake / 100,
        seats: taken > splittingSeats(seats) ? null : taken,
        plain: seatsFor(grown(plain), seats, grains, leastBondGrains),
      }
    }),
  )
}

/** What outsiders would get, a line for each turnout. */
export function attacksTable({ attacks, splitting }: DelegatesReport): string {
  if (attacks === null) return ''
  const rows = TURNOUTS.map((turnout) => [
    `${turnout} %`,
    ...STAKES.map((stake) => {
      const found = attacks.find((one) => one.turnout === turnout / 100 && one.stake === stake / 100)
      return found === undefined ? '' : `${found.seats ?? `> ${splitting?.seats}`} (${found.plain})`
    }),
  ])
  return tableText(['turnout', ...STAKES.map((stake) => `${stake} %`)], rows, '')
}

/** The report for people. */
export function concentrationOf(report: DelegatesReport): [string, string][] {
  const { tenureTerms: tenure } = report
  const priceText = (price: Price | null) =>
    price === null
      ? 'known after the first election'
      : `${sspText(price.grains)} (${percent(price.ofVotes)} of what would vote, ${percent(price.ofSupply)} of all SSP)`
  return [
    ['term', `${report.term}, ${report.seats} seats`],
    ['turnout', `${percent(report.turnout)} of all SSP`],
    ['seats that can halt it', `${report.nakamotoSeats}`],
    ['delegates above 1/3 of stake', `${report.nakamotoStake}`],
    ['new in this term', percent(report.turnover)],
    ['terms served', `${tenure.least} … ${tenure.most}, median ${tenure.median}`],
    ['stake of the ten largest', percent(report.topShare)],
    ['concentration (HHI)', report.concentration.toFixed(4)],
    [`price of ${report.blocking?.seats ?? 'a third of the'} seats`, priceText(report.blocking)],
    [`price of ${report.splitting?.seats ?? 'splitting'} seats`, priceText(report.splitting)],
  ]
}

interface Listed {
  /** Bond and votes. */
  readonly backing: bigint
  /** As far as the bond lets them count. */
  readonly capped: bigint
}

/** Every delegate, as far as a server pages. */
async function allBackings({ rpc }: Client): Promise<Listed[]> {
  const listed: Listed[] = []
  for (let skip = 0; skip < MOST_DELEGATES; skip += PAGE) {
    const { delegates } = await rpc.delegates({ skip, limit: PAGE })
    for (const { bondGrains, votesGrains } of delegates) {
      const backing = bondGrains + votesGrains
      const most = bondGrains * BACKING_PER_BOND
      listed.push({ backing, capped: backing < most ? backing : most })
    }
    if (delegates.length < PAGE) break
  }
  return listed
}

const descending = (a: bigint, b: bigint) => (a < b ? 1 : a > b ? -1 : 0)

function fewestAboveThird(backings: readonly bigint[], total: bigint): number {
  let sum = 0n
  let count = 0
  for (const backing of backings) {
    if (sum * 3n > total) break
    sum += backing
    count++
  }
  return count
}

function partOf(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * MILLIONTHS) / whole) / Number(MILLIONTHS)
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`
}
