import { once } from 'node:events'
import { dirname, resolve } from 'node:path'
import { startWebServer } from './server.ts'
import { readWebSettings } from './settings.ts'

/** Serves the web app until SIGTERM or SIGINT, as the command `smartshare web` does. Throws what keeps it from starting. */
export async function runWebServer(configPath: string, onOpen: (url: string) => void): Promise<void> {
  const path = resolve(configPath)
  const server = await startWebServer(readWebSettings(path), dirname(path))
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
  onOpen(server.url)
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  await server.close()
}
