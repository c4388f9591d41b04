// For tests of what stands on a node: the real RPC server over a node that lives in memory.
export { MemoryNode, type MemoryNodeOptions } from './memory-node.ts'
export { type RpcOptions, type RpcServer, startRpcServer } from './server.ts'
