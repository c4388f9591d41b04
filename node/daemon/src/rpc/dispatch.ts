import { SmartshareError } from '@smartshare/codec'
import type { NodeApi } from '../api.ts'
import { parseJson } from './json.ts'
import { MAX_BATCH_CALLS, MAX_BATCH_WEIGHT, MAX_RESPONSE_BYTES } from './limits.ts'
import { methods } from './method-table.ts'
import type { RpcMetrics } from './metrics.ts'
import { openRpcDocument } from './openrpc.ts'
import { failureOf } from './rpc-failure.ts'

const MAX_ID_CHARACTERS = 128
const DISCOVER = 'rpc.discover'

type CallId = string | number | null

/** A checked call; without `id` it is a notification, which is never answered. */
interface RpcCall {
  readonly id: CallId | undefined
  readonly name: string
  readonly params: unknown
}

/** Methods that belong to one connection, such as subscriptions. */
export type ConnectionMethods = ReadonlyMap<string, (params: unknown) => Promise<unknown> | unknown>

/** Answers JSON-RPC 2.0 messages, single and batched, from the method table. */
export class Dispatcher {
  private readonly node: NodeApi
  private readonly metrics: RpcMetrics
  private readonly onInternal: (error: unknown, method: string) => void
  private document: string | undefined

  constructor(node: NodeApi, metrics: RpcMetrics, onInternal: (error: unknown, method: string) => void) {
    this.node = node
    this.metrics = metrics
    this.onInternal = onInternal
  }

  /** The answer to one message as JSON text; undefined if nothing in it wants an answer. Never throws. */
  async answer(message: Buffer, own: ConnectionMethods = NO_METHODS): Promise<string | undefined> {
    try {
      const parsed = parseJson(message)
      return Array.isArray(parsed) ? await this.answerBatch(parsed, own) : await this.answerOne(parsed, own)
    } catch (error) {
      return failureText(null, error)
    }
  }

  private async answerBatch(batch: readonly unknown[], own: ConnectionMethods): Promise<string | undefined> {
    if (batch.length === 0) throw new SmartshareError('RPC_REQUEST', 'a batch without calls')
    if (batch.length > MAX_BATCH_CALLS) {
      throw new SmartshareError('RPC_BATCH_TOO_LARGE', `a batch has at most ${MAX_BATCH_CALLS} calls`, {
        calls: batch.length,
      })
    }
    const weight = batch.reduce((sum: number, call) => sum + weightOf(call), 0)
    if (weight > MAX_BATCH_WEIGHT) {
      throw new SmartshareError(
        'RPC_BATCH_TOO_LARGE',
        `the batch asks for ${weight} of ${MAX_BATCH_WEIGHT} units of work`,
      )
    }
    const answers: string[] = []
    let sizeBytes = 0
    // One after the other, so that a batch holds no more of the node than a single call does.
    for (const call of batch) {
      const answer =
        sizeBytes < MAX_RESPONSE_BYTES
          ? await this.answerOne(call, own)
          : failureText(idOf(call) ?? null, new SmartshareError('RPC_RESPONSE_TOO_LARGE', 'the batch wants too much'))
      if (answer === undefined) continue
      sizeBytes += answer.length
      answers.push(answer)
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }

  private async answerOne(raw: unknown, own: ConnectionMethods): Promise<string | undefined> {
    let call: RpcCall
    try {
      call = checkCall(raw)
    } catch (error) {
      return failureText(idOf(raw) ?? null, error)
    }
    const known = methods.has(call.name) || own.has(call.name) || call.name === DISCOVER
    // An unknown name is no label: clients could make up any number of them.
    const label = known ? call.name : 'unknown'
    const stop = this.metrics.seconds.startTimer({ method: label })
    try {
      const result = await this.resultText(call, own)
      this.metrics.calls.inc({ method: label, outcome: 'ok' })
      return call.id === undefined ? undefined : `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":${result}}`
    } catch (error) {
      if (!SmartshareError.is(error)) this.onInternal(error, call.name)
      this.metrics.calls.inc({ method: label, outcome: failureOf(error).data.code })
      return call.id === undefined ? undefined : failureText(call.id, error)
    } finally {
      stop()
    }
  }

  private async resultText(call: RpcCall, own: ConnectionMethods): Promise<string> {
    if (call.name === DISCOVER) {
      this.document ??= JSON.stringify(openRpcDocument(this.node.status().version))
      return this.document
    }
    const ownMethod = own.get(call.name)
    if (ownMethod !== undefined) return JSON.stringify(await ownMethod(call.params))
    const method = methods.get(call.name)
    if (method === undefined) throw new SmartshareError('RPC_METHOD', `there is no method ${call.name}`)
    return JSON.stringify(await method.call(this.node, call.params))
  }
}

const NO_METHODS: ConnectionMethods = new Map()
const MAX_NAME_CHARACTERS = 64

function checkCall(raw: unknown): RpcCall {
  const refuse = (why: string) => new SmartshareError('RPC_REQUEST', `not a JSON-RPC 2.0 call: ${why}`)
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw refuse('an object belongs here')
  const { jsonrpc, method, params } = raw as Record<string, unknown>
  if (jsonrpc !== '2.0') throw refuse('"jsonrpc" must be "2.0"')
  if (typeof method !== 'string' || method.length > MAX_NAME_CHARACTERS) throw refuse('"method" must be a name')
  if (params !== undefined && (typeof params !== 'object' || params === null)) {
    throw refuse('"params" must be an object or an array')
  }
  const id = idOf(raw)
  if (id === undefined && 'id' in raw) throw refuse('"id" must be a text, a number or null')
  return { id, name: method, params }
}

/** The id of a call, if it has a usable one. */
function idOf(raw: unknown): CallId | undefined {
  const id = (raw as { id?: unknown } | null)?.id
  if (id === null || (typeof id === 'number' && Number.isFinite(id))) return id
  return typeof id === 'string' && id.length <= MAX_ID_CHARACTERS ? id : undefined
}

function weightOf(raw: unknown): number {
  const name = (raw as { method?: unknown } | null)?.method
  return (typeof name === 'string' ? methods.get(name)?.weight : undefined) ?? 1
}

/** An answer that says what went wrong. */
export function failureText(id: CallId, error: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: failureOf(error) })
}
