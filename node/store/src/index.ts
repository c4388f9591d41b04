export { BlockLog, type BlockLogOptions, type LoggedBlock } from './block-log.ts'
export {
  ChainStore,
  type ExecutedFacts,
  type ExecutedHeight,
  type Following,
  type LoadedHeight,
  type StoredHeader,
} from './chain-store.ts'
export { type Disk, type DiskFile, nodeDisk } from './disk.ts'
export {
  checkChunk,
  decodeManifest,
  encodeManifest,
  MAX_CHUNK_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  partsOf,
  readChunk,
} from './snapshot.ts'
export { SnapshotFolder } from './snapshot-folder.ts'
export { writeChunks } from './snapshot-writer.ts'
export { type OpenedStore, openStore } from './store-folder.ts'
export { type OpenedVoteLog, VoteLog } from './vote-log.ts'
