export { keyText } from './key-text.ts'
export { MemoryState } from './memory-state.ts'
export type { NewPage } from './page-batch.ts'
export {
  decodeProof,
  encodeProof,
  MOST_PROOF_BYTES,
  type ProofLeaf,
  pathOf,
  type StateProof,
  verifyProof,
} from './proof.ts'
export { MOST_CHECKPOINTS, StateJournal } from './state-journal.ts'
export {
  MOST_KEY_BYTES,
  MOST_VALUE_BYTES,
  prefixEnd,
  type RangeOptions,
  type StateChange,
  type StateEntry,
  type StateReader,
} from './state-reader.ts'
export {
  type AppliedChanges,
  MOST_PENDING_HEIGHTS,
  type PageStore,
  StateTree,
  type StateTreeOptions,
} from './state-tree.ts'
export { type PageName, pageText } from './tree-page.ts'
export { comparePaths, isInPart, MOST_PART_DEPTH, type StatePart, verifyPart } from './tree-part.ts'
export { provePart } from './tree-prove.ts'
export type { TreeChange } from './tree-update.ts'
