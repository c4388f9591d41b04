import { record, SmartshareError, u64, uint } from '@smartshare/codec'
import type { Parameters } from '../parameters.ts'

/** A new value of one parameter, by its number in `changeable`. Amounts in grains, gas and steps as they are. */
export interface ParameterChange {
  readonly parameter: number
  readonly value: bigint
}

interface Changeable {
  readonly number: number
  readonly name: keyof Parameters
  readonly least: bigint
  readonly most: bigint
}

export const changeSchema = record({ parameter: uint(255), value: u64 })

/**
 * The parameters that delegates may change, and how far. What is not here only an upgrade of the protocol changes: what
 * pays delegates or makes money (nobody votes on his own pay), what the reserve of a payer rests on between two blocks,
 * times that agreements and stakes were made under, and what an index in the state was built with.
 */
export const changeable: readonly Changeable[] = [
  { number: 1, name: 'leastBasePrice', least: 1n, most: 1_000_000n },
  { number: 2, name: 'mostBasePrice', least: 1_000n, most: 1_000_000_000n },
  { number: 3, name: 'targetBlockGas', least: 1_000_000n, most: 1_000_000_000n },
  { number: 4, name: 'maxTransactionGas', least: 5_000_000n, most: 100_000_000n },
  { number: 5, name: 'maxBlockGas', least: 5_000_000n, most: 1_000_000_000n },
  { number: 6, name: 'maxUncoveredGas', least: 5_000_000n, most: 10_000_000_000n },
  { number: 7, name: 'electionSteps', least: 100n, most: 1_000_000n },
  { number: 8, name: 'tenureStepTerms', least: 1n, most: 1_000_000n },
  { number: 9, name: 'leastBondGrains', least: 100_000_000n, most: 10_000_000_000_000_000n },
  { number: 10, name: 'tokenIssueGrains', least: 1n, most: 100_000_000_000_000n },
]

/** Refuses changes out of order, of a parameter that may not change, or out of its bounds. Throws GOVERNANCE_PARAMETER. */
export function checkChanges(changes: readonly ParameterChange[]): void {
  let last = 0
  for (const { parameter, value } of changes) {
    const known = changeable.find(({ number }) => number === parameter)
    if (known === undefined) throw refused(`parameter ${parameter} cannot be changed by a vote`)
    if (parameter <= last) throw refused('changes stand in ascending order, one for each parameter')
    if (value < known.least || value > known.most) {
      throw refused(`${known.name} must lie in ${known.least} … ${known.most}`)
    }
    last = parameter
  }
}

/** The parameters of genesis with these changes. */
export function withChanges(genesis: Parameters, changes: readonly ParameterChange[]): Parameters {
  if (changes.length === 0) return genesis
  const changed: Record<string, number | bigint> = {}
  for (const { parameter, value } of changes) {
    const { name } = changeable.find(({ number }) => number === parameter)!
    changed[name] = typeof genesis[name] === 'bigint' ? value : Number(value)
  }
  return { ...genesis, ...changed }
}

/** Earlier changes and later ones together: the later value of a parameter counts. */
export function mergeChanges(
  earlier: readonly ParameterChange[],
  later: readonly ParameterChange[],
): ParameterChange[] {
  const byNumber = new Map([...earlier, ...later].map((change) => [change.parameter, change]))
  return [...byNumber.values()].sort((a, b) => a.parameter - b.parameter)
}

/** Refuses parameters that contradict each other. Throws GOVERNANCE_PARAMETER. */
export function checkTogether(parameters: Parameters): void {
  const { leastBasePrice, mostBasePrice, targetBlockGas, maxTransactionGas, maxBlockGas, maxUncoveredGas } = parameters
  if (leastBasePrice > mostBasePrice) throw refused('leastBasePrice would be above mostBasePrice')
  if (targetBlockGas > maxBlockGas) throw refused('targetBlockGas would be above maxBlockGas')
  if (maxTransactionGas > maxBlockGas) throw refused('maxTransactionGas would be above maxBlockGas')
  if (maxBlockGas > maxUncoveredGas) throw refused('maxBlockGas would be above maxUncoveredGas')
}

function refused(message: string): SmartshareError {
  return new SmartshareError('GOVERNANCE_PARAMETER', message)
}
