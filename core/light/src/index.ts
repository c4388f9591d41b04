export { checkFinal, checkTrust, type FinalHeader, type LightRules } from './final-header.ts'
export {
  decodeHandOver,
  encodeHandOver,
  type HandOverProof,
  handOver,
  handOverAll,
  membersChanged,
} from './hand-over.ts'
export {
  type EntryProof,
  type ExecutedProof,
  encodeEntryProof,
  encodeExecutedProof,
  encodeReceiptProof,
  type Proven,
  type ReceiptProof,
  verifyEntry,
  verifyExecuted,
  verifyReceipt,
} from './light-proof.ts'
export { agreedState, decodeLightState, encodeLightState, firstState, type LightState } from './light-state.ts'
export * from './limits.ts'
