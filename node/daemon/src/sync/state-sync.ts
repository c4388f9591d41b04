import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { checkTrust, decodeHandOver, handOver, type LightState } from '@smartshare/light'
import { FaultWeight, type Link } from '@smartshare/link'
import type { Genesis } from '@smartshare/runtime'
import type { StatePart } from '@smartshare/state'
import {
  checkChunk,
  decodeManifest,
  type Manifest,
  nodeDisk,
  type OpenedStore,
  partsOf,
  SnapshotFolder,
} from '@smartshare/store'
import type { Logger } from 'pino'
import { type CheckedAnchor, checkAnchor, termOfAnchor } from './anchor.ts'
import { loadSnapshot, settleSnapshot } from './load-snapshot.ts'
import {
  decodeAnswer,
  encodeRequest,
  MAX_ANSWER_BYTES,
  SYNC_PROTOCOL,
  type SyncAnswer,
  type SyncKind,
  type SyncRequest,
  type SyncStatus,
} from './protocol.ts'

/** Where a snapshot lies while it is being fetched. What is there survives a crash and is taken up again. */
const STAGING = 'sync'
const REQUEST_TIMEOUT_MS = 15_000
const ROUND_MS = 1_000
/** Rounds in which peers answered and none had a snapshot, after which there is none. */
const ROUNDS_WITHOUT_SNAPSHOT = 5
/** Rounds in which peers are connected and none speaks the protocol, after which there is none either. */
const SILENT_ROUNDS = 30
/** Rounds after which a node that reaches nobody gives up; it can be started again. */
const MOST_LONELY_ROUNDS = 600
const REQUESTS_PER_PEER = 2
const MOST_REQUESTS = 8
/** A peer that failed so often is not asked again. */
const MOST_FAILURES = 3
/** What a peer sent that no honest one sends. */
const LIE = /^(SNAPSHOT_CHUNK|SNAPSHOT_MANIFEST|PROOF_|CODEC_|BLOCK_|RANGE_|LINK_TOO_LARGE)/
/** What other peers cannot help against: the own trust or clock. */
const OWN_TRUST = ['LIGHT_TRUST_EXPIRED', 'LIGHT_FUTURE']

export interface StateSyncParts {
  readonly link: Link
  readonly log: Logger
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly dataDir: string
  readonly folder: OpenedStore
  /** What is believed to begin with: two checkpoints that agree, or genesis. */
  readonly trust: LightState
  /** A delegate whose votes may lie elsewhere must not sign before a later term. */
  readonly isDelegate: boolean
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: StateSyncProgress) => void) | undefined
}

export interface StateSyncProgress {
  readonly height: number
  readonly chunks: number
  readonly totalChunks: number
  readonly sizeBytes: number
}

/** True if a snapshot was being fetched when the node stopped: that has to be finished first. */
export async function isStateSyncUnderWay(dataDir: string): Promise<boolean> {
  return (await new SnapshotFolder(nodeDisk, join(dataDir, STAGING)).heights()).length > 0
}

interface Peer extends SyncStatus {
  readonly id: string
  failures: number
  running: number
}

/**
 * Begins a node with the state of a recent snapshot instead of all blocks since genesis. Trust goes from the checkpoints by
 * hand-overs to the delegates who certified the snapshot's root; each chunk is checked against that root before it is kept.
 */
export class StateSync {
  private readonly parts: StateSyncParts
  private readonly staging: SnapshotFolder
  private readonly peers = new Map<string, Peer>()
  private trust: LightState

  constructor(parts: StateSyncParts) {
    this.parts = parts
    this.staging = new SnapshotFolder(nodeDisk, join(parts.dataDir, STAGING))
    this.trust = parts.trust
  }

  /**
   * Fetches, checks and loads a snapshot; the folder has then to be opened again. False if no peer has one: then the node begins
   * at genesis. Throws LIGHT_* if the checkpoints do not reach, SYNC_NO_PEERS, SYNC_STOPPED.
   */
  async run(): Promise<boolean> {
    const { folder, log } = this.parts
    checkTrust(this.trust, this.rules())
    const staged = (await this.staging.heights()).at(-1)
    if (staged !== undefined && folder.state.height === staged) {
      await this.settle((await this.staging.manifest(staged))!)
      return true
    }
    for (let rounds = 0, silent = 0, lonely = 0; rounds < ROUNDS_WITHOUT_SNAPSHOT; ) {
      this.checkStopped()
      await this.look()
      const manifest = await this.choose(staged)
      if (manifest !== undefined) {
        if (await this.fetch(manifest)) {
          await this.settle(manifest)
          return true
        }
        rounds = 0
      }
      const usable = this.usable()
      if (usable.length > 0 && usable.every(({ snapshots }) => snapshots.length === 0)) rounds++
      // In a new network everybody may wait for everybody.
      if (usable.length === 0 && this.parts.link.peers().length > 0 && ++silent > SILENT_ROUNDS) break
      if (usable.length === 0 && ++lonely > MOST_LONELY_ROUNDS) {
        throw new SmartshareError('SYNC_NO_PEERS', 'no peer could be reached that has a snapshot')
      }
      await delay(ROUND_MS, undefined, { signal: this.parts.signal }).catch(() => undefined)
    }
    log.info('no peer has a snapshot: the node begins at genesis')
    return false
  }

  /** The snapshot to fetch: the one that was begun while somebody has it, else the newest that can be trusted. */
  private async choose(staged: number | undefined): Promise<Manifest | undefined> {
    const heights = new Set(this.usable().flatMap(({ snapshots }) => snapshots))
    if (heights.size === 0) return undefined
    const begun = staged === undefined ? undefined : await this.staging.manifest(staged)
    if (staged !== undefined && begun !== undefined && heights.has(staged) && (await this.anchorOf(begun))) return begun
    for (const height of [...heights].sort((a, b) => b - a)) {
      for (const peer of this.usable().filter(({ snapshots }) => snapshots.includes(height))) {
        const manifest = await this.attempt(peer, async () => {
          const found = decodeManifest(await this.ask(peer, 'manifest', { height }))
          if (found.height !== height || Buffer.compare(found.chainId, this.parts.chainId) !== 0) {
            throw new SmartshareError('SNAPSHOT_MANIFEST', 'the manifest is of another snapshot', { height })
          }
          await this.check(found)
          return found
        })
        if (manifest === undefined) continue
        await this.staging.tidy(0)
        await this.staging.begin(height)
        await this.staging.finish(manifest)
        return manifest
      }
    }
    return undefined
  }

  /** True if a manifest of an earlier run can still be trusted. */
  private async anchorOf(manifest: Manifest): Promise<boolean> {
    try {
      await this.check(manifest)
      return true
    } catch (error) {
      if (!SmartshareError.is(error) || OWN_TRUST.includes(error.code)) throw error
      return false
    }
  }

  /** Follows the hand-overs up to the delegates of the manifest's anchor, and checks it. */
  private async check(manifest: Manifest): Promise<CheckedAnchor> {
    const term = termOfAnchor(manifest.anchor)
    for (const peer of this.usable()) {
      if (this.trust.term >= term) break
      await this.attempt(peer, () => this.follow(peer, term))
    }
    const anchor = checkAnchor(this.trust, manifest.anchor, manifest.height, this.rules())
    if (Buffer.compare(anchor.stateRoot, manifest.stateRoot) !== 0) {
      throw new SmartshareError('SNAPSHOT_MANIFEST', 'the chain has another state at that height', {
        height: manifest.height,
      })
    }
    return anchor
  }

  private async follow(peer: Peer, term: number): Promise<void> {
    while (this.trust.term < term) {
      const proofs = await this.ask(peer, 'handOvers', { term: this.trust.term + 1 })
      if (proofs.length === 0) return
      for (const proof of proofs) {
        if (this.trust.term < term)
          this.trust = handOver(this.trust, decodeHandOver(Uint8Array.from(proof)), this.rules())
      }
    }
  }

  /** Fetches what is missing of the chunks and loads them. False if nobody has the rest any more. */
  private async fetch(manifest: Manifest): Promise<boolean> {
    const { height, stateRoot } = manifest
    const { folder, log, onProgress, signal } = this.parts
    const parts = partsOf(manifest.depths)
    const missing: number[] = []
    let sizeBytes = 0
    for (const [index, part] of parts.entries()) {
      const size = await this.keptSize(manifest, index, part)
      if (size === undefined) missing.push(index)
      else sizeBytes += size
    }
    const running = new Set<Promise<void>>()
    let done = parts.length - missing.length
    let lookedMs = performance.now()
    log.info({ height, chunks: parts.length, kept: done }, 'fetching a snapshot')
    while (missing.length > 0 || running.size > 0) {
      this.checkStopped()
      if (performance.now() - lookedMs > ROUND_MS) {
        await this.look()
        lookedMs = performance.now()
      }
      const peer = running.size < MOST_REQUESTS && missing.length > 0 ? this.idlePeer(height) : undefined
      if (peer === undefined) {
        if (running.size > 0) {
          await Promise.race(running)
          continue
        }
        if (!(await this.waitForPeer(height))) return false
        continue
      }
      const index = missing.shift()!
      peer.running++
      const work = this.attempt(peer, async () => {
        const chunk = await this.ask(peer, 'chunk', { height, index })
        checkChunk(stateRoot, parts[index]!, chunk)
        return chunk
      })
        .then(async (chunk) => {
          if (chunk === undefined) {
            missing.unshift(index)
            return
          }
          await this.staging.writeChunk(height, index, chunk)
          done++
          sizeBytes += chunk.length
          onProgress?.({ height, chunks: done, totalChunks: parts.length, sizeBytes })
        })
        .finally(() => {
          peer.running--
          running.delete(work)
        })
      running.add(work)
      // Whoever waits for it in the race hears of a failure; nobody else has to.
      work.catch(() => undefined)
    }
    if (signal.aborted) this.checkStopped()
    const anchor = await this.check(manifest)
    await loadSnapshot({ folder: this.staging, manifest, anchor, store: folder.state, chainId: this.parts.chainId })
    log.info({ height, sizeBytes }, 'the state is loaded')
    return true
  }

  /** Bytes of a chunk that was kept from an earlier run and is right; undefined if there is none. */
  private async keptSize({ height, stateRoot }: Manifest, index: number, part: StatePart): Promise<number | undefined> {
    const chunk = await this.staging.chunk(height, index)
    if (chunk === undefined) return undefined
    try {
      checkChunk(stateRoot, part, chunk)
      return chunk.length
    } catch (error) {
      if (SmartshareError.is(error, 'SNAPSHOT_CHUNK')) return undefined
      throw error
    }
  }

  /** Blocks and votes go on where the state is; only then the chunks may go. */
  private async settle(manifest: Manifest): Promise<void> {
    const { folder, chainId, genesis, isDelegate } = this.parts
    const silentUntilMs = Date.now() + genesis.parameters.maxClockDriftMs + 1
    await settleSnapshot({ manifest, folder, chainId, silentUntilMs: isDelegate ? silentUntilMs : 0 })
    await this.staging.remove(manifest.height)
  }

  private async waitForPeer(height: number): Promise<boolean> {
    for (let round = 0; round < ROUNDS_WITHOUT_SNAPSHOT; round++) {
      this.checkStopped()
      await this.look()
      if (this.idlePeer(height) !== undefined) return true
      await delay(ROUND_MS, undefined, { signal: this.parts.signal }).catch(() => undefined)
    }
    return false
  }

  private idlePeer(height: number): Peer | undefined {
    const able = this.usable().filter((peer) => peer.running < REQUESTS_PER_PEER && peer.snapshots.includes(height))
    return able.sort((a, b) => a.running + a.failures - b.running - b.failures)[0]
  }

  private usable(): Peer[] {
    return [...this.peers.values()].filter(
      ({ id, failures }) => failures < MOST_FAILURES && this.parts.link.isConnected(id),
    )
  }

  private async look(): Promise<void> {
    const { link, chainId } = this.parts
    await Promise.all(
      link.peers().map(async (id) => {
        const known = this.peers.get(id) ?? { id, failures: 0, running: 0 }
        const empty: SyncStatus = { chainId, lowest: 0, height: 0, snapshots: [] }
        const status = await this.attempt({ ...empty, ...known }, () => this.ask({ ...empty, ...known }, 'status', {}))
        if (status === undefined || Buffer.compare(status.chainId, chainId) !== 0) return
        this.peers.set(id, Object.assign(this.peers.get(id) ?? known, status))
      }),
    )
  }

  private async ask<K extends SyncKind>({ id }: Peer, kind: K, request: SyncRequest<K>): Promise<SyncAnswer<K>> {
    const { link, signal } = this.parts
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, maxResponseBytes: MAX_ANSWER_BYTES, signal }
    return decodeAnswer(kind, await link.request(id, SYNC_PROTOCOL, encodeRequest(kind, request), options))
  }

  /** Undefined if the peer did not help; then it is remembered, and punished if it lied. */
  private async attempt<T>(peer: Peer, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!SmartshareError.is(error) || OWN_TRUST.includes(error.code)) throw error
      this.checkStopped()
      const { link, log } = this.parts
      log.info({ peer: peer.id, code: error.code, why: error.message }, 'a peer did not help with the state')
      const isLie = error.details.remote !== true && LIE.test(error.code)
      peer.failures += isLie ? MOST_FAILURES : 1
      if (isLie) link.punish(peer.id, FaultWeight.Junk, error.code)
      return undefined
    }
  }

  private rules() {
    return { nowMs: Date.now() }
  }

  private checkStopped(): void {
    if (this.parts.signal.aborted) throw new SmartshareError('SYNC_STOPPED', 'fetching the state was stopped')
  }
}
