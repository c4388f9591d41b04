import { join } from 'node:path'
import { pack, SmartshareError } from '@smartshare/codec'
import { type ChainStore, type Manifest, nodeDisk, SnapshotFolder } from '@smartshare/store'
import type { Logger } from 'pino'
import type { FinalChain } from '../consensus/final-chain.ts'
import { makeAnchor, termOfAnchor } from './anchor.ts'
import { encodedHandOver } from './hand-overs.ts'

/** Where snapshots lie in a node's data folder. */
export const SNAPSHOTS = 'snapshots'
/** Snapshots that are kept: who fetches one has as long as the next two take to finish. */
const KEPT_SNAPSHOTS = 2

/** How trust comes from genesis, or from as far back as is known, to the delegates who certified the snapshot. */
export const HAND_OVERS_FILE = 'hand-overs'
export const MAX_HAND_OVERS_BYTES = 12 * 1_048_576

export interface SnapshotParts {
  readonly log: Logger
  readonly chainId: Uint8Array
  readonly finals: FinalChain
  readonly store: ChainStore
}

/** Chunks that are on disk, of a snapshot that counts once its manifest is there too. */
interface Pending {
  readonly height: number
  readonly depths: readonly number[]
}

/** The snapshots of a running node: finishes those that the executor has taken, keeps the last two, gives them to peers. */
export class Snapshots {
  private readonly parts: SnapshotParts
  private readonly folder: SnapshotFolder
  private known: number[] = []
  private pending: Pending | undefined
  private finishing: Promise<void> = Promise.resolve()

  private constructor(parts: SnapshotParts, folder: SnapshotFolder) {
    this.parts = parts
    this.folder = folder
  }

  /** Removes what was not finished before the last stop. */
  static async open(dataDir: string, parts: SnapshotParts): Promise<Snapshots> {
    const folder = new SnapshotFolder(nodeDisk, join(dataDir, SNAPSHOTS))
    const snapshots = new Snapshots(parts, folder)
    await folder.tidy(KEPT_SNAPSHOTS)
    snapshots.known = await folder.heights()
    return snapshots
  }

  /** Heights of finished snapshots, ascending. */
  get heights(): readonly number[] {
    return this.known
  }

  /** The lowest height of which something is still needed here. */
  get oldest(): number | undefined {
    return this.known[0] ?? this.pending?.height
  }

  /** The executor has written the chunks of a height. */
  noteChunks(pending: Pending): void {
    this.pending = pending
    this.tryFinish()
  }

  /** Writes the manifest as soon as a certified header covers the height. Called after every commit. */
  tryFinish(): void {
    if (this.pending === undefined) return
    this.finishing = this.finishing
      .then(() => this.finish())
      .catch((error: unknown) => {
        this.pending = undefined
        this.parts.log.error({ err: error }, 'a snapshot could not be finished')
      })
  }

  /** Resolves when nothing is being written. */
  idle(): Promise<void> {
    return this.finishing
  }

  /** The manifest with an anchor as of now, so that also a newer checkpoint leads to it. Throws SNAPSHOT_MISSING. */
  async manifest(height: number): Promise<Manifest> {
    const { finals, store } = this.parts
    const manifest = this.known.includes(height) ? await this.folder.manifest(height) : undefined
    if (manifest === undefined) throw missing(height)
    const anchor = await makeAnchor(finals, store, height)
    return anchor === undefined ? manifest : { ...manifest, anchor }
  }

  /** Throws SNAPSHOT_MISSING. */
  async chunk(height: number, index: number): Promise<Uint8Array> {
    const chunk = this.known.includes(height) ? await this.folder.chunk(height, index) : undefined
    if (chunk === undefined) throw missing(height)
    return chunk
  }

  private async finish(): Promise<void> {
    const { pending, parts } = this
    if (pending === undefined) return
    const { height, depths } = pending
    const { chainId, finals, store, log } = parts
    const anchor = await makeAnchor(finals, store, height)
    if (anchor === undefined) return
    this.pending = undefined
    const handOvers = packHandOvers((term) => encodedHandOver(store, store.height ?? 0, term), termOfAnchor(anchor))
    await this.folder.writeFile(height, HAND_OVERS_FILE, handOvers)
    await this.folder.finish({
      chainId,
      height,
      stateRoot: store.facts(height)!.stateRoot,
      depths: [...depths],
      anchor,
    })
    this.known = [...this.known, height].slice(-KEPT_SNAPSHOTS)
    await this.folder.tidy(KEPT_SNAPSHOTS)
    log.info({ height, chunks: depths.length }, 'snapshot taken')
  }
}

function missing(height: number): SmartshareError {
  return new SmartshareError('SNAPSHOT_MISSING', 'this snapshot or this part of it is not here', { height })
}

/** The hand-overs of terms up to one, the newest that fit; in the order of terms. */
function packHandOvers(of: (term: number) => Uint8Array | undefined, last: number): Uint8Array {
  const proofs: Uint8Array[] = []
  let sizeBytes = 0
  for (let term = last; term > 0; term--) {
    const proof = of(term)
    if (proof === undefined) break
    sizeBytes += proof.length + 4
    if (sizeBytes > MAX_HAND_OVERS_BYTES) break
    proofs.unshift(proof)
  }
  return pack(proofs)
}
