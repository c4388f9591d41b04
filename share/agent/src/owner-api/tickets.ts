import { randomBytes } from 'node:crypto'
import { SmartshareError } from '@smartshare/codec'

const TICKET_BYTES = 32
const VALID_MS = 60_000
const MAX_TICKETS = 256

/** What a ticket lets a browser have. */
export interface Ticketed {
  readonly object: string
  /** Shown in the browser instead of saved. */
  readonly isShown: boolean
}

/**
 * Addresses that give one object once. A browser opens them by itself, so that it saves a file of any size without the app
 * holding its bytes; it sends no token then.
 */
export class Tickets {
  private readonly open = new Map<string, Ticketed & { readonly untilMs: number }>()

  issue(what: Ticketed): { ticket: string; untilMs: number } {
    const nowMs = Date.now()
    for (const [ticket, { untilMs }] of this.open) if (untilMs <= nowMs) this.open.delete(ticket)
    const [oldest] = this.open.keys()
    if (this.open.size >= MAX_TICKETS && oldest !== undefined) this.open.delete(oldest)
    const ticket = randomBytes(TICKET_BYTES).toString('base64url')
    const untilMs = nowMs + VALID_MS
    this.open.set(ticket, { ...what, untilMs })
    return { ticket, untilMs }
  }

  /** Throws AGENT_TICKET for one that is unknown, used or too old. */
  redeem(ticket: string): Ticketed {
    const found = this.open.get(ticket)
    this.open.delete(ticket)
    if (found !== undefined && found.untilMs > Date.now()) return found
    throw new SmartshareError('AGENT_TICKET', 'this address has been used, or is too old')
  }
}
