import type { Statement } from '../database/database.ts'
import {
  type ColumnType,
  type CurrentName,
  type CurrentTable,
  currentTables,
  type HistoryName,
  historyTables,
} from './tables.ts'

/** What a column can be given; what is not given says nothing. */
export type Cell = string | number | bigint | boolean | null | undefined
type SqlCell = string | number | boolean | null
type Names<T> = T extends object ? keyof T : never
type HistoryRow<N extends HistoryName> = { readonly [K in keyof (typeof historyTables)[N]['columns']]: Cell }
type Part<N extends CurrentName, P extends 'first' | 'latest' | 'sums'> =
  (typeof currentTables)[N] extends Record<P, infer C> ? C : never
type Change<N extends CurrentName> = { readonly [K in keyof (typeof currentTables)[N]['key']]: Cell } & {
  readonly [K in Names<Part<N, 'first'>> | Names<Part<N, 'latest'>> | Names<Part<N, 'sums'>>]?: Cell
}

/** Characters that PostgreSQL cannot hold in a text. */
const NUL = /\0/g

/** The rows of some blocks on their way into the database: columns of what is added, and what changes, merged. */
export class Rows {
  readonly #history = new Map<HistoryName, Cell[][]>()
  readonly #current = new Map<CurrentName, Map<string, Map<string, Cell>>>()

  add<N extends HistoryName>(table: N, row: HistoryRow<N>): void {
    const names = Object.keys(historyTables[table].columns)
    let columns = this.#history.get(table)
    if (columns === undefined) {
      columns = names.map(() => [])
      this.#history.set(table, columns)
    }
    for (const [i, name] of names.entries()) columns[i]!.push((row as Record<string, Cell>)[name])
  }

  /** Says something about a row that changes; what is said later about the same row counts as `CurrentTable` tells. */
  change<N extends CurrentName>(table: N, change: Change<N>): void {
    const spec: CurrentTable = currentTables[table]
    const values = change as Record<string, Cell>
    const key = Object.keys(spec.key)
      .map((name) => values[name])
      .join('\n')
    let rows = this.#current.get(table)
    if (rows === undefined) {
      rows = new Map()
      this.#current.set(table, rows)
    }
    const row = rows.get(key)
    if (row === undefined) {
      rows.set(key, new Map(Object.entries(values)))
      return
    }
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || value === null || name in spec.key) continue
      const before = row.get(name)
      if (before === undefined || before === null) row.set(name, value)
      else if (spec.sums !== undefined && name in spec.sums) row.set(name, BigInt(before) + BigInt(value))
      else if (spec.latest !== undefined && name in spec.latest) row.set(name, value)
    }
  }

  /** Statements that write everything said so far. */
  statements(): Statement[] {
    const statements: Statement[] = []
    for (const [table, columns] of this.#history) {
      const types = Object.entries(historyTables[table].columns)
      statements.push({
        sql: `INSERT INTO ${table} (${types.map(([name]) => name)}) SELECT * FROM ${unnested(types.map(([, type]) => type))}`,
        values: columns.map((cells) => cells.map(sqlCell)),
        mustChange: columns[0]!.length,
      })
    }
    for (const [table, rows] of this.#current) statements.push(upsert(table, currentTables[table], [...rows.values()]))
    return statements
  }
}

function upsert(table: string, spec: CurrentTable, rows: readonly ReadonlyMap<string, Cell>[]): Statement {
  const { key, first = {}, latest = {}, sums = {} } = spec
  const columns = Object.entries({ ...key, ...first, ...latest, ...sums })
  const kept = [
    ...Object.keys(first).map((name) => `${name} = coalesce(${table}.${name}, excluded.${name})`),
    ...Object.keys(latest).map((name) => `${name} = coalesce(excluded.${name}, ${table}.${name})`),
    ...Object.keys(sums).map((name) => `${name} = ${table}.${name} + excluded.${name}`),
  ]
  const action = kept.length === 0 ? 'NOTHING' : `UPDATE SET ${kept.join(', ')}`
  return {
    sql: `INSERT INTO ${table} (${columns.map(([name]) => name)}) SELECT * FROM ${unnested(columns.map(([, type]) => type))} ON CONFLICT (${Object.keys(key)}) DO ${action}`,
    values: columns.map(([name]) => rows.map((row) => sqlCell(row.get(name) ?? (name in sums ? 0 : null)))),
  }
}

/** `unnest($1::text[], $2::bigint[], …)`: a table of what the parameters list. */
export function unnested(types: readonly ColumnType[], from = 1): string {
  return `unnest(${types.map((type, i) => `$${i + from}::${type}[]`).join(', ')})`
}

function sqlCell(cell: Cell): SqlCell {
  if (cell === undefined) return null
  if (typeof cell === 'bigint') return cell.toString()
  return typeof cell === 'string' ? cell.replace(NUL, '\uFFFD') : cell
}
