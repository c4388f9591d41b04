import type { Call } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { type AbiOf, recordView, sourceName } from '@smartshare/daemon/views'
import { type AbiJson, decodeParameters, modules, resolveCall, valueToJson } from '@smartshare/runtime'
import { tokenText } from './texts.ts'

/** Longer arguments (the source of a contract, say) are not kept: the chain has them. */
const MAX_ARGUMENT_BYTES = 4096

/** A call as pages show it. */
export interface CallView {
  readonly to: string
  readonly method: string
  readonly arguments: Record<string, unknown> | AbiJson[] | null
  readonly argumentBytes: number
  readonly funds: readonly { readonly token: string; readonly amount: string }[]
}

export function callView(call: Call, abiOf: AbiOf): CallView {
  return {
    to: sourceName(call.target),
    method: methodName(call),
    arguments: call.arguments.length > MAX_ARGUMENT_BYTES ? null : argumentsOf(call, abiOf),
    argumentBytes: call.arguments.length,
    funds: call.funds.map(({ token, amount }) => ({ token: tokenText(token), amount: `${amount}` })),
  }
}

function methodName({ target, method }: Call): string {
  const module = modules.find(({ id }) => id === target)
  return module?.methods.find(({ id }) => id === method)?.name ?? `${method}`
}

/** Null for what is not understood: anybody may send anything. */
function argumentsOf(call: Call, abiOf: AbiOf): CallView['arguments'] {
  try {
    if (typeof call.target === 'number') return recordView(resolveCall(modules, call).args as object)
    const method = abiOf(call.target)?.methods.find(({ name }) => name === call.method)
    if (method === undefined) return null
    const values = decodeParameters(method.inputs, call.arguments)
    return values.map((value, i) => valueToJson(method.inputs[i]?.type ?? 'any', value))
  } catch (error) {
    if (SmartshareError.is(error)) return null
    throw error
  }
}
