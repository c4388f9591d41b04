import type { AgentAnswer, AgentParams, AgentRouteName, agentRoutes } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { MAX_NAME_BYTES } from '@smartshare/storage'
import type { z } from 'zod'
import { sendContent } from './content.ts'
import type { Context } from './server.ts'

const LENGTH = /^(0|[1-9]\d{0,15})$/
/** `type/subtype`, without parameters. */
const MEDIA_TYPE = /^[\w.+-]{1,63}\/[\w.+-]{1,63}$/

type Query<N extends AgentRouteName> = z.output<(typeof agentRoutes)[N]['query']>
/** Undefined: it has answered by itself. */
type Answers = {
  readonly [N in AgentRouteName]: (
    params: AgentParams<N>,
    query: Query<N>,
    context: Context,
  ) => Promise<AgentAnswer<N> | undefined>
}

/** What each question is answered with. */
export const answers: Answers = {
  status: (_params, _query, { desk, uploads }) => desk.status(uploads.bytesUnderWay),
  quote: (_params, { sizes, ...terms }, { desk, uploads }) =>
    desk.quote(sizes.split(',').map(Number), terms, uploads.bytesUnderWay),
  objects: (_params, _query, { desk }) => desk.objects(),
  object: ({ object }, _query, { desk }) => desk.object(object),
  remove: ({ object }, _query, { desk }) => desk.remove(object),
  async content({ object }, _query, { desk, request, response }) {
    const stored = await desk.find(object)
    await sendContent(await desk.owner(), stored, request, response, { shownIn: undefined })
    return undefined
  },
  async ticket({ object }, { show }, { desk, tickets }) {
    await desk.find(object)
    const { ticket, untilMs } = tickets.issue({ object, isShown: show === 'page' })
    return { path: `/v1/downloads/${ticket}`, untilMs }
  },
  async download({ ticket }, _query, { desk, tickets, origins, request, response }) {
    const { object, isShown } = tickets.redeem(ticket)
    const stored = await desk.find(object)
    await sendContent(await desk.owner(), stored, request, response, { shownIn: isShown ? origins : undefined })
    return undefined
  },
  uploads: async (_params, _query, { uploads }) => ({ items: uploads.list() }),
  upload: async ({ upload }, _query, { uploads }) => uploads.find(upload),
  async put({ upload }, { name, type, ...terms }, { desk, uploads, request }) {
    const sizeBytes = lengthOf(request.headers['content-length'])
    checkName(name)
    uploads.checkNew(upload)
    const quote = await desk.quote([sizeBytes], terms, uploads.bytesUnderWay)
    if (quote.problem !== null) throw SmartshareError.fromPlain(quote.problem)
    const { copies, periods, priceGrains: maxPriceGrains } = quote
    const mediaType = MEDIA_TYPE.test(type) ? type.toLowerCase() : ''
    const wanted = { upload, name, mediaType, sizeBytes, copies, periods, maxPriceGrains }
    return await uploads.receive(await desk.owner(), wanted, request)
  },
  cancel: ({ upload }, _query, { uploads }) => uploads.cancel(upload),
}

/** How much comes must be known before: what it costs follows from it. Throws AGENT_LENGTH. */
function lengthOf(header: string | undefined): number {
  if (header !== undefined && LENGTH.test(header)) return Number(header)
  throw new SmartshareError('AGENT_LENGTH', 'an upload says its length before it begins')
}

/** Throws AGENT_QUERY. */
function checkName(name: string): void {
  if (new TextEncoder().encode(name).length <= MAX_NAME_BYTES) return
  throw new SmartshareError('AGENT_QUERY', `a name has at most ${MAX_NAME_BYTES} bytes`)
}
