import { type Block, headerHash, type ParsedTransaction, parseTransaction } from '@smartshare/chain'
import { type ContractEngine, type ExecutedBlock, executeBlock, type Genesis } from '@smartshare/runtime'
import { StateJournal, type StateReader } from '@smartshare/state'

/** What executing a block takes beside the block and the state. */
export interface ExecutionRules {
  readonly chainId: Uint8Array
  readonly genesis: Genesis
  /** The newest version of the protocol that may be executed. */
  readonly latestVersion: number
  readonly engine: ContractEngine
}

/** Executes a final block on the state of its parent, which stays as it is. Throws what breaks a rule of the state. */
export function executeFinal(
  state: StateReader,
  block: Block,
  { chainId, genesis, latestVersion, engine }: ExecutionRules,
): ExecutedBlock & { readonly transactions: readonly ParsedTransaction[] } {
  const { header, rootCertificate } = block
  const transactions = block.transactions.map((wire) => parseTransaction(wire, chainId))
  const ordered = { hash: headerHash(header), header, rootCertificate, transactions }
  const executed = executeBlock(new StateJournal(state), ordered, genesis.parameters, latestVersion, engine)
  return { ...executed, transactions }
}
