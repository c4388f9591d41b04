import { open, readFile, rename } from 'node:fs/promises'
import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import type { AgreementEvent, EventPlace } from './chain.ts'

const VERSION = 1
const MAX_WATCHED = 10_000
const PRIVATE_FILE = 0o600
const grains = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt)
const count = z.int().min(0)

const ledgerSchema = z.strictObject({
  version: z.literal(VERSION),
  place: z.strictObject({ height: count, skip: count }),
  watched: z.array(count).max(MAX_WATCHED),
  earnings: z.strictObject({
    paidGrains: grains,
    paidTokens: z.record(z.string().max(62), grains).default({}),
    lostGrains: grains,
    bountyGrains: grains,
    periods: count,
    ended: count,
    breached: count,
    cancelled: count,
  }),
})

/** What an agent has earned and lost since it was made, by the events of the chain. */
export interface Earnings {
  /** Paid out in SSP, without the protocol's fee. */
  readonly paidGrains: bigint
  /** Paid out in tokens, in their smallest units by their addresses. */
  readonly paidTokens: Readonly<Record<string, bigint>>
  /** Collateral lost by breaches, and pay held back in SSP. */
  readonly lostGrains: bigint
  /** For breaches of others made visible. */
  readonly bountyGrains: bigint
  readonly periods: number
  readonly ended: number
  readonly breached: number
  readonly cancelled: number
}

const NOTHING: Earnings = {
  paidGrains: 0n,
  paidTokens: {},
  lostGrains: 0n,
  bountyGrains: 0n,
  periods: 0,
  ended: 0,
  breached: 0,
  cancelled: 0,
}

/** How events name the chain's own money. */
const SSP = 'SSP'
const ENDED = 2
const BREACHED = 3

/**
 * How far an agent has followed the chain, and what it earned up to there: written together, so that after a crash
 * nothing is counted twice or left out.
 */
export class Ledger {
  readonly #path: string
  place: EventPlace
  /** Agreements of others that the watchtower looks at. */
  watched: number[]
  #earnings: Earnings
  #saved = ''

  private constructor(path: string, place: EventPlace, watched: number[], earnings: Earnings) {
    this.#path = path
    this.place = place
    this.watched = watched
    this.#earnings = earnings
  }

  /** Opens the ledger in a file; a new one begins at `start()`. Throws AGENT_LEDGER if the file cannot be understood. */
  static async open(path: string, start: () => Promise<EventPlace>): Promise<Ledger> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error)
      return new Ledger(path, await start(), [], NOTHING)
    }
    try {
      const { place, watched, earnings } = ledgerSchema.parse(JSON.parse(text))
      return new Ledger(path, place, watched, earnings)
    } catch (error) {
      throw unreadable(path, error)
    }
  }

  get earnings(): Earnings {
    return this.#earnings
  }

  /** Takes an event of one of the agent's own agreements as provider. */
  own({ name, data }: AgreementEvent): void {
    const amountOf = (field: string): bigint => BigInt(String(data[field] ?? 0))
    const token = String(data.token ?? SSP)
    const before = this.#earnings
    if (name === 'passed') {
      this.#earnings = { ...withPaid(before, token, amountOf('paidGrains')), periods: before.periods + 1 }
    } else if (name === 'closed') {
      const isBreach = data.state === BREACHED
      const isEnd = data.state === ENDED
      const held = token === SSP ? amountOf('poolGrains') : 0n
      const lost = amountOf('compensationGrains') + amountOf('bountyGrains') + amountOf('forfeitGrains') + held
      this.#earnings = {
        ...withPaid(before, token, amountOf('providerGrains')),
        lostGrains: before.lostGrains + (isBreach ? lost : 0n),
        ended: before.ended + (isEnd ? 1 : 0),
        breached: before.breached + (isBreach ? 1 : 0),
        cancelled: before.cancelled + (isBreach || isEnd ? 0 : 1),
      }
    }
  }

  /** The bounty for a breach of another agent that this one made visible. */
  bounty(grains: bigint): void {
    this.#earnings = { ...this.#earnings, bountyGrains: this.#earnings.bountyGrains + grains }
  }

  /** Writes all of it, if something changed. Throws AGENT_LEDGER. */
  async save(): Promise<void> {
    const { place, watched } = this
    const value = { version: VERSION, place, watched: watched.slice(0, MAX_WATCHED), earnings: this.#earnings }
    const text = JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? field.toString() : field))
    if (text === this.#saved) return
    const temporary = `${this.#path}.new`
    try {
      const handle = await open(temporary, 'w', PRIVATE_FILE)
      try {
        await handle.writeFile(text)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.#path)
      this.#saved = text
    } catch (error) {
      throw new SmartshareError('AGENT_LEDGER', 'the ledger of the agent cannot be written', {}, error)
    }
  }
}

function withPaid(before: Earnings, token: string, units: bigint): Earnings {
  if (token === SSP) return { ...before, paidGrains: before.paidGrains + units }
  const paid = (before.paidTokens[token] ?? 0n) + units
  return { ...before, paidTokens: { ...before.paidTokens, [token]: paid } }
}

function unreadable(path: string, cause: unknown): SmartshareError {
  return new SmartshareError('AGENT_LEDGER', `${path} cannot be understood`, { path }, cause)
}
