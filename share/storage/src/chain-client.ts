import { MAX_CALLS } from '@smartshare/chain'
import type { Client, FinalTransaction, Sender } from '@smartshare/client'
import { callOf } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { addressOfKey, equalBytes, formatAddress, type PublicKey, toHex } from '@smartshare/crypto'
import type { AgreementView, Demand, TenderView } from '@smartshare/runtime'
import type { Activation, AgreementReader, OwnerChain, StorageAgreement } from './chain.ts'

/** How often a question is repeated whose answer must come with the next blocks, and how many times, milliseconds. */
const ASK_AGAIN_MS = 250
/** A tender waits for at most 32 blocks of two seconds; beyond that something is wrong. */
const MAX_TENDER_QUESTIONS = 600
/** Nodes may be a few blocks apart: what one has told, another may not know yet. */
const MAX_LAG_QUESTIONS = 20

/** The chain as a provider or reader sees it, through the nodes of a client. */
export class ChainReader implements AgreementReader {
  protected readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  get chainId(): Uint8Array {
    return this.client.chainId
  }

  async agreement(agreement: number): Promise<StorageAgreement | undefined> {
    const view = await this.client.rpc.market.agreement(agreement)
    return view === undefined ? undefined : (await this.withContacts([view]))[0]
  }

  async mayAct(account: Uint8Array, key: PublicKey): Promise<boolean> {
    const { policy } = await this.client.rpc.account(formatAddress(account))
    if (policy === null) return equalBytes(addressOfKey(key), account)
    return policy.threshold === 1 && policy.keys.includes(toHex(key))
  }

  /** Adds where the providers are reached; each offer is asked for once. */
  protected async withContacts(views: readonly AgreementView[]): Promise<StorageAgreement[]> {
    const ids = [...new Set(views.map(({ offer }) => offer))]
    const offers = new Map(
      await Promise.all(ids.map(async (id) => [id, await this.client.rpc.market.offer(id)] as const)),
    )
    return views.map((view) => {
      const offer = offers.get(view.offer)
      return { ...view, peer: offer?.peer ?? '', addresses: offer?.addresses ?? [] }
    })
  }
}

/** The chain as an owner uses it: the same, and the buyer's transactions. */
export class ChainClient extends ChainReader implements OwnerChain {
  readonly #sender: Sender

  constructor(client: Client, sender: Sender) {
    super(client)
    this.#sender = sender
  }

  async tender(demand: Demand): Promise<(number | null)[]> {
    const final = await this.#sender.sendAndWait({ calls: [callOf('tenders', 'post', demand)] })
    const tender = postedTender(final)
    for (let question = 0; question < MAX_TENDER_QUESTIONS; question++) {
      const view = await this.client.rpc.market.tender(tender)
      if (view?.state === 'matched') return view.agreements
      // A tender that found nobody is forgotten at once; so is none that a lagging node has not seen yet.
      if (view === undefined && (await this.#knows(final.height))) return demand.lots.map(() => null)
      await delay(ASK_AGAIN_MS)
    }
    throw new SmartshareError('STORAGE_TENDER', 'the tender was not matched in time', { tender })
  }

  async activate(activations: readonly Activation[]): Promise<void> {
    await this.#inBatches(activations.map((args) => callOf('agreements', 'activate', args)))
  }

  async cancel(agreements: readonly number[]): Promise<void> {
    await this.#inBatches(agreements.map((agreement) => callOf('agreements', 'cancel', { agreement })))
  }

  async end(agreements: readonly number[]): Promise<void> {
    await this.#inBatches(agreements.map((agreement) => callOf('agreements', 'end', { agreement })))
  }

  async agreementsOf(object: Uint8Array): Promise<StorageAgreement[]> {
    const views: AgreementView[] = []
    for await (const view of this.client.rpc.market.agreements({ buyer: this.#sender.address, object }))
      views.push(view)
    return this.withContacts(views)
  }

  async *allAgreements(): AsyncGenerator<StorageAgreement> {
    for await (const view of this.client.rpc.market.agreements({ buyer: this.#sender.address })) {
      // Lists show no contacts: whoever wants to reach a provider asks for the object.
      yield { ...view, peer: '', addresses: [] }
    }
  }

  async memo(tender: number): Promise<Uint8Array | undefined> {
    const view: TenderView | undefined = await this.client.rpc.market.tender(tender)
    return view?.memo
  }

  async timeMs(): Promise<number> {
    return (await this.client.rpc.status()).timeMs
  }

  /** An agreement that the chain has just made may be unknown to another node for some blocks. */
  override async agreement(agreement: number): Promise<StorageAgreement | undefined> {
    for (let question = 0; question < MAX_LAG_QUESTIONS; question++) {
      const view = await super.agreement(agreement)
      if (view !== undefined) return view
      await delay(ASK_AGAIN_MS)
    }
    return undefined
  }

  async #knows(height: number): Promise<boolean> {
    return (await this.client.rpc.status()).height >= height
  }

  async #inBatches(calls: readonly ReturnType<typeof callOf>[]): Promise<void> {
    for (let at = 0; at < calls.length; at += MAX_CALLS) {
      await this.#sender.sendAndWait({ calls: calls.slice(at, at + MAX_CALLS) })
    }
  }
}

function postedTender({ id, receipt }: FinalTransaction): number {
  const posted = receipt.events.find(({ from, name }) => from === 'tenders' && name === 'posted')
  const tender = posted?.data?.tender
  if (typeof tender === 'number') return tender
  throw new SmartshareError('STORAGE_TENDER', 'the receipt of a tender does not name it', { transaction: id })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
