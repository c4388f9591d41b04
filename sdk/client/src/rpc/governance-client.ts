import { z } from 'zod'
import { decimalAnswer } from './answers.ts'
import type { HttpTransport } from './transport.ts'

const proposalAnswer = z.object({
  proposal: z.int(),
  state: z.enum(['open', 'expired', 'scheduled', 'active', 'rejected']),
  version: z.int(),
  changes: z.array(z.object({ name: z.string(), value: decimalAnswer })),
  activationTerm: z.int(),
  memo: z.string(),
  proposer: z.string(),
  approvals: z.array(z.string()),
  rejections: z.array(z.string()),
})
/** A proposal as it stands now. */
export type ProposalInfo = z.output<typeof proposalAnswer>

const rulesAnswer = z.object({
  height: z.int(),
  term: z.int(),
  version: z.int(),
  delayTerms: z.int(),
  parameters: z.array(z.object({ name: z.string(), value: decimalAnswer, least: decimalAnswer, most: decimalAnswer })),
  next: z.object({ proposal: z.int(), term: z.int(), version: z.int() }).nullable(),
})

/** Questions about what delegates decide together. */
export class GovernanceClient {
  private readonly transport: HttpTransport

  constructor(transport: HttpTransport) {
    this.transport = transport
  }

  /** What is in force, and what is decided. */
  rules() {
    return this.transport.call({ method: 'governance_rules', params: {}, answer: rulesAnswer })
  }

  /** Proposals, the latest first. */
  list(page: { skip?: number; limit?: number } = {}) {
    const answer = z.object({ height: z.int(), proposals: z.array(proposalAnswer) })
    return this.transport.call({ method: 'governance_list', params: { ...page }, answer })
  }

  /** Throws GOVERNANCE_UNKNOWN. */
  get(proposal: number) {
    return this.transport.call({ method: 'governance_get', params: { proposal }, answer: proposalAnswer })
  }
}
