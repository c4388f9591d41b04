import { bitmapOf, type Certificate, FINAL, NO_VALUE, NOTAR, SKIP, statementHash } from '@smartshare/chain'
import { hashScheme } from '@smartshare/crypto/simulated'
import { describe, expect, it } from 'vitest'
import type { Message } from './events.ts'
import { ALL_RULES } from './rules.ts'
import { type Actor, placeOf, proposalOf, Stage } from './sim/stage.ts'

const SEATS = 4

/** A delegate that holds block A of slot 0; two traitors may sign whatever the other two of a quorum of three sign. */
function stageOf() {
  const stage = new Stage({ rules: ALL_RULES, seats: SEATS })
  const [leader, voter, one, two] = [0, 1, 2, 3].map((turn) => stage.actor(turn)) as [Actor, Actor, Actor, Actor]
  stage.start(voter)
  const block = stage.block(leader, 0, stage.base)
  stage.hand(leader, voter, proposalOf(block))
  const certificate = (kind: number, value: Uint8Array, signers: readonly Actor[]): Certificate => {
    const message = statementHash({ chainId: stage.chainId, term: 0, slot: 0, kind, value })
    const signature = hashScheme.aggregate(signers.map(({ secret }) => hashScheme.sign(secret, message)))
    const seats = signers.map(({ seat }) => seat)
    return { term: 0, slot: 0, kind, value, bitmap: bitmapOf(seats, SEATS), signature }
  }
  const hand = (...certificates: Certificate[]) => {
    for (const one of certificates) stage.hand(leader, voter, { type: 'certificates', certificates: [one] } as Message)
  }
  const found = () =>
    stage.effects[voter.seat]!.flatMap((effect) => (effect.type === 'evidence' ? [effect.evidence] : []))
  const first = [leader, one, two]
  const second = [voter, one, two]
  return {
    stage,
    voter,
    certificate,
    hand,
    found,
    first,
    second,
    hash: placeOf(block).hash,
    other: NO_VALUE.map(() => 7),
  }
}

describe('two certificates of one slot', () => {
  it('for two notarized blocks are evidence, once', () => {
    const { certificate, hand, found, first, second, hash, other } = stageOf()
    const [a, b] = [certificate(NOTAR, hash, first), certificate(NOTAR, other, second)]
    hand(a, b, b, a)
    expect(found()).toEqual([{ kind: 'certificates', first: a, second: b }])
  })

  it('that an honest delegate may be in both are none', () => {
    const { certificate, hand, found, first, second, hash } = stageOf()
    hand(certificate(NOTAR, hash, first), certificate(SKIP, NO_VALUE, second))
    const other = stageOf()
    other.hand(certificate(NOTAR, hash, first), certificate(FINAL, other.other, second))
    expect([...found(), ...other.found()]).toEqual([])
  })

  it('convict also when the second comes after the slot is final, once, and only if it is right', () => {
    const { stage, voter, certificate, hand, found, first, second, hash, other } = stageOf()
    const final = certificate(FINAL, hash, first)
    hand(certificate(NOTAR, hash, first), final)
    expect(stage.finalsOf(voter)).toHaveLength(1)
    hand({ ...certificate(SKIP, NO_VALUE, second), signature: final.signature })
    expect(found()).toEqual([])
    expect(stage.effects[voter.seat]).toContainEqual(expect.objectContaining({ code: 'CONSENSUS_BAD_CERTIFICATE' }))
    const skip = certificate(SKIP, NO_VALUE, second)
    hand(skip, skip, certificate(FINAL, other, second))
    expect(found()).toEqual([{ kind: 'certificates', first: final, second: skip }])
  })
})
