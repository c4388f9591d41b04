import type { Block, DelegateSet, Header } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { Logger } from 'pino'
import type { FinalChain } from '../consensus/final-chain.ts'
import type { Executor } from '../execution/executor.ts'
import type { Following } from '../follow/following.ts'
import type { Signer } from '../signer/key-signer.ts'
import { QuarantineWatcher } from './quarantine-watcher.ts'

export interface QuarantinesParts {
  readonly chainId: Uint8Array
  readonly log: Logger
  readonly signer: Signer | null
  readonly finals: FinalChain
  /** Delegates of the running term. */
  readonly set: () => DelegateSet
  /** Says something to all peers. */
  readonly send: (attestation: Uint8Array) => void
  readonly executor: () => Pick<Executor, 'blocked' | 'quarantine'>
  readonly following: () => Pick<Following, 'passOver'>
  /** EXECUTION_KILLED: the node must not go on. */
  readonly onFatal: (error: SmartshareError) => void
}

/** What a node does when a transaction kills its executor, and when final blocks quarantine one. */
export class Quarantines {
  readonly watcher: QuarantineWatcher
  private readonly parts: QuarantinesParts

  constructor(parts: QuarantinesParts) {
    this.parts = parts
    const { chainId, finals, log, send, set, signer } = parts
    this.watcher = new QuarantineWatcher({
      ...{ chainId, log, send, set, signer },
      blockAt: (height) => finals.recentAt(height)?.block,
      settledHeight: () => finals.last?.block.header.rootHeight ?? 0,
    })
  }

  /** The transactions that a final block quarantines fail wherever they are executed, here and, by the order of blocks, everywhere. */
  take({ header, quarantines }: Block): void {
    for (const { height, index } of quarantines) {
      const isNew = this.parts.executor().quarantine({ height, index, carrier: header.height })
      if (isNew) this.parts.log.warn({ height, index, carrier: header.height }, 'a transaction is quarantined')
      this.watcher.noteQuarantine({ height, index })
    }
  }

  /** A transaction killed the executor twice: says so, until a block quarantines it or a quorum shows that it executed it. */
  takeKilled(): void {
    const { blocked } = this.parts.executor()
    if (blocked !== undefined) this.watcher.killed(blocked)
  }

  /** A quorum executed what this machine cannot: then nobody will quarantine it any more. The header is that of a final block in the log. */
  check(header: Header): void {
    const { executor, following, onFatal } = this.parts
    const { blocked } = executor()
    if (blocked === undefined || header.rootHeight < blocked.height) return
    // It is known what they came to: who follows need not execute it.
    if (following().passOver(blocked.height, header)) return
    onFatal(
      new SmartshareError(
        'EXECUTION_KILLED',
        `transaction ${blocked.index} of block ${blocked.height} kills this machine; others executed it, as block ${header.height} shows`,
        { ...blocked },
      ),
    )
  }
}
