/** What a statement can be given; lists become arrays of SQL. */
export type SqlValue = string | number | boolean | null | readonly (string | number | boolean | null)[]

export interface Statement {
  readonly sql: string
  readonly values: readonly SqlValue[]
  /** Rows that it must change, or all is taken back. Throws INDEX_CONFLICT. */
  readonly mustChange?: number
}

/** A row as both databases give it: integers of 64 bits as numbers, numerics as decimal text. */
export type Row = Readonly<Record<string, string | number | boolean | null>>

/**
 * SQL, whoever keeps it: the same statements give the same rows. Throws INDEX_DATABASE for what the database refuses,
 * INDEX_TIMEOUT for a query that takes too long.
 */
export interface Database {
  readonly kind: 'pglite' | 'postgres'
  query(sql: string, values?: readonly SqlValue[]): Promise<Row[]>
  /** Runs all of them, or none. */
  apply(statements: readonly Statement[]): Promise<void>
  close(): Promise<void>
}

/** Longest that one question may take. */
export const QUERY_TIMEOUT_MS = 5_000
