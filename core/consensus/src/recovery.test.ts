import { FINAL, NO_VALUE, NOTAR, SKIP } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { ALL_RULES } from './rules.ts'
import { placeOf, proposalOf, Stage } from './sim/stage.ts'
import { positionOf } from './step.ts'

function stageOf() {
  const stage = new Stage({ rules: ALL_RULES, seats: 4 })
  const [leader, voter, ...others] = [stage.actor(0), stage.actor(1), stage.actor(2), stage.actor(3)]
  return { stage, leader, voter, others }
}

describe('a delegate that starts again', () => {
  it('says what it had signed, and signs nothing else for that slot', () => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    const one = stage.block(leader, 0, stage.base)
    const two = stage.block(leader, 0, stage.base, {}, [Uint8Array.of(2)])
    stage.hand(leader, voter, proposalOf(one))
    stage.restart(voter)
    stage.hand(leader, voter, proposalOf(two))
    const notars = stage.votesOf(voter).filter(({ kind }) => kind === NOTAR)
    expect(notars.length).toBeGreaterThan(1)
    for (const { value } of notars) expect(value).toEqual(placeOf(one).hash)
  })

  it('sends the block of its own turn again instead of making another', () => {
    const { stage, leader } = stageOf()
    stage.start(leader)
    stage.nowMs += 20
    stage.restart(leader)
    const blocks = stage.effects[leader.seat]!.flatMap((effect) =>
      effect.type === 'send' && effect.message.type === 'proposal' ? [placeOf(effect.message.block).hash] : [],
    )
    expect(blocks).toHaveLength(2)
    expect(blocks[0]).toEqual(blocks[1])
  })

  it('stands where its certificates had brought it', () => {
    const { stage, leader, voter, others } = stageOf()
    stage.start(voter)
    const block = stage.block(leader, 0, stage.base)
    stage.hand(leader, voter, proposalOf(block))
    const { hash } = placeOf(block)
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, NOTAR, 0, hash))
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, SKIP, 1, NO_VALUE))
    stage.restart(voter)
    expect(positionOf(voter.state)).toMatchObject({ slot: 2, finalHeight: 0 })
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, FINAL, 0, hash))
    stage.restart(voter)
    // The node had not marked the block as final: it is told again.
    expect(positionOf(voter.state)).toMatchObject({ slot: 2, finalHeight: 1 })
    expect(stage.finalsOf(voter)).toHaveLength(2)
  })

  it('is silent in a term in which it lost its log, also after another restart', () => {
    const { stage, leader, voter, others } = stageOf()
    stage.start(voter)
    voter.records = []
    stage.restart(voter, false)
    stage.restart(voter)
    const before = stage.votesOf(voter).length
    const block = stage.block(leader, 0, stage.base)
    stage.hand(leader, voter, proposalOf(block))
    stage.wait(5000, voter)
    expect(stage.votesOf(voter)).toHaveLength(before)
    // It follows nevertheless.
    const { hash } = placeOf(block)
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, FINAL, 0, hash))
    expect(stage.finalsOf(voter)).toHaveLength(1)
  })

  it('signs again in a term that stands on a later block than the loss', () => {
    const { stage, voter } = stageOf()
    const { genesis } = stage
    voter.records = []
    stage.restart(voter, false)
    const later = stage.nowMs + 10_000
    stage.nowMs = later + 1000
    const start = { ...genesis, set: { ...genesis.set, term: 1 }, base: { ...genesis.base, height: 30, timeMs: later } }
    voter.records = [...voter.records, { type: 'term', start }]
    stage.restart(voter)
    const before = stage.votesOf(voter).length
    stage.wait(5000, voter)
    expect(stage.votesOf(voter).slice(before)).toMatchObject([{ term: 1, kind: SKIP }])
  })

  it('does not keep its node awake for time-outs that it may not act on', () => {
    const { stage, voter } = stageOf()
    stage.start(voter)
    stage.restart(voter, false)
    let wakes = 0
    for (const untilMs = stage.nowMs + 10_000; stage.nowMs < untilMs; wakes++) {
      const timer = stage.effects[voter.seat]!.findLast((effect) => effect.type === 'timer')!
      stage.wait(timer.atMs - stage.nowMs, voter)
    }
    expect(wakes).toBeLessThan(60)
  })

  it('never signs below its floor', () => {
    const { stage, voter } = stageOf()
    voter.records = [{ type: 'floor', term: 0, slot: 1, silentUntilMs: 0 }]
    stage.start(voter)
    stage.wait(5000, voter)
    expect(stage.votesOf(voter)).toEqual([])
    expect(positionOf(voter.state).slot).toBe(0)
  })

  it('keeps to its votes of a later term when it lost its blocks and comes to that term again', () => {
    const { stage, voter } = stageOf()
    const vote = { term: 1, slot: 0, kind: SKIP, value: NO_VALUE, seat: voter.seat, signature: new Uint8Array(96) }
    voter.records = [
      { type: 'vote', vote },
      { type: 'floor', term: 1, slot: 0, silentUntilMs: 0 },
    ]
    stage.start(voter)
    expect(voter.state.oldVotes).toEqual([vote])
    stage.wait(5000, voter)
    expect(stage.votesOf(voter)).toEqual([])
  })
})
