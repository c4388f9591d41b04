import { z } from 'zod'
import { methods } from './method-table.ts'
import { subscribeParams, unsubscribeParams } from './subscription-shapes.ts'

const OPENRPC_VERSION = '1.3.2'

/** JSON Schema of a zod schema; input: what a client may send, with defaults left out. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io }) as Record<string, unknown>
  return rest
}

interface Described {
  readonly name: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly result: z.ZodType
}

function describeMethod({ name, summary, params, result }: Described): Record<string, unknown> {
  return {
    name,
    summary,
    paramStructure: 'either',
    params: Object.entries(params.shape).map(([param, shape]) => ({
      name: param,
      required: !(shape as z.ZodType).safeParse(undefined).success,
      schema: schemaOf(shape as z.ZodType, 'input'),
    })),
    result: { name: `${name}_result`, schema: schemaOf(result, 'output') },
  }
}

const overWebSocket: readonly Described[] = [
  {
    name: 'chain_subscribe',
    summary: 'WebSocket only. News come as notifications `chain_subscription` with {subscription, topic, result}',
    params: subscribeParams,
    result: z.object({ subscription: z.int() }),
  },
  {
    name: 'chain_unsubscribe',
    summary: 'WebSocket only. Ends a subscription',
    params: unsubscribeParams,
    result: z.object({ ended: z.boolean() }),
  },
]

/** The OpenRPC document of this server (https://spec.open-rpc.org), made from the method table. */
export function openRpcDocument(version: string): Record<string, unknown> {
  return {
    openrpc: OPENRPC_VERSION,
    info: { title: 'Smartshare node', version, license: { name: 'Apache-2.0' } },
    methods: [...methods.values(), ...overWebSocket].map(describeMethod),
  }
}
