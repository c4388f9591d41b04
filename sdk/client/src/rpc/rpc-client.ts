import { SmartshareError } from '@smartshare/codec'
import * as answers from './answers.ts'
import { base64OfBytes, bytesOfBase64 } from './base64.ts'
import { ContractClient } from './contract-client.ts'
import { GovernanceClient } from './governance-client.ts'
import { MarketClient } from './market-client.ts'
import { errorOfRefusal } from './rpc-error.ts'
import { TokenClient } from './token-client.ts'
import { HttpTransport, type RpcCall, type RpcOutcome, type TransportOptions } from './transport.ts'

/** Most transactions in one submit; nodes take no more. */
export const MAX_SUBMIT = 1000
const MAX_PAGE = 1000

/** Which events to read. */
export interface EventQuery {
  /** First block, and events of it to leave out. */
  readonly height: number
  readonly skip?: number
  /** Name of the module, or address of the contract. */
  readonly from?: string
  readonly name?: string
  /** Only events in which this address stands. */
  readonly address?: string
  readonly limit?: number
}

/** Every method of a node, typed. Answers are checked; amounts are bigint. */
export class RpcClient {
  /** Questions about offers, tenders and agreements. */
  readonly market: MarketClient
  /** Questions about what delegates decide together. */
  readonly governance: GovernanceClient
  /** Questions about contracts. */
  readonly contracts: ContractClient
  /** Questions about tokens of vendors, and balances of them. */
  readonly tokens: TokenClient
  private readonly transport: HttpTransport

  constructor(options: TransportOptions) {
    this.transport = new HttpTransport(options)
    this.market = new MarketClient(this.transport)
    this.governance = new GovernanceClient(this.transport)
    this.contracts = new ContractClient(this.transport)
    this.tokens = new TokenClient(this.transport)
  }

  /** The node that is asked now. */
  get url(): string {
    return this.transport.url
  }

  status() {
    return this.transport.call({ method: 'chain_status', params: {}, answer: answers.statusAnswer })
  }

  /** The encoded genesis record. The caller checks that its hash is the chain id it trusts. */
  async genesis(): Promise<Uint8Array> {
    const call = { method: 'chain_genesis', params: {}, answer: answers.genesisAnswer }
    return bytesOfBase64((await this.transport.call(call)).encoded)
  }

  /** A final block with a page of its transactions. Throws RPC_NOT_FOUND. */
  block(height: number, page: { skip?: number; limit?: number } = {}) {
    return this.transport.call({ method: 'chain_block', params: { height, ...page }, answer: answers.blockAnswer })
  }

  /** Headers of final blocks from a height on. */
  blocks(from: number, limit = 20) {
    return this.transport.call({ method: 'chain_blocks', params: { from, limit }, answer: answers.blocksAnswer })
  }

  transaction(id: string) {
    return this.transport.call({ method: 'chain_transaction', params: { id }, answer: answers.transactionAnswer })
  }

  /** Up to 100 calls that one node answers one after the other. */
  batch<T>(calls: readonly RpcCall<T>[]): Promise<RpcOutcome<T>[]> {
    return this.transport.batch(calls)
  }

  receipts(height: number, page: { skip?: number; limit?: number } = {}) {
    return this.transport.call({
      method: 'chain_receipts',
      params: { height, ...page },
      answer: answers.receiptsAnswer,
    })
  }

  /** Executed blocks with transactions and receipts in base64, from a place in the chain on; a large block takes several pages. */
  history(height: number, page: { skip?: number; limit?: number } = {}) {
    return this.transport.call({ method: 'chain_history', params: { height, ...page }, answer: answers.historyAnswer })
  }

  events(query: EventQuery) {
    return this.transport.call({ method: 'chain_events', params: { ...query }, answer: answers.eventsAnswer })
  }

  /**
   * Hands over transactions; the same bytes may be handed over again. The results stand in the same order: the id of what
   * is admitted (now or before), or the error of what is refused. `onLost` as for `HttpTransport.call`.
   */
  async submit(
    wires: readonly Uint8Array[],
    onLost: () => void = () => undefined,
  ): Promise<({ id: string } | { error: SmartshareError })[]> {
    if (wires.length > MAX_SUBMIT) throw new SmartshareError('RPC_PARAMS', `at most ${MAX_SUBMIT} transactions at once`)
    const call = {
      method: 'chain_submit',
      params: { transactions: wires.map(base64OfBytes) },
      answer: answers.submitAnswer,
    }
    const { results } = await this.transport.call(call, onLost)
    if (results.length !== wires.length) throw new SmartshareError('RPC_ANSWER', 'not one result per transaction')
    return results.map((result) => ('id' in result ? result : { error: errorOfRefusal(result.error) }))
  }

  /** What a transaction would cost now. Throws what its calls would fail with. */
  estimate(wire: Uint8Array) {
    const params = { transaction: base64OfBytes(wire) }
    return this.transport.call({ method: 'chain_estimate', params, answer: answers.estimateAnswer })
  }

  account(address: string) {
    return this.transport.call({ method: 'account_get', params: { address }, answer: answers.accountAnswer })
  }

  locks(address: string) {
    return this.transport.call({ method: 'account_locks', params: { address }, answer: answers.locksAnswer })
  }

  /** Who may give an account new keys, and what they have said. */
  guardians(address: string) {
    return this.transport.call({ method: 'account_guardians', params: { address }, answer: answers.guardiansAnswer })
  }

  delegates(page: { skip?: number; limit?: number } = {}) {
    const params = { limit: MAX_PAGE, ...page }
    return this.transport.call({ method: 'delegate_list', params, answer: answers.delegatesAnswer })
  }

  /** A delegate by address or name. Throws RPC_NOT_FOUND. */
  delegate(delegate: string) {
    return this.transport.call({ method: 'delegate_get', params: { delegate }, answer: answers.delegateAnswer })
  }

  voter(address: string) {
    return this.transport.call({ method: 'delegate_voter', params: { address }, answer: answers.voterAnswer })
  }

  term() {
    return this.transport.call({ method: 'delegate_term', params: {}, answer: answers.termAnswer })
  }

  /** The election counted last. */
  election() {
    return this.transport.call({ method: 'delegate_election', params: {}, answer: answers.electionAnswer })
  }

  /** Evidence of traitors that the node saw and is not reported with success yet. */
  evidence() {
    return this.transport.call({ method: 'delegate_evidence', params: {}, answer: answers.evidenceAnswer })
  }

  /** A balance with all that is needed to check it. Throws RPC_NOT_READY on a network without a final block. */
  accountProof(address: string, token = 'SSP') {
    return this.transport.call({ method: 'account_proof', params: { address, token }, answer: answers.proofAnswer })
  }

  /** Any entry of the state, by its key in hexadecimal, with all that is needed to check it. Throws RPC_NOT_READY. */
  proof(key: string) {
    return this.transport.call({ method: 'chain_proof', params: { key }, answer: answers.proofAnswer })
  }

  /** What was executed at a height, as a record of docs/spec/light.md §6. Throws RPC_NOT_READY until it is certified. */
  executedProof(height: number) {
    return this.transport.call({
      method: 'chain_executedProof',
      params: { height },
      answer: answers.executedProofAnswer,
    })
  }

  /** A receipt, as a record of docs/spec/light.md §6. Throws RPC_NOT_READY until its block is certified, RPC_NOT_FOUND. */
  receiptProof(height: number, index: number) {
    return this.transport.call({
      method: 'chain_receiptProof',
      params: { height, index },
      answer: answers.executedProofAnswer,
    })
  }

  /** How the set of a term was seated. Throws RPC_NOT_FOUND. */
  handOver(term: number) {
    return this.transport.call({ method: 'chain_handOver', params: { term }, answer: answers.handOverAnswer })
  }

  /** Any other method: for modules that have no function of their own here. */
  call<T>(call: RpcCall<T>): Promise<T> {
    return this.transport.call(call)
  }
}
