import type { ErrorTable } from './error-table.ts'

/** Governance and the signer: what whoever runs a delegate meets. */
export const delegateErrors: ErrorTable = {
  GOVERNANCE_BUSY: [
    'The vote would decide a proposal while another decided one waits for its term.',
    'Vote again once that one is in force (`smartshare governance list`).',
  ],
  GOVERNANCE_CLOSED: [
    'Votes on this proposal are closed: it is expired, rejected, in force, or its activation is one term away.',
    'Propose it anew with a later activation term.',
  ],
  GOVERNANCE_EMPTY: ['A proposal that changes nothing.', 'Name a newer version, or parameters with their new values.'],
  GOVERNANCE_OPEN: [
    'This delegate has a proposal that is still open.',
    'Wait until it is decided or expired, or let another delegate propose.',
  ],
  GOVERNANCE_PARAMETER: [
    'A change of a parameter that no vote may change, out of its bounds, or in contradiction to another parameter.',
    'See docs/spec/chain.md, "Governance", for the parameters and their bounds.',
  ],
  GOVERNANCE_SEAT: [
    'Only delegates of the running term propose and vote.',
    'Use the wallet of a delegate that has a seat (`smartshare delegates`).',
  ],
  GOVERNANCE_TERM: [
    'An activation term that is too near or too far.',
    'Choose a term within the range that the message names.',
  ],
  GOVERNANCE_UNKNOWN: ['There is no such proposal.', 'See `smartshare governance list`.'],
  GOVERNANCE_VERSION: ['A version below the one in force or decided.', 'Name that version or a newer one.'],
  GOVERNANCE_VOTED: ['This delegate has voted so already.', 'Nothing needs to be done: the vote counts.'],
}
