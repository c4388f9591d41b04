import { dataRoot } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { offerOfProvider } from '../offers/queries.ts'
import { callOf, TestChain } from '../testing.ts'
import {
  activation,
  answer,
  dataOf,
  idOf,
  mature,
  postOffer,
  postTender,
  proofOf,
  recordedGrains,
  viewOf,
} from '../testing-market.ts'
import { pools } from '../tokens/tokens.ts'
import { agreementsOfBuyer, agreementsOfProvider, tenderById } from './queries.ts'
import { storageReceiptHash } from './receipt.ts'

const SIZE = 1_000_003
const data = dataOf('lot', SIZE)
const root = dataRoot(data)
const PRICE = 10n ** 9n
/** Of the lot: 10^9 · 1,000,003 / 2^30, rounded up. */
const PERIOD = 931_326n
const HELD = 93_132n
const PERIODS = 10

const call = (method: string, agreement = 0) => callOf('agreements', method, { agreement })
const code = (expected: string) => expect.objectContaining({ code: expected })

/** A chain with one matched agreement, 0, between `buyer` and `provider`. */
function matched(periods = PERIODS, parameters = {}): TestChain {
  const chain = new TestChain({ accounts: ['buyer', 'provider', 'watcher', 'other'], parameters })
  chain.run('provider', postOffer({ priceGrains: PRICE, collateralGrains: 10n ** 9n }))
  mature(chain)
  const lots = [{ copyId: idOf('copy'), sizeBytes: SIZE }]
  chain.run('buyer', postTender({ lots, maxPriceGrains: 2n * PRICE, periods }))
  return chain
}

function active(periods = PERIODS, parameters = {}): TestChain {
  const chain = matched(periods, parameters)
  chain.run('buyer', activation(chain, 0, chain.account('provider'), { root, sizeBytes: SIZE }))
  chain.makeBlock()
  return chain
}

/** Lets the time pass until an inspection is open and its seed fixed: blocks of two seconds. */
function waitFor(chain: TestChain, inspection: number): void {
  for (;;) {
    const next = viewOf(chain, 0).nextInspection
    if (next === null || (next.inspection >= inspection && next.seed !== null)) return
    chain.makeBlock([], 2000)
  }
}

function wait(chain: TestChain, timeMs: number): void {
  for (let passed = 0; passed < timeMs; passed += 2000) chain.makeBlock([], 2000)
}

/** What the parties got out of a step, apart from the fees of their transactions. */
function gains(chain: TestChain, act: () => void): Record<string, bigint> {
  const of = () =>
    Object.fromEntries(
      Object.entries({
        buyer: chain.balance('buyer'),
        provider: chain.balance('provider'),
        watcher: chain.balance('watcher'),
        agreements: chain.balance(pools.agreements),
        free: offerOfProvider(chain.state, chain.account('provider').address)!.freeGrains,
      }),
    )
  const before = of()
  act()
  const after = of()
  return Object.fromEntries(Object.keys(before).map((name) => [name, after[name]! - before[name]!]))
}

describe('an agreement of storage', () => {
  it('is matched with money and collateral locked, and the rest of the maximum back', () => {
    const chain = matched()
    const collateral = 14n * PERIOD
    expect(viewOf(chain, 0)).toMatchObject({
      kind: 'storage',
      state: 'matched',
      periodGrains: PERIOD,
      escrowGrains: PERIOD * 10n,
      expectedGrains: PERIOD * 10n,
      collateralGrains: collateral,
      nextInspection: null,
    })
    expect(offerOfProvider(chain.state, chain.account('provider').address)).toMatchObject({
      usedBytes: SIZE,
      agreements: 1,
      lockedGrains: collateral,
      freeGrains: 10n ** 9n - collateral,
    })
    expect(chain.balance(pools.agreements)).toBe(10n ** 9n + PERIOD * 10n)
    expect(tenderById(chain.state, 0)).toMatchObject({ state: 'matched', agreements: [0], lockedGrains: 0n })
  })

  it('becomes active by the provider’s receipt in the hands of the buyer only', () => {
    const chain = matched()
    const provider = chain.account('provider')
    const good = { root, sizeBytes: SIZE }
    const refused = [
      ['provider', activation(chain, 0, provider, good), 'AGREEMENT_PARTY'],
      ['buyer', activation(chain, 0, chain.account('other'), good), 'AGREEMENT_RECEIPT'],
      ['buyer', activation(chain, 0, provider, { root, sizeBytes: SIZE - 1 }), 'AGREEMENT_RECEIPT'],
      ['buyer', activation(chain, 1, provider, good), 'AGREEMENT_UNKNOWN'],
    ] as const
    for (const [sender, activate, error] of refused) expect(() => chain.run(sender, activate)).toThrow(code(error))
    const signatures = [{ key: provider.keys.publicKey, signature: new Uint8Array(64) }]
    const forged = callOf('agreements', 'activate', { agreement: 0, root, sizeBytes: SIZE, signatures })
    expect(() => chain.run('buyer', forged)).toThrow(code('AGREEMENT_RECEIPT'))
    chain.run('buyer', activation(chain, 0, provider, good))
    expect(viewOf(chain, 0)).toMatchObject({
      state: 'active',
      root,
      missed: 0,
      nextInspection: { inspection: 0, seed: null },
    })
    expect(() => chain.run('buyer', activation(chain, 0, provider, good))).toThrow(code('AGREEMENT_STATE'))
  })

  it('takes a receipt signed by the keys of the provider’s policy, and by no other', () => {
    const chain = matched()
    const [a, b] = [chain.account('key a').keys, chain.account('key b').keys]
    const keys = [a.publicKey, b.publicKey].sort((x, y) => Buffer.compare(x, y))
    chain.run('provider', callOf('accounts', 'setPolicy', { policy: { threshold: 2, keys } }))
    const good = { root, sizeBytes: SIZE }
    expect(() => chain.run('buyer', activation(chain, 0, chain.account('provider'), good))).toThrow(
      code('AGREEMENT_RECEIPT'),
    )
    const signed = storageReceiptHash(chain.chainId, { agreement: 0, ...good })
    const signatures = [a, b]
      .map((pair) => ({ key: pair.publicKey, signature: pair.sign(signed) }))
      .sort((x, y) => Buffer.compare(x.key, y.key))
    const activate = (by: typeof signatures) =>
      callOf('agreements', 'activate', { agreement: 0, ...good, signatures: by })
    for (const wrong of [signatures.slice(1), [signatures[0]!, signatures[0]!], [signatures[1]!, signatures[0]!]]) {
      expect(() => chain.run('buyer', activate(wrong))).toThrow(code('AGREEMENT_RECEIPT'))
    }
    chain.run('buyer', activate(signatures))
    expect(viewOf(chain, 0).state).toBe('active')
  })

  it('is cancelled before it is active by the buyer at once, by anybody after the deadline, at no cost', () => {
    for (const canceller of ['buyer', 'watcher']) {
      const chain = matched()
      const { activationMs } = chain.parameters
      if (canceller === 'watcher') {
        expect(() => chain.run('watcher', call('cancel'))).toThrow(code('AGREEMENT_PARTY'))
        wait(chain, activationMs)
      }
      const money = gains(chain, () => {
        const { receipt } = chain.run(canceller, call('cancel'))
        expect(receipt.events.at(-1)).toMatchObject({ name: 'closed', data: { refundGrains: PERIOD * 10n } })
      })
      expect(money).toMatchObject({ agreements: -PERIOD * 10n, free: 14n * PERIOD })
      expect(viewOf(chain, 0)).toMatchObject({ state: 'cancelled', escrowGrains: 0n, collateralGrains: 0n })
      expect(() => chain.run('buyer', call('cancel'))).toThrow(code('AGREEMENT_STATE'))
    }
  })

  it('pays each period on a right proof, and the balance after the last inspection', () => {
    const chain = active(3)
    const before = chain.balance('provider')
    let fees = 0n
    let miningFees = 0n
    for (let inspection = 0; inspection <= 3; inspection++) {
      waitFor(chain, inspection)
      const mining = chain.balance(pools.mining)
      const { receipt, own } = chain.run('provider', answer(chain, 0, data))
      fees += receipt.feeGrains
      const passed = receipt.events.find(({ name }) => name === 'passed')
      const blockFees = own.events.find(({ name }) => name === 'fees')!.data
      if (inspection < 3) {
        expect(passed!.data).toMatchObject({ inspection, paidGrains: 813_049n, feeGrains: 25_145n, heldGrains: HELD })
        expect(viewOf(chain, 0)).toMatchObject({ passed: inspection + 1, heldGrains: HELD * BigInt(inspection + 1) })
      }
      miningFees +=
        chain.balance(pools.mining) -
        mining -
        blockFees.toMining +
        own.events
          .filter(({ name, data: moved }) => name === 'transfer' && Buffer.compare(moved.from, pools.mining) === 0)
          .reduce((sum, { data: moved }) => sum + moved.amount, 0n)
    }
    const view = viewOf(chain, 0)
    expect(view).toMatchObject({ state: 'ended', readings: 4, missed: 0, escrowGrains: 0n, heldGrains: 0n })
    expect(view.paidGrains + view.feeGrains).toBe(PERIOD * 3n)
    expect(view.expectedGrains).toBe(PERIOD * 3n)
    expect(miningFees).toBe(view.feeGrains)
    expect(chain.balance('provider') - before + fees).toBe(view.paidGrains)
    expect(offerOfProvider(chain.state, chain.account('provider').address)).toMatchObject({
      usedBytes: 0,
      lockedGrains: 0n,
      freeGrains: 10n ** 9n,
    })
  })

  it('does not take an answer too early, twice, too late, or by another', () => {
    const chain = active()
    const proof = answer(chain, 0, data)
    expect(() => chain.run('other', proof)).toThrow(code('AGREEMENT_PARTY'))
    chain.run('provider', proof)
    expect(() => chain.run('provider', proof)).toThrow(code('AGREEMENT_INSPECTION'))
    const early = { ...proofOf(data, [0]), agreement: 0, inspection: 1 }
    expect(() => chain.run('provider', callOf('agreements', 'prove', early))).toThrow(code('AGREEMENT_INSPECTION'))
    waitFor(chain, 1)
    const late = answer(chain, 0, data)
    wait(chain, chain.parameters.inspectionWindowMs)
    expect(viewOf(chain, 0)).toMatchObject({ passed: 1, missed: 1, settled: false })
    expect(() => chain.run('provider', late)).toThrow(code('AGREEMENT_INSPECTION'))
  })

  it('refuses a proof of a wrong form, and takes a wrong proof for a breach', () => {
    const chain = active()
    const { inspection } = viewOf(chain, 0).nextInspection!
    const short = { agreement: 0, inspection, segments: new Uint8Array(64), siblings: new Uint8Array(32) }
    expect(() => chain.run('provider', callOf('agreements', 'prove', short))).toThrow(code('INSPECTION_PROOF_FORM'))
    const flipped = data.map((byte, i) => (i % 640 === 0 ? byte ^ 1 : byte))
    const money = gains(chain, () => {
      const { receipt } = chain.run('provider', answer(chain, 0, flipped))
      expect(receipt.events.at(-1)).toMatchObject({
        name: 'closed',
        data: {
          refundGrains: PERIOD * 10n,
          compensationGrains: PERIOD * 2n,
          bountyGrains: 0n,
          poolGrains: 0n,
          forfeitGrains: PERIOD * 12n,
        },
      })
    })
    expect(money).toMatchObject({ buyer: PERIOD * 12n, agreements: -PERIOD * 24n, free: 0n })
    expect(viewOf(chain, 0)).toMatchObject({ state: 'breached', paidGrains: 0n, collateralGrains: 0n })
  })

  it('is breached by three misses; who makes that visible gets a bounty', () => {
    const chain = active()
    chain.run('provider', answer(chain, 0, data))
    waitFor(chain, 3)
    expect(viewOf(chain, 0)).toMatchObject({ state: 'active', missed: 2, escrowGrains: PERIOD * 9n })
    wait(chain, chain.parameters.inspectionWindowMs)
    expect(viewOf(chain, 0)).toMatchObject({ state: 'breached', missed: 3, settled: false, nextInspection: null })
    const money = gains(chain, () => {
      const { receipt } = chain.run('watcher', call('settle'))
      const bounty = (14n * PERIOD) / 100n
      expect(receipt.events.at(-1)).toMatchObject({
        name: 'closed',
        data: {
          bountyGrains: bounty,
          poolGrains: HELD,
          forfeitGrains: PERIOD * 12n - bounty,
          compensationGrains: PERIOD * 2n,
        },
      })
    })
    expect(money).toMatchObject({ buyer: PERIOD * 11n, free: 0n })
    expect(viewOf(chain, 0)).toMatchObject({ state: 'breached', settled: true })
    expect(() => chain.run('watcher', call('settle'))).toThrow(code('AGREEMENT_STATE'))
  })

  it('records the breach of a provider that answers again after three misses, without a bounty', () => {
    const chain = active()
    waitFor(chain, 2)
    const answered = answer(chain, 0, data)
    wait(chain, chain.parameters.storagePeriodMs)
    const { receipt } = chain.run('provider', answered)
    expect(receipt.events.at(-1)).toMatchObject({ name: 'closed', data: { bountyGrains: 0n } })
    expect(viewOf(chain, 0).state).toBe('breached')
  })

  it('puts the offer of a provider that lost collateral out of the book until it is topped up', () => {
    const chain = active(PERIODS, { leastOfferGrains: 10n ** 9n })
    wait(chain, 3 * chain.parameters.storagePeriodMs)
    chain.run('watcher', call('settle'))
    const offer = () => offerOfProvider(chain.state, chain.account('provider').address)!
    expect(offer()).toMatchObject({ state: 'full', freeGrains: 10n ** 9n - 14n * PERIOD, lockedGrains: 0n })
    chain.run('provider', callOf('offers', 'deposit', { offer: 0, grains: 14n * PERIOD }))
    expect(offer().state).toBe('listed')
  })

  it('never has two inspections open at a time', () => {
    const chain = active(PERIODS, { inspectionWindowMs: 50_000 })
    const { fromMs, untilMs } = viewOf(chain, 0).nextInspection!
    expect(untilMs - fromMs).toBe(chain.parameters.storagePeriodMs)
  })

  it('pays no bounty to a provider that makes its own breach visible', () => {
    const chain = active()
    wait(chain, 3 * chain.parameters.storagePeriodMs)
    const before = chain.balance('provider')
    const { receipt } = chain.run('provider', call('settle'))
    expect(receipt.events.at(-1)).toMatchObject({
      name: 'closed',
      data: { bountyGrains: 0n, forfeitGrains: PERIOD * 12n },
    })
    expect(before - chain.balance('provider')).toBe(receipt.feeGrains)
  })

  it('leaves missed periods unpaid and returns them at the end; what was held back is lost with the last inspection', () => {
    const chain = active(4)
    for (const inspection of [0, 2, 3]) {
      waitFor(chain, inspection)
      chain.run('provider', answer(chain, 0, data))
    }
    expect(() => chain.run('watcher', call('settle'))).toThrow(code('AGREEMENT_SETTLED'))
    wait(chain, chain.parameters.storagePeriodMs * 2)
    expect(viewOf(chain, 0)).toMatchObject({ state: 'ended', settled: false, passed: 3, missed: 2 })
    const money = gains(chain, () => {
      const { receipt } = chain.run('watcher', call('settle'))
      expect(receipt.events.at(-1)).toMatchObject({
        name: 'closed',
        data: { refundGrains: PERIOD, poolGrains: HELD * 3n, bountyGrains: 0n, collateralFree: true },
      })
    })
    expect(money).toMatchObject({ buyer: PERIOD, provider: 0n, free: 14n * PERIOD })
  })

  it('can be ended early by the buyer for the price of seven periods, or of those that are left', () => {
    for (const [periods, charged] of [
      [10, 7n],
      [4, 3n],
    ] as const) {
      const chain = active(periods)
      chain.run('provider', answer(chain, 0, data))
      expect(() => chain.run('other', call('end'))).toThrow(code('AGREEMENT_PARTY'))
      const gross = PERIOD * charged + HELD
      const provider = chain.balance('provider')
      const { receipt } = chain.run('buyer', call('end'))
      expect(receipt.events.at(-1)).toMatchObject({
        name: 'closed',
        data: { refundGrains: PERIOD * (BigInt(periods) - 1n - charged), poolGrains: (gross * 30n) / 1000n },
      })
      expect(chain.balance('provider') - provider).toBe(gross - (gross * 30n) / 1000n)
      expect(viewOf(chain, 0).state).toBe('ended')
    }
  })

  it('does not count time in which the chain stood still', () => {
    const chain = active()
    chain.run('provider', answer(chain, 0, data))
    chain.makeBlock([], 100 * chain.parameters.storagePeriodMs)
    expect(viewOf(chain, 0)).toMatchObject({ state: 'active', missed: 0 })
    waitFor(chain, 1)
    chain.run('provider', answer(chain, 0, data))
    expect(viewOf(chain, 0)).toMatchObject({ passed: 2, missed: 0 })
  })

  it('keeps the provider’s collateral until a withdrawn offer has no agreement left', () => {
    const chain = active(1)
    const money = gains(chain, () => undefined)
    expect(money.free).toBe(0n)
    const before = chain.balance('provider')
    const { receipt } = chain.run('provider', callOf('offers', 'withdraw', { offer: 0 }))
    expect(chain.balance('provider') - before + receipt.feeGrains).toBe(10n ** 9n - 14n * PERIOD)
    const proofs = chain.run('provider', answer(chain, 0, data))
    waitFor(chain, 1)
    const rest = chain.balance('provider')
    const last = chain.run('provider', answer(chain, 0, data))
    expect(proofs.receipt.status).toBe(0)
    const held = HELD - (HELD * 30n) / 1000n
    expect(chain.balance('provider') - rest + last.receipt.feeGrains).toBe(14n * PERIOD + held)
    expect(chain.balance(pools.agreements)).toBe(0n)
  })

  it('is found by buyer, object and provider, page by page, until it is long closed', () => {
    const chain = new TestChain({ accounts: ['buyer', 'p0', 'p1', 'p2'] })
    for (const name of ['p0', 'p1', 'p2']) chain.run(name, postOffer())
    mature(chain)
    for (const object of ['a', 'b']) {
      const lots = [0, 1, 2].map((i) => ({ copyId: idOf(`copy ${i}`), sizeBytes: 1000 }))
      chain.run('buyer', postTender({ object: idOf(object), lots }))
    }
    const at = () => ({ timeMs: chain.head.timeMs, activationMs: chain.parameters.activationMs })
    const { address } = chain.account('buyer')
    const list = (options = {}) => agreementsOfBuyer(chain.state, address, at(), options)
    expect(
      list()
        .items.map(({ agreement }) => agreement)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5])
    expect(list({ object: idOf('b') }).items.map(({ agreement }) => agreement)).toEqual([3, 4, 5])
    const first = list({ limit: 4 })
    const second = list({ limit: 4, after: first.next! })
    expect([...first.items, ...second.items]).toEqual(list().items)
    expect(second.next).toBeNull()
    expect(() => agreementsOfBuyer(chain.state, idOf('x'), at(), { after: first.next! })).toThrow(code('QUERY_CURSOR'))
    const p0 = agreementsOfProvider(chain.state, chain.account('p0').address, at())
    expect(p0.items).toMatchObject([{ object: idOf('a') }, { object: idOf('b') }])

    for (const { agreement } of list().items) chain.run('buyer', call('cancel', agreement))
    const dayMs = 24 * 60 * 60 * 1000
    chain.makeBlock([], 29 * dayMs)
    expect(list().items).toHaveLength(6)
    expect(tenderById(chain.state, 1)).toBeDefined()
    chain.makeBlock([], dayMs)
    expect(list().items).toEqual([])
    expect(agreementsOfProvider(chain.state, chain.account('p0').address, at()).items).toEqual([])
    expect(tenderById(chain.state, 1)).toBeUndefined()
  })

  it('locks exactly what the records say', () => {
    const chain = active()
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
    chain.run('provider', answer(chain, 0, data))
    expect(chain.balance(pools.agreements)).toBe(recordedGrains(chain.state))
  })
})
