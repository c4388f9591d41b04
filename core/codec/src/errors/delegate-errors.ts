import { type ErrorTable, REPORT } from './error-table.ts'

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
  SIGNER_CONFLICT: [
    'A statement was asked for that contradicts one that was signed for the same slot, so it was not signed.',
    'Nothing needs to be done after a restart; if it lasts, two nodes use this signer: stop one of them.',
  ],
  SIGNER_FLOOR: [
    'A statement was asked for about a slot or term that is long past, so it was not signed.',
    'Nothing needs to be done: the node is catching up, or another one is ahead of it.',
  ],
  SIGNER_FOLDER: [
    'The folder is no folder of a signer, or is one already.',
    'Make one with `smartshare signer init FOLDER`, in a folder that is new.',
  ],
  SIGNER_FRAME: ['Node and signer do not understand each other.', 'Update whichever of the two is older.'],
  SIGNER_GIVEN_UP: [
    'A signature was asked for so long ago that it is of no use.',
    'Start the signer: `smartshare signer run FOLDER`.',
  ],
  SIGNER_KEY_OPEN: ['Others may read the key of the signer.', 'Let nobody but its owner read the file: chmod 600.'],
  SIGNER_LISTEN: [
    'The signer cannot listen at its socket.',
    'Choose a folder whose path is short (a socket takes about 100 characters) and that may be written.',
  ],
  SIGNER_LOCKED: [
    'Another process signs with this key.',
    'End it; a key has one signer, and any number of nodes may use that one.',
  ],
  SIGNER_OTHER_CHAIN: [
    'Node and signer belong to different networks.',
    'Make a signer with the genesis file of the node: `smartshare signer init`.',
  ],
  SIGNER_OTHER_KEY: ['The signer holds another key than before.', 'Start the node again, with the right signer.'],
  SIGNER_REQUEST: ['Something was to be signed that no delegate states.', REPORT],
  SIGNER_SILENT: [
    'What this key promised is lost, so it signs nothing in a term in which it may have signed.',
    'Let it run: it signs again from the next term on.',
  ],
  SIGNER_UNREACHABLE: [
    'No signer answers at the socket that the node names.',
    'Start it with `smartshare signer run FOLDER`, then start the node again.',
  ],
}
