import { mkdir, readdir, statfs } from 'node:fs/promises'
import type {
  Account,
  AgentObjectDetail,
  AgentQuote,
  AgentRemoval,
  AgentStatusAnswer,
  Client,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import {
  copyBytesOf,
  defaultPeriods,
  lockedGrains,
  MAX_COPIES,
  MAX_OBJECT_BYTES,
  marketPrice,
  memoryForOwner,
  openOwner,
  type StorageOwner,
  type StoredObject,
} from '@smartshare/storage'
import { AGENT_VERSION } from '../agent.ts'
import type { Log } from '../log.ts'
import { failureView, objectView } from './views.ts'

const DEFAULT_COPIES = 4
/** Objects that one answer lists. */
const MAX_LISTED = 10_000
/** How old the sum of what is stored may be where nothing depends on it, milliseconds. */
const MAX_SUM_AGE_MS = 10_000
/** Kept free on the disk beside an upload. */
const SPARE_DISK_BYTES = 64 * 2 ** 20
/** Sealed, a file is a little larger than it was. */
const SEALED_PERCENT = 101

export interface DeskOptions {
  readonly client: Client
  readonly account: Account
  /** Name of the wallet, for people. */
  readonly wallet: string
  /** For puts under way. */
  readonly folder: string
  /** Most that all objects may take together; none: as much as there is money for. */
  readonly quotaBytes?: number | undefined
  readonly log: Log
}

/** What one account keeps in storage, as the API answers it. Link and workers are opened when they are first needed. */
export class OwnerDesk {
  private readonly options: DeskOptions
  private opening: ReturnType<typeof openOwner> | undefined
  private summed = { bytes: 0, atMs: Number.NEGATIVE_INFINITY }

  constructor(options: DeskOptions) {
    this.options = options
  }

  /** Takes back what an earlier run of this program left half done, if there is any. */
  async recover(): Promise<void> {
    const left = await readdir(this.options.folder).catch(() => [])
    if (left.length === 0) return
    const ended = await (await this.owner()).recover(Date.now())
    if (ended.length > 0) this.options.log.warn({ objects: ended.length }, 'uploads were left half done and are undone')
  }

  /** The storage of the account, opened at the first call. */
  async owner(): Promise<StorageOwner> {
    const { client, account, folder, log } = this.options
    this.opening ??= openOwner({
      ...{ client, account, folder },
      memory: memoryForOwner(),
      onFailure: ({ agreement }, error) =>
        log.warn({ agreement, code: SmartshareError.is(error) ? error.code : 'INTERNAL' }, 'a provider failed'),
    })
    try {
      return (await this.opening).owner
    } catch (error) {
      this.opening = undefined
      throw error
    }
  }

  async status(bytesUnderWay: number): Promise<AgentStatusAnswer> {
    const { client, account, wallet, quotaBytes = null } = this.options
    const [{ amount, height }, usedBytes, freeDiskBytes, { providers }] = await Promise.all([
      client.rpc.tokens.balance(account.text, 'SSP'),
      this.usedBytes(MAX_SUM_AGE_MS),
      this.freeDiskBytes(),
      marketPrice(client.rpc.market.offers(), MAX_COPIES),
    ])
    return {
      ...{ version: AGENT_VERSION, chainId: toHex(client.chainId), wallet, account: account.text },
      ...{ balanceGrains: amount, height, providers: Math.min(MAX_COPIES, providers) },
      ...{ periodMs: this.periodMs, quotaBytes, usedBytes: usedBytes + bytesUnderWay },
      ...{ freeDiskBytes, maxObjectBytes: MAX_OBJECT_BYTES },
    }
  }

  /** What storing files of these sizes would cost at most, and what speaks against it. Throws STORAGE_SIZE, RPC_*. */
  async quote(
    sizesBytes: readonly number[],
    terms: { copies?: number | undefined; periods?: number | undefined },
    bytesUnderWay: number,
  ): Promise<AgentQuote> {
    const { client, account } = this.options
    const copiesBytes = sizesBytes.map(copyBytesOf)
    const sizeBytes = sizesBytes.reduce((sum, size) => sum + size, 0)
    const copies = terms.copies ?? DEFAULT_COPIES
    const periods = terms.periods ?? defaultPeriods(client)
    const [{ priceGrains, providers }, { amount }, usedBytes, freeDiskBytes] = await Promise.all([
      marketPrice(client.rpc.market.offers(), copies),
      client.rpc.tokens.balance(account.text, 'SSP'),
      this.options.quotaBytes === undefined ? 0 : this.usedBytes(0),
      this.freeDiskBytes(),
    ])
    const locked = copiesBytes.reduce((sum, size) => sum + lockedGrains(priceGrains, size, copies, periods), 0n)
    const problem = problemOf({
      ...{ sizeBytes, copies, providers, lockedGrains: locked, balanceGrains: amount, freeDiskBytes },
      ...{ usedBytes: usedBytes + bytesUnderWay, quotaBytes: this.options.quotaBytes },
    })
    return {
      ...{ sizeBytes, copies, periods, providers, priceGrains, lockedGrains: locked, balanceGrains: amount },
      problem: problem === undefined ? null : failureView(problem),
    }
  }

  async objects() {
    const items = []
    for await (const stored of (await this.owner()).list()) {
      if (items.length >= MAX_LISTED) return { items, isWhole: false }
      items.push(objectView(stored, this.periodMs))
    }
    return { items, isWhole: true }
  }

  /** An object that is kept. Throws STORAGE_UNKNOWN. */
  async find(object: string): Promise<StoredObject> {
    return await (await this.owner()).find(fromHex(object))
  }

  /** An object with all its agreements and the places of its copies. Throws STORAGE_UNKNOWN. */
  async object(object: string): Promise<AgentObjectDetail> {
    const { client } = this.options
    const stored = await (await this.owner()).history(fromHex(object))
    const places = await Promise.all(
      stored.agreements
        .filter(({ state }) => state === 'active' || state === 'matched')
        .map(async ({ agreement, offer, peer, addresses }) => {
          const { region = '' } = (await client.rpc.market.offer(offer)) ?? {}
          return { agreement, region, peer, addresses: [...addresses] }
        }),
    )
    return { ...objectView(stored, this.periodMs), places }
  }

  /** Ends all agreements of an object by the rules of the chain. Throws STORAGE_UNKNOWN. */
  async remove(object: string): Promise<AgentRemoval> {
    const after = await (await this.owner()).remove(fromHex(object))
    const of = (state: string) => after.filter((one) => one.state === state).map(({ agreement }) => agreement)
    return { object, ended: of('ended'), cancelled: of('cancelled') }
  }

  async close(): Promise<void> {
    await (await this.opening?.catch(() => undefined))?.close()
  }

  private get periodMs(): number {
    return this.options.client.parameters.storagePeriodMs
  }

  private async usedBytes(maxAgeMs: number): Promise<number> {
    if (performance.now() - this.summed.atMs > maxAgeMs) {
      const { items } = await this.objects()
      const bytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      this.summed = { bytes, atMs: performance.now() }
    }
    return this.summed.bytes
  }

  private async freeDiskBytes(): Promise<number> {
    await mkdir(this.options.folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(this.options.folder)
    return bavail * bsize
  }
}

interface Case {
  readonly sizeBytes: number
  readonly copies: number
  readonly providers: number
  readonly lockedGrains: bigint
  readonly balanceGrains: bigint
  readonly freeDiskBytes: number
  readonly usedBytes: number
  readonly quotaBytes: number | undefined
}

/** What an upload is refused with before anything of it is sent. */
export function problemOf(one: Case): SmartshareError | undefined {
  const { sizeBytes, copies, providers, balanceGrains, quotaBytes, usedBytes } = one
  if (providers < copies) {
    return new SmartshareError('AGENT_PROVIDERS', `only ${providers} providers sell storage now`, { copies, providers })
  }
  if (quotaBytes !== undefined && usedBytes + sizeBytes > quotaBytes) {
    return new SmartshareError('AGENT_QUOTA', 'this would be more than all objects may take together', {
      usedBytes,
      quotaBytes,
    })
  }
  if (one.freeDiskBytes < Math.ceil((sizeBytes * SEALED_PERCENT) / 100) + SPARE_DISK_BYTES) {
    return new SmartshareError('STORAGE_FULL', 'the disk of the agent has no room to seal this file', { sizeBytes })
  }
  if (balanceGrains < one.lockedGrains) {
    return new SmartshareError('AGENT_MONEY', 'the account does not hold what this may cost', {
      balanceGrains,
      lockedGrains: one.lockedGrains,
    })
  }
  return undefined
}
