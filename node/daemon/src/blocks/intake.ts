import { type ParsedTransaction, parseTransaction } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { GossipVerdict } from '@smartshare/link'
import { checkAdmission, type Parameters } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import type { SubmitOutcome } from '../api.ts'
import type { CommitmentWatch } from '../evidence/commitment-watch.ts'
import { MEMPOOL_LIMITS, type Mempool } from './mempool.ts'
import type { SignaturePool } from './signature-pool.ts'

/** Bytes of one gossiped batch. */
const MOST_BATCH_BYTES = 512 * 1024
const MOST_BATCH_TRANSACTIONS = 500

interface Latest {
  readonly state: Pick<StateReader, 'get'>
  readonly height: number
  readonly basePrice: bigint
  readonly parameters: Parameters
}

export interface IntakeParts {
  readonly chainId: Uint8Array
  readonly mempool: Mempool
  readonly signatures: SignaturePool
  /** The latest executed state and the block that comes next. */
  readonly latest: () => Latest
  /** True if a transaction is executed already. */
  readonly isExecuted: (id: Uint8Array) => boolean
  readonly gossip: (wires: readonly Uint8Array[]) => void
  readonly commitments: Pick<CommitmentWatch, 'wants' | 'take'>
}

/** `witness`: it is refused, and yet what it says may convict who signed it. */
type Sorted =
  | { tx: ParsedTransaction }
  | { known: Uint8Array }
  | { error: SmartshareError; witness?: ParsedTransaction }

/** The way of a transaction into the mempool, whether a client submits it or a peer passes it on. */
export class Intake {
  private readonly parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.parts = parts
  }

  /** Checks and admits what a client submits, and passes on what is new. */
  async submit(wires: readonly Uint8Array[]): Promise<SubmitOutcome[]> {
    const sorted = this.sortAll(wires)
    const outcomes = await this.admit(sorted)
    const fresh = sorted.flatMap((one, i) => ('tx' in one && outcomes[i] === undefined ? [one.tx.wire] : []))
    for (const batch of batches(fresh)) this.parts.gossip(batch)
    return sorted.map((one, i) => {
      const error = outcomes[i] ?? ('error' in one ? one.error : undefined)
      if (error !== undefined) return { error: error.toPlain() }
      return { id: 'tx' in one ? one.tx.id : (one as { known: Uint8Array }).known }
    })
  }

  /** Judges a gossiped batch: what no honest node passes on is held against the sender. */
  async judge(wires: readonly Uint8Array[]): Promise<GossipVerdict> {
    const sorted = this.sortAll(wires)
    const outcomes = await this.admit(sorted)
    const errors = sorted.map((one, i) => outcomes[i] ?? ('error' in one ? one.error : undefined))
    if (errors.some((error) => error !== undefined && isJunk(error.code))) return 'reject'
    const fresh = sorted.some((one, i) => 'tx' in one && errors[i] === undefined)
    return fresh ? 'accept' : 'ignore'
  }

  /**
   * Transactions of a final block are executed: they leave the mempool, and what was said in them is compared with what came
   * otherwise.
   */
  settle(transactions: readonly ParsedTransaction[], height: number): void {
    const { commitments, mempool } = this.parts
    for (const transaction of transactions) {
      const { from, body } = transaction
      mempool.forgetBelow(from, body.lane, body.nonce + 1n)
      commitments.take(transaction)
    }
    mempool.expire(height + 1)
  }

  private sortAll(wires: readonly Uint8Array[]): Sorted[] {
    const latest = this.parts.latest()
    return wires.map((wire) => this.sort(wire, latest))
  }

  /** Everything but the signatures. */
  private sort(wire: Uint8Array, { state, height, basePrice, parameters }: Latest): Sorted {
    const { mempool, chainId, commitments, isExecuted } = this.parts
    let tx: ParsedTransaction | undefined
    try {
      // What arrives may be a view into a large message: what is kept has its own bytes.
      tx = parseTransaction(Uint8Array.from(wire), chainId)
      if (mempool.has(tx.id)) return { known: tx.id }
      checkAdmission(tx, state, { height, basePrice }, parameters, MEMPOOL_LIMITS.mostPerLane)
      // Before its signatures: what the mempool would refuse must not cost more than to read it.
      mempool.check(tx)
      return { tx }
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
      if (tx === undefined) return { error }
      // What was executed is refused for its nonce; only then is it worth a look at the disk.
      if (isExecuted(tx.id)) return { known: tx.id }
      return commitments.wants(tx) ? { error, witness: tx } : { error }
    }
  }

  /** Checks signatures and adds to the mempool; an error for each that was refused. */
  private async admit(sorted: readonly Sorted[]): Promise<(SmartshareError | undefined)[]> {
    const outcomes: (SmartshareError | undefined)[] = sorted.map(() => undefined)
    const places = sorted.flatMap(toCheck)
    if (places.length === 0) return outcomes
    let good: boolean[]
    try {
      good = await this.parts.signatures.check(places.map(({ tx }) => tx))
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
      for (const { i, refused } of places) outcomes[i] = refused ?? error
      return outcomes
    }
    for (const [at, { tx, i, refused }] of places.entries()) {
      try {
        if (!good[at]) throw new SmartshareError('TX_SIGNATURE', 'a signature does not hold')
        this.parts.commitments.take(tx)
        if (refused !== undefined) throw refused
        this.parts.mempool.add(tx)
      } catch (error) {
        if (!SmartshareError.is(error)) throw error
        // The same transaction came twice while its signatures were checked: that is no error.
        if (error.code !== 'TX_KNOWN') outcomes[i] = error
      }
    }
    return outcomes
  }
}

interface Place {
  readonly tx: ParsedTransaction
  readonly i: number
  /** Why it is refused in any case. */
  readonly refused: SmartshareError | undefined
}

/** What of it has signatures that are to be checked. */
function toCheck(one: Sorted, i: number): Place[] {
  if ('tx' in one) return [{ tx: one.tx, i, refused: undefined }]
  return 'error' in one && one.witness !== undefined ? [{ tx: one.witness, i, refused: one.error }] : []
}

/** Codes of what an honest node never passes on, whatever it knows of the state. */
function isJunk(code: string): boolean {
  return code.startsWith('CODEC_') || ['TX_SIGNATURE', 'TX_FORM', 'TX_TOO_LARGE', 'TX_OTHER_CHAIN'].includes(code)
}

function* batches(wires: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let sizeBytes = 0
  for (const wire of wires) {
    if (batch.length > 0 && (sizeBytes + wire.length > MOST_BATCH_BYTES || batch.length >= MOST_BATCH_TRANSACTIONS)) {
      yield batch
      batch = []
      sizeBytes = 0
    }
    batch.push(wire)
    sizeBytes += wire.length
  }
  if (batch.length > 0) yield batch
}
