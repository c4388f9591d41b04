import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import type { NodeApi } from '../api.ts'

/** One method of the RPC: the document, the check of parameters and the work all come from this. */
export interface RpcMethod {
  readonly name: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly result: z.ZodType
  /** Work compared with a simple look-up; bounds how much one batch can ask for. */
  readonly weight: number
  /** Throws RPC_PARAMS, or what the work throws. */
  call(node: NodeApi, params: unknown): Promise<unknown>
}

interface Definition<P extends z.ZodRawShape, R extends z.ZodType> {
  readonly name: string
  readonly summary: string
  readonly params: P
  readonly result: R
  readonly weight?: number
  /** Takes the place of zod where a method is called thousands of times a second. Throws RPC_PARAMS. */
  readonly parse?: (params: unknown) => z.output<z.ZodObject<P, z.core.$strict>>
  handle(node: NodeApi, params: z.output<z.ZodObject<P, z.core.$strict>>): z.output<R> | Promise<z.output<R>>
}

/** Defines a method once. Parameters come by name or by position, in the order in which they are written. */
export function method<P extends z.ZodRawShape, R extends z.ZodType>(definition: Definition<P, R>): RpcMethod {
  const { name, summary, result, weight = 1 } = definition
  const params = z.strictObject(definition.params)
  const names = Object.keys(definition.params)
  const parse =
    definition.parse ??
    ((given: unknown) => {
      const parsed = params.safeParse(given)
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      throw wrongParams(issue === undefined ? 'wrong' : `${issue.path.join('.') || 'parameters'}: ${issue.message}`)
    })
  return {
    name,
    summary,
    params,
    result,
    weight,
    async call(node, given) {
      return definition.handle(node, parse(byName(names, given)))
    },
  }
}

export function wrongParams(why: string): SmartshareError {
  return new SmartshareError('RPC_PARAMS', `wrong parameters: ${why}`)
}

function byName(names: readonly string[], given: unknown): unknown {
  if (given === undefined) return {}
  if (!Array.isArray(given)) return given
  if (given.length > names.length) throw wrongParams(`at most ${names.length} of them`)
  return Object.fromEntries(given.map((value, i) => [names[i], value]))
}
