// The real modules over a state in memory, as an agent's chain: for tests without a network. Time moves by blocks alone.
import { formatAddress } from '@smartshare/crypto'
import {
  type AgreementView,
  agreementById,
  agreementsOfProvider,
  type OfferView,
  offerOfProvider,
  STORAGE,
} from '@smartshare/runtime'
import { callOf, type TestAccount, type TestBlock, type TestEvent } from '@smartshare/runtime/testing'
import { MemoryChain } from '@smartshare/storage/testing'
import type { AgentChain, AgreementEvent, EventPlace, InspectionAnswer, OfferTerms } from './chain.ts'
import { callsToAdjust } from './chain-client.ts'

/** A chain in memory that remembers the events of its blocks. */
export class EventfulChain extends MemoryChain {
  readonly placed: AgreementEvent[] = []
  readonly news = new EventTarget()

  constructor(accounts: readonly string[]) {
    super(accounts)
    const make = this.chain.makeBlock.bind(this.chain)
    this.chain.makeBlock = (...args) => {
      const block = make(...args)
      this.#remember(block)
      return block
    }
  }

  /** Blocks until so much time has passed, in steps below a quarter of an inspection window, which all count. */
  advance(ms: number): void {
    const step = Math.floor(this.chain.parameters.inspectionWindowMs / 5)
    for (let left = ms; left > 0; left -= step) this.chain.makeBlock([], Math.min(step, left))
  }

  agent(name: string): MemoryAgentChain {
    return new MemoryAgentChain(this, this.chain.account(name))
  }

  #remember({ header, receipts, own }: TestBlock): void {
    let skip = 0
    for (const { module, name, data } of [...receipts, own].flatMap(({ events }) => events)) {
      skip++
      if (module !== 'agreements') continue
      const after = { height: header.height, skip }
      this.placed.push({ name, agreement: data.agreement, data: asText(data), after })
    }
    this.news.dispatchEvent(new Event('block'))
  }
}

/** Event data as RPC shows them: amounts as decimal text, addresses as ssp1…. */
function asText(data: TestEvent['data']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data as Record<string, unknown>).map(([name, value]) => {
      if (typeof value === 'bigint') return [name, value.toString()]
      if (name === 'token') return [name, value instanceof Uint8Array ? formatAddress(value) : 'SSP']
      if (value instanceof Uint8Array && (name === 'provider' || name === 'buyer')) return [name, formatAddress(value)]
      return [name, value]
    }),
  )
}

export class MemoryAgentChain implements AgentChain {
  readonly #memory: EventfulChain
  readonly #account: TestAccount

  constructor(memory: EventfulChain, account: TestAccount) {
    this.#memory = memory
    this.#account = account
  }

  get chainId() {
    return this.#memory.chainId
  }

  get address() {
    return this.#account.address
  }

  get addressText() {
    return formatAddress(this.#account.address)
  }

  get parameters() {
    return this.#memory.chain.parameters
  }

  agreement(agreement: number) {
    return this.#memory.agreement(agreement)
  }

  mayAct(account: Uint8Array, key: Uint8Array) {
    return this.#memory.mayAct(account, key)
  }

  async height(): Promise<number> {
    return this.#memory.chain.head.height
  }

  async timeMs(): Promise<number> {
    return this.#memory.chain.head.timeMs
  }

  async balanceGrains(): Promise<bigint> {
    return this.#memory.chain.balance(this.address)
  }

  async ownOffer(): Promise<OfferView | undefined> {
    return offerOfProvider(this.#memory.chain.state, this.address)
  }

  async postOffer(terms: OfferTerms): Promise<void> {
    this.#run(callOf('offers', 'post', { kind: STORAGE, ...terms }))
  }

  async adjustOffer(offer: OfferView, terms: OfferTerms): Promise<void> {
    const calls = callsToAdjust(offer, terms)
    if (calls.length > 0) this.#run(...calls)
  }

  async *ownAgreements(): AsyncGenerator<AgreementView> {
    yield* agreementsOfProvider(this.#memory.chain.state, this.address, this.#at()).items
  }

  async view(agreement: number): Promise<AgreementView | undefined> {
    return agreementById(this.#memory.chain.state, agreement, this.#at())
  }

  async prove(answers: readonly InspectionAnswer[]): Promise<void> {
    this.#run(...answers.map((answer) => callOf('agreements', 'prove', answer)))
  }

  async settle(agreement: number): Promise<bigint> {
    const { receipt } = this.#run(callOf('agreements', 'settle', { agreement }))
    return (receipt.events.find(({ name }) => name === 'closed')?.data.bountyGrains as bigint | undefined) ?? 0n
  }

  async cancel(agreement: number): Promise<void> {
    this.#run(callOf('agreements', 'cancel', { agreement }))
  }

  async *events(from: EventPlace, signal: AbortSignal): AsyncGenerator<AgreementEvent> {
    const { placed, news } = this.#memory
    const isAfter = ({ height, skip }: EventPlace) =>
      height > from.height || (height === from.height && skip > from.skip)
    for (let next = 0; !signal.aborted; ) {
      for (; next < placed.length; next++) {
        const event = placed[next] as AgreementEvent
        if (isAfter(event.after)) yield event
      }
      await new Promise<void>((resolve) => {
        const done = () => resolve()
        news.addEventListener('block', done, { once: true })
        signal.addEventListener('abort', done, { once: true })
        if (next < placed.length || signal.aborted) resolve()
      })
    }
  }

  #at() {
    const { head, parameters } = this.#memory.chain
    return { timeMs: head.timeMs, activationMs: parameters.activationMs }
  }

  #run(...calls: ReturnType<typeof callOf>[]) {
    return this.#memory.chain.run(this.#account, ...calls)
  }
}
