// Providers for tests: in this process, or in one of their own that can be killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AgreementReader } from './chain.ts'

interface ProviderContact {
  readonly peer: string
  readonly addresses: string[]
}

interface Question {
  readonly id: string
  readonly method: 'agreement' | 'mayAct'
  readonly args: never[]
}

export interface ProviderProcess {
  readonly process: ChildProcess
  readonly contact: ProviderContact
}

/**
 * Starts a provider of this name over a folder; resolves when it serves. With `mostFileKib` the system refuses to write
 * beyond that in any of its files, as a full disk does.
 */
export function startProvider(
  name: string,
  folder: string,
  chain: AgreementReader,
  mostFileKib?: number,
): Promise<ProviderProcess> {
  const file = join(fileURLToPath(import.meta.url), '..', 'provider-child.ts')
  const options = { name, folder, chainId: Buffer.from(chain.chainId).toString('hex') }
  const limit = mostFileKib === undefined ? '' : `ulimit -f ${mostFileKib}; `
  const words = [process.execPath, '--conditions=source', file, JSON.stringify(options)]
  const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...words], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)))
    child.on('message', (message: Question | { ready: ProviderContact }) => {
      if ('ready' in message) {
        resolve({ process: child, contact: message.ready })
        return
      }
      const { id, method, args } = message
      void (chain[method] as (...all: never[]) => Promise<unknown>)(...args).then((value) => {
        if (child.connected) child.send({ id, value: value as object })
      })
    })
  })
}
