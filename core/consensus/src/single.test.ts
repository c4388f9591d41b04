import { FIRST_VERSION, type Header, transactionsRoot } from '@smartshare/chain'
import { bls, hashTagged, toHex } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { createConsensus, type Event, genesisTerm, type SignRequest, signedHash, step } from './index.ts'

describe('a delegate that is alone', () => {
  it.each([
    ['here', 0],
    ['held by a signer that answers later', 40],
  ])('makes its blocks final by its own votes, its key %s', (_, delayMs) => {
    const chainId = hashTagged('genesis', Uint8Array.of(1))
    const secretKey = bls.secretFromSeed(chainId)
    const root = new Uint8Array(32)
    const set = { term: 0, members: [{ address: root, key: bls.publicKey(secretKey) }] }
    const term = genesisTerm({ chainId, timeMs: 1_000_000, set, stateRoot: root, rangeRoot: root })
    const consensus = createConsensus({
      chainId,
      scheme: bls,
      secretKey: delayMs === 0 ? secretKey : null,
      ...(delayMs > 0 && { publicKey: bls.publicKey(secretKey) }),
      slotMs: 500,
      deltaMs: 500,
      maxDeltaMs: 60_000,
      driftMs: 5_000,
      termHeights: 600,
    })
    let nowMs = 1_000_000
    let wakeMs = nowMs
    const finals: number[] = []
    const asked: SignRequest[] = []
    const late: { atMs: number; request: SignRequest }[] = []
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
      if (next === undefined) nowMs = Math.min(Math.max(nowMs + 1, wakeMs), late[0]?.atMs ?? Number.POSITIVE_INFINITY)
      while (late[0] !== undefined && late[0].atMs <= nowMs) {
        const { request } = late.shift()!
        const signature = bls.sign(secretKey, signedHash(chainId, request))
        queue.push((nowMs) => ({ type: 'signed', nowMs, request, signature }))
      }
      for (const effect of step(consensus, next?.(nowMs) ?? { type: 'tick', nowMs })) {
        if (effect.type === 'timer') wakeMs = effect.atMs
        if (effect.type === 'sign') {
          asked.push(effect.request)
          late.push({ atMs: nowMs + delayMs, request: effect.request })
        }
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
        queue.push((nowMs) => ({ type: 'proposalReady', nowMs, slot, header, transactions: [], quarantines: [] }))
      }
    }
    expect(finals).toEqual([1, 2, 3, 4, 5])
    // Nothing was asked for twice.
    expect(new Set(asked.map((request) => toHex(signedHash(chainId, request)))).size).toBe(asked.length)
    expect(asked.length > 0).toBe(delayMs > 0)
  })
})
