import { type Account, type Client, callOf, type Sender } from '@smartshare/client'
import { equalBytes } from '@smartshare/crypto'
import { type AgreementView, collateralFor, type OfferView, periodPrice, STORAGE } from '@smartshare/runtime'
import { ChainReader } from '@smartshare/storage'
import type { AgentChain, AgreementEvent, EventPlace, InspectionAnswer, OfferTerms } from './chain.ts'

/** The chain as an agent uses it, through the nodes of a client. */
export class AgentChainClient extends ChainReader implements AgentChain {
  readonly addressText: string
  readonly address: Uint8Array
  readonly #sender: Sender

  constructor(client: Client, account: Account) {
    super(client)
    this.addressText = account.text
    this.address = account.address
    this.#sender = client.sender(account)
  }

  get parameters() {
    return this.client.parameters
  }

  async height(): Promise<number> {
    return (await this.client.rpc.status()).height
  }

  async timeMs(): Promise<number> {
    return (await this.client.rpc.status()).timeMs
  }

  async balanceGrains(): Promise<bigint> {
    return (await this.client.rpc.account(this.addressText)).grains
  }

  ownOffer(): Promise<OfferView | undefined> {
    return this.client.rpc.market.offerOfProvider(this.addressText)
  }

  async postOffer({ addresses, ...terms }: OfferTerms): Promise<void> {
    const args = { kind: STORAGE, ...terms, addresses: [...addresses] }
    await this.#sender.sendAndWait({ calls: [callOf('offers', 'post', args)] })
  }

  async adjustOffer(offer: OfferView, terms: OfferTerms): Promise<void> {
    const calls = callsToAdjust(offer, terms)
    if (calls.length > 0) await this.#sender.sendAndWait({ calls })
  }

  ownAgreements(): AsyncIterable<AgreementView> {
    return this.client.rpc.market.agreements({ provider: this.addressText })
  }

  view(agreement: number): Promise<AgreementView | undefined> {
    return this.client.rpc.market.agreement(agreement)
  }

  async prove(answers: readonly InspectionAnswer[]): Promise<void> {
    await this.#sender.sendAndWait({ calls: answers.map((answer) => callOf('agreements', 'prove', answer)) })
  }

  async settle(agreement: number): Promise<bigint> {
    const { receipt } = await this.#sender.sendAndWait({ calls: [callOf('agreements', 'settle', { agreement })] })
    const closed = receipt.events.find(({ from, name }) => from === 'agreements' && name === 'closed')
    return BigInt(String(closed?.data?.bountyGrains ?? 0))
  }

  async cancel(agreement: number): Promise<void> {
    await this.#sender.sendAndWait({ calls: [callOf('agreements', 'cancel', { agreement })] })
  }

  async *events(from: EventPlace, signal: AbortSignal): AsyncGenerator<AgreementEvent> {
    for await (const { name, data, after } of this.client.events({ ...from, from: 'agreements' }, { signal })) {
      const agreement = data?.agreement
      if (data !== null && typeof agreement === 'number') yield { name, agreement, data, after }
    }
  }
}

/**
 * The calls that bring an offer to new terms. An offer stays in its token: for another one it is withdrawn, and the next look,
 * which finds none, posts anew.
 */
export function callsToAdjust(offer: OfferView, terms: OfferTerms) {
  if (!isSameToken(offer.token, terms.token)) return [callOf('offers', 'withdraw', { offer: offer.offer })]
  const calls: ReturnType<typeof callOf>[] = []
  const { region, peer, priceGrains, pledgeGrains, capacityBytes } = terms
  const addresses = [...terms.addresses]
  if (offer.region !== region || offer.peer !== peer || offer.addresses.join(' ') !== addresses.join(' ')) {
    calls.push(callOf('offers', 'move', { offer: offer.offer, region, peer, addresses }))
  }
  const change = offer.change
  const price = change?.priceGrains ?? offer.priceGrains
  const capacity = change?.capacityBytes ?? offer.capacityBytes
  const pledge = change?.pledgeGrains ?? offer.pledgeGrains
  if (price !== priceGrains || capacity !== capacityBytes || (pledgeGrains !== null && pledge !== pledgeGrains)) {
    calls.push(callOf('offers', 'change', { offer: offer.offer, priceGrains, pledgeGrains, capacityBytes }))
  }
  const missing = terms.collateralGrains - offer.freeGrains - offer.lockedGrains
  if (missing > 0n) calls.push(callOf('offers', 'deposit', { offer: offer.offer, grains: missing }))
  return calls
}

function isSameToken(one: OfferTerms['token'], other: OfferTerms['token']): boolean {
  return one === 0 || other === 0 ? one === other : equalBytes(one, other)
}

/** Collateral that lets all of a capacity be sold with a pledge, but no less than the network's least. */
export function neededCollateral(pledgeGrains: bigint, capacityBytes: number, leastGrains: bigint): bigint {
  const whole = collateralFor(periodPrice(pledgeGrains, capacityBytes))
  return whole > leastGrains ? whole : leastGrains
}
