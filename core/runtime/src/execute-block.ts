import {
  type Certificate,
  encodeReceipt,
  type Header,
  type ParsedTransaction,
  receiptsRoot,
  STATUS_DONE,
} from '@smartshare/chain'
import { amount, decode, SmartshareError } from '@smartshare/codec'
import type { StateChange, StateJournal } from '@smartshare/state'
import { ContractEngine } from './contracts/engine.ts'
import { payBlock } from './delegates/term.ts'
import { executeTransaction } from './execute-transaction.ts'
import { checkKnown, LATEST_VERSION, rulesOf } from './governance/rules.ts'
import { Host } from './host.ts'
import { noteLoad } from './load/load.ts'
import { modules } from './modules.ts'
import type { Parameters } from './parameters.ts'
import { isBalanceKey } from './tokens/balances.ts'
import { checkTokenSupplies } from './tokens/coins.ts'

/** A final block, ready to be executed. */
export interface OrderedBlock {
  readonly hash: Uint8Array
  readonly header: Header
  readonly rootCertificate: Certificate | null
  readonly transactions: readonly ParsedTransaction[]
  /** Indexes of the transactions that a later block quarantines. */
  readonly quarantined?: ReadonlySet<number>
}

/** Who wants to know which transaction of a block runs, in case it never comes back. */
export interface TransactionWatch {
  begins(index: number): void
  /** The last transaction is done. */
  ended(): void
}

export interface ExecutedBlock {
  /** Encoded receipts in the order of the transactions; the block's own is the last. */
  readonly receipts: Uint8Array[]
  readonly receiptsRoot: Uint8Array
  readonly gasUsed: number
  readonly changes: StateChange[]
}

/**
 * The state transition: executes a final block on `journal`, which stands on the state of its parent, by the rules that are
 * in force in its term. `genesis` are the parameters that the network began with. Throws PROTOCOL_UNKNOWN for a version
 * above `latestVersion`. `engine` keeps loaded contracts from block to block; `watch` is told which transaction runs.
 */
export function executeBlock(
  journal: StateJournal,
  block: OrderedBlock,
  genesis: Parameters,
  latestVersion: number = LATEST_VERSION,
  engine: ContractEngine = new ContractEngine(),
  watch?: TransactionWatch,
): ExecutedBlock {
  const { header } = block
  const { version, parameters } = rulesOf(journal, header.term, genesis)
  checkKnown(version, latestVersion)
  const host = new Host(journal, header, parameters, engine)
  host.runsJobs = true
  for (const module of modules) module.beginBlock?.(host)
  const ownEvents = host.events

  const receipts: Uint8Array[] = []
  let fees = 0n
  let gasUsed = 0
  for (const [index, tx] of block.transactions.entries()) {
    const isQuarantined = block.quarantined?.has(index) === true
    if (!isQuarantined) watch?.begins(index)
    const outcome = executeTransaction(host, tx, header.basePrice, modules, isQuarantined)
    receipts.push(outcome.receipt)
    fees += outcome.feeGrains
    gasUsed += outcome.gasUsed
  }
  if (block.transactions.length > 0) watch?.ended()

  host.events = ownEvents
  payBlock(host, fees, block.rootCertificate)
  noteLoad(host, gasUsed)
  for (const module of modules) module.endBlock?.(host)
  receipts.push(
    encodeReceipt({
      transactionId: block.hash,
      status: STATUS_DONE,
      gasUsed,
      feeGrains: fees,
      payer: NOBODY,
      events: host.events,
      error: null,
    }),
  )
  const changes = journal.changes()
  checkSupply(changes)
  checkTokenSupplies(changes)
  return { receipts, receiptsRoot: receiptsRoot(receipts), gasUsed, changes }
}

const NOBODY = new Uint8Array(32)

/** The invariant of money: what a block adds to some balances it takes from others. Throws STATE_SUPPLY. */
function checkSupply(changes: readonly StateChange[]): void {
  let difference = 0n
  for (const { key, value, previous } of changes) {
    if (!isBalanceKey(key)) continue
    if (value !== null) difference += decode(amount, value)
    if (previous !== undefined) difference -= decode(amount, previous)
  }
  if (difference === 0n) return
  throw new SmartshareError('STATE_SUPPLY', `the block would change the supply by ${difference} grains`)
}
