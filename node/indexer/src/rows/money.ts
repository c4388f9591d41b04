import { pools } from '@smartshare/runtime'
import type { Statement } from '../database/database.ts'
import { addressText, SSP } from './texts.ts'

/** Pools of the system by their addresses, as charts and pages name them. */
export const poolNames: ReadonlyMap<string, string> = new Map(
  Object.entries(pools).map(([name, address]) => [addressText(address), name]),
)
const RESERVES = addressText(pools.reserves)
const MINING = addressText(pools.mining)
const DELEGATE_PAY = addressText(pools.delegatePay)

/**
 * What some blocks do to what accounts hold, told by events and fees alone. A fee is taken from the payer's balance, and
 * from its reserve what the balance lacks, so the balances of payers are known at the start.
 */
export class Money {
  readonly #changes = new Map<string, Map<string, bigint>>()
  readonly #payers: Map<string, bigint>

  /** `payers`: SSP of all who pay fees in these blocks. */
  constructor(payers: Map<string, bigint>) {
    this.#payers = payers
  }

  /** Null stands for what is minted from and burnt to. */
  move(token: string, from: string | null, to: string | null, amount: bigint): void {
    if (from !== null) this.#add(token, from, -amount)
    if (to !== null) this.#add(token, to, amount)
  }

  takeFee(payer: string, feeGrains: bigint): void {
    const balance = this.#payers.get(payer) ?? 0n
    const fromBalance = balance < feeGrains ? balance : feeGrains
    this.#add(SSP, payer, -fromBalance)
    if (feeGrains > fromBalance) this.#add(SSP, RESERVES, fromBalance - feeGrains)
  }

  /** Where the fees of a block went. */
  shareFees(toDelegates: bigint, toMining: bigint): void {
    this.#add(SSP, DELEGATE_PAY, toDelegates)
    this.#add(SSP, MINING, toMining)
  }

  #add(token: string, account: string, amount: bigint): void {
    let accounts = this.#changes.get(token)
    if (accounts === undefined) {
      accounts = new Map()
      this.#changes.set(token, accounts)
    }
    accounts.set(account, (accounts.get(account) ?? 0n) + amount)
    const known = token === SSP ? this.#payers.get(account) : undefined
    if (known !== undefined) this.#payers.set(account, known + amount)
  }

  /** Adds the changes to the holdings, and counts who holds a token. */
  statements(): Statement[] {
    const rows = [...this.#changes].flatMap(([token, accounts]) =>
      [...accounts]
        .filter(([, units]) => units !== 0n)
        .map(([account, units]) => ({ token, account, units: `${units}` })),
    )
    if (rows.length === 0) return []
    const values = [rows.map(({ token }) => token), rows.map(({ account }) => account), rows.map(({ units }) => units)]
    return [{ sql: ADD_HOLDINGS, values }]
  }
}

// Parts of one statement all see the table as it was before it: `before` is what the holdings were.
const ADD_HOLDINGS = `
WITH change AS (SELECT * FROM unnest($1::text[], $2::text[], $3::numeric[]) AS c (token, account, units)),
before AS (SELECT h.token, h.account, h.units FROM holdings h JOIN change c ON h.token = c.token AND h.account = c.account),
after AS (
  INSERT INTO holdings (token, account, units) SELECT token, account, units FROM change
  ON CONFLICT (token, account) DO UPDATE SET units = holdings.units + excluded.units
  RETURNING token, account, units
),
holders AS (
  SELECT a.token, sum((a.units > 0)::int - (coalesce(b.units, 0) > 0)::int)::bigint AS more
  FROM after a LEFT JOIN before b ON a.token = b.token AND a.account = b.account GROUP BY a.token
)
UPDATE tokens SET holders = tokens.holders + holders.more FROM holders WHERE tokens.token = holders.token AND holders.more <> 0`
