import { commitmentIn, type Evidence, type ParsedTransaction, type SignedCommitment } from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import { findRun, witnessesOf } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'

/** Commitments that are remembered, the latest: those of a dozen heavy calls of the largest set. */
const MOST_REMEMBERED = 4_096

interface CommitmentWatchParts {
  /** The latest executed state. */
  readonly state: () => Pick<StateReader, 'get'>
  readonly onEvidence: (evidence: Evidence) => void
}

/**
 * Compares what delegates commit to of heavy calls, on whatever way it comes by: a delegate that says different things to
 * different nodes is found out although only one of them reaches the chain.
 */
export class CommitmentWatch {
  private readonly parts: CommitmentWatchParts
  /** The first commitment of a delegate to a job, by both. */
  private readonly first = new Map<string, SignedCommitment>()

  constructor(parts: CommitmentWatchParts) {
    this.parts = parts
  }

  /** Whether a transaction that is refused should be looked at all the same, once its signatures are found to hold. */
  wants(transaction: ParsedTransaction): boolean {
    const said = commitmentIn(transaction)
    return said !== undefined && this.contradicted(said) !== undefined
  }

  /** Takes a transaction whose signatures hold. */
  take(transaction: ParsedTransaction): void {
    const said = commitmentIn(transaction)
    if (said === undefined) return
    const first = this.contradicted(said)
    if (first !== undefined) this.parts.onEvidence({ kind: 'commitments', first, second: said })
    else if (!this.first.has(nameOf(said)) && this.mayCommit(said)) this.remember(said)
  }

  /** What the delegate said before, if it was something else. */
  private contradicted(said: SignedCommitment): SignedCommitment | undefined {
    const first = this.first.get(nameOf(said))
    return first === undefined || equalBytes(first.commitment, said.commitment) ? undefined : first
  }

  /** Strangers commit to nothing. */
  private mayCommit({ job, term, transaction }: SignedCommitment): boolean {
    const state = this.parts.state()
    const run = findRun(state, job)
    if (run === undefined || run.term !== term) return false
    return witnessesOf(state, run).some(({ address }) => equalBytes(address, transaction.from))
  }

  private remember(said: SignedCommitment): void {
    this.first.set(nameOf(said), said)
    const [oldest] = this.first.keys()
    if (this.first.size > MOST_REMEMBERED) this.first.delete(oldest as string)
  }
}

function nameOf({ job, term, transaction }: SignedCommitment): string {
  return `${job}/${term}/${toHex(transaction.from)}`
}
