// A network of a few delegates in one object, without links and disk, for tests of what stands on a node: the real
// genesis, gate, state transition, state tree, signatures and certificates, driven by hand or by a timer.
import {
  bitmapOf,
  type Certificate,
  certificateHash,
  type Executed,
  executedHash,
  FINAL,
  FIRST_VERSION,
  firstAccumulator,
  type Header,
  headerHash,
  MODE_CALM,
  nextAccumulator,
  type ParsedTransaction,
  parseTransaction,
  quorum,
  receiptsRoot,
  revealHash,
  setHash,
  signatureClaims,
  statementHash,
  transactionsRoot,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { TurnChecker } from '@smartshare/consensus'
import { bls, equalBytes, RangeAccumulator, sha256, TOTAL_SUPPLY_GRAINS, verify } from '@smartshare/crypto'
import {
  allBalances,
  ContractEngine,
  chainIdOf,
  checkAdmission,
  currentTerm,
  encodeGenesis,
  executeBlock,
  firstSet,
  Gate,
  type Genesis,
  LATEST_VERSION,
  loadOf,
  mapKey,
  modeOf,
  nextBasePrice,
  nextSet,
  type Parameters,
  presets,
  type Rules,
  rulesOf,
  writeGenesis,
} from '@smartshare/runtime'
import { testAccount } from '@smartshare/runtime/testing'
import { encodeProof, MemoryState, type NewPage, type StateChange, StateJournal, StateTree } from '@smartshare/state'
import { Registry } from 'prom-client'
import type {
  CommittedState,
  ExecutedNotice,
  FinalBlock,
  HandOver,
  NodeApi,
  NodeStatus,
  PendingEvidence,
  StateProof,
  SubmitOutcome,
  TransactionPlace,
  Verification,
} from '../api.ts'
import { Mempool } from '../blocks/mempool.ts'
import { protocolStatus } from '../consensus/protocol-watch.ts'

const DEFAULT_DELEGATES = 4
const DEFAULT_GRAINS = 10n ** 14n
const GENESIS_TIME_MS = 1_700_000_000_000
const MAX_BLOCK_CONTENT_BYTES = 4 * 1024 * 1024 - 8192
const MAX_BLOCK_COUNT = 20_000
const MOST_NONCES_AHEAD = 4096
const utf8 = new TextEncoder()
const NOTHING = new Uint8Array(32)

export interface MemoryNodeOptions {
  /** Names of accounts that genesis funds; `testAccount(name)` of @smartshare/runtime/testing gives their keys. */
  readonly accounts?: readonly string[]
  readonly grains?: bigint
  readonly delegates?: number
  readonly parameters?: Partial<Parameters>
  /** Time of genesis, ms since the Unix epoch; each block is one slot later than the one before, whatever the clock says. */
  readonly genesisTimeMs?: number
}

interface Made extends FinalBlock {
  readonly certificate: Certificate
  readonly receipts: readonly Uint8Array[]
}

/** Implements all of NodeApi for real, but for the network and the disk. */
export class MemoryNode implements NodeApi {
  readonly chainId: Uint8Array
  readonly genesis: { readonly encoded: Uint8Array; readonly record: Genesis }
  readonly metrics = new Registry()
  /** What the node is to have seen of traitors: nobody votes here. */
  readonly pendingEvidence: PendingEvidence[] = []
  /** Set to make the node answer that it is ill. */
  problem: string | undefined
  halted: SmartshareError | undefined
  private readonly haltListeners = new Set<() => void>()
  private readonly genesisParameters: Parameters
  private readonly reader = new MemoryState()
  private readonly tree: StateTree
  private readonly pages = new Map<NewPage['name'], Uint8Array>()
  private readonly mempool = new Mempool()
  private readonly engine = new ContractEngine()
  private readonly secrets: readonly Uint8Array[]
  private readonly blocks: Made[] = []
  private readonly places = new Map<string, { height: number; index: number }>()
  private readonly handOvers = new Map<number, HandOver>()
  private readonly listeners = new Set<(notice: ExecutedNotice) => void>()
  /** Whose turn each slot is. Reveals are made here and need no check. */
  private readonly turns: TurnChecker
  private range: RangeAccumulator
  private readonly rangeNodes = new Map<string, Uint8Array>()
  private readonly leaves: Executed[]
  /** Root and changes of the height before the last, which the last header names. */
  private rootBefore: Uint8Array
  private lastChanges: readonly StateChange[] = []
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(options: MemoryNodeOptions = {}) {
    const { accounts = [], grains = DEFAULT_GRAINS, delegates = DEFAULT_DELEGATES, parameters = {} } = options
    const { genesisTimeMs = GENESIS_TIME_MS } = options
    this.genesisParameters = { ...presets.local, ...parameters }
    this.secrets = Array.from({ length: delegates }, (_, i) => bls.secretFromSeed(sha256(utf8.encode(`delegate ${i}`))))
    const record = genesisOf(this.genesisParameters, this.secrets, accounts, grains, genesisTimeMs)
    this.genesis = { encoded: encodeGenesis(record), record }
    this.chainId = chainIdOf(record)
    this.turns = new TurnChecker(this.chainId, firstSet(record), { verify: () => true })
    writeGenesis(this.reader, record)
    this.tree = new StateTree({ get: (name) => this.pages.get(name) })
    const all = [...this.reader.range(Uint8Array.of(0), undefined)].map(([key, value]) => ({ key, value }))
    this.store(this.tree.applyChanges(all, 0).pages)
    this.rootBefore = this.tree.root
    const executed = { height: 0, blockHash: this.chainId, stateRoot: this.rootBefore, receiptsRoot: receiptsRoot([]) }
    this.leaves = [executed]
    this.range = RangeAccumulator.empty
    this.growRange(executed)
  }

  /** Lets the node halt as one does that cannot go on; setting `halted` to undefined lets it go on. */
  halt(): void {
    this.halted = new SmartshareError('NODE_HALTED', 'the node cannot go on', { reason: 'STORE_FULL', passes: true })
    for (const listener of this.haltListeners) listener()
  }

  onHalt(listener: () => void): () => void {
    this.haltListeners.add(listener)
    return () => this.haltListeners.delete(listener)
  }

  get height(): number {
    return this.blocks.length
  }

  status(): NodeStatus {
    const head = this.blocks.at(-1)?.header
    let supplyGrains = 0n
    for (const [, balance] of allBalances(this.reader)) supplyGrains += balance
    if (supplyGrains !== TOTAL_SUPPLY_GRAINS) throw new SmartshareError('STATE_SUPPLY', 'the supply has changed')
    return {
      name: 'memory',
      version: '0.1.0',
      finalHeight: this.height,
      term: head?.term ?? 0,
      slot: head?.slot ?? 0,
      mode: modeOf(this.reader),
      load: loadOf(this.reader),
      following: { follows: false, followed: 0, sampled: 0, executed: 0, waiting: 0, missed: 0, lies: 0 },
      peers: 0,
      mempoolTransactions: this.mempool.count,
      txPerSecond: 0,
      protocol: protocolStatus(this.reader, currentTerm(this.reader).term, this.genesisParameters, LATEST_VERSION),
      supplyGrains,
      healthy: this.problem === undefined,
      ...(this.problem === undefined ? {} : { problem: this.problem }),
    }
  }

  /** What is in force in the term of the next block. */
  private get rules(): Rules {
    return rulesOf(this.reader, this.nextTerm(), this.genesisParameters)
  }

  /** Term of the next block. */
  private nextTerm(): number {
    const running = currentTerm(this.reader)
    const head = this.blocks.at(-1)?.header
    const base = Math.max(0, running.startHeight - 1)
    const isOver = head?.nextSet != null && head.height >= base + this.genesisParameters.termBlocks
    return isOver ? running.term + 1 : running.term
  }

  peers(): readonly [] {
    return []
  }

  state(): CommittedState {
    const head = this.blocks.at(-1)
    return {
      height: this.height,
      hash: head?.hash ?? this.chainId,
      stateRoot: this.tree.root,
      timeMs: head?.header.timeMs ?? this.genesis.record.timeMs,
      basePrice: nextBasePrice(head?.header ?? this.beforeFirst(), this.rules.parameters),
      reader: this.reader,
    }
  }

  async submit(wires: readonly Uint8Array[]): Promise<SubmitOutcome[]> {
    return wires.map((wire) => {
      try {
        const tx = parseTransaction(wire, this.chainId)
        if (!this.places.has(mapKey(tx.id)) && !this.mempool.has(tx.id)) this.admit(tx)
        return { id: tx.id }
      } catch (error) {
        if (!SmartshareError.is(error)) throw error
        return { error: error.toPlain() }
      }
    })
  }

  async block(height: number): Promise<FinalBlock | undefined> {
    return this.blocks[height - 1]
  }

  async receipts(height: number): Promise<readonly Uint8Array[] | undefined> {
    return this.blocks[height - 1]?.receipts
  }

  verification(): Verification {
    return 'executed'
  }

  async transaction(id: Uint8Array): Promise<TransactionPlace | undefined> {
    const place = this.places.get(mapKey(id))
    if (place !== undefined) return { state: 'executed', ...place }
    return this.mempool.has(id) ? { state: 'pending' } : undefined
  }

  async proof(key: Uint8Array): Promise<StateProof | undefined> {
    const last = this.blocks.at(-1)
    if (last === undefined) return undefined
    const { rootHeight } = last.header
    const change = this.lastChanges.find((one) => equalBytes(one.key, key))
    return {
      key,
      value: change === undefined ? this.reader.get(key) : change.previous,
      proof: encodeProof(this.tree.prove(key, rootHeight)),
      header: last.header,
      certificate: last.certificate,
    }
  }

  certified(): { header: Header; certificate: Certificate } | undefined {
    return this.blocks.at(-1)
  }

  rangeNode(level: number, index: number): Uint8Array | undefined {
    return this.rangeNodes.get(`${level}/${index}`)
  }

  executed(height: number): Executed | undefined {
    return this.leaves[height]
  }

  evidence() {
    return { reporter: null, pending: this.pendingEvidence }
  }

  async handOver(term: number): Promise<HandOver | undefined> {
    return this.handOvers.get(term)
  }

  subscribe(listener: (notice: ExecutedNotice) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Makes blocks by itself from now on. */
  start(everyMs: number): void {
    this.timer = setInterval(() => this.makeBlock(), everyMs)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Forgets what waits, as a node does that was started anew. */
  forgetMempool(): void {
    this.mempool.expire(Number.MAX_SAFE_INTEGER)
  }

  /** Makes, certifies and executes one block of what waits. */
  makeBlock(): Header {
    const parent = this.blocks.at(-1)?.header ?? this.beforeFirst()
    const basePrice = nextBasePrice(parent, this.rules.parameters)
    const gate = new Gate(this.reader, [], { height: parent.height + 1, basePrice }, this.rules.parameters)
    const transactions = this.mempool.select(gate, MAX_BLOCK_CONTENT_BYTES, MAX_BLOCK_COUNT)
    const rootCertificate = this.blocks.at(-1)?.certificate ?? null
    const header = this.nextHeader(parent, transactions, gate.admittedGas, basePrice, rootCertificate)
    const hash = headerHash(header)
    const journal = new StateJournal(this.reader)
    const executed = executeBlock(
      journal,
      { hash, header, rootCertificate, transactions },
      this.genesisParameters,
      undefined,
      this.engine,
    )
    this.reader.apply(executed.changes)
    this.rootBefore = this.tree.root
    this.store(this.tree.applyChanges(executed.changes).pages)
    this.lastChanges = executed.changes
    const leaf = {
      height: header.height,
      blockHash: hash,
      stateRoot: this.tree.root,
      receiptsRoot: executed.receiptsRoot,
    }
    this.leaves.push(leaf)
    this.growRange(leaf)
    this.blocks.push({
      header,
      hash,
      certificate: this.certify(header, hash),
      transactions: transactions.map(({ wire }) => wire),
      receipts: executed.receipts,
    })
    for (const [index, tx] of transactions.entries()) {
      this.places.set(mapKey(tx.id), { height: header.height, index })
      this.mempool.remove(tx.id)
    }
    this.mempool.expire(header.height + 1)
    const notice = { height: header.height, hash, header, receipts: executed.receipts }
    for (const listener of this.listeners) listener(notice)
    return header
  }

  private growRange(leaf: Executed): void {
    const { range, nodes } = this.range.grow(executedHash(leaf))
    this.range = range
    for (const { level, index, hash } of nodes) this.rangeNodes.set(`${level}/${index}`, hash)
  }

  private store(pages: Iterable<NewPage>): void {
    for (const { name, bytes } of pages) {
      if (bytes === null) this.pages.delete(name)
      else this.pages.set(name, bytes)
    }
    this.tree.committed(this.tree.height)
  }

  private admit(tx: ParsedTransaction): void {
    for (const { key, signature } of signatureClaims(tx)) {
      if (!verify(key, tx.id, signature)) throw new SmartshareError('TX_SIGNATURE', 'a signature does not hold')
    }
    const block = { height: this.height + 1, basePrice: this.state().basePrice }
    checkAdmission(tx, this.reader, block, this.rules.parameters, MOST_NONCES_AHEAD)
    this.mempool.add(tx)
  }

  private beforeFirst(): Header {
    return {
      version: FIRST_VERSION,
      chainId: this.chainId,
      term: 0,
      slot: 0,
      height: 0,
      parent: NOTHING,
      timeMs: this.genesis.record.timeMs,
      leader: 0,
      reveal: new Uint8Array(96),
      accumulator: firstAccumulator(this.chainId),
      rootHeight: 0,
      stateRoot: this.rootBefore,
      rangeRoot: NOTHING,
      certificateHash: NOTHING,
      transactionsRoot: transactionsRoot([]),
      transactionCount: 0,
      gas: 0,
      basePrice: this.genesisParameters.leastBasePrice,
      mode: MODE_CALM,
      nextSet: null,
    }
  }

  private nextHeader(
    parent: Header,
    transactions: readonly ParsedTransaction[],
    gas: number,
    basePrice: bigint,
    rootCertificate: Certificate | null,
  ): Header {
    const running = currentTerm(this.reader)
    const elected = nextSet(this.reader)
    const term = this.nextTerm()
    const isOver = term > running.term
    const slot = isOver ? 0 : parent.slot + 1
    const set = isOver && elected !== undefined ? elected : { term: running.term, members: running.members }
    const leader = this.turns.leaderOf(slot, set)
    const round = Math.floor(slot / set.members.length)
    const reveal = bls.sign(this.secretOf(set.members[leader]!.key), revealHash(this.chainId, term, round))
    const header: Header = {
      ...parent,
      version: this.rules.version,
      term,
      slot,
      leader,
      reveal,
      height: parent.height + 1,
      parent: parent.height === 0 ? this.chainId : headerHash(parent),
      timeMs: parent.timeMs + this.genesisParameters.slotMs,
      accumulator: nextAccumulator(parent.accumulator, reveal),
      rootHeight: parent.height,
      stateRoot: this.tree.root,
      rangeRoot: this.range.root(),
      certificateHash: rootCertificate === null ? NOTHING : certificateHash(rootCertificate),
      transactionsRoot: transactionsRoot(transactions.map(({ wire }) => wire)),
      transactionCount: transactions.length,
      gas,
      basePrice,
      mode: modeOf(this.reader),
      nextSet: elected === undefined || isOver ? null : setHash(elected),
    }
    if (isOver && elected !== undefined) {
      const { certificate } = this.blocks.at(-1)!
      this.handOvers.set(term, { set: elected, header: parent, certificate })
    }
    this.turns.next(header, set)
    return header
  }

  private secretOf(key: Uint8Array): Uint8Array {
    return this.secrets.find((secret) => equalBytes(bls.publicKey(secret), key))!
  }

  /** A Final certificate with exactly a quorum of real signatures. */
  private certify(header: Header, hash: Uint8Array): Certificate {
    const { term, slot } = header
    const statement = statementHash({ chainId: this.chainId, term, slot, kind: FINAL, value: hash })
    const keys = currentTerm(this.reader).members.map(({ key }) => key)
    const seats = keys.map((_, seat) => seat).slice(0, quorum(keys.length))
    const signatures = seats.map((seat) => bls.sign(this.secretOf(keys[seat]!), statement))
    return {
      term,
      slot,
      kind: FINAL,
      value: hash,
      bitmap: bitmapOf(seats, keys.length),
      signature: bls.aggregate(signatures),
    }
  }
}

function genesisOf(
  parameters: Parameters,
  secrets: readonly Uint8Array[],
  accounts: readonly string[],
  grains: bigint,
  timeMs: number,
): Genesis {
  const bond = parameters.leastBondGrains
  const delegates = secrets.map((secret, i) => ({
    address: testAccount(`delegate ${i}`).address,
    name: `delegate-${i}`,
    key: bls.publicKey(secret),
    proof: bls.provePossession(secret),
    bond,
  }))
  return {
    name: 'memory',
    preset: 'local',
    timeMs,
    parameters,
    foundation: testAccount('foundation').address,
    team: testAccount('team').address,
    placement: [
      ...delegates.map(({ address }) => ({ address, grains: bond + grains })),
      ...['foundation', ...accounts].map((name) => ({ address: testAccount(name).address, grains })),
    ],
    delegates,
    fork: null,
  }
}
