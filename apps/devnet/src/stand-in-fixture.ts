import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './children.ts'

// A tiny program in the place of the `smartshare` command, for tests of starting and stopping alone: it answers like a
// delegate, a provider, an indexer or an owner's agent, and its height rises with time. What real processes do is tried in tests/src/devnet.test.ts.

const PROGRAM = `
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
if (existsSync('broken')) { console.error('cannot go on: broken'); process.exit(3) }
const isIll = existsSync('ill')
const isNode = process.argv[2] === 'node'
const isWeb = process.argv[2] === 'web'
const isIndexer = process.argv[2] === 'indexer' || process.argv[3] === 'serve'
const settings = isIndexer
  ? { port: Number(process.argv.at(-1)) }
  : JSON.parse(readFileSync(isWeb ? 'web.json' : isNode ? 'node.json' : 'agent.json', 'utf8'))
const { chainId } = JSON.parse(readFileSync(isWeb || isIndexer ? '../network.json' : '../../network.json', 'utf8'))
const startedMs = Date.now()
const status = () => {
  const final = isIll ? 1 : Math.floor((Date.now() - startedMs) / 100)
  return { chainId, height: final, final, stateRoot: '00'.repeat(32), txPerSecond: 0, peers: 3 }
}
createServer((request, response) => {
  const answer =
    request.method === 'POST' ? { jsonrpc: '2.0', id: 1, result: status() }
    : request.url === '/status' ? { chainId, storedBytes: 1048576, offer: '7' }
    : request.url === '/v1/status' ? { chainId, height: status().height, lag: 0 }
    : { healthy: !isIll, problem: isIll ? 'has a cold' : null }
  response.statusCode = isIll && request.url === '/health' ? 503 : 200
  response.end(JSON.stringify(answer))
}).listen(isWeb || isIndexer ? settings.port : isNode ? settings.rpc.port : settings.status.port, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
`

/** Writes the stand-in into `dir` and says how it is called. */
export function standIn(dir: string): Command {
  const path = join(dir, 'stand-in.mjs')
  writeFileSync(path, PROGRAM)
  return [process.execPath, path]
}
