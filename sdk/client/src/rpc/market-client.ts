import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { AgreementView, OfferView, TenderView } from '@smartshare/runtime'
import * as answers from './market-answers.ts'
import type { HttpTransport, RpcCall } from './transport.ts'

const PAGE = 200

/** Whose agreements are asked for, addresses as text. */
export type AgreementsQuery = { readonly buyer: string; readonly object?: Uint8Array } | { readonly provider: string }

/** Questions about offers, tenders and agreements. */
export class MarketClient {
  private readonly transport: HttpTransport

  constructor(transport: HttpTransport) {
    this.transport = transport
  }

  /** Offers for SSP, or the token of an address, in the order in which matching walks them, as far as the caller walks. */
  async *offers(token = 'SSP'): AsyncGenerator<OfferView> {
    let after: string | null | undefined
    while (after !== null) {
      const params = { token, limit: PAGE, ...(after === undefined ? {} : { after }) }
      const page = await this.transport.call({ method: 'market_offers', params, answer: answers.offersAnswer })
      yield* page.items
      after = page.next
    }
  }

  /** An offer by its id; undefined if there is none. */
  offer(offer: number): Promise<OfferView | undefined> {
    return this.find({ method: 'market_offer', params: { offer }, answer: answers.offerAnswer })
  }

  /** The open offer of a provider; undefined if it has none. */
  offerOfProvider(provider: string): Promise<OfferView | undefined> {
    return this.find({ method: 'market_offer', params: { provider }, answer: answers.offerAnswer })
  }

  /** A tender by its id; undefined if it never was, found no offer, or is forgotten. */
  tender(tender: number): Promise<TenderView | undefined> {
    return this.find({ method: 'market_tender', params: { tender }, answer: answers.tenderAnswer })
  }

  /** An agreement by its id; undefined if it never was or is forgotten. */
  agreement(agreement: number): Promise<AgreementView | undefined> {
    return this.find({ method: 'storage_agreement', params: { agreement }, answer: answers.agreementAnswer })
  }

  /** Agreements of a buyer or a provider, as far as the caller walks. */
  async *agreements(query: AgreementsQuery): AsyncGenerator<AgreementView> {
    const whose = 'object' in query && query.object ? { ...query, object: toHex(query.object) } : query
    let after: string | null | undefined
    while (after !== null) {
      const params = { ...whose, limit: PAGE, ...(after === undefined ? {} : { after }) }
      const page = await this.transport.call({ method: 'storage_agreements', params, answer: answers.agreementsAnswer })
      yield* page.items
      after = page.next
    }
  }

  /** Service time in ms at a wall-clock time in ms (core/runtime, beacon). */
  async serviceTime(timeMs: number): Promise<number> {
    const call = { method: 'storage_time', params: { timeMs }, answer: answers.serviceTimeAnswer }
    return (await this.transport.call(call)).serviceMs
  }

  private async find<T>(call: RpcCall<T>): Promise<T | undefined> {
    try {
      return await this.transport.call(call)
    } catch (error) {
      if (SmartshareError.is(error, 'RPC_NOT_FOUND')) return undefined
      throw error
    }
  }
}
