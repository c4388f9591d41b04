import {
  FINAL,
  type Header,
  headerHash,
  NO_VALUE,
  nextAccumulator,
  PROPOSE,
  SKIP,
  statementHash,
  type Vote,
} from '@smartshare/chain'
import { toHex } from '@smartshare/crypto'
import type { ConsensusConfig } from '../config.ts'
import type { Message, Recipient } from '../events.ts'
import type { Instance } from '../state.ts'
import type { Misdeed } from './options.ts'
import type { Random } from './random.ts'

/** How much later the messages of an outdated node leave. */
const OUTDATED_MS = 3000

/** What a traitor makes of a message that its node wants to send. */
export interface Sending {
  readonly to: Recipient
  readonly message: Message
  readonly extraMs: number
  /** Chance that one recipient gets it. */
  readonly share: number
}

/** Bends the messages of a node that runs the real protocol inside. */
export function misbehave(
  misdeed: Misdeed,
  config: ConsensusConfig,
  random: Random,
  to: Recipient,
  message: Message,
  instance: Instance | null,
): Sending[] {
  const plain: Sending = { to, message, extraMs: 0, share: 1 }
  switch (misdeed) {
    case 'silent':
      return []
    case 'twins':
      return [{ ...plain, share: 0.5 }]
    case 'outdated':
      return [{ ...plain, extraMs: random.between(0, OUTDATED_MS) }]
    case 'withholder':
      if (message.type === 'certificates') return []
      return message.type === 'votes' ? [{ ...plain, message: withoutFinals(message) }] : [plain]
    case 'forger':
      return [random.chance(0.5) ? { ...plain, message: forge(message, random) } : plain]
    case 'forker': {
      const forked = message.type === 'proposal' && instance !== null ? fork(message, config, instance) : null
      return forked === null
        ? [plain]
        : [
            { ...plain, share: 0.5 },
            { ...plain, message: forked },
          ]
    }
    case 'skipper':
      return message.type === 'votes' ? [plain, { ...plain, message: skipAll(message, config) }] : [plain]
    default:
      return [plain]
  }
}

type Votes = Extract<Message, { type: 'votes' }>

function withoutFinals(message: Votes): Votes {
  return { ...message, votes: message.votes.filter(({ kind }) => kind !== FINAL) }
}

function skipAll(message: Votes, config: ConsensusConfig): Votes {
  const votes = message.votes.map((vote): Vote => {
    const { term, slot } = vote
    const statement = statementHash({ chainId: config.chainId, term, slot, kind: SKIP, value: NO_VALUE })
    const signature = config.scheme.sign(config.secretKey!, statement)
    return { ...vote, kind: SKIP, value: NO_VALUE, signature }
  })
  return { ...message, votes }
}

function forge(message: Message, random: Random): Message {
  const spoil = <T extends { signature: Uint8Array }>(signed: T): T => {
    const signature = signed.signature.slice()
    signature[random.between(0, signature.length - 1)]! ^= 1 << random.between(0, 7)
    return { ...signed, signature }
  }
  if (message.type === 'votes') return { ...message, votes: message.votes.map(spoil) }
  if (message.type === 'certificates') return { ...message, certificates: message.certificates.map(spoil) }
  return message
}

/** The same turn used for a block on the grandparent; null where there is none above the last final block. */
function fork(
  message: Extract<Message, { type: 'proposal' }>,
  config: ConsensusConfig,
  instance: Instance,
): Message | null {
  const { header } = message.block
  const parent = instance.entries.get(toHex(header.parent))
  const grandparent = parent?.parent
  if (!parent || !grandparent || parent === instance.tip) return null
  const forked: Header = {
    ...header,
    parent: grandparent.hash,
    height: grandparent.height + 1,
    accumulator: nextAccumulator(grandparent.accumulator, header.reveal),
  }
  const { chainId, scheme, secretKey } = config
  const { term, slot } = header
  const statement = statementHash({ chainId, term, slot, kind: PROPOSE, value: headerHash(forked) })
  const proposal = scheme.sign(secretKey!, statement)
  return { ...message, block: { ...message.block, header: forked, proposal } }
}
