// For tests: followers as real nodes in this process, over folders that hold a part of one chain.
import { join } from 'node:path'
import { sha256 } from '@smartshare/crypto'
import { LATEST_VERSION } from '@smartshare/runtime'
import pino from 'pino'
import type { NodeConfig } from '../config.ts'
import { Node } from '../node.ts'
import type { MemoryNode } from '../rpc/memory-node.ts'

const HOST = '127.0.0.1'

/** A follower over `folder`, connected to nobody yet, listening at a free port. */
export function startFollower(
  chain: MemoryNode,
  folder: string,
  name: string,
  settings: Partial<NodeConfig> = {},
): Promise<Node> {
  const config: NodeConfig = {
    name,
    genesis: chain.genesis.encoded,
    dataDir: join(folder, name),
    rpc: { host: HOST, port: 0 },
    p2p: { listen: [`/ip4/${HOST}/tcp/0`], peers: [] },
    delegate: null,
    linkSeed: sha256(new TextEncoder().encode(name)),
    protocolVersion: LATEST_VERSION,
    accountSeed: null,
    sync: { mode: 'blocks', trust: null },
    pruning: { mode: 'archive' },
    follow: 'auto',
    localNetwork: true,
    logLevel: 'silent',
    ...settings,
  }
  return Node.start(config, pino({ name, level: process.env.SYNC_LOG ?? 'silent' }))
}

/** Connects a node to others; which of the two calls is left to them. */
export async function connect(node: Node, others: readonly Pick<Node, 'link'>[]): Promise<void> {
  for (const { link } of others) await node.link.dial(link.addresses[0]!)
}
