import { FINAL, NO_VALUE, NOTAR, SKIP } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { MAX_VOTE_SLOTS_BEHIND, SILENT_SLOTS } from './config.ts'
import { ALL_RULES } from './rules.ts'
import { type Actor, placeOf, proposalOf, Stage } from './sim/stage.ts'
import { positionOf } from './step.ts'

function stageOf() {
  const stage = new Stage({ rules: ALL_RULES, seats: 4 })
  const [voter, ...others] = [stage.actor(3), stage.actor(0), stage.actor(1), stage.actor(2)]
  stage.start(voter)
  return { stage, voter, others }
}

function skipSlot(stage: Stage, voter: Actor, others: readonly Actor[]): void {
  const { slot } = positionOf(voter.state)
  for (const from of others) stage.hand(from, voter, stage.vote(from, SKIP, slot, NO_VALUE))
}

/** Slots that it skipped, each once however often it said so. */
const skipped = (stage: Stage, actor: Actor): number[] => {
  const skips = stage.votesOf(actor).filter(({ kind }) => kind === SKIP)
  return [...new Set(skips.map(({ slot }) => slot))]
}

describe('Δ', () => {
  it('grows with every skipped slot up to its cap, and falls back with a new final block', () => {
    const { stage, voter, others } = stageOf()
    const deltas: number[] = []
    for (let i = 0; i < 8; i++) {
      skipSlot(stage, voter, others)
      deltas.push(positionOf(voter.state).deltaMs)
    }
    expect(deltas.slice(0, 3)).toEqual([150, 225, 338])
    expect(deltas.at(-1)).toBe(voter.config.maxDeltaMs)
    const block = stage.block(others[0]!, 0, stage.base)
    stage.hand(others[0]!, voter, proposalOf(block))
    const { hash } = placeOf(block)
    const { slot } = positionOf(voter.state)
    for (const from of others) stage.hand(from, voter, stage.vote(from, FINAL, slot, hash))
    // The certificate is there, but not the block: nothing is final yet.
    expect(positionOf(voter.state).deltaMs).toBe(voter.config.maxDeltaMs)
    const page = { term: 0, certificates: [], blocks: [block], nextSet: null }
    stage.hand(others[0]!, voter, { type: 'page', page })
    expect(positionOf(voter.state)).toMatchObject({ finalHeight: 1, deltaMs: voter.config.deltaMs })
  })
})

describe('the leader', () => {
  it('of whom no vote came lately gets no wait, until it is heard again', () => {
    const { stage, voter, others } = stageOf()
    const [silent, ...heard] = others
    // Three of four are a quorum: the voter skips, too.
    for (let slot = 0; slot <= 2 * SILENT_SLOTS; slot++) {
      stage.wait(10_000, voter)
      for (const from of heard) stage.hand(from, voter, stage.vote(from, SKIP, slot, NO_VALUE))
    }
    const { slot } = positionOf(voter.state)
    expect(slot).toBe(2 * SILENT_SLOTS + 1)
    const before = skipped(stage, voter).length
    // Some slot of the next round is the silent one's: it is skipped as soon as it is entered.
    let atOnce = 0
    for (let at = slot; at < slot + 4; at++) {
      if (skipped(stage, voter).includes(at)) atOnce += 1
      stage.wait(10_000, voter)
      for (const from of heard) stage.hand(from, voter, stage.vote(from, SKIP, at, NO_VALUE))
    }
    expect(atOnce).toBeGreaterThanOrEqual(1)
    expect(skipped(stage, voter).length - before).toBeLessThanOrEqual(4)
    const now = positionOf(voter.state).slot
    stage.hand(silent!, voter, stage.vote(silent!, SKIP, now, NO_VALUE))
    let waited = 0
    for (let at = now; at < now + 4; at++) {
      if (!skipped(stage, voter).includes(at)) waited += 1
      stage.wait(10_000, voter)
      for (const from of heard) stage.hand(from, voter, stage.vote(from, SKIP, at, NO_VALUE))
    }
    expect(waited).toBeGreaterThanOrEqual(3)
  })
})

describe('memory', () => {
  it('does not grow with slots that were proposed for and skipped, but for their Skip certificates', () => {
    const { stage, voter, others } = stageOf()
    const instance = voter.state.instance!
    for (let slot = 0; slot < 400; slot++) {
      stage.wait(100, voter)
      for (const from of others) stage.hand(from, voter, proposalOf(stage.block(from, slot, stage.base)))
      skipSlot(stage, voter, others)
    }
    expect(positionOf(voter.state).slot).toBe(400)
    expect(instance.entries.size).toBeLessThan(2 * MAX_VOTE_SLOTS_BEHIND)
    expect([...instance.children.values()].flat().length).toBeLessThan(2 * MAX_VOTE_SLOTS_BEHIND)
    const tallies = [...instance.slots.values()].reduce((sum, slot) => sum + slot.tallies.length, 0)
    expect(tallies).toBeLessThan(8 * MAX_VOTE_SLOTS_BEHIND)
  })
})

describe('a standing slot', () => {
  it('makes a delegate say its votes and the certificates that led there again, and ask for news', () => {
    const { stage, voter, others } = stageOf()
    skipSlot(stage, voter, others)
    stage.wait(5000, voter)
    const from = stage.effects[voter.seat]!.length
    stage.wait(5000, voter)
    const again = stage.effects[voter.seat]!.slice(from)
    const sent = again.filter((effect) => effect.type === 'send').map(({ message }) => message)
    expect(sent).toContainEqual(
      expect.objectContaining({ type: 'votes', votes: [expect.objectContaining({ kind: SKIP, slot: 1 })] }),
    )
    expect(sent).toContainEqual(
      expect.objectContaining({
        type: 'certificates',
        certificates: [expect.objectContaining({ kind: SKIP, slot: 0 })],
      }),
    )
    expect(again).toContainEqual(expect.objectContaining({ type: 'request' }))
  })

  it('makes Final votes of the slots before it go out again', () => {
    const { stage, voter, others } = stageOf()
    const { hash } = placeOf(stage.block(others[0]!, 0, stage.base))
    for (const from of others) stage.hand(from, voter, stage.vote(from, NOTAR, 0, hash))
    stage.wait(5000, voter)
    const finals = stage.votesOf(voter).filter(({ kind, slot }) => kind === FINAL && slot === 0)
    expect(finals.length).toBeGreaterThan(1)
  })
})

describe('the timer', () => {
  it('is set again when it goes off early', () => {
    const { stage, voter } = stageOf()
    const timer = stage.effects[voter.seat]!.findLast((effect) => effect.type === 'timer')!
    const effects = stage.give(voter, { type: 'tick', nowMs: timer.atMs - 1 })
    expect(effects).toContainEqual(timer)
  })

  it('is always set to a time after now while anything can still happen', () => {
    const { stage, voter } = stageOf()
    for (let i = 0; i < 50; i++) {
      const timer = stage.effects[voter.seat]!.findLast((effect) => effect.type === 'timer')
      expect(timer?.atMs).toBeGreaterThan(stage.nowMs)
      stage.wait(timer!.atMs - stage.nowMs, voter)
    }
  })
})
