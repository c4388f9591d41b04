// The real modules of the market over a state in memory, in place of a network: for tests of owners and providers.
import type { Token } from '@smartshare/chain'
import { addressOfKey, equalBytes } from '@smartshare/crypto'
import {
  agreementById,
  agreementsOfBuyer,
  type Demand,
  getAccount,
  offerById,
  STORAGE,
  tenderById,
} from '@smartshare/runtime'
import { callOf, type TestAccount, TestChain } from '@smartshare/runtime/testing'
import type { Activation, AgreementReader, OwnerChain, StorageAgreement } from './chain.ts'

const GIB = 2 ** 30

/** A chain that makes a block for every call. */
export class MemoryChain implements AgreementReader {
  readonly chain: TestChain

  constructor(accounts: readonly string[]) {
    this.chain = new TestChain({ accounts })
  }

  get chainId(): Uint8Array {
    return this.chain.chainId
  }

  async agreement(agreement: number): Promise<StorageAgreement | undefined> {
    const { state, head, parameters } = this.chain
    const at = { timeMs: head.timeMs, activationMs: parameters.activationMs }
    const view = agreementById(state, agreement, at)
    if (view === undefined) return undefined
    const offer = offerById(state, view.offer)
    return { ...view, peer: offer?.peer ?? '', addresses: offer?.addresses ?? [] }
  }

  async mayAct(account: Uint8Array, key: Uint8Array): Promise<boolean> {
    return getAccount(this.chain.state, account).policy === null && equalBytes(addressOfKey(key), account)
  }

  /** Posts an offer that takes part in matching at once. */
  offer(
    provider: string,
    contact: { peer: string; addresses: string[] },
    terms: { token?: Token; priceGrains?: bigint; pledgeGrains?: bigint; capacityBytes?: number } = {},
  ): void {
    this.chain.run(
      provider,
      callOf('offers', 'post', {
        kind: STORAGE,
        region: 'test',
        token: 0,
        priceGrains: 1_000_000n,
        pledgeGrains: null,
        capacityBytes: 10 * GIB,
        collateralGrains: 10n ** 10n,
        ...contact,
        ...terms,
      }),
    )
    for (let i = 0; i <= this.chain.parameters.offerMaturityBlocks; i++) this.chain.makeBlock()
  }

  owner(account: TestAccount): OwnerChain {
    return new MemoryOwner(this, account)
  }
}

class MemoryOwner implements OwnerChain {
  readonly chainId: Uint8Array
  private readonly memory: MemoryChain
  private readonly account: TestAccount

  constructor(memory: MemoryChain, account: TestAccount) {
    this.memory = memory
    this.account = account
    this.chainId = memory.chainId
  }

  agreement(agreement: number) {
    return this.memory.agreement(agreement)
  }

  mayAct(account: Uint8Array, key: Uint8Array) {
    return this.memory.mayAct(account, key)
  }

  async tender(demand: Demand): Promise<(number | null)[]> {
    const { chain } = this.memory
    const { receipt } = chain.run(this.account, callOf('tenders', 'post', demand))
    const { tender } = receipt.events.find(({ name }) => name === 'posted')!.data as { tender: number }
    const view = tenderById(chain.state, tender)
    return view?.agreements ?? demand.lots.map(() => null)
  }

  async activate(activations: readonly Activation[]): Promise<void> {
    this.memory.chain.run(this.account, ...activations.map((args) => callOf('agreements', 'activate', args)))
  }

  async cancel(agreements: readonly number[]): Promise<void> {
    for (const agreement of agreements)
      this.memory.chain.run(this.account, callOf('agreements', 'cancel', { agreement }))
  }

  async end(agreements: readonly number[]): Promise<void> {
    for (const agreement of agreements) this.memory.chain.run(this.account, callOf('agreements', 'end', { agreement }))
  }

  async agreementsOf(object: Uint8Array): Promise<StorageAgreement[]> {
    return this.page({ object })
  }

  async *allAgreements(): AsyncGenerator<StorageAgreement> {
    yield* await this.page({})
  }

  async memo(tender: number): Promise<Uint8Array | undefined> {
    return tenderById(this.memory.chain.state, tender)?.memo
  }

  async timeMs(): Promise<number> {
    return this.memory.chain.head.timeMs
  }

  private async page(options: { object?: Uint8Array }): Promise<StorageAgreement[]> {
    const { state, head, parameters } = this.memory.chain
    const at = { timeMs: head.timeMs, activationMs: parameters.activationMs }
    const { items } = agreementsOfBuyer(state, this.account.address, at, options)
    const views = await Promise.all(items.map(({ agreement }) => this.memory.agreement(agreement)))
    return views.filter((view) => view !== undefined)
  }
}
