export type { ConsensusConfig, SignatureScheme } from './config.ts'
export type {
  Ask,
  BaseBlock,
  Effect,
  Event,
  Evidence,
  HeaderTemplate,
  Link,
  LogRecord,
  Message,
  MisbehaviourCode,
  Page,
  Recipient,
  StartEvent,
  TermStart,
  Verdict,
} from './events.ts'
