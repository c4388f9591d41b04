import { checkKnown, rulesOf, storedRules } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import type { Logger } from 'pino'
import type { ProtocolStatus } from '../api.ts'
import type { RecentChanges } from '../execution/recent-changes.ts'
import type { RecentFacts } from '../execution/recent-facts.ts'

type Genesis = Parameters<typeof rulesOf>[2]

/** What it knows of the node. */
interface WatchedNode {
  readonly genesis: { readonly parameters: Genesis }
  readonly log: Logger
  readonly changes: Pick<RecentChanges, 'at' | 'height'>
  readonly facts: Pick<RecentFacts, 'at'>
}

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
  private readonly node: WatchedNode
  private readonly latest: number
  private current: ProtocolStatus
  private term = -1

  /** `latest`: the newest version that this node takes part in. */
  constructor(node: WatchedNode, latest: number) {
    this.node = node
    this.latest = latest
    this.current = { version: 1, latest, next: null }
  }

  /** In memory alone, so that it can be told of a halted node too. */
  get status(): ProtocolStatus {
    return this.current
  }

  /** Looks at the latest executed state. */
  look(): void {
    const { state, term } = this.executed()
    const { genesis, log } = this.node
    const before = this.current
    const isNewTerm = term !== this.term
    this.term = term
    this.current = protocolStatus(state, term, genesis.parameters, this.latest)
    const upgrade = this.current.next
    if (upgrade === null || (!isNewTerm && upgrade.version === before.next?.version)) return
    if (upgrade.version > this.latest) {
      log.warn(
        { ...upgrade, latest: this.latest, terms: upgrade.term - term },
        'a version of the protocol is decided that this node does not know: update it before that term, or it stops there',
      )
    } else log.info({ ...upgrade, terms: upgrade.term - term }, 'a version of the protocol is decided')
  }

  /** Throws PROTOCOL_UNKNOWN if a term cannot be taken part in; a state of long before says nothing of it yet. */
  check(term: number): void {
    const { state, term: executed } = this.executed()
    if (term <= executed + 1) checkKnown(rulesOf(state, term, this.node.genesis.parameters).version, this.latest)
  }

  private executed(): { state: Pick<StateReader, 'get'>; term: number } {
    const { changes, facts } = this.node
    return { state: changes.at(changes.height), term: facts.at(changes.height)!.term }
  }
}
