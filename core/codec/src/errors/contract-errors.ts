import type { ErrorTable } from './error-table.ts'

/** What calling and publishing contracts throws. */
export const contractErrors: ErrorTable = {
  ABI_SIGNATURE: [
    'A contract declares a method or event in a form that cannot be read.',
    'Write it like `name(parameter: type, …): type`.',
  ],
  ABI_TYPE: [
    'A type does not exist.',
    'Use integer, number, boolean, string, bytes, address, amount or any, with [] and ?.',
  ],
  ABI_VALUE: [
    'A value does not fit the type that the method or event declares.',
    'Compare it with the ABI of the contract.',
  ],
  CONTRACT_ATTEMPTS: [
    'What `contract.pcall` began did not end, or in another order: a coroutine left it in the middle.',
    'Do not yield out of `contract.pcall`.',
  ],
  CONTRACT_BUSY: [
    'A heavy call of the contract is being computed; until its result is certified nothing else may write.',
    'Wait for the event jobDone; views still answer. After its deadline any call, or `contracts.expireJob`, ends it.',
  ],
  CONTRACT_DEPTH: ['Contracts call each other too deep.', 'Make fewer calls inside each other.'],
  CONTRACT_FAILED: [
    'The contract refused the call or failed; the message is its own.',
    'Read the message; the source is on the chain.',
  ],
  CONTRACT_FUNDS: ['Money was sent with a method that takes none.', 'Call a payable method, or send no money.'],
  CONTRACT_HEAVY: ['A contract called a heavy method of a contract.', 'Call it by a transaction.'],
  CONTRACT_MEMORY: ['The call needed more memory than a contract has.', 'Work in smaller pieces.'],
  CONTRACT_METHOD: ['The contract has no such method, or not of this kind.', 'Look at its ABI.'],
  CONTRACT_PAUSED: [
    'Whom the rules of the contract allow to has paused it.',
    'Wait until it goes on; views still answer.',
  ],
  CONTRACT_REENTRANT: [
    'A contract was called again while a call of it was under way.',
    'Declare the method with { reentrant = true } if that is safe.',
  ],
  CONTRACT_RESULT: ['A method returned a value of another type than it declares.', 'Correct the contract.'],
  CONTRACT_RULE: [
    'The rules of the contract do not allow this to this account.',
    'They were fixed when it was published.',
  ],
  CONTRACT_SOURCE: ['The source of a contract does not load.', 'The message names the line.'],
  CONTRACT_SOURCE_HASH: [
    'The source that a node shows is not the one that runs: its hash is another than in the record of the contract.',
    'Do not believe it; ask another node.',
  ],
  CONTRACT_STATE: ['A name, key or value is nothing that contracts can store.', 'The message says what is allowed.'],
  CONTRACT_UNKNOWN: ['There is no contract at this address.', 'Check the address and the network.'],
  CONTRACT_UPGRADE: ['The upgrade was not announced, or its time has not come.', 'Announce it first, then wait.'],
  CONTRACT_VIEW_LIMIT: [
    'A view needs more gas, or answers with more bytes, than a node gives to one question.',
    'Ask for a smaller part; let the view take a range.',
  ],
  HEAVY_ALONE: [
    'A delegate committed to a result of a heavy call in a transaction with other calls.',
    'Send the commitment in a transaction of its own.',
  ],
  HEAVY_DEADLINE: [
    'The time of a heavy call is over, or it is not over yet.',
    'Its event jobBegan says the last height at which it can be certified.',
  ],
  HEAVY_DEPOSIT: [
    'A heavy call stored more bytes than the deposit of its method pays for.',
    'Store less, or publish the method with a larger deposit.',
  ],
  HEAVY_DIVERGED: [
    'This node computed another result of a heavy call than a quorum of delegates certified. It stops, since either of them is wrong.',
    'Compare versions and builds with others; check the memory of the machine; start again with a sound one.',
  ],
  HEAVY_FULL: ['Too many heavy calls wait.', 'Try again when some of them are done.'],
  HEAVY_OPENING: [
    'A delegate opened a result that it did not commit to.',
    'Open exactly what was committed, with the same salt.',
  ],
  HEAVY_PHASE: [
    'A result is committed after others were opened, or opened while others are still committed.',
    'Commit within the time that the quorum needed twice; open from `openHeight` on.',
  ],
  HEAVY_REPEATED: ['The delegate said this of the job already.', 'Nothing is to be done.'],
  HEAVY_SEAT: [
    'Only delegates of the term in which a heavy call began attest its result, and none that are convicted.',
    'Send it from the account of such a delegate.',
  ],
  HEAVY_SIZE: [
    'A heavy call needs more gas than the network allows, or writes or says more than one transaction can pack.',
    'Split the work.',
  ],
  HEAVY_UNKNOWN: [
    'There is no such heavy call, it waits behind another one, or it is done.',
    'Look for its events jobBegan, jobDone, jobFrozen and jobExpired.',
  ],
  EVENTS_FULL: ['A transaction says more events than a receipt holds.', 'Say fewer, or split the work.'],
}
