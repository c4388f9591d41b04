import { type Block, headerHash, type ParsedTransaction, parseTransaction } from '@smartshare/chain'
import {
  type ContractEngine,
  type ExecutedBlock,
  executeBlock,
  type Genesis,
  type TransactionWatch,
} from '@smartshare/runtime'
import { StateJournal, type StateReader } from '@smartshare/state'

/** By what blocks are executed. */
export interface ExecutionRules {
  readonly chainId: Uint8Array
  readonly genesis: Genesis
  /** The newest version of the protocol that may be executed. */
  readonly latestVersion: number
  readonly engine: ContractEngine
}

/** What executing a block takes beside the block and the state. */
export interface ExecutionOrder extends ExecutionRules {
  /** Indexes of the transactions that a later block quarantines. */
  readonly quarantined: ReadonlySet<number> | undefined
  /** Is told which transaction runs. */
  readonly watch?: TransactionWatch | undefined
}

/** Executes a final block on the state of its parent, which stays as it is. Throws what breaks a rule of the state. */
export function executeFinal(
  state: StateReader,
  block: Block,
  { chainId, genesis, latestVersion, engine, quarantined, watch }: ExecutionOrder,
): ExecutedBlock & { readonly transactions: readonly ParsedTransaction[] } {
  const { header, rootCertificate } = block
  const transactions = block.transactions.map((wire) => parseTransaction(wire, chainId))
  const ordered = {
    hash: headerHash(header),
    header,
    rootCertificate,
    transactions,
    ...(quarantined && { quarantined }),
  }
  const executed = executeBlock(new StateJournal(state), ordered, genesis.parameters, latestVersion, engine, watch)
  return { ...executed, transactions }
}
