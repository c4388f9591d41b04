import { checkKnown, rulesOf, storedRules } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import type { Logger } from 'pino'
import type { ProtocolStatus } from './api.ts'

type Genesis = Parameters<typeof rulesOf>[2]

/** Versions of the protocol as a state of `term` tells them. */
export function protocolStatus(
  state: Pick<StateReader, 'get'>,
  term: number,
  genesis: Genesis,
  latest: number,
): ProtocolStatus {
  const { version } = rulesOf(state, term, genesis)
  const { next } = storedRules(state)
  const isUpgrade = next !== null && next.term > term && next.rules.version > version
  return { version, latest, next: isUpgrade ? { version: next.rules.version, term: next.term } : null }
}

/**
 * Knows which version of the protocol runs and which one is decided, and says with every term, from the decision on, that
 * this node is too old for what comes.
 */
export class ProtocolWatch {
  private readonly latest: number
  private readonly genesis: Genesis
  private readonly log: Logger
  private current: ProtocolStatus
  private term = -1

  /** `latest`: the newest version that this node takes part in. */
  constructor(latest: number, genesis: Genesis, log: Logger) {
    this.latest = latest
    this.genesis = genesis
    this.log = log
    this.current = { version: 1, latest, next: null }
  }

  /** In memory alone, so that it can be told of a halted node too. */
  get status(): ProtocolStatus {
    return this.current
  }

  /** Looks at the latest executed state, of `term`. */
  look(state: Pick<StateReader, 'get'>, term: number): void {
    const before = this.current
    const isNewTerm = term !== this.term
    this.term = term
    this.current = protocolStatus(state, term, this.genesis, this.latest)
    const upgrade = this.current.next
    if (upgrade === null || (!isNewTerm && upgrade.version === before.next?.version)) return
    if (upgrade.version > this.latest) {
      this.log.warn(
        { ...upgrade, latest: this.latest, terms: upgrade.term - term },
        'a version of the protocol is decided that this node does not know: update it before that term, or it stops there',
      )
    } else this.log.info({ ...upgrade, terms: upgrade.term - term }, 'a version of the protocol is decided')
  }

  /** Throws PROTOCOL_UNKNOWN if a term cannot be taken part in, as far as `state` tells. */
  check(state: Pick<StateReader, 'get'>, term: number): void {
    checkKnown(rulesOf(state, term, this.genesis).version, this.latest)
  }
}
