import { bitmapOf, type Certificate, FINAL, NO_VALUE, NOTAR, SKIP, statementHash } from '@smartshare/chain'
import { toHex } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import { describe, expect, it } from 'vitest'
import { MAX_PAGE_CERTIFICATES } from './config.ts'
import { ALL_RULES } from './rules.ts'
import { type Actor, placeOf, proposalOf, Stage } from './sim/stage.ts'
import { positionOf } from './step.ts'

function stageOf() {
  const stage = new Stage({ rules: ALL_RULES, seats: 4 })
  const actors = [0, 1, 2, 3].map((turn) => stage.actor(turn))
  return { stage, actors }
}

function certificate(
  stage: Stage,
  actors: readonly Actor[],
  kind: number,
  slot: number,
  value = NO_VALUE,
): Certificate {
  const signers = actors.slice(0, 3)
  const message = statementHash({ chainId: stage.chainId, term: 0, slot, kind, value })
  const signature = hashScheme.aggregate(signers.map(({ secret }) => hashScheme.sign(secret, message)))
  return {
    term: 0,
    slot,
    kind,
    value,
    bitmap: bitmapOf(
      signers.map(({ seat }) => seat),
      4,
    ),
    signature,
  }
}

const asks = (stage: Stage, actor: Actor) =>
  stage.effects[actor.seat]!.filter((effect) => effect.type === 'request').map(({ peer, ask }) => ({ peer, ...ask }))

/** Answers an actor's latest ask from another's memory; false if it has nothing. */
function answer(stage: Stage, asker: Actor, helper: Actor): boolean {
  const ask = stage.effects[asker.seat]!.findLast((effect) => effect.type === 'request')!.ask
  stage.pending = []
  stage.hand(asker, helper, { type: 'ask', ask })
  const [page] = stage.pending.filter(({ to, message }) => to === asker && message.type === 'page')
  if (page === undefined) return false
  stage.hand(helper, asker, page.message)
  return true
}

describe('a delegate that is behind', () => {
  it('enters the slot after the highest certificate that it is shown, without those between', () => {
    const { stage, actors } = stageOf()
    const [voter, from] = actors
    stage.start(voter!)
    stage.hand(from!, voter!, { type: 'certificates', certificates: [certificate(stage, actors, SKIP, 40)] })
    expect(positionOf(voter!.state).slot).toBe(41)
  })

  it('fetches hundreds of gap Skips in pages before it votes, and does not refuse the block for their number', () => {
    const { stage, actors } = stageOf()
    const [voter, helper, third] = actors
    const slots = 300
    stage.start(voter!, helper!)
    for (let slot = 0; slot < slots; slot++) {
      stage.hand(third!, helper!, { type: 'certificates', certificates: [certificate(stage, actors, SKIP, slot)] })
    }
    stage.hand(helper!, voter!, { type: 'certificates', certificates: [certificate(stage, actors, SKIP, slots - 1)] })
    expect(positionOf(voter!.state).slot).toBe(slots)
    let pages = 0
    while (pages < 100 && voter!.state.instance!.ask !== null) {
      expect(answer(stage, voter!, helper!)).toBe(true)
      pages += 1
    }
    expect(pages).toBeLessThanOrEqual(Math.ceil(slots / (MAX_PAGE_CERTIFICATES - 2)))
    // Whoever leads now, its block on genesis over all these slots is voted for.
    const leader = actors.find((actor) => {
      stage.nowMs += 1
      const block = stage.block(actor, slots, stage.base)
      stage.hand(actor, voter!, proposalOf(block))
      return stage.votesOf(voter!).some(({ kind, slot }) => kind === NOTAR && slot === slots)
    })
    expect(leader).toBeDefined()
  })

  it('asks for a certified block that it has not got, takes it from anybody, and makes it final', () => {
    const { stage, actors } = stageOf()
    const [leader, voter, third] = actors
    stage.start(voter!)
    const block = stage.block(leader!, 0, stage.base)
    const { hash } = placeOf(block)
    stage.hand(third!, voter!, { type: 'certificates', certificates: [certificate(stage, actors, FINAL, 0, hash)] })
    expect(asks(stage, voter!).at(-1)).toMatchObject({ finalHeight: 0, wanted: [hash] })
    const spoilt = { ...block, transactions: [Uint8Array.of(1)] }
    const page = (one: typeof block) => ({ term: 0, certificates: [], blocks: [one], nextSet: null })
    stage.hand(third!, voter!, { type: 'page', page: page(spoilt) })
    expect(stage.finalsOf(voter!)).toEqual([])
    stage.hand(third!, voter!, { type: 'page', page: page(block) })
    expect(stage.finalsOf(voter!)).toHaveLength(1)
  })

  it('takes a page of final blocks by the one certificate of its last, and asks on at once', () => {
    const { stage, actors } = stageOf()
    const [voter, helper] = actors
    stage.start(voter!)
    const blocks = [stage.block(helper!, 0, stage.base)]
    for (let slot = 1; slot < 20; slot++) blocks.push(stage.block(helper!, slot, placeOf(blocks.at(-1)!)))
    const last = certificate(stage, actors, FINAL, 19, placeOf(blocks.at(-1)!).hash)
    stage.hand(helper!, voter!, { type: 'page', page: { term: 0, certificates: [last], blocks, nextSet: null } })
    expect(positionOf(voter!.state)).toMatchObject({ finalHeight: 20, slot: 20 })
    expect(stage.finalsOf(voter!)).toHaveLength(20)
  })

  it('is not moved by blocks that nobody certified, nor by certificates without a quorum', () => {
    const { stage, actors } = stageOf()
    const [voter, helper] = actors
    stage.start(voter!)
    const block = stage.block(helper!, 0, stage.base)
    const { hash } = placeOf(block)
    const right = certificate(stage, actors, FINAL, 0, hash)
    const few = { ...right, bitmap: bitmapOf([0, 1], 4) }
    stage.hand(helper!, voter!, {
      type: 'page',
      page: { term: 0, certificates: [few], blocks: [block], nextSet: null },
    })
    expect(positionOf(voter!.state)).toMatchObject({ finalHeight: 0, slot: 0 })
    expect(stage.effects[voter!.seat]).toContainEqual({
      type: 'misbehaviour',
      peer: helper!.link.peer,
      code: 'CONSENSUS_BAD_CERTIFICATE',
    })
    expect([...voter!.state.instance!.entries.keys()]).not.toContain(toHex(hash))
  })

  it('has the node serve final blocks to whoever is further behind', () => {
    const { stage, actors } = stageOf()
    const [voter, helper] = actors
    stage.start(voter!)
    const block = stage.block(helper!, 0, stage.base)
    const final = certificate(stage, actors, FINAL, 0, placeOf(block).hash)
    stage.hand(helper!, voter!, {
      type: 'page',
      page: { term: 0, certificates: [final], blocks: [block], nextSet: null },
    })
    stage.hand(helper!, voter!, { type: 'ask', ask: { term: 0, finalHeight: 0, fromSlot: 0, wanted: [] } })
    expect(stage.effects[voter!.seat]).toContainEqual({
      type: 'serve',
      peer: helper!.link.peer,
      term: 0,
      fromHeight: 1,
    })
  })

  it('repeats an ask that brought nothing, to somebody else, and not before its time', () => {
    const { stage, actors } = stageOf()
    const [voter, helper] = actors
    stage.start(voter!)
    const before = asks(stage, voter!).length
    stage.hand(helper!, voter!, { type: 'certificates', certificates: [certificate(stage, actors, SKIP, 5)] })
    expect(asks(stage, voter!)).toHaveLength(before + 1)
    stage.wait(150, voter!)
    expect(asks(stage, voter!)).toHaveLength(before + 1)
    stage.wait(50, voter!)
    expect(asks(stage, voter!)).toHaveLength(before + 2)
    expect(asks(stage, voter!).at(-1)?.peer).toBeNull()
  })
})
