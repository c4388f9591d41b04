import { z } from 'zod'
import * as shapes from './shapes.ts'

// Every question that an indexer answers: path, parameters, answer. Server, client and OpenAPI document all come from here.

export const DEFAULT_INDEX_PAGE = 50
export const MAX_INDEX_PAGE = 200
/** Rows of one export as CSV. */
export const MAX_EXPORT_ROWS = 100_000
/** Points of one chart. */
export const MAX_CHART_POINTS = 1000
const MAX_CURSOR = 200
const MAX_SEARCH = 64
const INTEGER = /^(0|[1-9][0-9]{0,15})$/

/** Of a path or query, where every value is text. */
function integer(most: number, least = 0) {
  return z.preprocess(
    (value) => (typeof value === 'string' && INTEGER.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  )
}

const address = z.string().length(62).startsWith('ssp1').describe('address, bech32m')
const token = z.union([z.literal('SSP'), address]).describe('SSP, or the address of a token')
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('32 bytes in lower-case hexadecimal')
const objectId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('16 bytes in lower-case hexadecimal')
const number = integer(Number.MAX_SAFE_INTEGER)
const heightOrHash = z
  .string()
  .regex(/^((0|[1-9][0-9]{0,15})|[0-9a-f]{64})$/)
  .describe('height or hash')

/** Of an event; a database knows no text with NUL. */
const word = z
  .string()
  .max(64)
  .regex(/^[^\0]*$/)

const paging = {
  cursor: z.string().max(MAX_CURSOR).describe('`next` of the page before').optional(),
  limit: integer(MAX_INDEX_PAGE, 1).default(DEFAULT_INDEX_PAGE),
  format: z
    .enum(['json', 'csv'])
    .default('json')
    .describe(`csv: all pages from here on as one file, at most ${MAX_EXPORT_ROWS} rows`),
}

export interface IndexerRoute<
  P extends z.ZodRawShape = z.ZodRawShape,
  Q extends z.ZodRawShape = z.ZodRawShape,
  A extends z.ZodType = z.ZodType,
> {
  /** With `{name}` for each of `params`. */
  readonly path: string
  readonly summary: string
  readonly params: z.ZodObject<P, z.core.$strict>
  readonly query: z.ZodObject<Q, z.core.$strict>
  readonly answer: A
}

function route<P extends z.ZodRawShape, Q extends z.ZodRawShape, A extends z.ZodType>(
  path: string,
  summary: string,
  answer: A,
  { params, query }: { params?: P; query?: Q } = {},
): IndexerRoute<P, Q, A> {
  return {
    path,
    summary,
    params: z.strictObject(params ?? ({} as P)),
    query: z.strictObject(query ?? ({} as Q)),
    answer,
  }
}

export const indexerRoutes = {
  status: route('/v1/status', 'Where the index stands', shapes.status),
  blocks: route('/v1/blocks', 'Blocks, the latest first', shapes.blockPage, { query: paging }),
  block: route('/v1/blocks/{block}', 'A block by height or hash', shapes.block, { params: { block: heightOrHash } }),
  blockTransactions: route(
    '/v1/blocks/{height}/transactions',
    'Transactions of a block in its order',
    shapes.transactionPage,
    { params: { height: number }, query: paging },
  ),
  blockEvents: route('/v1/blocks/{height}/events', 'Events of a block in its order', shapes.eventPage, {
    params: { height: number },
    query: paging,
  }),
  transactions: route('/v1/transactions', 'Transactions, the latest first', shapes.transactionPage, {
    query: { ...paging, failed: z.enum(['true']).optional().describe('only those that failed') },
  }),
  transaction: route('/v1/transactions/{id}', 'A transaction', shapes.transaction, { params: { id: hash } }),
  transactionEvents: route('/v1/transactions/{id}/events', 'Events of a transaction in their order', shapes.eventPage, {
    params: { id: hash },
    query: paging,
  }),
  events: route('/v1/events', 'Events, the latest first', shapes.eventPage, {
    query: {
      ...paging,
      from: word.optional().describe('only of this module or contract'),
      name: word.optional().describe('only of this name; needs `from`'),
      subject: z
        .string()
        .regex(/^(agreement|tender|offer|job|proposal|delegate|object):[0-9a-z]{1,64}$/)
        .optional()
        .describe('only about this: `agreement:12`, `delegate:ssp1…`, `object:00ff…`; goes without `from` and `name`'),
    },
  }),
  account: route('/v1/accounts/{address}', 'What is known of an address', shapes.account, { params: { address } }),
  accountTransactions: route(
    '/v1/accounts/{address}/transactions',
    'Transactions that it sent, paid for, or that call it or move its money; the latest first',
    shapes.transactionPage,
    { params: { address }, query: paging },
  ),
  accountTransfers: route(
    '/v1/accounts/{address}/transfers',
    'Money that came and went, the latest first; fees stand with the transactions',
    shapes.transferPage,
    { params: { address }, query: { ...paging, token: token.optional() } },
  ),
  accountAgreements: route(
    '/v1/accounts/{address}/agreements',
    'Agreements in which it buys or provides, the latest first',
    shapes.agreementPage,
    { params: { address }, query: { ...paging, role: z.enum(['buyer', 'provider']).default('buyer') } },
  ),
  accountObjects: route(
    '/v1/accounts/{address}/objects',
    'Objects that it stores, the latest first',
    shapes.objectPage,
    {
      params: { address },
      query: paging,
    },
  ),
  tokens: route('/v1/tokens', 'Tokens, the latest first', shapes.tokenPage, { query: paging }),
  token: route('/v1/tokens/{token}', 'A token', shapes.tokenRow, { params: { token: address } }),
  tokenHolders: route('/v1/tokens/{token}/holders', 'Who has most of it first', shapes.holderPage, {
    params: { token },
    query: paging,
  }),
  tokenTransfers: route('/v1/tokens/{token}/transfers', 'Its transfers, the latest first', shapes.transferPage, {
    params: { token },
    query: paging,
  }),
  contracts: route('/v1/contracts', 'Contracts, the latest first', shapes.contractPage, { query: paging }),
  contract: route('/v1/contracts/{contract}', 'A contract', shapes.contract, { params: { contract: address } }),
  delegates: route('/v1/delegates', 'Delegates by their addresses, those that retired too', shapes.delegatePage, {
    query: paging,
  }),
  delegate: route('/v1/delegates/{address}', 'A delegate', shapes.delegate, { params: { address } }),
  delegateTerms: route(
    '/v1/delegates/{address}/terms',
    'What it made, missed and was paid in each term, the latest first',
    shapes.delegateTermPage,
    { params: { address }, query: paging },
  ),
  terms: route('/v1/terms', 'Terms, the latest first', shapes.termPage, { query: paging }),
  termSeats: route('/v1/terms/{term}/seats', 'Seats of a term in their order', shapes.delegateTermPage, {
    params: { term: number },
    query: paging,
  }),
  agreements: route('/v1/agreements', 'Agreements, the latest first', shapes.agreementPage, {
    query: { ...paging, object: objectId.optional().describe('only of this object') },
  }),
  agreement: route('/v1/agreements/{id}', 'An agreement', shapes.agreement, { params: { id: number } }),
  objects: route('/v1/objects', 'Stored objects, the latest first', shapes.objectPage, { query: paging }),
  object: route('/v1/objects/{object}', 'A stored object', shapes.object, { params: { object: objectId } }),
  jobs: route('/v1/jobs', 'Heavy calls, the latest first', shapes.jobPage, {
    query: { ...paging, contract: address.optional().describe('only of this contract') },
  }),
  job: route('/v1/jobs/{job}', 'A heavy call', shapes.job, { params: { job: number } }),
  chart: route('/v1/charts/{period}', 'What happened in each hour or day of a span, the earliest first', shapes.chart, {
    params: { period: z.enum(['hour', 'day']) },
    query: {
      fromMs: number.optional().describe('first moment; without it the latest points'),
      toMs: number.optional().describe('moment after the last'),
      limit: integer(MAX_CHART_POINTS, 1).default(168),
    },
  }),
  search: route('/v1/search', 'Heights, numbers, the beginnings of hashes, addresses and names', shapes.search, {
    query: { q: z.string().min(1).max(MAX_SEARCH), limit: integer(50, 1).default(20) },
  }),
} as const

export type IndexerRoutes = typeof indexerRoutes
export type IndexerRouteName = keyof IndexerRoutes
/** What goes into the path of a question. */
export type IndexerParams<N extends IndexerRouteName> = z.output<IndexerRoutes[N]['params']>
/** What may go into its query. */
export type IndexerQuery<N extends IndexerRouteName> = Partial<z.output<IndexerRoutes[N]['query']>>
/** What is answered. */
export type IndexerAnswer<N extends IndexerRouteName> = z.output<IndexerRoutes[N]['answer']>
