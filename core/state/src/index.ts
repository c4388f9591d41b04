export { MemoryState } from './memory-state.ts'
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
