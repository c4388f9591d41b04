import { join } from 'node:path'
import type { Block, Certificate, DelegateSet } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import {
  type Link as ConsensusLink,
  historyHeaders,
  type LogRecord,
  type Message,
  positionOf,
  type TermStart,
  termAfter,
} from '@smartshare/consensus'
import { bls, equalBytes, toHex } from '@smartshare/crypto'
import type { Link } from '@smartshare/link'
import { type Genesis, type Load, loadOf, nextBasePrice, type Parameters, rulesOf } from '@smartshare/runtime'
import type { ChainStore, OpenedStore } from '@smartshare/store'
import type { Logger } from 'pino'
import type { CommittedState, ExecutedNotice } from './api.ts'
import { BlockMaker } from './blocks/block-maker.ts'
import { Intake } from './blocks/intake.ts'
import { Mempool } from './blocks/mempool.ts'
import { SignaturePool } from './blocks/signature-pool.ts'
import type { NodeConfig } from './config.ts'
import { ClockWatch } from './consensus/clock-watch.ts'
import { ConsensusDriver } from './consensus/consensus-driver.ts'
import type { FinalChain } from './consensus/final-chain.ts'
import { decodeFinal } from './consensus/final-record.ts'
import { pageOf } from './consensus/pages.ts'
import { ProtocolWatch } from './consensus/protocol-watch.ts'
import type { RecordLog } from './consensus/record-log.ts'
import { SteadyClock } from './consensus/steady-clock.ts'
import { CommitmentWatch } from './evidence/commitment-watch.ts'
import { type EvidenceWatcher, watchEvidence } from './evidence/evidence-watcher.ts'
import { type ExecutedReport, Executor } from './execution/executor.ts'
import { Notices } from './execution/notices.ts'
import { recall } from './execution/recall.ts'
import { RecentChanges } from './execution/recent-changes.ts'
import { RecentFacts } from './execution/recent-facts.ts'
import { KEPT_DIFFERENCES } from './follow/checker.ts'
import { Following } from './follow/following.ts'
import { type HeavyWatcher, watchHeavy } from './heavy/heavy-watcher.ts'
import { firstTerm, type Opened, openNode, type StartWatch } from './open-node.ts'
import { Network } from './peers/network.ts'
import { Quarantines } from './quarantine/quarantines.ts'
import type { Signer } from './signer/key-signer.ts'
import { CatchUp } from './sync/catch-up.ts'
import type { ChainEnd, CheckedRange } from './sync/check-range.ts'
import { Pruner } from './sync/pruning.ts'
import type { SnapshotReport } from './sync/snapshot-order.ts'
import { SNAPSHOTS, Snapshots } from './sync/snapshots.ts'
import { SyncServer } from './sync/sync-server.ts'
import { Throughput } from './throughput.ts'

/** Δ to begin with: a message between delegates should arrive within it. It grows by itself where that is too short. */
const DELTA_MS = 500
const MAX_DELTA_MS = 60_000
/** Executed heights of which the facts are kept: named roots may be this far back. */
const MOST_FACTS = 4_096
/** A node whose last final block is older than this many block times is not well. */
const STALLED_SLOTS = 60
const LEAST_STALLED_MS = 30_000

/** A running node: consensus, mempool, executor and network, tied together. */
export class Node {
  readonly config: NodeConfig
  readonly log: Logger
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly store: ChainStore
  readonly finals: FinalChain
  readonly link: Link
  readonly mempool = new Mempool()
  readonly facts = new RecentFacts(MOST_FACTS)
  readonly changes: RecentChanges
  readonly intake: Intake
  readonly protocol: ProtocolWatch
  readonly evidence: EvidenceWatcher
  readonly heavy: HeavyWatcher
  private readonly commitments: CommitmentWatch
  readonly following: Following
  readonly quarantines: Quarantines
  readonly clock: ClockWatch
  /** Of the last round, at the height on disk. */
  load: Load = { gas: 0, missed: 0, backlog: 0 }
  readonly throughput = new Throughput(() => performance.now())
  private readonly folder: OpenedStore
  private readonly records: RecordLog
  private readonly signer: Signer | null
  private readonly signatures = new SignaturePool()
  private readonly maker: BlockMaker
  private readonly time = new SteadyClock()
  private readonly pruner: Pruner
  /** It begins anew after catching up. */
  private driver: ConsensusDriver
  private readonly notices = new Notices()
  private executorThread: Executor | undefined
  private net: Network | undefined
  private catchUp: CatchUp | undefined
  private snapshots: Snapshots | undefined
  private running: TermStart
  private committed: number
  private elected: DelegateSet | undefined
  /** Why this node cannot go on; it is then to be stopped. */
  readonly failed: Promise<SmartshareError>
  private onFailed: (fault: SmartshareError) => void = () => undefined
  private fault: SmartshareError | undefined
  private lastFinalMs = performance.now()
  /** The last append to the block log; it ends when all before it have ended. */
  private finalsWritten: Promise<unknown> = Promise.resolve()
  private stopping: Promise<void> | undefined

  /** Opens the data folder and starts everything. Throws STORE_*, NODE_* or GENESIS_* with what is wrong. */
  static async start(config: NodeConfig, log: Logger, watch: StartWatch = {}): Promise<Node> {
    const node = new Node(await openNode(config, log, watch))
    try {
      await node.begin()
      return node
    } catch (error) {
      await node.stop()
      throw error
    }
  }

  private constructor(opened: Opened) {
    const { config, log, genesis, chainId, finals, records } = opened
    const store = opened.folder.state
    this.failed = new Promise((resolve) => {
      this.onFailed = resolve
    })
    this.config = config
    this.log = log
    this.genesis = genesis
    this.chainId = chainId
    this.folder = opened.folder
    this.store = store
    this.finals = finals
    this.records = records
    this.signer = opened.signer
    this.link = opened.link
    this.changes = new RecentChanges(store.state)
    this.clock = new ClockWatch(genesis.parameters.maxClockDriftMs, log)
    this.committed = store.height ?? 0
    this.pruner = new Pruner(config.pruning, genesis.parameters)
    this.protocol = new ProtocolWatch(this, config.protocolVersion)
    this.maker = new BlockMaker({
      chainId,
      genesis: genesis.parameters,
      latestVersion: config.protocolVersion,
      mempool: this.mempool,
      signatures: this.signatures,
      facts: this.facts,
      changes: this.changes,
      catchUp: () => this.executor.catchUp(),
      finalBlock: (height) => finals.recentAt(height)?.block,
      set: () => this.running.set,
      quarantines: () => this.quarantines.watcher.certificates(),
    })
    this.quarantines = new Quarantines({
      ...{ chainId, finals, log, signer: opened.signer },
      set: () => this.running.set,
      send: (attestation) => this.net?.sendAttestation(attestation),
      executor: () => this.executor,
      following: () => this.following,
      onFatal: (error) => this.fail(error),
    })
    this.commitments = new CommitmentWatch({
      state: () => this.changes.at(this.changes.height),
      onEvidence: (evidence) => this.evidence.take(evidence),
    })
    this.intake = new Intake({
      chainId,
      mempool: this.mempool,
      signatures: this.signatures,
      latest: () => this.latest(),
      isExecuted: (id) => store.place(id) !== undefined,
      gossip: (wires) => void this.network.gossipTransactions(wires),
      commitments: this.commitments,
    })
    this.evidence = watchEvidence({
      ...{ config, log, chainId },
      delegate: opened.signer?.address ?? null,
      genesis: { encoded: config.genesis, record: genesis },
      state: () => this.committedState(),
      submit: (wires) => this.intake.submit(wires),
    })
    this.heavy = watchHeavy({
      ...{ config, log, chainId },
      stateFolder: opened.folder.stateFolder,
      genesis: { encoded: config.genesis, record: genesis },
      state: () => this.committedState(),
      submit: (wires) => this.intake.submit(wires),
      give: (job, result) => this.executor.giveResult(job, result),
    })
    this.following = new Following({
      ...{ config, log, finals, store, link: opened.link, stateFolder: opened.folder.stateFolder },
      executor: () => this.executor,
      peers: () => this.network.peers(),
      isCatchingUp: () => this.progress !== undefined,
      onDiverged: (error) => this.fail(error),
    })
    this.running = records.term ?? firstTerm(genesis, store)
    this.driver = this.newDriver()
  }

  get executor(): Executor {
    if (this.executorThread === undefined) throw new SmartshareError('NODE_STARTING', 'the node is starting')
    return this.executorThread
  }

  get network(): Network {
    if (this.net === undefined) throw new SmartshareError('NODE_STARTING', 'the node is starting')
    return this.net
  }

  /** Height executed and on disk. */
  get committedHeight(): number {
    return this.committed
  }

  /** The term that runs and its delegates. */
  get term(): TermStart {
    return this.running
  }

  get position(): { term: number; slot: number } {
    return positionOf(this.driver.state)
  }

  /** How far it has caught up; undefined while it is not behind. */
  get progress(): { readonly height: number; readonly target: number } | undefined {
    return this.catchUp?.progress
  }

  /** Why the node is not well, for people; undefined while it is. */
  get problem(): string | undefined {
    if (this.fault !== undefined) return `${this.fault.code}: ${this.fault.message}`
    const waiting = this.quarantines.watcher.problem
    if (waiting !== undefined) return waiting
    const { progress } = this
    if (progress !== undefined) return `catching up: height ${progress.height} of ${progress.target}`
    const patienceMs = Math.max(LEAST_STALLED_MS, STALLED_SLOTS * this.genesis.parameters.slotMs)
    const waitedMs = performance.now() - this.lastFinalMs
    if (waitedMs > patienceMs) return `no final block for ${Math.round(waitedMs / 1000)} s`
    return this.signer?.problem ?? this.clock.problem
  }

  /** The latest executed state and what the next block is to be. */
  latest(): { state: ReturnType<RecentChanges['at']>; height: number; basePrice: bigint; parameters: Parameters } {
    const last = this.finals.last?.block.header
    const state = this.changes.at(this.changes.height)
    const { parameters } = rulesOf(state, this.running.set.term, this.genesis.parameters)
    const basePrice = last === undefined ? parameters.leastBasePrice : nextBasePrice(last, parameters)
    return { state, height: this.finals.height + 1, basePrice, parameters }
  }

  /** The latest state that is executed and on disk. */
  committedState(): CommittedState {
    const height = this.committedHeight
    const facts = this.facts.at(height)!
    return {
      height,
      hash: facts.blockHash,
      stateRoot: facts.stateRoot,
      timeMs: this.finals.recentAt(height)?.block.header.timeMs ?? this.genesis.timeMs,
      basePrice: this.latest().basePrice,
      reader: this.store.state,
    }
  }

  /** Takes a message of consensus from a peer. */
  hear(link: ConsensusLink, message: Message): void {
    this.clock.observe(link, message, this.running.set)
    this.driver.dispatch({ type: 'message', link, message })
  }

  /** Calls `listener` for every block that is executed and on disk, from now on; gives what ends that. */
  subscribe(listener: (notice: ExecutedNotice) => void): () => void {
    return this.notices.subscribe(listener)
  }

  /** Finishes what is under way, makes it durable and closes everything. Safe to call twice. */
  stop(): Promise<void> {
    this.stopping ??= this.close()
    return this.stopping
  }

  private async begin(): Promise<void> {
    const { chainId, config, finals, link, log, store } = this
    this.snapshots = await Snapshots.open(config.dataDir, { chainId, finals, log, store })
    const folders = { state: this.folder.stateFolder, snapshots: join(config.dataDir, SNAPSHOTS) }
    const settledHeight = finals.last?.block.header.rootHeight ?? 0
    this.executorThread = await Executor.start(folders, config, settledHeight, {
      onExecuted: (report) => this.takeExecuted(report),
      onCommitted: (height) => this.takeCommitted(height),
      onSnapshot: (report) => this.takeSnapshot(report),
      onFailed: (error) => this.fail(error),
      onRestart: (error) => this.log.warn({ err: error }, 'the executor died and was started anew'),
      onKilled: () => this.takeKilled(),
      blockAt: (height) => finals.encodedAt(height),
    })
    this.store.refresh()
    this.committed = this.executor.startHeight
    const lowest = this.finals.last?.block.header.rootHeight ?? 0
    this.elected = recall(this.store, this.committed, { lowest, mostHeights: MOST_FACTS }, this) ?? this.elected
    this.following.recall(this.committed)
    await this.evidence.recall()
    if (this.committed > this.finals.height) {
      throw new SmartshareError(
        'STATE_DAMAGED',
        `state at height ${this.committed}, block log at ${this.finals.height}`,
      )
    }
    for (let height = this.committed + 1; height <= this.finals.height; height++) {
      this.quarantines.take(decodeFinal((await this.finals.encodedAt(height))!).block)
    }
    for (let height = this.committed + 1; height <= this.finals.height; height++) {
      this.executor.execute(height, (await this.finals.encodedAt(height))!)
    }
    this.net = await Network.start({
      link: this.link,
      chainId: this.chainId,
      dataDir: this.config.dataDir,
      localNetwork: this.config.localNetwork,
      identity: this.signer,
      log: this.log,
      delegateKey: (address) => this.delegateKey(address),
      onMessage: (link, message) => this.hear(link, message),
      onAttestation: (attestation) => this.quarantines.watcher.take(attestation),
      onTransactions: (wires) => this.intake.judge(wires),
      transactionOf: (shortId) => this.mempool.byShortId(shortId),
    })
    // `running` of a fresh node stands on genesis, whose roots only the executor knows.
    this.running = this.records.term ?? firstTerm(this.genesis, store)
    this.protocol.look()
    this.protocol.check(this.running.set.term)
    const { snapshots } = this
    await SyncServer.start({ link, chainId, finals, store, snapshots, committedHeight: () => this.committed })
    await this.startConsensus()
    this.link.keepConnected(this.config.p2p.peers)
    this.catchUp = this.startCatchUp()
    if (this.executor.blocked !== undefined) this.takeKilled()
    this.log.info(
      { chainId: toHex(this.chainId), height: this.committed, final: this.finals.height, peer: this.link.peerId },
      'node started',
    )
  }

  private async startConsensus(): Promise<void> {
    if (this.fault !== undefined) return
    this.executor.takeSnapshots(true)
    const { last } = this.finals
    const records: LogRecord[] = [...this.records.recovered]
    // Blocks that came otherwise than by consensus are in the block log alone.
    if (last !== undefined) records.push({ type: 'block', block: last.block })
    if (last?.certificate != null) records.push({ type: 'certificate', certificate: last.certificate })
    this.driver.start({
      type: 'start',
      term: this.running,
      finals: await this.finalsOfTerm(),
      records,
      executedHeight: this.changes.height,
      // The signer knows what was promised, and whether that was lost.
      voteLogIntact: true,
    })
    if (this.elected !== undefined) this.driver.dispatch({ type: 'elected', set: this.elected })
  }

  private startCatchUp(): CatchUp {
    return new CatchUp({
      link: this.link,
      log: this.log,
      chainId: this.chainId,
      peers: () => this.network.peers().map(({ id }) => id),
      end: () => this.chainEnd(),
      executedHeight: () => this.changes.height,
      isBlocked: () => this.executor.blocked !== undefined,
      pause: async () => {
        this.driver.stop()
        this.executor.takeSnapshots(false)
        await this.driver.idle()
        await this.finalsWritten
      },
      append: (range) => this.takeRange(range),
      resume: async () => {
        await this.finalsWritten
        this.driver = this.newDriver()
        await this.startConsensus()
      },
      onFatal: (error) => this.fail(error),
    })
  }

  /** Where blocks that are fetched have to go on. */
  private chainEnd(): ChainEnd {
    const { set, base } = this.running
    const { height, last } = this.finals
    const lastHeight = base.height + this.genesis.parameters.termBlocks
    return { chainId: this.chainId, hash: last?.hash ?? this.chainId, height, set, lastHeight }
  }

  /** Takes blocks that were fetched and checked; if a term ends with them, the next one is on disk when it returns. */
  private async takeRange({ finals, nextSet }: CheckedRange): Promise<void> {
    // What a block quarantines lies before it: known at once, nothing has to be executed twice.
    for (const { block } of finals) this.quarantines.take(block)
    for (const { hash, block, certificate } of finals) this.takeFinal(hash, block, certificate)
    const last = finals.at(-1)
    await this.finalsWritten
    if (nextSet === null || last === undefined || last.certificate === null) return
    const ending = { hash: last.hash, block: last.block, terminal: last.certificate }
    const start = termAfter(this.running, ending, await this.finalsOfTerm(), nextSet)
    await this.records.append([{ type: 'term', start }])
    this.takeTerm(start, null)
  }

  private finalsOfTerm() {
    const { set, base } = this.running
    return this.finals.headersAbove(base.height, historyHeaders(set.members.length))
  }

  private delegateKey(address: Uint8Array): Uint8Array | undefined {
    const sets = [this.running.set, ...(this.elected === undefined ? [] : [this.elected])]
    return sets.flatMap(({ members }) => members).find((member) => equalBytes(member.address, address))?.key
  }

  /** Consensus that waits for its start. */
  private newDriver(): ConsensusDriver {
    const { chainId, finals, genesis, log, records, signer, store } = this
    return new ConsensusDriver({
      config: {
        chainId,
        scheme: bls,
        // The signer has it.
        secretKey: null,
        ...(signer !== null && { publicKey: signer.publicKey }),
        slotMs: genesis.parameters.slotMs,
        deltaMs: DELTA_MS,
        maxDeltaMs: MAX_DELTA_MS,
        driftMs: genesis.parameters.maxClockDriftMs,
        termHeights: genesis.parameters.termBlocks,
      },
      log,
      records,
      signer,
      network: () => this.network,
      maker: this.maker,
      now: () => this.time.now(),
      onFinal: (hash, block, certificate) => this.takeFinal(hash, block, certificate),
      finalsDurable: () => this.finalsWritten,
      onTerm: (start, seat) => this.takeTerm(start, seat),
      onEvidence: (evidence) => this.evidence.take(evidence),
      page: (term, fromHeight) => pageOf(finals, store, term, fromHeight),
      onFatal: (error) => this.fail(error),
    })
  }

  private takeFinal(hash: Uint8Array, block: Block, certificate: Certificate | null): void {
    const { height } = block.header
    // After a restart consensus may tell again what the block log has already.
    if (height <= this.finals.height) return
    this.lastFinalMs = performance.now()
    if (this.records.isLong) this.compactRecords()
    this.quarantines.take(block)
    // Appends end in their order, so blocks are executed in it.
    this.finalsWritten = this.finals.append({ hash, block, certificate }).then((encoded) => {
      this.following.take(block.header, encoded)
      this.quarantines.check(block.header)
    })
    this.finalsWritten.catch((error: unknown) => this.fail(error))
    this.throughput.add(block.transactions.length)
  }

  private takeKilled(): void {
    this.quarantines.takeKilled()
    this.catchUp?.noteBlocked()
    const last = this.finals.last?.block.header
    if (last === undefined) return
    this.finalsWritten = this.finalsWritten.then(() => this.quarantines.check(last))
    this.finalsWritten.catch((error: unknown) => this.fail(error))
  }

  private takeTerm(start: TermStart, seat: number | null): void {
    this.running = start
    if (this.elected !== undefined && this.elected.term <= start.set.term) this.elected = undefined
    this.log.info({ term: start.set.term, seat, delegates: start.set.members.length }, 'term begins')
    this.net?.recogniseAll()
    try {
      // The executor and the maker of blocks would stop too, but only at the first block.
      this.protocol.check(start.set.term)
    } catch (error) {
      this.fail(error)
    }
    this.compactRecords()
  }

  private compactRecords(): void {
    this.records.compact(this.finals.last?.block.header ?? null).catch((error: unknown) => this.fail(error))
  }

  private takeExecuted({ facts, changes, receipts, nextSet }: ExecutedReport): void {
    const { height } = facts
    this.facts.add(facts)
    this.changes.apply(height, changes)
    this.protocol.look()
    const final = this.finals.recentAt(height)
    this.finals.noteExecuted(height)
    this.quarantines.watcher.noteExecuted(height)
    this.catchUp?.noteExecuted(height)
    const divergence = final && this.facts.divergence(final.block.header)
    if (divergence !== undefined) this.fail(divergence)
    if (final !== undefined) this.notices.add({ height, hash: final.hash, header: final.block.header, receipts })
    if (final !== undefined && (this.mempool.count > 0 || this.heavy.running > 0)) {
      this.settle(final.hash, final.block)
    }
    this.driver.dispatch({ type: 'executed', height })
    if (nextSet !== null && this.elected?.term !== nextSet.term) {
      this.elected = nextSet
      this.net?.recogniseAll()
      this.driver.dispatch({ type: 'elected', set: nextSet })
    }
  }

  /** Only now: as long as the state has the old nonces, the intake would admit what can never be ordered again. */
  private settle(hash: Uint8Array, block: Block): void {
    this.maker
      .transactionsOf(hash, block)
      .then((transactions) => this.intake.settle(transactions, block.header.height))
      .catch((error: unknown) => this.fail(error))
  }

  private prune(height: number): void {
    const below = this.pruner.below(height, this.snapshots?.oldest)
    if (below === undefined) return
    this.finals.prune(below).catch((error: unknown) => this.fail(error))
    this.executor.prune(below)
  }

  private takeSnapshot(report: SnapshotReport): void {
    if (report.type === 'snapshot') this.snapshots?.noteChunks(report)
    else this.log.error({ height: report.height, ...report.error }, 'a snapshot could not be taken')
  }

  private takeCommitted(height: number): void {
    this.committed = height
    this.store.refresh()
    this.load = loadOf(this.store.state)
    this.snapshots?.tryFinish()
    this.prune(height)
    // Blocks may name any root from the last final block's on; above that of the last executed one a quarantine may take back.
    const needed = this.finals.recentAt(height)?.block.header.rootHeight ?? 0
    this.changes.forget(needed)
    this.maker.forget(needed)
    this.executor.keepChangesFrom(Math.min(needed, height - KEPT_DIFFERENCES))
    this.following.onCommitted(height)
    this.evidence.onBlock()
    // While it catches up, most of what it would compute is certified already.
    if (this.progress === undefined) this.heavy.onBlock()
    this.notices.tell(height)
  }

  private fail(error: unknown): void {
    if (this.fault !== undefined || this.stopping !== undefined) return
    this.fault = SmartshareError.is(error) ? error : new SmartshareError('INTERNAL', String(error), {}, error)
    this.log.fatal({ err: error }, 'the node cannot go on')
    // Nothing more is signed from here on.
    this.driver.stop()
    this.quarantines.watcher.stop()
    this.onFailed(this.fault)
  }

  private async close(): Promise<void> {
    this.driver.stop()
    await this.catchUp?.stop()
    this.driver.stop()
    await this.net?.close()
    try {
      await this.evidence.stop()
      await this.heavy.stop()
      await this.following.stop()
      this.quarantines.watcher.stop()
      await this.link.close()
      await this.signatures.close()
      await this.executorThread?.stop()
      await this.snapshots?.idle()
    } finally {
      await this.signer
        ?.close()
        .catch((error: unknown) => this.log.error({ err: error }, 'the signer did not close well'))
      await this.folder.close()
    }
    this.log.info('node stopped')
  }
}
