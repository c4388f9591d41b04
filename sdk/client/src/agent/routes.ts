import { z } from 'zod'
import * as shapes from './shapes.ts'

// Every question that the owner's agent answers. Server and client come from here.

/** The link `…/storage#agent=TOKEN` pairs a browser: the part after # never leaves it. */
export const PAIRING_KEY = 'agent'
/** 256 bits, base64url without padding. */
export const PAIRING_TOKEN = /^[A-Za-z0-9_-]{43}$/
const MAX_NAME_CHARACTERS = 512
const MAX_TYPE_CHARACTERS = 128
const MAX_COPIES = 64
const MAX_PERIODS = 3660
/** Files that one quote is for. */
export const MAX_QUOTED = 100
const INTEGER = /^(0|[1-9][0-9]{0,15})$/

/** Of a query, where every value is text. */
function integer(least: number, most: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && INTEGER.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  )
}

const SIZES = new RegExp(`^\\d{1,15}(,\\d{1,15}){0,${MAX_QUOTED - 1}}$`)

const object = { object: shapes.agentId }
const upload = { upload: shapes.agentId }
const terms = {
  copies: integer(1, MAX_COPIES).optional(),
  /** 30 days if not said. */
  periods: integer(1, MAX_PERIODS).optional(),
}

function route<P extends z.ZodRawShape, Q extends z.ZodRawShape, A extends z.ZodType>(
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  answer: A,
  { params, query }: { params?: P; query?: Q } = {},
) {
  return {
    ...{ method, path, answer },
    params: z.strictObject(params ?? ({} as P)),
    query: z.strictObject(query ?? ({} as Q)),
  }
}

export const agentRoutes = {
  status: route('GET', '/v1/status', shapes.agentStatus),
  quote: route('GET', '/v1/quote', shapes.agentQuote, {
    /** Sizes of files, separated by commas. */
    query: { sizes: z.string().regex(SIZES), ...terms },
  }),
  objects: route('GET', '/v1/objects', shapes.agentObjects),
  object: route('GET', '/v1/objects/{object}', shapes.agentObjectDetail, { params: object }),
  remove: route('DELETE', '/v1/objects/{object}', shapes.agentRemoval, { params: object }),
  /** Bytes instead of JSON; `range: bytes=A-B` gives a part. */
  content: route('GET', '/v1/objects/{object}/content', z.unknown(), { params: object }),
  ticket: route('POST', '/v1/objects/{object}/ticket', shapes.agentTicket, {
    params: object,
    query: { show: z.enum(['file', 'page']).default('file') },
  }),
  /** Bytes instead of JSON, once; needs no token. */
  download: route('GET', '/v1/downloads/{ticket}', z.unknown(), {
    params: { ticket: z.string().regex(PAIRING_TOKEN) },
  }),
  uploads: route('GET', '/v1/uploads', shapes.agentUploads),
  upload: route('GET', '/v1/uploads/{upload}', shapes.agentUpload, { params: upload }),
  /** The body is the file. */
  put: route('PUT', '/v1/uploads/{upload}', shapes.agentUpload, {
    params: upload,
    query: {
      name: z.string().max(MAX_NAME_CHARACTERS).default(''),
      type: z.string().max(MAX_TYPE_CHARACTERS).default(''),
      ...terms,
    },
  }),
  cancel: route('DELETE', '/v1/uploads/{upload}', shapes.agentUpload, { params: upload }),
} as const

export type AgentRoutes = typeof agentRoutes
export type AgentRouteName = keyof AgentRoutes
/** What goes into the path of a question. */
export type AgentParams<N extends AgentRouteName> = z.output<AgentRoutes[N]['params']>
/** What may go into its query. */
export type AgentQuery<N extends AgentRouteName> = Partial<z.output<AgentRoutes[N]['query']>>
/** What is answered. */
export type AgentAnswer<N extends AgentRouteName> = z.output<AgentRoutes[N]['answer']>
