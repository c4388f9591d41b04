import { once } from 'node:events'
import { SmartshareError } from '@smartshare/codec'
import { LogOutput } from '@smartshare/link/log-output'
import pino from 'pino'
import { readConfig, type SyncSettings } from './config.ts'
import { NodeKeeper } from './node-keeper.ts'
import { NodeView } from './node-view.ts'
import { startRpcServer } from './rpc/server.ts'
import type { StateSyncProgress } from './sync/state-sync.ts'

/** How long a graceful stop may take before the process ends anyway. */
const STOP_TIMEOUT_MS = 15_000
const STDOUT = 1

/**
 * Runs a node until SIGTERM or SIGINT, as the command `smartshare node` does. Logs as JSON lines on standard output.
 * `settings` count before those of the file. Throws what keeps it from starting.
 */
export async function runNode(
  configPath: string,
  settings: SyncSettings & { readonly onProgress?: (progress: StateSyncProgress) => void } = {},
): Promise<void> {
  const config = readConfig(configPath, settings)
  const log = pino({ name: config.name, level: config.logLevel, base: null }, new LogOutput(STDOUT))
  const starting = new AbortController()
  const interrupt = (): void => starting.abort()
  process.on('SIGTERM', interrupt).on('SIGINT', interrupt)
  const node = await NodeKeeper.start(config, log, { signal: starting.signal, onProgress: settings.onProgress })
  process.off('SIGTERM', interrupt).off('SIGINT', interrupt)
  let server: Awaited<ReturnType<typeof startRpcServer>>
  try {
    server = await startRpcServer({ node: new NodeView(node), logger: log, ...config.rpc })
  } catch (error) {
    await node.stop()
    throw error
  }
  log.info({ rpc: server.url, ws: server.ws }, 'RPC is open')
  const signal = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]).then(() => 'signal')
  log.info({ signal }, 'stopping')
  const deadline = setTimeout(() => {
    log.error(new SmartshareError('NODE_STOP_TIMEOUT', 'the node did not stop in time'))
    process.exit(1)
  }, STOP_TIMEOUT_MS)
  await server.close()
  await node.stop()
  clearTimeout(deadline)
}
