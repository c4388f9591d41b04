import type { Call } from '@smartshare/chain'
import { callByTransaction } from './contracts/call.ts'
import type { Host } from './host.ts'
import { type Module, resolveCall } from './module.ts'

/** Runs a call of a transaction: of a system module, or of a contract. Throws what is wrong with it. */
export function runCall(host: Host, modules: readonly Module[], call: Call, sender: Uint8Array): void {
  if (typeof call.target !== 'number') {
    callByTransaction(host, call, sender)
    return
  }
  const { method, args } = resolveCall(modules, call)
  host.gas.charge(method.gas)
  method.check(args)
  method.execute(host, args, sender)
}
