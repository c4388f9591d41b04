import { record, uint } from '@smartshare/codec'
import { mulDiv } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { type StateWriter, Table } from '../table.ts'
import { DELEGATES } from './registry.ts'

// Who sits long earns less, so that new delegates are worth voting for. Rank is untouched.

/** Thousandths of pay that each step of tenure takes away, and the most that all of them do. */
const LOSS_PER_STEP = 20
const MOST_LOSS = 200
const MOST_STEPS = MOST_LOSS / LOSS_PER_STEP

/** Terms of service that weigh on pay, as they stood after a term in which the delegate had a seat. */
interface Tenure {
  terms: number
  lastTerm: number
}

const tenures = new Table<Tenure>(DELEGATES, 18, record({ terms: uint(), lastTerm: uint() }))

/** What a delegate gets of what its seat earned in a term, in grains; its tenure grows by that term. */
export function payForTerm(
  writer: StateWriter,
  { address, term, earned, stepTerms }: { address: Uint8Array; term: number; earned: bigint; stepTerms: number },
): bigint {
  const terms = tenureAt(writer, address, term)
  const steps = Math.min(Math.floor(terms / stepTerms), MOST_STEPS)
  // It grows no further than it counts, so that absence is felt at once.
  tenures.set(writer, { terms: Math.min(terms + 1, MOST_STEPS * stepTerms), lastTerm: term }, address)
  return mulDiv(earned, BigInt(1000 - steps * LOSS_PER_STEP), 1000n)
}

/** The last term at whose end the delegate had a seat; undefined if it never did. */
export function lastTermServed(reader: Pick<StateReader, 'get'>, address: Uint8Array): number | undefined {
  return tenures.get(reader, address)?.lastTerm
}

/**
 * Terms that weigh on the pay for this term: those served before it, less one for each term without a seat. If a break
 * forgave all at once, a delegate would earn more by leaving for a day now and then.
 */
function tenureAt(reader: Pick<StateReader, 'get'>, address: Uint8Array, term: number): number {
  const before = tenures.get(reader, address)
  if (before === undefined) return 0
  return Math.max(0, before.terms - (term - before.lastTerm - 1))
}
