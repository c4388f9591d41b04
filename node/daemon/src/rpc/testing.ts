// For tests of what stands on a node: the real RPC server over a node that lives in memory.
import pino from 'pino'
import type { MemoryNode } from './memory-node.ts'
import { type RpcServer, startRpcServer } from './server.ts'

export { finalAt, writeChain } from '../sync/write-chain.ts'
export { freePort } from '../test-ports.ts'
export { MemoryNode, type MemoryNodeOptions } from './memory-node.ts'
export { methods } from './method-table.ts'
export type { RpcServer } from './server.ts'
export { twoFinals } from './test-evidence.ts'
export { signed } from './test-transaction.ts'
export { transferOf } from './test-transfer.ts'

/** Serves a node on 127.0.0.1, at any free port unless one is said, without a log. */
export function serve(node: MemoryNode, port = 0): Promise<RpcServer> {
  return startRpcServer({ node, logger: pino({ level: 'silent' }), host: '127.0.0.1', port })
}
