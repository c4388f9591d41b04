import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, parseAddress } from '@smartshare/crypto'
import { agreedState, decodeLightState, type LightState } from '@smartshare/light'
import { chainIdOf, decodeGenesis, LATEST_VERSION } from '@smartshare/runtime'
import { z } from 'zod'
import type { DelegateKey } from './signer/key-signer.ts'
import { LEAST_KEPT_BLOCKS, type Pruning } from './sync/pruning.ts'

const port = z.number().int().min(0).max(65_535)

const LEAST_SEGMENT_BYTES = 65_536
const syncMode = z.enum(['state', 'blocks'])
type SyncMode = z.output<typeof syncMode>
const followSetting = z.enum(['auto', 'never'])
type FollowSetting = z.output<typeof followSetting>

const fileSchema = z.strictObject({
  /** Name of this node in logs and status. */
  name: z.string().min(1).max(64),
  /** The network's genesis record. */
  genesis: z.string(),
  dataDir: z.string(),
  rpc: z.strictObject({ host: z.string().default('127.0.0.1'), port, origins: z.array(z.string()).optional() }),
  p2p: z.strictObject({
    listen: z.array(z.string()).max(16),
    /** What others are told instead of the addresses listened on, for a node behind a router. */
    announce: z.array(z.string()).max(16).default([]),
    peers: z.array(z.string()).max(256).default([]),
  }),
  /** File of the delegate's BLS key, whose promises lie beside it; without it and `signer` the node only follows. */
  delegateKey: z.string().optional(),
  /** Socket of a signer that holds the key instead. */
  signer: z.string().optional(),
  /** File of the seed (Ed25519, hexadecimal) of the account that reports evidence; without it evidence is only listed. */
  accountKey: z.string().optional(),
  /** File of the seed that names this peer. */
  linkKey: z.string(),
  /** Newest version of the protocol to take part in: below what the software knows only to rehearse being too old. */
  protocolVersion: z.number().int().min(1).max(LATEST_VERSION).default(LATEST_VERSION),
  /** How a new folder is filled: by all blocks since genesis, or by a snapshot and the blocks after it. */
  sync: z
    .strictObject({
      mode: syncMode.default('blocks'),
      /** Two files of what is believed to begin with, from sources that do not know of each other. */
      checkpoints: z.tuple([z.string(), z.string()]).optional(),
    })
    .default({ mode: 'blocks' }),
  /** What is kept of the past. */
  pruning: z
    .strictObject({
      mode: z.enum(['archive', 'full', 'light']).default('archive'),
      keepBlocks: z.number().int().min(LEAST_KEPT_BLOCKS).optional(),
      segmentBytes: z.number().int().min(LEAST_SEGMENT_BYTES).optional(),
    })
    .default({ mode: 'archive' }),
  /** While the chain is busy: take from peers what blocks changed (not a delegate), or execute them all the same. */
  follow: followSetting.default('auto'),
  /** True if many nodes share this machine or address. */
  localNetwork: z.boolean().default(false),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})

const delegateSchema = z.strictObject({ address: z.string(), secret: z.string().regex(/^[0-9a-f]{64}$/) })

/** Settings of a node, checked, with every path absolute and every key read. */
export interface NodeConfig {
  readonly name: string
  readonly genesis: Uint8Array
  readonly dataDir: string
  readonly rpc: { readonly host: string; readonly port: number; readonly origins?: readonly string[] }
  readonly p2p: {
    readonly listen: readonly string[]
    readonly announce?: readonly string[]
    readonly peers: readonly string[]
  }
  /** The key and the folder of its promises, or the socket of its signer; null for a node that only follows. */
  readonly delegate: { readonly key: DelegateKey; readonly promises: string } | { readonly socket: string } | null
  readonly linkSeed: Uint8Array
  readonly protocolVersion: number
  /** Seed of the account that reports evidence and pays for it. */
  readonly accountSeed: Uint8Array | null
  readonly sync: {
    readonly mode: SyncMode
    /** Two checkpoints that agree; null: genesis. */
    readonly trust: LightState | null
  }
  readonly pruning: Pruning
  /** Whether a node that is no delegate follows blocks by their differences while the chain is busy. */
  readonly follow: FollowSetting
  readonly localNetwork: boolean
  readonly logLevel: string
}

/** Two checkpoints as one. Throws LIGHT_CHECKPOINT, LIGHT_STATE or NODE_CONFIG. */
function trustOf(genesis: Uint8Array, checkpoints: readonly string[] | undefined): LightState | null {
  if (checkpoints === undefined) return null
  const [one, other, ...more] = checkpoints
  if (one === undefined || other === undefined || more.length > 0) {
    throw new SmartshareError('LIGHT_CHECKPOINT', 'two checkpoints are needed, no more and no less')
  }
  const read = (path: string) => decodeLightState(readBytes(path))
  return agreedState(chainIdOf(decodeGenesis(genesis)), read(one), read(other))
}

/** What a command may say instead of the file. */
export interface NodeSettings {
  /** How a new folder is filled. */
  readonly sync?: SyncMode
  readonly follow?: FollowSetting
  /** Paths of two checkpoints. */
  readonly checkpoints?: readonly string[]
}

/**
 * Reads a node's settings; paths in it are relative to the file, those of `settings` to where we are. Throws NODE_CONFIG with what
 * is wrong, LIGHT_CHECKPOINT or LIGHT_STATE.
 */
export function readConfig(path: string, settings: NodeSettings = {}): NodeConfig {
  const folder = dirname(resolve(path))
  const file = check(path, fileSchema, parseJson(path))
  const at = (name: string) => resolve(folder, name)
  const { delegateKey, signer } = file
  if (delegateKey !== undefined && signer !== undefined) {
    throw new SmartshareError('NODE_CONFIG', `${path}: delegateKey and signer contradict each other`, { path })
  }
  const delegate =
    delegateKey === undefined
      ? null
      : { key: readDelegateKey(at(delegateKey)), promises: `${at(delegateKey).replace(/\.json$/, '')}.promises` }
  const { origins, ...rpc } = file.rpc
  return {
    name: file.name,
    genesis: readBytes(at(file.genesis)),
    dataDir: at(file.dataDir),
    rpc: origins === undefined ? rpc : { ...rpc, origins },
    p2p: file.p2p,
    delegate: signer === undefined ? delegate : { socket: at(signer) },
    protocolVersion: file.protocolVersion,
    linkSeed: readSeed(at(file.linkKey)),
    accountSeed: file.accountKey === undefined ? null : readSeed(at(file.accountKey)),
    sync: {
      mode: settings.sync ?? file.sync.mode,
      trust: trustOf(readBytes(at(file.genesis)), settings.checkpoints ?? file.sync.checkpoints?.map(at)),
    },
    pruning: file.pruning,
    follow: settings.follow ?? file.follow,
    localNetwork: file.localNetwork,
    logLevel: file.logLevel,
  }
}

/** The account and the secret of a delegate's key file. Throws NODE_CONFIG or ADDRESS_*. */
export function readDelegateKey(path: string): DelegateKey {
  const { address, secret } = check(path, delegateSchema, parseJson(path))
  return { address: parseAddress(address), secret: fromHex(secret) }
}

function readSeed(path: string): Uint8Array {
  return fromHex(readBytes(path).toString('utf8').trim())
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SmartshareError('NODE_CONFIG', `cannot read ${path}: ${(error as Error).message}`, { path }, error)
  }
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readBytes(path).toString('utf8'))
  } catch (error) {
    if (SmartshareError.is(error)) throw error
    throw new SmartshareError('NODE_CONFIG', `${path} is not JSON`, { path })
  }
}

function check<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new SmartshareError('NODE_CONFIG', `${path}: ${issue?.path.join('.')}: ${issue?.message}`, { path })
}
