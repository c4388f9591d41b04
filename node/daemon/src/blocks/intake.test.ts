import type { Evidence, ParsedTransaction } from '@smartshare/chain'
import { callOf, delegateName, TestChain } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommitmentWatch } from '../evidence/commitment-watch.ts'
import { Intake } from './intake.ts'
import { Mempool } from './mempool.ts'
import { SignaturePool } from './signature-pool.ts'

const chain = new TestChain({ accounts: ['alice', 'bob'] })
let signatures: SignaturePool

beforeAll(() => {
  signatures = new SignaturePool(1)
})
afterAll(() => signatures.close())

function setUp(on = chain) {
  const mempool = new Mempool()
  const gossiped: Uint8Array[] = []
  const executed = new Set<string>()
  const evidence: Evidence[] = []
  const intake = new Intake({
    chainId: on.chainId,
    mempool,
    signatures,
    latest: () => ({
      state: on.state,
      height: on.head.height + 1,
      basePrice: on.head.basePrice,
      parameters: on.parameters,
    }),
    isExecuted: (id) => executed.has(String(id)),
    gossip: (wires) => gossiped.push(...wires),
    commitments: new CommitmentWatch({ state: () => on.state, onEvidence: (one) => evidence.push(one) }),
  })
  return { intake, mempool, gossiped, executed, evidence }
}

function transfer(nonce: number, from = 'alice', amount = 1n) {
  const call = callOf('tokens', 'transfer', { to: chain.account('bob').address, token: 0, amount, memo: null })
  return chain.transaction(from, [call], { nonce: BigInt(nonce) })
}

/** The same transaction with a signature that does not hold. */
function forged(wire: Uint8Array): Uint8Array {
  const copy = wire.slice()
  copy[copy.length - 5]! ^= 1
  return copy
}

const codes = (outcomes: readonly ({ id: Uint8Array } | { error: { code: string } })[]) =>
  outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : 'admitted'))

describe('the intake', () => {
  it('admits what is right, says what is wrong with the rest, and passes only what is new on', async () => {
    const { intake, mempool, gossiped } = setUp()
    const good = transfer(0)
    const wires = [
      good.wire,
      forged(transfer(1).wire),
      Uint8Array.of(1, 2, 3),
      transfer(9_999).wire,
      transfer(0, 'eve').wire,
    ]
    expect(codes(await intake.submit(wires))).toEqual([
      'admitted',
      'TX_SIGNATURE',
      'CODEC_TYPE',
      'TX_NONCE_GAP',
      'TX_UNPAYABLE',
    ])
    expect(mempool.count).toBe(1)
    expect(gossiped).toEqual([good.wire])
  })

  it('answers the same bytes with their id however often they come, pending or executed', async () => {
    const { intake, gossiped, executed } = setUp()
    const { wire, id } = transfer(0)
    const twice = await intake.submit([wire, wire])
    expect(twice).toEqual([{ id }, { id }])
    expect(await intake.submit([wire])).toEqual([{ id }])
    expect(gossiped.length).toBeLessThanOrEqual(2)
    const other = transfer(1)
    executed.add(String(other.id))
    expect(await intake.submit([other.wire])).toEqual([{ id: other.id }])
  })

  it('is not kept from an honest transaction by a forged one with the same id', async () => {
    const { intake } = setUp()
    const { wire, id } = transfer(0)
    expect(codes(await intake.submit([forged(wire)]))).toEqual(['TX_SIGNATURE'])
    expect(await intake.submit([wire])).toEqual([{ id }])
  })

  it('refuses what takes no place of another before it checks a signature, so that a flood costs little', async () => {
    const { intake, mempool } = setUp()
    await intake.submit([transfer(0).wire])
    const flood = Array.from({ length: 50 }, (_, i) => forged(transfer(0, 'alice', 2n + BigInt(i)).wire))
    expect(new Set(codes(await intake.submit(flood)))).toEqual(new Set(['TX_NONCE_TAKEN']))
    expect(await intake.judge(flood)).toBe('ignore')
    expect(mempool.count).toBe(1)
  })

  it('holds junk against the peer that passed it on, but not what only became stale', async () => {
    const { intake } = setUp()
    expect(await intake.judge([transfer(0).wire, transfer(1).wire])).toBe('accept')
    expect(await intake.judge([transfer(0).wire])).toBe('ignore')
    expect(await intake.judge([transfer(9_999).wire])).toBe('ignore')
    expect(await intake.judge([forged(transfer(2).wire)])).toBe('reject')
    expect(await intake.judge([Uint8Array.of(0)])).toBe('reject')
  })
})

describe('commitments of delegates to results of heavy calls', () => {
  const heavy = new TestChain({ accounts: ['alice', delegateName(1), delegateName(2)], delegates: 4 })
  const contract = heavy.publish('alice', "abi.heavy('sum(n: integer)', function() end, { gas = 3000000 })")
  heavy.run('alice', heavy.contractCall(contract, 'sum', [1n]))

  function commitment(result: number, options: { job?: number; term?: number; nonce?: number; from?: string } = {}) {
    const { job = 0, term = 0, nonce = 0, from = delegateName(1) } = options
    const call = callOf('contracts', 'commitResult', { job, term, commitment: new Uint8Array(32).fill(result) })
    return heavy.transaction(from, [call], { lane: 9, nonce: BigInt(nonce) })
  }
  const idsOf = (one: Evidence | undefined) =>
    [one?.first, one?.second].map((side) => (side !== undefined && 'transaction' in side ? side.transaction.id : null))
  const submit = async (intake: Intake, ...all: ParsedTransaction[]) =>
    codes(await intake.submit(all.map(({ wire }) => wire)))

  it('that contradict each other are found out, also where the mempool refuses the second one', async () => {
    const { intake, evidence } = setUp(heavy)
    const [first, second, third] = [commitment(1), commitment(2), commitment(3, { nonce: 1 })]
    expect(await submit(intake, first, commitment(1, { nonce: 2 }))).toEqual(['admitted', 'admitted'])
    expect(evidence).toEqual([])
    expect(await submit(intake, second)).toEqual(['TX_NONCE_TAKEN'])
    expect(evidence.map(idsOf)).toEqual([[first.id, second.id]])
    expect(await intake.judge([third.wire])).toBe('accept')
    expect(evidence.map(idsOf)).toEqual([
      [first.id, second.id],
      [first.id, third.id],
    ])
  })

  it('are nobody’s whose signature does not hold, and who passes such a one on is no honest peer', async () => {
    const { intake, evidence } = setUp(heavy)
    expect(await submit(intake, commitment(1))).toEqual(['admitted'])
    expect(await intake.judge([forged(commitment(2).wire)])).toBe('reject')
    expect(evidence).toEqual([])
  })

  it('count only if they are of delegates who attest, of one job, and stand alone', async () => {
    const { intake, evidence } = setUp(heavy)
    const call = { lane: 9, nonce: 4n }
    const beside = heavy.transaction(delegateName(2), [...commitment(1).body.calls, ...transfer(0).body.calls], call)
    await submit(intake, commitment(1, { from: 'alice' }), commitment(2, { from: 'alice', nonce: 1 }))
    await submit(intake, commitment(1, { job: 5 }), commitment(2, { job: 5, nonce: 1 }))
    await submit(intake, commitment(1, { term: 3, nonce: 2 }), commitment(2, { term: 3, nonce: 3 }))
    await submit(intake, commitment(2, { from: delegateName(2) }), beside)
    expect(evidence).toEqual([])
  })
})
