import { SmartshareError } from '@smartshare/codec'
import type { Answer, News, PlainError, Request } from './protocol.ts'

/** Most items of a list that comes bit by bit. */
const MAX_ITEMS = 5000

type Scope = { postMessage(message: Answer | News): void; addEventListener: typeof addEventListener }
const scope = globalThis as unknown as Scope

/** Answers what the page asks: the function at a path of the API, found anew each time. */
export function serve(find: (path: readonly string[]) => Promise<(...args: unknown[]) => unknown>): void {
  scope.addEventListener('message', (event) => {
    void answer((event as MessageEvent<Request>).data, find)
  })
}

export function tell(news: News): void {
  scope.postMessage(news)
}

async function answer(request: Request, find: Parameters<typeof serve>[0]): Promise<void> {
  const { id, path, args } = request
  try {
    const method = await find(path)
    scope.postMessage({ id, value: await whole(await method(...args)) })
  } catch (error) {
    scope.postMessage({ id, error: plainError(error) })
  }
}

async function whole(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value
  const items: unknown[] = []
  for await (const item of value as AsyncIterable<unknown>) {
    items.push(item)
    if (items.length >= MAX_ITEMS) break
  }
  return items
}

export function plainError(error: unknown): PlainError {
  if (SmartshareError.is(error)) return error.toPlain()
  return { code: 'INTERNAL', message: String((error as Error | null)?.message ?? error), details: {} }
}
