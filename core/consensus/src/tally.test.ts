import { NO_VALUE, NOTAR, SKIP, seatsOf } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import type { Message } from './events.ts'
import { ALL_RULES } from './rules.ts'
import { type Actor, placeOf, Stage } from './sim/stage.ts'

function stageOf(seats: number) {
  const stage = new Stage({ rules: ALL_RULES, seats })
  const voter = stage.actor(0)
  const others = Array.from({ length: seats - 1 }, (_, i) => stage.actor(i + 1))
  stage.start(voter)
  return { stage, voter, others }
}

type Votes = Extract<Message, { type: 'votes' }>

/** The same votes with bytes added to their signatures. */
function bend(message: Message, by: number): Votes {
  const { votes, ...rest } = message as Votes
  const bent = votes.map((vote) => {
    const signature = vote.signature.slice()
    // The hash scheme adds 32-bit words: this shifts the lowest byte of the first.
    const view = new DataView(signature.buffer)
    view.setUint32(0, (view.getUint32(0) + by) >>> 0)
    return { ...vote, signature }
  })
  return { ...rest, votes: bent }
}

const skip = (stage: Stage, actor: Actor) => stage.vote(actor, SKIP, 0, NO_VALUE)
const cuts = (stage: Stage, actor: Actor) =>
  stage.effects[actor.seat]!.filter((effect) => effect.type === 'misbehaviour').map(({ peer }) => peer)

describe('votes', () => {
  it('form a certificate when a quorum is there, and not before', () => {
    const { stage, voter, others } = stageOf(7)
    for (const from of others.slice(0, 4)) stage.hand(from, voter, skip(stage, from))
    expect(stage.certificatesOf(voter)).toEqual([])
    stage.hand(others[4]!, voter, skip(stage, others[4]!))
    const [certificate] = stage.certificatesOf(voter)
    expect(certificate).toMatchObject({ kind: SKIP, slot: 0 })
    expect(seatsOf(certificate!.bitmap, 7)).toHaveLength(5)
  })

  it('are halved when their sum is wrong: the bad ones are found, their links cut, the good ones count', () => {
    const { stage, voter, others } = stageOf(7)
    const [liar, ...honest] = others
    stage.hand(liar!, voter, bend(skip(stage, liar!), 1))
    for (const from of honest.slice(0, 4)) stage.hand(from, voter, skip(stage, from))
    expect(cuts(stage, voter)).toEqual([liar!.link.peer])
    expect(stage.certificatesOf(voter)).toEqual([])
    stage.hand(honest[4]!, voter, skip(stage, honest[4]!))
    expect(stage.certificatesOf(voter)).toHaveLength(1)
    expect(cuts(stage, voter)).toEqual([liar!.link.peer])
  })

  it('are not taken from a link that was cut', () => {
    const { stage, voter, others } = stageOf(4)
    const [liar, second, third] = others
    stage.hand(liar!, voter, bend(skip(stage, liar!), 1))
    stage.hand(second!, voter, skip(stage, second!))
    stage.hand(third!, voter, skip(stage, third!))
    expect(cuts(stage, voter)).toEqual([liar!.link.peer])
    stage.hand(liar!, voter, skip(stage, liar!))
    expect(stage.certificatesOf(voter)).toEqual([])
  })

  it('cannot be kept out by wrong ones in their name from another link', () => {
    const { stage, voter, others } = stageOf(4)
    const [liar, second, third] = others
    stage.hand(liar!, voter, bend(skip(stage, second!), 1))
    stage.hand(liar!, voter, bend(skip(stage, third!), 1))
    stage.hand(second!, voter, skip(stage, second!))
    stage.hand(third!, voter, skip(stage, third!))
    stage.hand(liar!, voter, skip(stage, liar!))
    expect(stage.certificatesOf(voter)).toHaveLength(1)
  })

  it('of others reach a delegate over a third when the slot stands still', () => {
    const { stage, voter, others } = stageOf(4)
    const [far, near] = others
    stage.start(near!)
    stage.hand(far!, near!, skip(stage, far!))
    stage.wait(1000, near!)
    stage.deliver((from, to, message) => from === near && to === voter && message.type === 'votes')
    stage.wait(1000, voter)
    expect(seatsOf(stage.certificatesOf(voter)[0]!.bitmap, 4)).toHaveLength(3)
  })

  it('that two traitors spoilt against each other do not get an honest relay cut off', () => {
    const { stage, voter, others } = stageOf(7)
    const [one, two, near] = others
    stage.start(near!)
    stage.hand(one!, near!, bend(skip(stage, one!), 1))
    stage.hand(two!, near!, bend(skip(stage, two!), -1))
    stage.wait(1000, near!)
    stage.deliver((from, to) => from === near && to === voter)
    stage.wait(1000, voter)
    for (const from of others.slice(3)) stage.hand(from, voter, skip(stage, from))
    expect(stage.certificatesOf(voter)).toHaveLength(1)
    expect(cuts(stage, voter)).toEqual([])
    expect(cuts(stage, near!).toSorted()).toEqual([one!.link.peer, two!.link.peer].toSorted())
  })

  it('of one seat for two values are evidence, whichever links brought them, once', () => {
    const { stage, voter, others } = stageOf(4)
    const [traitor, other] = others
    const values = [1, 2, 3].map(
      (salt) => placeOf(stage.block(traitor!, 0, stage.base, {}, [Uint8Array.of(salt)])).hash,
    )
    stage.hand(traitor!, voter, stage.vote(traitor!, NOTAR, 0, values[0]!))
    stage.hand(other!, voter, stage.vote(traitor!, NOTAR, 0, values[1]!))
    stage.hand(traitor!, voter, stage.vote(traitor!, NOTAR, 0, values[2]!))
    const found = stage.effects[voter.seat]!.filter((effect) => effect.type === 'evidence')
    expect(found).toHaveLength(1)
    expect(found[0]!.evidence).toMatchObject({
      kind: 'votes',
      first: { seat: traitor!.seat },
      second: { seat: traitor!.seat },
    })
  })

  it('far ahead, far behind or of unknown seats are not kept', () => {
    const { stage, voter, others } = stageOf(4)
    const from = others[0]!
    stage.hand(from, voter, stage.vote(from, SKIP, 17, NO_VALUE))
    stage.hand(from, voter, stage.vote(from, SKIP, 16, NO_VALUE))
    expect([...voter.state.instance!.slots.keys()]).not.toContain(17)
    expect([...voter.state.instance!.slots.keys()]).toContain(16)
    const votes = (skip(stage, from) as Votes).votes.map((vote) => ({ ...vote, seat: 200 }))
    stage.hand(from, voter, { type: 'votes', votes, executedHeight: 0 })
    expect(cuts(stage, voter)).toEqual([from.link.peer])
  })
})
