import { accountMethods } from './account-methods.ts'
import { chainMethods } from './chain-methods.ts'
import { contractMethods } from './contract-methods.ts'
import { delegateMethods } from './delegate-methods.ts'
import { governanceMethods } from './governance-methods.ts'
import { jobMethods } from './job-methods.ts'
import { marketMethods } from './market-methods.ts'
import type { RpcMethod } from './method.ts'
import { proofMethods } from './proof-methods.ts'
import { tokenMethods } from './token-methods.ts'

/** Every method that can be called over HTTP and WebSocket, by its name. */
export const methods: ReadonlyMap<string, RpcMethod> = new Map(
  [
    ...[...chainMethods, ...proofMethods, ...accountMethods, ...tokenMethods],
    ...[...delegateMethods, ...governanceMethods, ...marketMethods, ...contractMethods, ...jobMethods],
  ].map((method) => [method.name, method]),
)
