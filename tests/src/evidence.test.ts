import { type Evidence, encodeEvidence, statementHash, type Vote } from '@smartshare/chain'
import { simulate, worldOptions } from '@smartshare/consensus/simulator'
import { bls } from '@smartshare/crypto'
import { banOf, getDelegate, presets } from '@smartshare/runtime'
import { callOf, delegateName, delegateSecret, TestChain } from '@smartshare/runtime/testing'
import { describe, expect, it } from 'vitest'

/** With fewer the calm at the end is too short for every delegate to catch up. */
const SLOTS = 40
const TIMEOUT_MS = 300_000

type TwoVotes = Extract<Evidence, { kind: 'votes' }>

/** What honest delegates of the world saw of traitors, once for each seat. */
function seenInWorld(seed: number) {
  const options = worldOptions({ seed, slots: SLOTS })
  const seen = new Map<number, TwoVotes>()
  const report = simulate(options, null, (_, effect) => {
    if (effect.type !== 'evidence' || effect.evidence.kind !== 'votes') return
    if (!seen.has(effect.evidence.first.seat)) seen.set(effect.evidence.first.seat, effect.evidence)
  })
  expect(report.violations).toEqual([])
  expect(report.terms).toBe(1)
  expect(report.convictedDelegates).toBe(seen.size)
  return { seen, traitors: options.traitors }
}

/** The same statements, signed by the delegates of a chain: the simulator signs with a keyed hash in place of BLS. */
function signedOn(chain: TestChain, { first, second }: TwoVotes): Uint8Array {
  const again = ({ term, slot, kind, value, seat }: Vote): Vote => {
    const message = statementHash({ chainId: chain.chainId, term, slot, kind, value })
    return { term, slot, kind, value, seat, signature: bls.sign(delegateSecret(seat), message) }
  }
  return encodeEvidence(chain.chainId, { kind: 'votes', first: again(first), second: again(second) })
}

describe('the traitors of a world of 99 delegates', () => {
  it('are convicted by what honest delegates saw of them, every one that equivocated, and nobody else', {
    timeout: TIMEOUT_MS,
  }, () => {
    const { seen, traitors } = seenInWorld(1)
    const chain = new TestChain({ accounts: ['reporter'], delegates: 99, parameters: { termBlocks: 1000 } })
    for (const evidence of seen.values()) {
      chain.run('reporter', callOf('evidence', 'report', { evidence: signedOn(chain, evidence) }))
    }
    const seats = Array.from({ length: 99 }, (_, seat) => seat)
    const addressOf = (seat: number) => chain.account(delegateName(seat)).address
    const banned = seats.filter((seat) => banOf(chain.state, addressOf(seat)) !== undefined)
    expect(banned).toEqual([...seen.keys()].sort((a, b) => a - b))
    expect(banned.filter((seat) => traitors[seat] === undefined || traitors[seat] === 'silent')).toEqual([])
    // Who votes twice, or Skip beside Final, is seen within these slots; a forker only once it was its turn.
    const always = seats.filter((seat) => traitors[seat] === 'skipper')
    expect(always.length).toBeGreaterThan(0)
    expect(banned).toEqual(expect.arrayContaining(always))
    const bonds = seats.map((seat) => getDelegate(chain.state, addressOf(seat))!.bond)
    expect(bonds.filter((bond) => bond === 0n)).toHaveLength(banned.length)
    expect(bonds.filter((bond) => bond === presets.local.leastBondGrains)).toHaveLength(99 - banned.length)
  })
})
