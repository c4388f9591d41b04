import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable } from 'node:stream'

/** What a run of the command has of the process around it: `process` itself, or what stands in for it. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  exitCode?: number | string | null | undefined
}

const runs = new AsyncLocalStorage<Io>()

/** That of the run that is under way: several may run in one process, each with its own. */
export function io(): Io {
  return runs.getStore() ?? process
}

/** Does `work`, and whatever follows from it, with another one than the process. */
export function withIo<T>(own: Io, work: () => T): T {
  return runs.run(own, work)
}
