import { join, resolve } from 'node:path'
import { SmartshareError, unpack } from '@smartshare/codec'
import { checkTrust, firstState, handOverAll, type LightState } from '@smartshare/light'
import { chainIdOf, decodeGenesis, firstSet } from '@smartshare/runtime'
import { checkChunk, type Manifest, nodeDisk, openStore, partsOf, SnapshotFolder } from '@smartshare/store'
import type { NodeConfig } from '../config.ts'
import { checkAnchor, termOfAnchor } from './anchor.ts'
import { loadSnapshot, settleSnapshot } from './load-snapshot.ts'
import { HAND_OVERS_FILE, MAX_HAND_OVERS_BYTES, SNAPSHOTS } from './snapshots.ts'

/** A snapshot as the commands show it. */
export interface SnapshotFacts {
  readonly height: number
  readonly stateRoot: Uint8Array
  readonly chunks: number
  readonly sizeBytes: number
  /** Where it lies. */
  readonly folder: string
}

type Progress = (doneBytes: number, chunk: number, chunks: number) => void

/**
 * Copies the newest snapshot of a node, which may be running, into a folder, checking every chunk. Throws SNAPSHOT_MISSING,
 * SNAPSHOT_MANIFEST or SNAPSHOT_CHUNK.
 */
export async function exportSnapshot(config: NodeConfig, target: string, onProgress: Progress): Promise<SnapshotFacts> {
  const from = new SnapshotFolder(nodeDisk, join(config.dataDir, SNAPSHOTS))
  const manifest = await newest(from, config.dataDir)
  const { height } = manifest
  const to = new SnapshotFolder(nodeDisk, resolve(target))
  await to.begin(height)
  let sizeBytes = 0
  for await (const { index, chunk, parts } of chunksOf(from, manifest)) {
    await to.writeChunk(height, index, chunk)
    sizeBytes += chunk.length
    onProgress(sizeBytes, index + 1, parts)
  }
  const handOvers = await from.file(height, HAND_OVERS_FILE, MAX_HAND_OVERS_BYTES)
  await to.writeFile(height, HAND_OVERS_FILE, handOvers ?? new Uint8Array(0))
  await to.finish(manifest)
  return { height, stateRoot: manifest.stateRoot, chunks: manifest.depths.length, sizeBytes, folder: to.pathOf(height) }
}

/**
 * Fills the empty data folder of a node, which must not be running, from an exported snapshot. It is believed as far as the
 * checkpoints (or genesis) of the settings lead to it. Throws STORE_*, SNAPSHOT_*, LIGHT_*, PROOF_*.
 */
export async function restoreSnapshot(
  config: NodeConfig,
  source: string,
  onProgress: Progress,
): Promise<SnapshotFacts> {
  const genesis = decodeGenesis(config.genesis)
  const chainId = chainIdOf(genesis)
  const from = new SnapshotFolder(nodeDisk, resolve(source))
  const manifest = await newest(from, source)
  const { height, stateRoot } = manifest
  const rules = { nowMs: Date.now() }
  const trust = config.sync.trust ?? firstState(chainId, firstSet(genesis), genesis.timeMs)
  checkTrust(trust, rules)
  const anchor = checkAnchor(await trustAt(from, manifest, trust, rules), manifest.anchor, height, rules)
  if (Buffer.compare(anchor.stateRoot, stateRoot) !== 0) {
    throw new SmartshareError('SNAPSHOT_MANIFEST', 'the chain has another state at that height', { height })
  }
  const folder = await openStore(config.dataDir, { chainId })
  try {
    if (folder.state.height !== undefined || folder.blocks.lastHeight !== undefined) {
      throw new SmartshareError('SNAPSHOT_NOT_EMPTY', 'the data folder holds a chain already', { path: config.dataDir })
    }
    let sizeBytes = 0
    for await (const { index, chunk, parts } of chunksOf(from, manifest)) {
      sizeBytes += chunk.length
      onProgress(sizeBytes, index + 1, parts)
    }
    await loadSnapshot({ folder: from, manifest, anchor, store: folder.state, chainId })
    const silentUntilMs = config.delegate === null ? 0 : rules.nowMs + genesis.parameters.maxClockDriftMs + 1
    await settleSnapshot({ manifest, folder, chainId, silentUntilMs })
    return { height, stateRoot, chunks: manifest.depths.length, sizeBytes, folder: config.dataDir }
  } finally {
    await folder.close()
  }
}

async function newest(folder: SnapshotFolder, path: string): Promise<Manifest> {
  const height = (await folder.heights()).at(-1)
  const manifest = height === undefined ? undefined : await folder.manifest(height)
  if (manifest !== undefined) return manifest
  throw new SmartshareError('SNAPSHOT_MISSING', 'there is no finished snapshot: one is taken at the end of each term', {
    path,
  })
}

/** Follows the hand-overs beside the snapshot from what is believed to the delegates who certified it. */
async function trustAt(
  folder: SnapshotFolder,
  { height, anchor }: Manifest,
  trust: LightState,
  rules: { readonly nowMs: number },
): Promise<LightState> {
  const term = termOfAnchor(anchor)
  const encoded = (await folder.file(height, HAND_OVERS_FILE, MAX_HAND_OVERS_BYTES)) ?? new Uint8Array(0)
  // The last is that of the anchor's own term.
  const proofs = unpack(encoded).slice(trust.term - term)
  return trust.term >= term ? trust : handOverAll(trust, proofs, rules)
}

async function* chunksOf(folder: SnapshotFolder, { height, depths, stateRoot }: Manifest) {
  const parts = partsOf(depths)
  for (const [index, part] of parts.entries()) {
    const chunk = await folder.chunk(height, index)
    if (chunk === undefined) {
      throw new SmartshareError('SNAPSHOT_MISSING', `chunk ${index} of the snapshot is missing`, { height, index })
    }
    checkChunk(stateRoot, part, chunk)
    yield { index, chunk, parts: parts.length }
  }
}
