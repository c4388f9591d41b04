import type { Call } from '@smartshare/chain'
import { decode, type Schema, SmartshareError } from '@smartshare/codec'
import type { EventKind, Host } from './host.ts'

/** One kind of call: its arguments, a pure check of their form, and what it does. */
export interface Method<A> {
  readonly id: number
  readonly name: string
  readonly arguments: Schema<A>
  /** Gas beyond reads, writes and events. */
  readonly gas: number
  /** Refuses arguments that can never be right. Pure: no state, no clock. */
  check(args: A): void
  /** Does it, or throws: everything is then as before. The sender is `host.actor.sender`. */
  execute(host: Host, args: A, sender: Uint8Array): void
}

/** A system module: number, name, methods and events, and what it does at the edges of a block. */
export interface Module {
  readonly id: number
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: methods of different arguments stand side by side; `runCall` pairs each with its own schema.
  readonly methods: readonly Method<any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above, for events.
  readonly events: readonly EventKind<any>[]
  beginBlock?(host: Host): void
  endBlock?(host: Host): void
}

/** Finds the method of a call and decodes its arguments. Throws CALL_UNKNOWN or CODEC_*. */
export function resolveCall(modules: readonly Module[], call: Call): { method: Method<unknown>; args: unknown } {
  if (typeof call.target !== 'number' || typeof call.method !== 'number') {
    throw new SmartshareError('CALL_UNKNOWN', 'methods of system modules are called by number')
  }
  const module = modules.find((candidate) => candidate.id === call.target)
  const method = module?.methods.find((candidate) => candidate.id === call.method)
  if (method === undefined) {
    throw new SmartshareError('CALL_UNKNOWN', `there is no method ${call.method} in module ${call.target}`)
  }
  if (call.funds.length > 0) {
    throw new SmartshareError('CALL_FUNDS', 'system modules take amounts as arguments, not as funds')
  }
  return { method, args: decode(method.arguments, call.arguments) }
}
