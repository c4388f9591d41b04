import { FINAL, NO_VALUE, NOTAR, nextAccumulator, SKIP } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { ALL_RULES } from './rules.ts'
import { type Actor, placeOf, proposalOf, Stage } from './sim/stage.ts'

function stageOf(seats = 4) {
  const stage = new Stage({ rules: ALL_RULES, seats })
  return { stage, leader: stage.actor(0), voter: stage.actor(1), others: [stage.actor(2), stage.actor(3)] as const }
}

/** A reveal that its leader did not sign, with the accumulator that follows from it. */
function forgedReveal() {
  const reveal = new Uint8Array(96).fill(1)
  return { reveal, accumulator: nextAccumulator(stageOf().stage.base.accumulator, reveal) }
}

const kinds = (stage: Stage, actor: Actor) => stage.votesOf(actor).map(({ kind, slot }) => [kind, slot])

describe('a delegate', () => {
  it('proposes when it is its turn, and not before the least time after the parent', () => {
    const { stage, leader } = stageOf()
    stage.nowMs = stage.base.timeMs + 40
    stage.start(leader)
    expect(stage.pending).toEqual([])
    stage.wait(59, leader)
    expect(stage.pending).toEqual([])
    stage.wait(1, leader)
    const [sent] = stage.pending.filter(({ message }) => message.type === 'proposal')
    expect(sent?.message).toMatchObject({ block: { header: { slot: 0, height: 1, timeMs: stage.base.timeMs + 100 } } })
  })

  it('votes for a valid proposal once, and reports a leader that makes two', () => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    const one = stage.block(leader, 0, stage.base)
    const two = stage.block(leader, 0, stage.base, {}, [Uint8Array.of(1)])
    stage.hand(leader, voter, proposalOf(one))
    stage.hand(leader, voter, proposalOf(two))
    expect(kinds(stage, voter)).toEqual([[NOTAR, 0]])
    expect(stage.votesOf(voter)[0]?.value).toEqual(placeOf(one).hash)
    expect(stage.effects[voter.seat]).toContainEqual(
      expect.objectContaining({ type: 'evidence', evidence: expect.objectContaining({ kind: 'votes' }) }),
    )
  })

  it('sends nothing that it signed before that is on disk', () => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    stage.writes = false
    stage.hand(leader, voter, proposalOf(stage.block(leader, 0, stage.base)))
    const persist = stage.effects[voter.seat]!.findLast((effect) => effect.type === 'persist')
    expect(persist?.records.map(({ type }) => type)).toContain('vote')
    expect(kinds(stage, voter)).toEqual([])
    // Standing still it would repeat its votes: they wait as well.
    stage.wait(2000, voter)
    expect(kinds(stage, voter)).toEqual([])
    stage.give(voter, { type: 'persisted', nowMs: stage.nowMs, ticket: persist!.ticket })
    expect(kinds(stage, voter)).toEqual([[NOTAR, 0]])
  })

  it('skips a slot in which no proposal comes within 2 Δ', () => {
    const { stage, voter } = stageOf()
    stage.start(voter)
    stage.wait(199, voter)
    expect(kinds(stage, voter)).toEqual([])
    stage.wait(1, voter)
    expect(kinds(stage, voter)).toEqual([[SKIP, 0]])
    expect(stage.votesOf(voter)[0]?.value).toEqual(NO_VALUE)
  })

  it('waits until 3 Δ for a certificate once there is a proposal, and skips although it voted', () => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    stage.hand(leader, voter, proposalOf(stage.block(leader, 0, stage.base)))
    stage.wait(299, voter)
    expect(kinds(stage, voter)).toEqual([[NOTAR, 0]])
    stage.wait(1, voter)
    expect(kinds(stage, voter)).toEqual([
      [NOTAR, 0],
      [SKIP, 0],
    ])
  })

  it('skips at once what the node finds invalid', () => {
    const { stage, leader, voter } = stageOf()
    stage.verdict = 'invalid'
    stage.start(voter)
    stage.hand(leader, voter, proposalOf(stage.block(leader, 0, stage.base)))
    expect(kinds(stage, voter)).toEqual([[SKIP, 0]])
  })

  it('asks the node again about a root that was not executed, when more is', () => {
    const { stage, leader, voter } = stageOf()
    stage.verdict = 'later'
    stage.start(voter)
    stage.hand(leader, voter, proposalOf(stage.block(leader, 0, stage.base)))
    expect(kinds(stage, voter)).toEqual([])
    stage.verdict = 'valid'
    stage.give(voter, { type: 'executed', nowMs: stage.nowMs, height: 1 })
    expect(kinds(stage, voter)).toEqual([[NOTAR, 0]])
  })

  it('signs Final for a certified block for which it did not vote itself, unless it skipped', () => {
    for (const skips of [false, true]) {
      const { stage, leader, voter, others } = stageOf()
      stage.start(voter)
      if (skips) stage.wait(1000, voter)
      const { hash } = placeOf(stage.block(leader, 0, stage.base))
      for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, NOTAR, 0, hash))
      const signed = kinds(stage, voter).filter(([kind]) => kind === FINAL)
      expect(signed).toEqual(skips ? [] : [[FINAL, 0]])
      expect(stage.certificatesOf(voter)).toMatchObject([{ kind: NOTAR, slot: 0 }])
    }
  })

  it('makes a block and its ancestors final with q Final votes, in the order of height', () => {
    const { stage, leader, voter, others } = stageOf()
    stage.start(voter)
    const first = stage.block(leader, 0, stage.base)
    const second = stage.block(voter, 1, placeOf(first))
    for (const [slot, block] of [first, second].entries()) {
      const { hash } = placeOf(block)
      stage.hand(leader, voter, proposalOf(block))
      for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, NOTAR, slot, hash))
    }
    expect(stage.finalsOf(voter)).toEqual([])
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, FINAL, 1, placeOf(second).hash))
    expect(stage.finalsOf(voter).map((text) => text.split(' ')[0])).toEqual(['1', '2'])
    const finals = stage.effects[voter.seat]!.filter((effect) => effect.type === 'final')
    expect(finals.map(({ certificate }) => certificate?.slot ?? null)).toEqual([null, 1])
  })

  it.each([
    ['a height that leaves one out', { height: 2 }],
    ['an accumulator that is not the parent’s with the reveal', { accumulator: new Uint8Array(32) }],
    ['a reveal by another key', forgedReveal()],
    ['a time before the least time after its parent', { timeMs: 1_735_689_600_099 }],
    ['a root without its certificate', { rootHeight: 0, certificateHash: new Uint8Array(32).fill(1) }],
    ['a root above its own height', { rootHeight: 1 }],
  ])('never votes for a block with %s', (_what, change) => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    stage.hand(leader, voter, proposalOf(stage.block(leader, 0, stage.base, change)))
    expect(kinds(stage, voter).filter(([kind]) => kind === NOTAR)).toEqual([])
  })

  it('reports who proposes out of turn, and who signs with a wrong key', () => {
    const { stage, leader, voter, others } = stageOf()
    stage.start(voter)
    stage.hand(others[0], voter, proposalOf(stage.block(others[0], 0, stage.base)))
    const forged = { ...stage.block(leader, 0, stage.base), proposal: new Uint8Array(96) }
    stage.hand(others[1], voter, proposalOf(forged))
    const reports = stage.effects[voter.seat]!.filter((effect) => effect.type === 'misbehaviour')
    expect(reports.map(({ peer, code }) => [peer, code])).toEqual([
      [others[0].link.peer, 'CONSENSUS_BAD_PROPOSAL'],
      [others[1].link.peer, 'CONSENSUS_BAD_PROPOSAL'],
    ])
  })

  it('holds a block of the near future until its time is within the drift', () => {
    const { stage, leader, voter } = stageOf()
    stage.start(voter)
    const block = stage.block(leader, 0, stage.base, { timeMs: stage.nowMs + 300 })
    stage.hand(leader, voter, proposalOf(block))
    stage.wait(99, voter)
    expect(kinds(stage, voter)).toEqual([])
    stage.wait(1, voter)
    expect(kinds(stage, voter)).toEqual([[NOTAR, 0]])
  })

  it('only follows when it has no seat', () => {
    const { stage, leader, voter, others } = stageOf()
    const { state } = voter
    voter.state = { ...state, config: { ...state.config, secretKey: null }, publicKey: null }
    stage.start(voter)
    const block = stage.block(leader, 0, stage.base)
    stage.hand(leader, voter, proposalOf(block))
    for (const from of [leader, ...others]) stage.hand(from, voter, stage.vote(from, FINAL, 0, placeOf(block).hash))
    stage.wait(5000, voter)
    expect(kinds(stage, voter)).toEqual([])
    expect(stage.finalsOf(voter)).toHaveLength(1)
  })
})
