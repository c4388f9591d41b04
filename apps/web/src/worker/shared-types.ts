import type { Approval } from '@smartshare/client'

/** A transaction that collects approvals in this browser. */
export interface StoredProposal {
  readonly id: string
  readonly chainId: string
  readonly account: string
  readonly wire: Uint8Array
  readonly createdMs: number
}

/** How far a proposal is. `ready`: enough keys have signed. `over`: it was executed, or never can be. */
export interface ProposalInfo extends Approval {
  readonly threshold: number
  readonly keys: readonly string[]
  /** Keys of this browser that belong to the account. */
  readonly ownKeys: readonly string[]
  readonly state: 'collecting' | 'ready' | 'done' | 'failed' | 'over'
  /** What the other owners need. */
  readonly text: string
}
