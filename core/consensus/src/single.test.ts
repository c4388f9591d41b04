import { FIRST_VERSION, type Header, transactionsRoot } from '@smartshare/chain'
import { bls, hashTagged } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { createConsensus, type Event, genesisTerm, step } from './index.ts'

describe('a delegate that is alone', () => {
  it('makes its blocks final by its own votes', () => {
    const chainId = hashTagged('genesis', Uint8Array.of(1))
    const secretKey = bls.secretFromSeed(chainId)
    const root = new Uint8Array(32)
    const set = { term: 0, members: [{ address: root, key: bls.publicKey(secretKey) }] }
    const term = genesisTerm({ chainId, timeMs: 1_000_000, set, stateRoot: root, rangeRoot: root })
    const consensus = createConsensus({
      chainId,
      scheme: bls,
      secretKey,
      slotMs: 500,
      deltaMs: 500,
      maxDeltaMs: 60_000,
      driftMs: 5_000,
      termHeights: 600,
    })
    let nowMs = 1_000_000
    let wakeMs = nowMs
    const finals: number[] = []
    const queue: ((nowMs: number) => Event)[] = [
      (nowMs) => ({
        type: 'start',
        nowMs,
        term,
        finals: [],
        records: [],
        executedHeight: 0,
        voteLogIntact: true,
      }),
    ]
    while (finals.length < 5 && nowMs < 1_010_000) {
      const next = queue.shift()
      if (next === undefined) nowMs = Math.max(nowMs + 1, wakeMs)
      for (const effect of step(consensus, next?.(nowMs) ?? { type: 'tick', nowMs })) {
        if (effect.type === 'timer') wakeMs = effect.atMs
        if (effect.type === 'final') finals.push(effect.block.header.height)
        if (effect.type === 'persist') {
          const { ticket } = effect
          queue.push((nowMs) => ({ type: 'persisted', nowMs, ticket }))
        }
        if (effect.type !== 'build') continue
        const header: Header = {
          version: FIRST_VERSION,
          ...effect.template,
          stateRoot: root,
          rangeRoot: root,
          transactionsRoot: transactionsRoot([]),
          transactionCount: 0,
          gas: 0,
          basePrice: 10n,
          mode: 0,
          nextSet: null,
        }
        const { slot } = effect
        queue.push((nowMs) => ({ type: 'proposalReady', nowMs, slot, header, transactions: [] }))
      }
    }
    expect(finals).toEqual([1, 2, 3, 4, 5])
  })
})
