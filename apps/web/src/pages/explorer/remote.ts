// Run in the worker: what the explorer asks of an index, and what it works out from what nodes prove.
export { addressOf, ask } from './remote/index-questions.ts'
export { events } from './remote/node-events.ts'
export { block, transaction } from './remote/proofs.ts'
export { rounds } from './remote/rounds.ts'
export { find } from './remote/search.ts'
export { supply } from './remote/supply.ts'
