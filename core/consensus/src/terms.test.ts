import { type DelegateSet, FINAL, PROPOSE } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import type { Message } from './events.ts'
import { ALL_RULES } from './rules.ts'
import { type Actor, Stage } from './sim/stage.ts'
import { positionOf } from './step.ts'

const TERM_HEIGHTS = 2

/** Four honest delegates of a term of two blocks, whose election is over. */
function stageOf() {
  const stage = new Stage({ rules: ALL_RULES, seats: 4, termHeights: TERM_HEIGHTS })
  const actors = [0, 1, 2, 3].map((turn) => stage.actor(turn))
  const next: DelegateSet = { term: 1, members: stage.genesis.set.members.toReversed() }
  stage.nextSet = next
  stage.start(...actors)
  return { stage, actors, next }
}

const isFinal = (message: Message) =>
  message.type === 'votes'
    ? message.votes.some(({ kind }) => kind === FINAL)
    : message.type === 'certificates' && message.certificates.some(({ kind }) => kind === FINAL)

/** Lets time pass in small steps while everything that the filter passes is delivered. */
function run(
  stage: Stage,
  actors: readonly Actor[],
  ms: number,
  filter: (message: Message, from: Actor) => boolean,
): void {
  for (let at = 0; at < ms; at += 50) {
    stage.deliver((from, _to, message) => filter(message, from))
    stage.wait(50, ...actors)
  }
}

function elect(stage: Stage, actors: readonly Actor[], set: DelegateSet): void {
  for (const actor of actors) stage.give(actor, { type: 'elected', nowMs: stage.nowMs, set })
}

describe('a term', () => {
  it('ends with the first block at its height that names the next set, and the next begins on it at slot 0', () => {
    const { stage, actors, next } = stageOf()
    elect(stage, actors, next)
    run(stage, actors, 1000, () => true)
    for (const actor of actors) {
      expect(positionOf(actor.state).term).toBe(1)
      const begun = stage.effects[actor.seat]!.find((effect) => effect.type === 'term' && effect.start.set.term === 1)
      expect(begun).toMatchObject({ start: { base: { height: TERM_HEIGHTS }, set: next }, seat: 3 - actor.seat })
    }
    expect(stage.checkers.violations).toEqual([])
  })

  it('proposes only its last block again while that is not final', () => {
    const { stage, actors, next } = stageOf()
    elect(stage, actors, next)
    run(stage, actors, 3000, (message) => !isFinal(message))
    for (const actor of actors) expect(positionOf(actor.state)).toMatchObject({ term: 0, finalHeight: 0 })
    const proposed = actors.flatMap((actor) =>
      stage.effects[actor.seat]!.filter((effect) => effect.type === 'send' && effect.message.type === 'proposal'),
    )
    const heights = proposed.map((effect) =>
      effect.type === 'send' && effect.message.type === 'proposal' ? effect.message.block.header.height : 0,
    )
    expect(Math.max(...heights)).toBe(TERM_HEIGHTS)
    const again = actors.flatMap((actor) => stage.votesOf(actor)).filter(({ kind }) => kind === PROPOSE)
    expect(again.length).toBeGreaterThan(2)
    expect(new Set(again.map(({ value }) => value.join())).size).toBe(1)
    run(stage, actors, 1000, () => true)
    for (const actor of actors) {
      expect(positionOf(actor.state).term).toBe(1)
      expect(
        stage
          .finalsOf(actor)
          .slice(0, 2)
          .map((text) => text.split(' ')[0]),
      ).toEqual(['1', '2'])
    }
    expect(stage.checkers.violations).toEqual([])
  })

  it('that is over answers late messages with its last certificate and the next set', () => {
    const { stage, actors, next } = stageOf()
    elect(stage, actors, next)
    const [late, ...others] = actors
    run(stage, actors, 1000, (message, from) => from !== late && !isFinal(message))
    stage.pending = []
    // Everybody but one goes on; what the late one says then brings it the rest.
    for (let i = 0; i < 40; i++) {
      stage.deliver((from, to) => from !== late && to !== late)
      stage.pending = []
      stage.wait(50, ...others)
    }
    expect(positionOf(others[0]!.state).term).toBe(1)
    expect(positionOf(late!.state).term).toBe(0)
    const from = stage.effects[others[0]!.seat]!.length
    stage.hand(late!, others[0]!, { type: 'votes', votes: stage.votesOf(late!).slice(-1), executedHeight: 0 })
    const page = stage.effects[others[0]!.seat]!.slice(from).find(
      (effect) => effect.type === 'send' && effect.message.type === 'page',
    )
    expect(page).toMatchObject({ message: { page: { term: 0, nextSet: next, certificates: [{ kind: FINAL }] } } })
  })

  it('begins only with the set that its last header names, whoever tells another', () => {
    const { stage, actors, next } = stageOf()
    const wrong: DelegateSet = { term: 1, members: next.members.slice(1) }
    run(stage, actors, 1000, () => true)
    for (const actor of actors) expect(positionOf(actor.state)).toMatchObject({ term: 0, finalHeight: TERM_HEIGHTS })
    elect(stage, actors, wrong)
    for (const actor of actors) expect(positionOf(actor.state).term).toBe(0)
    const [first, second] = actors
    const page = { term: 0, certificates: [], blocks: [], nextSet: next }
    stage.hand(second!, first!, { type: 'page', page })
    expect(positionOf(first!.state).term).toBe(1)
  })

  it('begins only when the node was told of every final block before', () => {
    const { stage, actors, next } = stageOf()
    run(stage, actors, 1000, () => true)
    const [actor] = actors
    elect(stage, [actor!], next)
    const effects = stage.effects[actor!.seat]!
    const begun = effects.findIndex(
      (effect) => effect.type === 'persist' && effect.records.some(({ type }) => type === 'term'),
    )
    const lastFinal = effects.findLastIndex((effect) => effect.type === 'final')
    expect(lastFinal).toBeGreaterThan(0)
    expect(begun).toBeGreaterThan(lastFinal)
  })
})
