import { SmartshareError } from '@smartshare/codec'
import type { WorkerApi } from '../worker/api.ts'
import type { Answer, News, Remote } from '../worker/protocol.ts'

const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name: 'smartshare' })
const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
const listeners = new Set<(news: News) => void>()
let lastId = 0

worker.addEventListener('message', ({ data }: MessageEvent<Answer | News>) => {
  if ('news' in data) {
    for (const listener of listeners) listener(data)
    return
  }
  const asked = open.get(data.id)
  open.delete(data.id)
  if ('error' in data) asked?.reject(SmartshareError.fromPlain(data.error))
  else asked?.resolve(data.value)
})
worker.addEventListener('error', ({ message }) => {
  const error = new SmartshareError('WEB_WORKER', `the part of the app that speaks with the network failed: ${message}`)
  for (const { reject } of open.values()) reject(error)
  open.clear()
})

/** Hears what the worker tells by itself, until the function that comes back is called. */
export function onNews(listener: (news: News) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function call(path: readonly string[], args: readonly unknown[]): Promise<unknown> {
  lastId += 1
  const id = lastId
  return new Promise((resolve, reject) => {
    open.set(id, { resolve, reject })
    worker.postMessage({ id, path, args })
  })
}

function at(path: readonly string[]): unknown {
  return new Proxy(() => undefined, {
    // `then` would make every place look like a promise.
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? at([...path, name]) : undefined),
    apply: (_, __, args: unknown[]) => call(path, args),
  })
}

/** The worker: `chain.rpc.status()`, `chain.vault.info()`. Every function answers later, and throws coded errors. */
export const chain = at([]) as Remote<WorkerApi>

/** The functions of a page's own remote.ts, of which `T` is the type (CONTRIBUTING.md shows how). */
export function pageRemote<T extends object>(page: string): Remote<T> {
  return at(['pages', page]) as Remote<T>
}
