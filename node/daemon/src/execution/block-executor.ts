import {
  type Block,
  decodeBlock,
  decodeReceipt,
  encodeHeader,
  encodeSet,
  executedHash,
  headerHash,
  parseTransaction,
  receiptsRoot,
  setHash,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, RangeAccumulator } from '@smartshare/crypto'
import {
  ContractEngine,
  chainIdOf,
  currentTerm,
  type Genesis,
  type JobResult,
  LATEST_VERSION,
  nextSet,
  writeGenesis,
} from '@smartshare/runtime'
import { MemoryState, type StateChange, StateJournal, type StateProof, StateTree } from '@smartshare/state'
import type { ChainStore, ExecutedFacts, ExecutedHeight, Following, StoredHeader } from '@smartshare/store'
import { changesOf, type Difference, receiptsOf } from '../follow/difference.ts'
import { executeFinal } from './execute-final.ts'
import type { Progress } from './progress.ts'

/** Executed blocks that may wait for one durable commit. */
const MOST_UNCOMMITTED = 32
const MOST_UNCOMMITTED_CHANGES = 50_000

/** What stops a difference from being taken over although it may be right. */
const NO_LIE = /^(FOLLOW_|EXECUTOR_|STORE_)/

/** What the execution of a block gave. */
export interface Executed {
  readonly facts: ExecutedFacts
  readonly changes: readonly StateChange[]
  /** Encoded receipts, the block's own last. */
  readonly receipts: readonly Uint8Array[]
  /** Encoded set of the next term, once it is elected. */
  readonly nextSet: Uint8Array | null
  /** True if the block is the last of its term. */
  readonly endsTerm: boolean
}

/** A final block and what others say that it changed. */
export interface FollowedBlock {
  /** The encoded block, and its Final certificate if it has one. */
  readonly block: Uint8Array
  readonly certificate: Uint8Array | null
  readonly difference: Difference
  /** Whether it is to be executed later for a sample. */
  readonly chosen: boolean
}

/** The roots at one height that a later final header names. */
export interface NamedRoot {
  readonly stateRoot: Uint8Array
  readonly rangeRoot: Uint8Array
}

/** What a block comes to, however that is known. */
interface Appended {
  readonly block: Block
  readonly certificate: Uint8Array | null
  readonly changes: readonly StateChange[]
  readonly receipts: readonly Uint8Array[]
  /** Root of the receipts. */
  readonly root: Uint8Array
  readonly transactionIds: readonly Uint8Array[]
  readonly following: Following | undefined
}

/** Executes final blocks in their order on the state of a store, and commits them in groups. */
export class BlockExecutor {
  private readonly store: ChainStore
  private readonly genesis: Genesis
  private readonly latestVersion: number
  private readonly chainId: Uint8Array
  private tree: StateTree
  /** Keeps machines and loaded contracts from block to block. */
  private readonly engine = new ContractEngine()
  private range: RangeAccumulator
  /** The state on disk and what was executed since. */
  private pending: StateJournal
  private readonly uncommitted: ExecutedHeight[] = []
  private uncommittedChanges = 0
  private keepChangesFrom = 0
  /** Term of the last set that is known to be stored. */
  private electedTerm = 0
  /** Indexes of quarantined transactions by the height of their block. */
  private readonly quarantined = new Map<number, Set<number>>()
  private readonly progress: Pick<Progress, 'enter' | 'leave'> | undefined

  /** `latestVersion`: the newest version of the protocol that may be executed; `progress` is told what is being executed. */
  constructor(
    store: ChainStore,
    genesis: Genesis,
    latestVersion: number = LATEST_VERSION,
    progress?: Pick<Progress, 'enter' | 'leave'>,
  ) {
    this.store = store
    this.progress = progress
    this.latestVersion = latestVersion
    this.genesis = genesis
    this.chainId = chainIdOf(genesis)
    const { height } = store
    this.tree = new StateTree(store.pages, { height: height ?? 0 })
    this.range = height === undefined ? RangeAccumulator.empty : RangeAccumulator.decode(store.range!)
    this.pending = new StateJournal(store.state)
    if (height === undefined) this.beginAtGenesis()
    else this.recoverProofs(height)
  }

  /** Height up to which blocks are executed. */
  get height(): number {
    return this.tree.height
  }

  /** True if it is time to commit although more blocks wait. */
  get isFull(): boolean {
    return this.uncommitted.length >= MOST_UNCOMMITTED || this.uncommittedChanges >= MOST_UNCOMMITTED_CHANGES
  }

  /** Executes the next final block; its Final certificate, if it has one, is stored beside its header. Throws if it is not the next one or breaks a rule of the state. */
  execute(encoded: Uint8Array, certificate: Uint8Array | null = null): Executed {
    const block: Block = decodeBlock(encoded)
    this.checkNext(block)
    const { chainId, genesis, latestVersion, engine, progress } = this
    const { height } = block.header
    const executed = executeFinal(this.pending, block, {
      ...{ chainId, genesis, latestVersion, engine },
      quarantined: this.quarantined.get(height),
      watch: progress && {
        begins: (index) => progress.enter(height, index),
        ended: () => progress.leave(height),
      },
    })
    return this.append({
      ...{ block, certificate, changes: executed.changes, receipts: executed.receipts, root: executed.receiptsRoot },
      transactionIds: executed.transactions.map(({ id }) => id),
      following: undefined,
    })
  }

  /**
   * Takes over what the next final blocks changed, if that leads to the roots that a later final header names for the last of
   * them. Throws FOLLOW_DIFFERENCE if not: everything is then as before. What was executed before must be durable.
   */
  follow(blocks: readonly FollowedBlock[], root: NamedRoot): Executed[] {
    try {
      const followed = blocks.map((one) => this.followOne(one))
      if (equalBytes(this.tree.root, root.stateRoot) && equalBytes(this.range.root(), root.rangeRoot)) return followed
      throw new SmartshareError('FOLLOW_DIFFERENCE', 'a difference that does not lead to the certified roots')
    } catch (error) {
      this.beginAgain()
      // What broke while a wrong difference was applied broke for that reason.
      if (!SmartshareError.is(error) || NO_LIE.test(error.code)) throw error
      throw new SmartshareError('FOLLOW_DIFFERENCE', `a difference that cannot be: ${error.message}`, {}, error)
    }
  }

  /** Makes everything executed so far durable; changes of heights below `keepChangesFrom` may be forgotten. */
  commit(): void {
    if (this.uncommitted.length === 0) return
    this.store.commit(this.uncommitted, this.keepChangesFrom)
    this.tree.committed(this.height)
    this.uncommitted.length = 0
    this.uncommittedChanges = 0
    this.pending = new StateJournal(this.store.state)
  }

  /**
   * A transaction of a final block is quarantined. False if it is executed otherwise already: then `takeBack` must follow, and
   * the executor must be opened anew.
   */
  quarantine(height: number, index: number): boolean {
    const indexes = this.quarantined.get(height) ?? new Set()
    if (indexes.has(index)) return true
    this.quarantined.set(height, indexes.add(index))
    if (height > this.height) return true
    const receipt = this.receiptsOf(height)?.[index]
    return receipt !== undefined && decodeReceipt(receipt).error?.code === 'TX_QUARANTINED'
  }

  /** Makes the store what it was after `height`, so that later blocks are executed again. Throws STATE_HEIGHT_GONE. */
  takeBack(height: number): void {
    this.commit()
    this.store.takeBack(height)
  }

  /** What a heavy call ends with, so that it need not run when its result is packed. */
  takeResult(job: number, result: JobResult): void {
    this.engine.results.add(job, result)
  }

  /** The changes of heights below this one are no longer asked for. */
  keepFrom(height: number): void {
    this.keepChangesFrom = height
    // Below the root that a final block names nothing is quarantined any more.
    for (const known of this.quarantined.keys()) if (known < height) this.quarantined.delete(known)
  }

  /** Proof under the state root of a recent height. Throws STATE_HEIGHT_GONE. */
  prove(key: Uint8Array, height: number): StateProof {
    return this.tree.prove(key, height)
  }

  private followOne({ block: encoded, certificate, difference, chosen }: FollowedBlock): Executed {
    const block: Block = decodeBlock(encoded)
    this.checkNext(block)
    const changes = changesOf(difference, this.pending)
    const receipts = receiptsOf(difference, block)
    return this.append({
      ...{ block, certificate, changes, receipts, root: receiptsRoot(receipts) },
      transactionIds: block.transactions.map((wire) => parseTransaction(wire, this.chainId).id),
      following: chosen ? 'chosen' : 'followed',
    })
  }

  private checkNext({ header: { height } }: Block): void {
    if (height === this.height + 1) return
    throw new SmartshareError('EXECUTOR_ORDER', `height ${height} after ${this.height}`)
  }

  /** Forgets whatever is not on disk. */
  private beginAgain(): void {
    const height = this.store.height!
    this.tree = new StateTree(this.store.pages, { height })
    this.range = RangeAccumulator.decode(this.store.range!)
    this.pending = new StateJournal(this.store.state)
    this.uncommitted.length = 0
    this.uncommittedChanges = 0
    this.electedTerm = 0
    this.recoverProofs(height)
  }

  private receiptsOf(height: number): readonly Uint8Array[] | undefined {
    return this.uncommitted.find(({ facts }) => facts.height === height)?.receipts ?? this.store.receipts(height)
  }

  /** Lowest height at which the running term may end. */
  private lastHeight(): number {
    const { startHeight } = currentTerm(this.pending)
    return Math.max(0, startHeight - 1) + this.genesis.parameters.termBlocks
  }

  private beginAtGenesis(): void {
    const state = new MemoryState()
    writeGenesis(state, this.genesis)
    const changes = [...state.range(Uint8Array.of(0), undefined)].map(([key, value]) => ({
      key,
      value,
      previous: undefined,
    }))
    const nothing = { changes, receipts: [], root: receiptsRoot([]), transactionIds: [], following: undefined }
    this.appendHeight(0, this.chainId, null, nothing)
    this.commit()
  }

  /** After a restart: proofs and reads go back as far as the changes on disk do. */
  private recoverProofs(height: number): void {
    const facts = this.store.facts(height)
    if (facts === undefined || !equalBytes(facts.stateRoot, this.tree.root)) {
      throw new SmartshareError('STATE_DAMAGED', `the tree on disk is not that of height ${height}`)
    }
    for (let at = height; at > 0; at--) {
      const changes = this.store.changes(at)
      if (changes === undefined) break
      this.tree.extendUndo(changes)
      if (this.tree.oldestHeight === at) break
    }
  }

  private append({ block: { header }, certificate, ...content }: Appended): Executed {
    const stored = { header: encodeHeader(header), certificate }
    const result = this.appendHeight(header.height, headerHash(header), stored, content)
    return { ...result, endsTerm: header.nextSet !== null && header.height >= this.lastHeight() }
  }

  private appendHeight(
    height: number,
    blockHash: Uint8Array,
    header: StoredHeader | null,
    { changes, receipts, root, transactionIds, following }: Omit<Appended, 'block' | 'certificate'>,
  ): Omit<Executed, 'endsTerm'> {
    for (const { key, value } of changes) {
      if (value === null) this.pending.delete(key)
      else this.pending.set(key, value)
    }
    const { root: stateRoot, pages } = this.tree.applyChanges(changes, height)
    const grown = this.range.grow(executedHash({ height, blockHash, stateRoot, receiptsRoot: root }))
    this.range = grown.range
    const elected = nextSet(this.pending)
    const isNew = elected !== undefined && elected.term !== this.electedTerm
    if (elected !== undefined) this.electedTerm = elected.term
    const encodedSet = elected === undefined ? null : encodeSet(elected)
    const facts: ExecutedFacts = {
      height,
      blockHash,
      stateRoot,
      rangeRoot: this.range.root(),
      receiptsRoot: root,
      term: currentTerm(this.pending).term,
      nextSetHash: elected === undefined ? null : setHash(elected),
    }
    this.uncommitted.push({
      facts,
      range: this.range.encode(),
      rangeNodes: grown.nodes,
      header,
      changes,
      pages,
      receipts,
      elected: isNew && encodedSet !== null ? { term: elected.term, set: encodedSet } : null,
      transactionIds,
      following,
    })
    this.uncommittedChanges += changes.length
    return { facts, changes, receipts, nextSet: encodedSet }
  }
}
