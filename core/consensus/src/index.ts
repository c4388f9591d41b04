export { compactLog } from './compact.ts'
export {
  type ConsensusConfig,
  historyHeaders,
  MAX_PAGE_BLOCKS,
  MAX_PAGE_BYTES,
  PAGE_BLOCKS,
  type SignatureScheme,
} from './config.ts'
export type {
  Ask,
  BaseBlock,
  Effect,
  Event,
  HeaderTemplate,
  Link,
  LogRecord,
  Message,
  MisbehaviourCode,
  Page,
  Recipient,
  SignRequest,
  StartEvent,
  TermStart,
  Verdict,
} from './events.ts'
export { orderOfRound } from './order.ts'
export { signedHash } from './signing.ts'
export type { State as ConsensusState } from './state.ts'
export { createConsensus, positionOf, step } from './step.ts'
export { genesisTerm, termAfter } from './terms.ts'
export { type CheckedTurn, TurnChecker, type TurnState } from './turns.ts'
export { decodeMessage, decodeRecord, encodeMessage, encodeRecord, MAX_MESSAGE_BYTES } from './wire.ts'
