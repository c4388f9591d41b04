import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, parseAddress } from '@smartshare/crypto'
import { z } from 'zod'

/** Settings of an agent, in its folder. */
export const SETTINGS_FILE = 'agent.json'
const VERSION = 1
const MAX_FILE_CHARACTERS = 64 * 1024
const MAX_URLS = 32
const GIB = 2 ** 30
const DEFAULT_CAPACITY_GIB = 10
/** Grains per GiB and period: a hundredth of an SSP. */
const DEFAULT_PRICE_GRAINS = 1_000_000n

const grains = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/, 'an amount of grains in decimal')
  .transform(BigInt)
/** An address as text, as it must be written. */
function addressText(text: string, context: { addIssue(message: string): void }): string {
  try {
    return formatAddress(parseAddress(text))
  } catch {
    context.addIssue('not an address')
    return z.NEVER
  }
}
const url = z.url({ protocol: /^(https?|wss?)$/ })

const settingsSchema = z.strictObject({
  version: z.literal(VERSION).default(VERSION),
  /** What people call this agent; it says nothing to the chain. */
  name: z.string().min(1).max(64),
  /** Nodes through which the chain is reached, and the network that is meant. */
  network: z.strictObject({
    chainId: z.string().regex(/^[0-9a-f]{64}$/),
    rpc: z.array(url).min(1).max(MAX_URLS),
    ws: z.array(url).max(MAX_URLS).default([]),
  }),
  /** Key file, and the file with its password; paths are relative to the folder. */
  wallet: z.string().default('wallet.json'),
  passwordFile: z.string().default('password'),
  /** Multiaddresses to listen on for buyers, and those to tell them instead. */
  listen: z.array(z.string()).min(1).max(8),
  announce: z.array(z.string()).max(8).optional(),
  /** Where /health, /metrics and /status answer; only this machine reaches them. */
  status: z.strictObject({ host: z.literal('127.0.0.1').default('127.0.0.1'), port: z.int().min(0).max(65_535) }),
  /** True where all agents share one machine. */
  localNetwork: z.boolean().default(false),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  /** Storage for sale; without it the agent sells none. */
  storage: z
    .strictObject({
      capacityBytes: z
        .int()
        .min(2 ** 20)
        .default(DEFAULT_CAPACITY_GIB * GIB),
      /** What the price is in: the address of a token; SSP if not said. */
      token: z.string().transform(addressText).optional(),
      /** Per GiB and period: grains, or smallest units of the token. */
      priceGrains: grains.default(DEFAULT_PRICE_GRAINS),
      /** What the provider answers for in SSP, per GiB and period: needed with a token, and only with one. */
      pledgeGrains: grains.optional(),
      /** What is pledged; if not said, what the whole capacity needs. */
      collateralGrains: grains.optional(),
      region: z.string().max(64).default(''),
    })
    .refine(({ token, pledgeGrains }) => (token === undefined) === (pledgeGrains === undefined), {
      message: 'a pledge in SSP belongs to a price in a token, and to no other',
      path: ['pledgeGrains'],
    })
    .optional(),
  /** Settle other agents' breaches for the bounty. */
  watchtower: z.boolean().default(true),
})

export type AgentSettings = z.output<typeof settingsSchema>
/** As they are written: amounts as decimal text, defaults left out. */
export type AgentSettingsInput = z.input<typeof settingsSchema>

/** Checks settings. Throws AGENT_SETTINGS with the place of the first mistake. */
export function parseSettings(value: unknown): AgentSettings {
  const parsed = settingsSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path.join('.') || 'settings'
  throw new SmartshareError('AGENT_SETTINGS', `${path}: ${issue?.message ?? 'wrong'}`, { path })
}

/** The settings of the agent in a folder. Throws AGENT_MISSING or AGENT_SETTINGS. */
export async function readSettings(dir: string): Promise<AgentSettings> {
  const path = join(dir, SETTINGS_FILE)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SmartshareError('AGENT_MISSING', `there is no agent in ${dir}`, { dir }, error)
  })
  if (text.length > MAX_FILE_CHARACTERS) throw new SmartshareError('AGENT_SETTINGS', `${path} is too long`, { path })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SmartshareError('AGENT_SETTINGS', `${path} is not JSON`, { path }, error)
  }
  return parseSettings(value)
}

/** Writes settings after checking them. Throws AGENT_SETTINGS. */
export async function writeSettings(dir: string, settings: AgentSettingsInput): Promise<void> {
  parseSettings(settings)
  await writeFile(join(dir, SETTINGS_FILE), `${JSON.stringify({ version: VERSION, ...settings }, null, 2)}\n`)
}
