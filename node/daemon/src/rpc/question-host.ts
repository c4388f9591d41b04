import { SmartshareError } from '@smartshare/codec'
import { ContractEngine, currentTerm, Host, type Parameters, rulesOf } from '@smartshare/runtime'
import { StateJournal } from '@smartshare/state'
import type { CommittedState, NodeApi } from '../api.ts'

/** The machines of this thread for contracts that questions run: making them costs more than most questions. */
let machines: ContractEngine | undefined

/**
 * Runs `ask` on a host over the latest state as if it were part of the next block; what it changes is thrown away. Throws what
 * `ask` throws.
 */
export function onQuestionHost<T>(
  node: Pick<NodeApi, 'chainId' | 'genesis' | 'state'>,
  ask: (host: Host, state: CommittedState, parameters: Parameters) => T,
): T {
  const state = node.state()
  const { term } = currentTerm(state.reader)
  const { parameters } = rulesOf(state.reader, term, node.genesis.record.parameters)
  const block = {
    chainId: node.chainId,
    term,
    slot: 0,
    height: state.height + 1,
    timeMs: state.timeMs + parameters.slotMs,
    leader: 0,
    accumulator: state.hash,
    basePrice: state.basePrice,
  }
  return withMachines((engine) =>
    ask(new Host(new StateJournal(state.reader), block, parameters, engine), state, parameters),
  )
}

/** Gives `work` the machines, and makes new ones next time if they broke. */
export function withMachines<T>(work: (engine: ContractEngine) => T): T {
  machines ??= new ContractEngine()
  try {
    return work(machines)
  } catch (error) {
    if (!SmartshareError.is(error) || error.code === 'LVM_BROKEN') machines = undefined
    throw error
  }
}
