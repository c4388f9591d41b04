import { readFileSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'

const MAX_URLS = 32

const urls = z.array(z.url()).max(MAX_URLS)

const settingsSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** 0: any free port. */
  port: z.int().min(0).max(65_535),
  /** The network that the app opens: pages may speak with these nodes and with nobody else. */
  network: z.strictObject({
    name: z.string().min(1).max(64),
    chainId: z.string().regex(/^[0-9a-f]{64}$/),
    rpc: urls.min(1),
    ws: urls.default([]),
    /** The HTTP API of an indexer, for search and history. */
    indexer: z.url().nullable().default(null),
    /** The local API of the owner's agent, for storage. */
    agent: z.url().nullable().default(null),
  }),
  /** Who gives money away on a local network; its key file and password, from the folder of these settings. */
  faucet: z.strictObject({ keyFile: z.string(), passwordFile: z.string() }).nullable().default(null),
})

export type WebSettings = z.output<typeof settingsSchema>

/** The settings in web.json. Throws WEB_SETTINGS. */
export function readWebSettings(path: string): WebSettings {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SmartshareError('WEB_SETTINGS', `${path} cannot be read as JSON`, { path }, error)
  }
  const parsed = settingsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SmartshareError('WEB_SETTINGS', `${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, { path })
}
