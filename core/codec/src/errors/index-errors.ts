import type { ErrorTable } from './error-table.ts'

const LATER = 'Try again in a few seconds.'
const OPERATOR = 'Nothing needs to be done: the indexer tries again. If it stays, read its log.'

/** The index of history, search and charts. */
export const indexErrors: ErrorTable = {
  INDEX_BLOCK: [
    'A node answers a block that does not follow the last one in the index, or does not fit its receipts.',
    'Follow another node with `--node`; if all answer alike, run `smartshare indexer rebuild`.',
  ],
  INDEX_BROKEN: ['The indexer failed for a reason of its own.', OPERATOR],
  INDEX_BUSY: ['More questions or files at a time than the indexer works on.', LATER],
  INDEX_CHAIN: [
    'A database of an index, or the node that it follows, is of another network.',
    'Name the right node or another folder or database; `smartshare indexer rebuild` begins the database anew.',
  ],
  INDEX_CONFLICT: [
    'A database of an index was written to by something else.',
    'Run one indexer for each database. The indexer goes on from where the database stands.',
  ],
  INDEX_CURSOR: ['A cursor that is not of this list.', 'Use `next` of the page before, as it is.'],
  INDEX_DATABASE: ['The database of an index refuses a statement, or is not reached.', OPERATOR],
  INDEX_LOCKED: [
    'Another indexer uses the same folder or database.',
    'Stop the other one first, or give this one a place of its own with `--dir` or `--postgres`.',
  ],
  INDEX_NOT_FOUND: [
    'A question to an indexer about something that its index does not have.',
    'Check the number, hash or address; if it is new, ask again once the index has its block.',
  ],
  INDEX_QUERY: ['A question that an indexer does not understand.', 'See /openapi.json of the indexer.'],
  INDEX_RATE: [
    'More questions in a minute than one address may ask.',
    'Ask less often, or run an indexer of your own.',
  ],
  INDEX_STARTING: ['An index that has no block yet.', LATER],
  INDEX_TIMEOUT: ['A question that took the database too long.', 'Ask for a smaller page or a shorter span.'],
  INDEX_UNREACHABLE: [
    'No indexer answers at an address.',
    'Check the address; `smartshare devnet status` shows that of the local network.',
  ],
  INDEX_URL: ['Not the address of an indexer.', 'Use one like http://127.0.0.1:21910.'],
  INDEX_VERSION: [
    'A database of an index that was made by a later version.',
    'Use that version, or begin the database anew with `smartshare indexer rebuild`.',
  ],
}
