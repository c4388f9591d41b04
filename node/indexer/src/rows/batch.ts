import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { AbiOf } from '@smartshare/daemon/views'
import { chainIdOf, type Genesis, pools, SPLIT } from '@smartshare/runtime'
import type { Statement } from '../database/database.ts'
import { addBlock, type FinalBlock, periodsOf, seatTerm } from './block-rows.ts'
import { Money, poolNames } from './money.ts'
import { Rows, unnested } from './rows.ts'
import { addressText, SSP } from './texts.ts'
import type { Turns } from './turns.ts'

/** The last block in the database. */
export interface Place {
  readonly height: number
  readonly hash: string
}

/** Some blocks in a row, on their way into one transaction of the database: all of them get there, with the new place, or none. */
export class Batch {
  readonly #from: Place
  readonly #turns: Turns
  readonly #rows = new Rows()
  readonly #money: Money
  readonly #active = new Map<string, { period: string; startMs: number; address: string }>()
  #last: FinalBlock | undefined
  #transactions = 0
  #events = 0

  /** `turns` are those after `from`, and go on with the blocks; `payers` what everybody owns there who pays in these blocks. */
  constructor(from: Place, turns: Turns, payers: Map<string, bigint>) {
    this.#from = from
    this.#turns = turns
    this.#money = new Money(payers)
  }

  /** Throws INDEX_BLOCK if the block is not the next one. */
  add(block: FinalBlock, abiOf: AbiOf): void {
    const { header, hash } = block
    const place = this.place
    if (header.height !== place.height + 1 || toHex(header.parent) !== place.hash) {
      throw new SmartshareError('INDEX_BLOCK', `block ${header.height} does not follow block ${place.height}`, { hash })
    }
    addBlock({ rows: this.#rows, money: this.#money, turns: this.#turns, active: this.#active }, block, abiOf)
    this.#transactions += block.transactions.length
    this.#events += block.receipts.reduce((sum, { events }) => sum + events.length, 0)
    this.#last = block
  }

  /** Where the database stands once this is written. */
  get place(): Place {
    return this.#last === undefined ? this.#from : { height: this.#last.header.height, hash: this.#last.hash }
  }

  get timeMs(): number {
    return this.#last?.header.timeMs ?? 0
  }

  get transactions(): number {
    return this.#transactions
  }

  get events(): number {
    return this.#events
  }

  statements(): Statement[] {
    if (this.#last === undefined) return []
    const { height, hash } = this.place
    const moved = [height, hash, this.timeMs, this.#transactions, this.#events, this.#turns.text]
    return [
      // First: who finds the place taken by another indexer writes nothing.
      { sql: MOVE_ON, values: [...moved, this.#from.height, this.#from.hash], mustChange: 1 },
      ...this.#rows.statements(),
      ...this.#money.statements(),
      ...this.#activeStatements(),
      ...supplyStatements(this.timeMs),
    ]
  }

  #activeStatements(): Statement[] {
    const rows = [...this.#active.values()]
    if (rows.length === 0) return []
    const values = [
      rows.map(({ period }) => period),
      rows.map(({ startMs }) => startMs),
      rows.map(({ address }) => address),
    ]
    return [{ sql: ADD_ACTIVE, values }]
  }
}

/** Statements that begin a new database with the genesis record of a network. */
export function genesisStatements(genesis: Genesis, turns: Turns): Statement[] {
  const chainId = toHex(chainIdOf(genesis))
  const rows = new Rows()
  for (const { address, name, bond } of genesis.delegates) {
    const delegate = addressText(address)
    rows.change('delegates', {
      ...{ address: delegate, name, bond, height: 0, standing: 'registered', commission: 1000 },
    })
    rows.change('names', { word: name.toLowerCase(), kind: 'delegate', id: delegate, title: name })
  }
  seatTerm(rows, 0, turns.members, { height: 1, timeMs: genesis.timeMs })
  const money = new Money(new Map())
  const give = (to: string, grains: bigint) => money.move(SSP, null, to, grains)
  const sold = genesis.placement.reduce((sum, { grains }) => sum + grains, 0n)
  const bondOf = new Map(genesis.delegates.map(({ address, bond }) => [addressText(address), bond]))
  for (const { address, grains } of genesis.placement) {
    const account = addressText(address)
    give(account, grains - (bondOf.get(account) ?? 0n))
    bondOf.delete(account)
    rows.change('accounts', { address: account, first_height: 0, last_height: 0 })
  }
  const bonds = genesis.delegates.reduce((sum, { bond }) => sum + bond, 0n)
  give(addressText(pools.stakes), bonds)
  give(addressText(pools.foundation), SPLIT.foundation)
  give(addressText(pools.vesting), SPLIT.team)
  give(addressText(pools.mining), SPLIT.mining + SPLIT.placement - sold)
  const begin = [chainId, genesis.name, genesis.timeMs, 0, chainId, genesis.timeMs, turns.text]
  return [{ sql: BEGIN, values: begin }, ...rows.statements(), ...money.statements()]
}

const BEGIN = `INSERT INTO progress (chain_id, name, genesis_ms, height, hash, time_ms, turns) VALUES ($1, $2, $3, $4, $5, $6, $7)`

const MOVE_ON = `UPDATE progress SET height = $1, hash = $2, time_ms = $3, transactions = transactions + $4,
  events = events + $5, turns = $6 WHERE height = $7 AND hash = $8`

const ADD_ACTIVE = `
WITH fresh AS (
  INSERT INTO chart_accounts (period, start_ms, address) SELECT * FROM ${unnested(['text', 'bigint', 'text'])}
  ON CONFLICT DO NOTHING RETURNING period, start_ms
),
counted AS (SELECT period, start_ms, count(*) AS more FROM fresh GROUP BY period, start_ms)
UPDATE charts SET active = active + counted.more FROM counted
WHERE charts.period = counted.period AND charts.start_ms = counted.start_ms`

const SET_SUPPLY = `
INSERT INTO chart_supply (period, start_ms, pool, amount)
SELECT $1, $2::bigint, p.name, coalesce(h.units, 0) FROM unnest($3::text[], $4::text[]) AS p (address, name)
LEFT JOIN holdings h ON h.token = 'SSP' AND h.account = p.address
ON CONFLICT (period, start_ms, pool) DO UPDATE SET amount = excluded.amount`

function supplyStatements(timeMs: number): Statement[] {
  return periodsOf(timeMs).map(([period, startMs]) => ({
    sql: SET_SUPPLY,
    values: [period, startMs, [...poolNames.keys()], [...poolNames.values()]],
  }))
}
