import type { IndexerParams, IndexerRouteName, IndexerRoutes } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import type { z } from 'zod'
import type { Database, Row, SqlValue } from '../database/database.ts'
import type { Follower } from '../follow/follower.ts'
import { poolNames } from '../rows/money.ts'
import {
  addressOf,
  amountAndAddress,
  END,
  indexOf,
  numbersOf,
  type PageOf,
  type Paging,
  pageOf,
  placeOf,
} from './pages.ts'
import { search } from './search.ts'
import * as views from './views.ts'

/** What questions are answered from. */
export interface Index {
  readonly database: Database
  readonly follower: Follower
  readonly schema: number
}

type Query<N extends IndexerRouteName> = z.output<IndexerRoutes[N]['query']>
type Answer<N extends IndexerRouteName> = z.input<IndexerRoutes[N]['answer']>
/** Lists leave the height to the server, which reads it before the rows. */
type Given<A> = A extends { height: number; items: unknown } ? Omit<A, 'height'> : A

/** One function for every question of `indexerRoutes`. */
export type Answers = {
  readonly [N in IndexerRouteName]: (
    index: Index,
    params: IndexerParams<N>,
    query: Query<N>,
  ) => Promise<Given<Answer<N>>>
}

/** The latest first, after the place of the cursor. */
const BEFORE = (alias: string) => `(${alias}.height, ${alias}.position) < ($1, $2)`

async function one<T>(
  { database }: Index,
  what: string,
  sql: string,
  values: SqlValue[],
  view: (row: Row) => T,
): Promise<T> {
  const [row] = await database.query(sql, values)
  if (row === undefined) throw new SmartshareError('INDEX_NOT_FOUND', `there is no such ${what} in the index`)
  return view(row)
}

/** A list whose rows have a place in the chain, the latest first. `where` may use parameters from $3 on. */
function byPlace<T>(
  { database }: Index,
  { cursor, limit }: Paging,
  { select, alias, where = [], values = [] }: { select: string; alias: string; where?: string[]; values?: SqlValue[] },
  view: (row: Row) => T,
): Promise<PageOf<T>> {
  const place = numbersOf(cursor, [END, END])
  const conditions = [BEFORE(alias), ...where].join(' AND ')
  const sql = `${select} WHERE ${conditions} ORDER BY ${alias}.height DESC, ${alias}.position DESC LIMIT $${values.length + 3}`
  return pageOf(database, limit, sql, [...place, ...values], view, placeOf)
}

/** A list by a number of its rows, the largest first. */
function byNumber<T>(
  { database }: Index,
  { cursor, limit }: Paging,
  { table, key, where = [], values = [] }: { table: string; key: string; where?: string[]; values?: SqlValue[] },
  view: (row: Row) => T,
): Promise<PageOf<T>> {
  const conditions = [`${key} < $1`, ...where].join(' AND ')
  const sql = `SELECT * FROM ${table} WHERE ${conditions} ORDER BY ${key} DESC LIMIT $${values.length + 2}`
  return pageOf(database, limit, sql, [...numbersOf(cursor, [END]), ...values], view, (row) => `${row[key]}`)
}

const TRANSFER_COLUMNS = 'x.*, t.id, b.time_ms'
const TRANSFER_JOINS = `JOIN blocks b ON b.height = x.height LEFT JOIN transactions t ON t.height = x.height AND t.index = x.tx_index`
const TRANSFERS = `SELECT ${TRANSFER_COLUMNS} FROM transfers x ${TRANSFER_JOINS}`

/** Both sides of an account's transfers, each read by its own index. */
function transfersOfAccount(hasToken: boolean): string {
  const token = hasToken ? 'AND token = $4' : ''
  const limit = hasToken ? '$5' : '$4'
  const side = (where: string) =>
    `(SELECT * FROM transfers WHERE ${where} ${token} AND (height, position) < ($1, $2) ORDER BY height DESC, position DESC LIMIT ${limit})`
  return `SELECT ${TRANSFER_COLUMNS} FROM (
    ${side('sender = $3')} UNION ALL ${side('receiver = $3 AND sender IS DISTINCT FROM $3')}
  ) x ${TRANSFER_JOINS} ORDER BY x.height DESC, x.position DESC LIMIT ${limit}`
}

export const answers: Answers = {
  async status({ database, follower, schema }) {
    const { state, phase, problem, nodeHeight } = follower
    if (state === undefined) throw new SmartshareError('INDEX_STARTING', problem?.message ?? 'the index has not begun')
    const { chainId, name, height, timeMs, transactions, events } = state
    const percent = nodeHeight === null ? null : nodeHeight === 0 ? 100 : Math.min(100, (100 * height) / nodeHeight)
    return {
      ...{ chainId, name, state: phase, height, timeMs, nodeHeight, database: database.kind, schema },
      ...{ transactions, events, problem: problem?.message ?? null, code: problem?.code ?? null },
      ...{ lag: nodeHeight === null ? null : Math.max(0, nodeHeight - height), percent },
    }
  },
  blocks({ database }, _, { cursor, limit }) {
    const sql = `${views.BLOCKS} WHERE b.height < $1 ORDER BY b.height DESC LIMIT $2`
    return pageOf(database, limit, sql, numbersOf(cursor, [END]), views.blockView, ({ height }) => `${height}`)
  },
  block(index, { block }) {
    const isHash = block.length === 64
    const where = isHash ? 'b.hash = $1' : 'b.height = $1'
    return one(index, 'block', `${views.BLOCKS} WHERE ${where}`, [isHash ? block : Number(block)], views.blockView)
  },
  blockTransactions({ database }, { height }, { cursor, limit }) {
    const sql = 'SELECT * FROM transactions WHERE height = $2 AND index >= $1 ORDER BY index LIMIT $3'
    const next = ({ index }: Row) => `${Number(index) + 1}`
    return pageOf(database, limit, sql, [...numbersOf(cursor, [0]), height], views.transactionView, next)
  },
  blockEvents({ database }, { height }, { cursor, limit }) {
    const sql = `${views.EVENTS} WHERE e.height = $2 AND e.position >= $1 ORDER BY e.position LIMIT $3`
    const next = ({ position }: Row) => `${Number(position) + 1}`
    return pageOf(database, limit, sql, [...numbersOf(cursor, [0]), height], views.eventView, next)
  },
  transactions({ database }, _, { cursor, limit, failed }) {
    const only = failed === undefined ? '' : 'AND failed'
    const sql = `SELECT * FROM transactions WHERE (height, index) < ($1, $2) ${only} ORDER BY height DESC, index DESC LIMIT $3`
    return pageOf(database, limit, sql, numbersOf(cursor, [END, END]), views.transactionView, indexOf)
  },
  transaction: (index, { id }) =>
    one(index, 'transaction', 'SELECT * FROM transactions WHERE id = $1', [id], views.transactionView),
  async transactionEvents(index, { id }, { cursor, limit }) {
    const { database } = index
    const found = 'SELECT height, index FROM transactions WHERE id = $1'
    const [height, place] = await one(index, 'transaction', found, [id], (row) => [
      Number(row.height),
      Number(row.index),
    ])
    const sql = `${views.EVENTS} WHERE e.height = $2 AND e.tx_index = $3 AND e.position >= $1 ORDER BY e.position LIMIT $4`
    const values = [...numbersOf(cursor, [0]), height!, place!]
    return pageOf(database, limit, sql, values, views.eventView, ({ position }) => `${Number(position) + 1}`)
  },
  events(index, _, { from, name, subject, ...paging }) {
    if (subject !== undefined && (from !== undefined || name !== undefined)) throw wrongQuery('subject goes alone')
    if (name !== undefined && from === undefined) throw wrongQuery('name needs from')
    if (subject !== undefined) {
      const [kind = '', id = ''] = subject.split(':')
      const select = `SELECT e.*, t.id, b.time_ms FROM subjects s JOIN events e ON e.height = s.height AND e.position = s.position
        JOIN blocks b ON b.height = e.height LEFT JOIN transactions t ON t.height = e.height AND t.index = e.tx_index`
      const where = ['s.kind = $3', 's.id = $4']
      return byPlace(index, paging, { select, alias: 's', where, values: [kind, id] }, views.eventView)
    }
    const where = [...(from === undefined ? [] : ['e.source = $3']), ...(name === undefined ? [] : ['e.name = $4'])]
    const values = [from, name].filter((value) => value !== undefined)
    return byPlace(index, paging, { select: views.EVENTS, alias: 'e', where, values }, views.eventView)
  },
  async account({ database }, { address }) {
    const [row] = await database.query(
      `SELECT a.first_height, a.last_height, a.transactions, d.name AS delegate, c.name AS contract, k.name AS token
       FROM (SELECT $1::text AS address) q LEFT JOIN accounts a ON a.address = q.address
       LEFT JOIN delegates d ON d.address = q.address LEFT JOIN contracts c ON c.contract = q.address
       LEFT JOIN tokens k ON k.token = q.address`,
      [address],
    )
    const pool = poolNames.get(address)
    const named = [
      ['pool', pool],
      ['delegate', row?.delegate],
      ['contract', row?.contract],
      ['token', row?.token],
    ] as const
    const [kind, name] = named.find(([, found]) => found !== undefined && found !== null) ?? ['account', null]
    const heightOf = (value: Row[string] | undefined) => (value === null || value === undefined ? null : Number(value))
    const [firstHeight, lastHeight] = [heightOf(row?.first_height), heightOf(row?.last_height)]
    return {
      ...{ address, kind, firstHeight, lastHeight, transactions: Number(row?.transactions ?? 0) },
      name: name === null || name === undefined ? null : `${name}`,
    }
  },
  accountTransactions({ database }, { address }, { cursor, limit }) {
    const sql = `SELECT t.* FROM account_transactions a JOIN transactions t ON t.height = a.height AND t.index = a.index
      WHERE a.address = $3 AND (a.height, a.index) < ($1, $2) ORDER BY a.height DESC, a.index DESC LIMIT $4`
    const values = [...numbersOf(cursor, [END, END]), address]
    return pageOf(database, limit, sql, values, views.transactionView, indexOf)
  },
  accountTransfers({ database }, { address }, { cursor, limit, token }) {
    const values = [...numbersOf(cursor, [END, END]), address, ...(token === undefined ? [] : [token])]
    return pageOf(database, limit, transfersOfAccount(token !== undefined), values, views.transferView, placeOf)
  },
  accountAgreements: (index, { address }, { role, ...paging }) =>
    byNumber(
      index,
      paging,
      { table: 'agreements', key: 'id', where: [`${role === 'buyer' ? 'buyer' : 'provider'} = $2`], values: [address] },
      views.agreementView,
    ),
  accountObjects: (index, { address }, paging) =>
    byPlace(
      index,
      paging,
      { select: views.OBJECTS, alias: 'o', where: ['o.buyer = $3'], values: [address] },
      views.objectView,
    ),
  tokens: (index, _, paging) =>
    byPlace(index, paging, { select: 'SELECT * FROM tokens k', alias: 'k' }, views.tokenView),
  token: (index, { token }) =>
    one(index, 'token', 'SELECT * FROM tokens WHERE token = $1 AND height IS NOT NULL', [token], views.tokenView),
  tokenHolders({ database }, { token }, { cursor, limit }) {
    const next = ({ units, account }: Row) => `${units}-${account}`
    if (cursor === undefined) {
      const sql = 'SELECT * FROM holdings WHERE token = $1 AND units > 0 ORDER BY units DESC, account LIMIT $2'
      return pageOf(database, limit, sql, [token], views.holderView, next)
    }
    const [units, account] = amountAndAddress(cursor)
    const sql = `SELECT * FROM (
      (SELECT * FROM holdings WHERE token = $1 AND units > 0 AND units = $2 AND account > $3 ORDER BY account LIMIT $4)
      UNION ALL
      (SELECT * FROM holdings WHERE token = $1 AND units > 0 AND units < $2 ORDER BY units DESC, account LIMIT $4)
    ) h ORDER BY units DESC, account LIMIT $4`
    return pageOf(database, limit, sql, [token, units, account], views.holderView, next)
  },
  tokenTransfers: (index, { token }, paging) =>
    byPlace(
      index,
      paging,
      { select: TRANSFERS, alias: 'x', where: ['x.token = $3'], values: [token] },
      views.transferView,
    ),
  contracts: (index, _, paging) =>
    byPlace(index, paging, { select: 'SELECT * FROM contracts c', alias: 'c' }, views.contractView),
  contract: (index, { contract }) =>
    one(
      index,
      'contract',
      'SELECT * FROM contracts WHERE contract = $1 AND height IS NOT NULL',
      [contract],
      views.contractView,
    ),
  delegates({ database }, _, { cursor, limit }) {
    const sql = 'SELECT * FROM delegates WHERE address > $1 AND name IS NOT NULL ORDER BY address LIMIT $2'
    return pageOf(database, limit, sql, [addressOf(cursor)], views.delegateView, ({ address }) => `${address}`)
  },
  delegate: (index, { address }) =>
    one(
      index,
      'delegate',
      'SELECT * FROM delegates WHERE address = $1 AND name IS NOT NULL',
      [address],
      views.delegateView,
    ),
  delegateTerms({ database }, { address }, { cursor, limit }) {
    const sql = `${views.SEATS} WHERE s.term < $1 AND s.address = $2 ORDER BY s.term DESC LIMIT $3`
    return pageOf(database, limit, sql, [...numbersOf(cursor, [END]), address], views.seatView, ({ term }) => `${term}`)
  },
  terms: (index, _, paging) => byNumber(index, paging, { table: 'terms', key: 'term' }, views.termView),
  termSeats({ database }, { term }, { cursor, limit }) {
    const sql = `${views.SEATS} WHERE s.seat >= $1 AND s.term = $2 ORDER BY s.seat LIMIT $3`
    const next = ({ seat }: Row) => `${Number(seat) + 1}`
    return pageOf(database, limit, sql, [...numbersOf(cursor, [0]), term], views.seatView, next)
  },
  agreements: (index, _, { object, ...paging }) =>
    byNumber(
      index,
      paging,
      {
        ...{ table: 'agreements', key: 'id' },
        ...(object === undefined ? {} : { where: ['object = $2'], values: [object] }),
      },
      views.agreementView,
    ),
  agreement: (index, { id }) =>
    one(index, 'agreement', 'SELECT * FROM agreements WHERE id = $1', [id], views.agreementView),
  objects: (index, _, paging) => byPlace(index, paging, { select: views.OBJECTS, alias: 'o' }, views.objectView),
  object: (index, { object }) =>
    one(index, 'object', `${views.OBJECTS} WHERE o.object = $1`, [object], views.objectView),
  jobs: (index, _, { contract, ...paging }) =>
    byNumber(
      index,
      paging,
      {
        ...{ table: 'jobs', key: 'job' },
        ...(contract === undefined ? {} : { where: ['contract = $2'], values: [contract] }),
      },
      views.jobView,
    ),
  job: (index, { job }) => one(index, 'job', 'SELECT * FROM jobs WHERE job = $1', [job], views.jobView),
  async chart({ database, follower }, { period }, { fromMs, toMs, limit }) {
    const height = follower.state?.height ?? 0
    const order = fromMs === undefined ? 'DESC' : 'ASC'
    const rows = await database.query(
      `SELECT c.*, s.pools, s.amounts FROM (
         SELECT * FROM charts WHERE period = $1 AND start_ms >= $2 AND start_ms < $3 ORDER BY start_ms ${order} LIMIT $4
       ) c CROSS JOIN LATERAL (
         SELECT string_agg(pool, ',' ORDER BY pool) AS pools, string_agg(amount::text, ',' ORDER BY pool) AS amounts
         FROM chart_supply WHERE period = c.period AND start_ms = c.start_ms
       ) s ORDER BY c.start_ms`,
      [period, fromMs ?? 0, toMs ?? END, limit],
    )
    return { period, points: rows.map(chartPoint), height }
  },
  async search({ database }, _, { q, limit }) {
    return { items: await search(database, q, limit) }
  },
}

function chartPoint(row: Row) {
  const amounts = `${row.amounts ?? ''}`.split(',')
  const parts = `${row.pools ?? ''}`.split(',').map((pool, i) => [pool, BigInt(amounts[i] ?? 0)] as const)
  const rest = parts.reduce((sum, [, amount]) => sum - amount, TOTAL_SUPPLY_GRAINS)
  return {
    startMs: Number(row.start_ms),
    blocks: Number(row.blocks),
    transactions: Number(row.transactions),
    failed: Number(row.failed),
    gas: Number(row.gas),
    feeGrains: `${row.fee}`,
    transfers: Number(row.transfers),
    movedGrains: `${row.moved}`,
    activeAccounts: Number(row.active),
    supply: Object.fromEntries([...parts, ['circulating', rest] as const].map(([name, amount]) => [name, `${amount}`])),
  }
}

function wrongQuery(why: string): SmartshareError {
  return new SmartshareError('INDEX_QUERY', `wrong question: ${why}`)
}
