import { once } from 'node:events'
import { SmartshareError } from '@smartshare/codec'
import { LogOutput } from '@smartshare/link/log-output'
import pino from 'pino'
import { type NodeSettings, readConfig } from './config.ts'
import { NodeKeeper } from './node-keeper.ts'
import { NodeView } from './node-view.ts'
import { startRpcServer } from './rpc/server.ts'
import type { StateSyncProgress } from './sync/state-sync.ts'
import { tuneHeap } from './tune-heap.ts'

/** How long a graceful stop may take before the process ends anyway. */
const STOP_TIMEOUT_MS = 15_000
const STDOUT = 1

/**
 * Runs a node until SIGTERM or SIGINT, as the command `smartshare node` does. Logs as JSON lines on standard output.
 * `settings` count before those of the file. Throws what keeps it from starting.
 */
export async function runNode(
  configPath: string,
  settings: NodeSettings & { readonly onProgress?: (progress: StateSyncProgress) => void } = {},
): Promise<void> {
  tuneHeap()
  const config = readConfig(configPath, settings)
  const log = pino({ name: config.name, level: config.logLevel, base: null }, new LogOutput(STDOUT))
  // From here on, since a start may take long; a second signal ends the process at once.
  const { signal } = interruption()
  const node = await NodeKeeper.start(config, log, { signal, onProgress: settings.onProgress })
  let server: Awaited<ReturnType<typeof startRpcServer>>
  try {
    server = await startRpcServer({ node: new NodeView(node), logger: log, ...config.rpc })
  } catch (error) {
    await node.stop()
    throw error
  }
  log.info({ rpc: server.url, ws: server.ws }, 'RPC is open')
  if (!signal.aborted) await once(signal, 'abort')
  log.info('stopping')
  const deadline = setTimeout(() => {
    log.error(new SmartshareError('NODE_STOP_TIMEOUT', 'the node did not stop in time'))
    process.exit(1)
  }, STOP_TIMEOUT_MS)
  await server.close()
  await node.stop()
  clearTimeout(deadline)
}

function interruption(): AbortController {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => controller.abort())
  return controller
}
