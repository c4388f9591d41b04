import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { SmartshareError } from '@smartshare/codec'
import type { StorageOwner, StoredObject } from '@smartshare/storage'

const RANGE = /^bytes=(\d{1,15})-(\d{0,15})$/
/** What a browser shows by itself, and without running anything, where the app asks for it. */
const SHOWN_TYPES = new Set(['application/pdf'])
const ANY_TYPE = 'application/octet-stream'
/** Nothing in an answer may run or load anything, or stand in a frame, whatever it holds. */
const POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

export interface ContentOptions {
  /** Shown in a frame of these origins instead of saved, if a browser can without running anything. */
  readonly shownIn: readonly string[] | undefined
}

/**
 * Sends the bytes of an object in their order, or the part that `range` asks for. What fails later breaks the connection:
 * a file must not look whole. Throws AGENT_RANGE, STORAGE_*.
 */
export async function sendContent(
  owner: StorageOwner,
  { object, sizeBytes, metadata }: StoredObject,
  request: IncomingMessage,
  response: ServerResponse,
  { shownIn }: ContentOptions,
): Promise<void> {
  const part = partOf(request.headers.range, sizeBytes)
  const { start = 0, end = sizeBytes } = part ?? {}
  const stop = new AbortController()
  response.once('close', () => stop.abort(new SmartshareError('AGENT_CUT', 'the app has gone')))
  const pieces = owner.getRange(object, { start, end }, stop.signal)
  // The first piece before the headers: an object that no copy gives is a refusal, not a broken file.
  const first = await pieces.next()
  const mediaType = metadata?.mediaType ?? ''
  const isShown = shownIn !== undefined && SHOWN_TYPES.has(mediaType)
  response.writeHead(part === undefined ? 200 : 206, {
    'content-type': isShown ? mediaType : ANY_TYPE,
    'content-length': end - start,
    'content-disposition': `${isShown ? 'inline' : 'attachment'}; ${fileNameWords(metadata?.name ?? '')}`,
    // The browser's own viewer shows it, which any other rule would keep from working.
    'content-security-policy': isShown ? `frame-ancestors ${shownIn.join(' ')}` : POLICY,
    'cache-control': 'no-store',
    'accept-ranges': 'bytes',
    ...(part !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` }),
  })
  await pipeline(async function* () {
    if (first.done !== true) yield first.value
    yield* pieces
  }, response)
}

/** A single range, `bytes=A-B` or `bytes=A-`; undefined for the whole. Throws AGENT_RANGE. */
export function partOf(range: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  if (range === undefined) return undefined
  const [, from = '', to = ''] = RANGE.exec(range) ?? []
  const start = Number(from)
  const end = to === '' ? sizeBytes : Math.min(sizeBytes, Number(to) + 1)
  // Of an empty object there is no part, but its beginning is what a preview asks for.
  if (sizeBytes === 0 && from === '0') return undefined
  if (from !== '' && start < end) return { start, end }
  throw new SmartshareError('AGENT_RANGE', 'one range within the object, as bytes=0-999', { sizeBytes })
}

/** The name for a browser that saves, in plain letters and in full (RFC 6266, RFC 8187): no path, no control characters. */
export function fileNameWords(name: string): string {
  const own =
    name
      .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
      .split(/[\\/]/)
      .at(-1) ?? ''
  const safe = own === '' || /^\.+$/.test(own) ? 'object' : own
  const plain = safe.replaceAll(/[^\x20-\x7e]|["%;\\]/g, '_')
  const full = encodeURIComponent(safe).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `filename="${plain}"; filename*=UTF-8''${full}`
}
