/** Types of SQL that columns have here. */
export type ColumnType = 'text' | 'bigint' | 'numeric' | 'boolean'
type Columns = Readonly<Record<string, ColumnType>>

/** Rows that are written once; a second row of the same key is an error. */
export interface HistoryTable {
  readonly columns: Columns
}

/** Rows that change: how what a block says is merged with what is there. */
export interface CurrentTable {
  readonly key: Columns
  /** Kept from the first block that said it. */
  readonly first?: Columns
  /** Taken from the latest block that said it. */
  readonly latest?: Columns
  /** Added up. */
  readonly sums?: Columns
}

const place = { height: 'bigint', position: 'bigint' } as const

export const historyTables = {
  blocks: {
    columns: {
      ...{ height: 'bigint', hash: 'text', parent: 'text', term: 'bigint', slot: 'bigint', time_ms: 'bigint' },
      ...{
        leader: 'text',
        transactions: 'bigint',
        failed: 'bigint',
        events: 'bigint',
        missed: 'bigint',
        gas: 'bigint',
      },
      ...{ fee: 'numeric', base_price: 'numeric', mode: 'text', size_bytes: 'bigint' },
    },
  },
  transactions: {
    columns: {
      ...{ height: 'bigint', index: 'bigint', id: 'text', time_ms: 'bigint', sender: 'text', payer: 'text' },
      ...{ lane: 'bigint', nonce: 'numeric', failed: 'boolean', error_code: 'text', error_message: 'text' },
      ...{ gas: 'bigint', fee: 'numeric', size_bytes: 'bigint', events: 'bigint', calls: 'text' },
    },
  },
  events: {
    columns: { ...place, tx_index: 'bigint', source: 'text', name: 'text', data: 'text', encoded: 'text' },
  },
  subjects: { columns: { kind: 'text', id: 'text', ...place } },
  account_transactions: { columns: { address: 'text', height: 'bigint', index: 'bigint' } },
  transfers: {
    columns: {
      ...{ ...place, tx_index: 'bigint', kind: 'text', token: 'text', sender: 'text', receiver: 'text' },
      amount: 'numeric',
    },
  },
} as const satisfies Readonly<Record<string, HistoryTable>>

export const currentTables = {
  accounts: {
    key: { address: 'text' },
    first: { first_height: 'bigint' },
    latest: { last_height: 'bigint' },
    sums: { transactions: 'bigint' },
  },
  tokens: {
    key: { token: 'text' },
    first: {
      ...{ issuer: 'text', name: 'text', symbol: 'text', decimals: 'bigint', cap: 'numeric' },
      ...{ ...place, time_ms: 'bigint' },
    },
    latest: {},
    sums: { transfers: 'bigint', supply: 'numeric' },
  },
  contracts: {
    key: { contract: 'text' },
    first: { publisher: 'text', ...place, time_ms: 'bigint' },
    latest: { name: 'text', code_hash: 'text', version: 'bigint', paused: 'boolean', changed_height: 'bigint' },
    sums: { calls: 'bigint', events: 'bigint' },
  },
  delegates: {
    key: { address: 'text' },
    first: {},
    latest: { name: 'text', bond: 'numeric', height: 'bigint', commission: 'bigint', standing: 'text' },
    sums: { terms: 'bigint', blocks: 'bigint', missed: 'bigint', paid: 'numeric', slashed: 'numeric' },
  },
  terms: {
    key: { term: 'bigint' },
    first: { height: 'bigint', time_ms: 'bigint', seats: 'bigint' },
    sums: { blocks: 'bigint', missed: 'bigint', paid: 'numeric' },
  },
  seats: {
    key: { term: 'bigint', seat: 'bigint' },
    first: { address: 'text', start_height: 'bigint' },
    sums: { blocks: 'bigint', missed: 'bigint', paid: 'numeric' },
  },
  agreements: {
    key: { id: 'bigint' },
    first: {
      ...{ tender: 'bigint', lot: 'bigint', buyer: 'text', provider: 'text', offer: 'bigint', object: 'text' },
      ...{ size_bytes: 'bigint', token: 'text', period_amount: 'numeric', pledge: 'numeric', periods: 'bigint' },
      ...{ collateral: 'numeric', height: 'bigint', time_ms: 'bigint' },
    },
    latest: {
      ...{ state: 'bigint', start_ms: 'bigint', closed_height: 'bigint', closed_ms: 'bigint' },
      ...{ refund: 'numeric', compensation: 'numeric', bounty: 'numeric', forfeit: 'numeric' },
    },
    sums: { readings: 'bigint', paid: 'numeric', fee: 'numeric', held: 'numeric' },
  },
  objects: {
    key: { object: 'text' },
    first: { buyer: 'text', token: 'text', ...place, time_ms: 'bigint' },
  },
  jobs: {
    key: { job: 'bigint' },
    first: {
      ...{ contract: 'text', caller: 'text', method: 'text', locked: 'numeric', height: 'bigint', time_ms: 'bigint' },
    },
    latest: {
      ...{ state: 'text', fee: 'numeric', term: 'bigint', deadline: 'bigint', result_hash: 'text', gas: 'bigint' },
      ...{ error: 'text', end_height: 'bigint' },
    },
  },
  charts: {
    key: { period: 'text', start_ms: 'bigint' },
    sums: {
      ...{ blocks: 'bigint', transactions: 'bigint', failed: 'bigint', gas: 'numeric', fee: 'numeric' },
      ...{ transfers: 'bigint', moved: 'numeric' },
    },
  },
  names: { key: { word: 'text', kind: 'text', id: 'text' }, latest: { title: 'text' } },
} as const satisfies Readonly<Record<string, CurrentTable>>

export type HistoryName = keyof typeof historyTables
export type CurrentName = keyof typeof currentTables
