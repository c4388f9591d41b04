import type { Certificate, Executed, Header } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Registry } from 'prom-client'
import type {
  CommittedState,
  ExecutedNotice,
  FinalBlock,
  HandOver,
  NodeApi,
  NodeStatus,
  PeerInfo,
  StateProof,
  SubmitOutcome,
  TransactionPlace,
  Verification,
} from './api.ts'
import type { Node } from './node.ts'
import type { NodeKeeper } from './node-keeper.ts'
import { NodeMetrics } from './node-metrics.ts'
import { findHandOver } from './sync/hand-overs.ts'

const NODE_VERSION = '0.1.0'

/** A node as its RPC server sees it. Of a halted one nothing but its figures can be read. */
export class NodeView implements NodeApi {
  readonly chainId: Uint8Array
  readonly genesis: NodeApi['genesis']
  private readonly keeper: NodeKeeper
  private readonly measured: NodeMetrics

  constructor(keeper: NodeKeeper) {
    this.keeper = keeper
    const { node } = keeper
    this.chainId = node.chainId
    this.genesis = { encoded: node.config.genesis, record: node.genesis }
    this.measured = new NodeMetrics(() => ({
      ...this.status(),
      height: keeper.node.committedHeight,
      evidence: keeper.node.evidence.seen,
      pendingEvidence: keeper.node.evidence.count,
      heavy: keeper.node.heavy,
      halted: keeper.halted !== undefined,
      network: keeper.node.network.figures(),
      mempool: keeper.node.mempool,
      clock: keeper.node.clock,
    }))
    keeper.subscribe(({ receipts }) => {
      this.measured.blocks.inc()
      this.measured.transactions.inc(receipts.length - 1)
    })
  }

  get metrics(): Registry {
    return this.measured.registry
  }

  get halted(): SmartshareError | undefined {
    return this.keeper.halted
  }

  onHalt(listener: () => void): () => void {
    return this.keeper.onHalt(listener)
  }

  /** In memory alone, so that it can be told of a halted node too. */
  status(): NodeStatus {
    const { node, problem } = this.keeper
    const { term, slot } = node.position
    return {
      name: node.config.name,
      version: NODE_VERSION,
      finalHeight: node.finals.height,
      term,
      slot,
      mode: node.finals.last?.block.header.mode ?? 0,
      load: node.load,
      following: node.following.status,
      peers: node.network.peers().length,
      mempoolTransactions: node.mempool.count,
      protocol: node.protocol.status,
      txPerSecond: node.throughput.perSecond,
      supplyGrains: node.executor.supplyGrains,
      healthy: problem === undefined,
      ...(problem === undefined ? {} : { problem }),
    }
  }

  peers(): readonly PeerInfo[] {
    const members = this.node.term.set.members.map(({ address }) => toHex(address))
    return this.node.network.peers().map(({ id, address, delegate }) => {
      const seat = delegate === null ? -1 : members.indexOf(delegate)
      return seat < 0 ? { id, address } : { id, address, seat }
    })
  }

  state(): CommittedState {
    return this.node.committedState()
  }

  evidence() {
    return this.node.evidence.list()
  }

  async submit(wires: readonly Uint8Array[]): Promise<SubmitOutcome[]> {
    return this.node.intake.submit(wires)
  }

  async block(height: number): Promise<FinalBlock | undefined> {
    const final = await this.node.finals.at(height)
    if (final === undefined) return undefined
    const { hash, block, certificate } = final
    return {
      hash,
      header: block.header,
      transactions: block.transactions,
      ...(certificate === null ? {} : { certificate }),
    }
  }

  async receipts(height: number): Promise<readonly Uint8Array[] | undefined> {
    if (height > this.node.committedHeight || height < 1) return undefined
    const receipts = this.node.store.receipts(height)
    if (receipts === undefined)
      throw new SmartshareError('BLOCK_PRUNED', 'receipts of this height are not kept here', { height })
    return receipts
  }

  verification(height: number): Verification {
    const following = this.node.store.following(height)
    return following === undefined ? 'executed' : following === 'sampled' ? 'sampled' : 'followed'
  }

  async transaction(id: Uint8Array): Promise<TransactionPlace | undefined> {
    const place = this.node.store.place(id)
    if (place !== undefined && place.height <= this.node.committedHeight) return { state: 'executed', ...place }
    return this.node.mempool.has(id) || place !== undefined ? { state: 'pending' } : undefined
  }

  async proof(key: Uint8Array): Promise<StateProof | undefined> {
    const certified = this.node.finals.latestCertified
    if (certified?.certificate == null) return undefined
    const { header } = certified.block
    const value = this.node.changes.at(header.rootHeight).get(key)
    const proof = await this.node.executor.prove(key, header.rootHeight)
    return proof === null ? undefined : { key, value, proof, header, certificate: certified.certificate }
  }

  certified(): { header: Header; certificate: Certificate } | undefined {
    const certified = this.node.finals.latestCertified
    if (certified?.certificate == null) return undefined
    return { header: certified.block.header, certificate: certified.certificate }
  }

  executed(height: number): Executed | undefined {
    if (height > this.node.committedHeight) return undefined
    const facts = this.node.store.facts(height)
    if (facts === undefined) return undefined
    const { blockHash, stateRoot, receiptsRoot } = facts
    return { height, blockHash, stateRoot, receiptsRoot }
  }

  rangeNode(level: number, index: number): Uint8Array | undefined {
    return this.node.store.rangeNode(level, index)
  }

  async handOver(term: number): Promise<HandOver | undefined> {
    return findHandOver(this.node.store, this.node.committedHeight, term)
  }

  subscribe(listener: (notice: ExecutedNotice) => void): () => void {
    return this.keeper.subscribe(listener)
  }

  /** The node that runs. Throws NODE_HALTED. */
  private get node(): Node {
    const { halted } = this.keeper
    if (halted !== undefined) throw halted
    return this.keeper.node
  }
}
