import { FINAL, NO_VALUE, NOTAR, SKIP } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { ALL_RULES, type SafetyRules } from './rules.ts'
import { type Actor, placeOf, proposalOf, Stage } from './sim/stage.ts'

// For each of the four rules of safety: one schedule with four delegates of which one is a traitor. With all rules it
// ends in agreement; without the rule the checkers must see two final blocks at one height.

const SEATS = 4

/** Slot 0 is led by an honest delegate whose block becomes final for it alone; slot 1 by the traitor. */
interface Cast {
  readonly stage: Stage
  readonly alone: Actor
  readonly traitor: Actor
  readonly bob: Actor
  readonly carol: Actor
}

function castOf(rules: SafetyRules): Cast {
  const stage = new Stage({ rules, seats: SEATS })
  const [alone, traitor, bob, carol] = [stage.actor(0), stage.actor(1), stage.actor(2), stage.actor(3)]
  stage.start(alone, bob, carol)
  return { stage, alone, traitor, bob, carol }
}

/** The block that the honest leader of slot 0 proposed. */
function firstBlock({ stage, alone }: Cast) {
  const proposal = stage.pending.find(({ from, message }) => from === alone && message.type === 'proposal')?.message
  if (proposal?.type !== 'proposal') throw new Error('the leader of slot 0 proposed nothing')
  return placeOf(proposal.block)
}

/** Bob and Carol are offered another block in slot 1 which leaves slot 0 out, with the traitor's votes for it. */
function offerFork({ stage, traitor, bob, carol }: Cast): void {
  const fork = stage.block(traitor, 1, stage.base)
  const { hash } = placeOf(fork)
  for (const actor of [bob, carol]) {
    stage.hand(traitor, actor, proposalOf(fork))
    stage.hand(traitor, actor, stage.vote(traitor, NOTAR, 1, hash))
    stage.hand(traitor, actor, stage.vote(traitor, FINAL, 1, hash))
  }
  stage.deliverAmong(bob, carol)
}

/** Two honest votes and the traitor's make the block of slot 0 final for one delegate alone. */
function makeFinalForOne(cast: Cast): void {
  const { stage, alone, traitor, bob } = cast
  const { hash } = firstBlock(cast)
  stage.deliver((from, to, message) => from === alone && to === bob && message.type === 'proposal')
  stage.hand(traitor, alone, stage.vote(traitor, NOTAR, 0, hash))
  stage.hand(traitor, bob, stage.vote(traitor, NOTAR, 0, hash))
  stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
  // Bob learns of the certificate, but of no Final vote.
  stage.deliver((from, to, message) => from === alone && to === bob && isNotar(message))
  stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
  stage.hand(traitor, alone, stage.vote(traitor, FINAL, 0, hash))
}

function isNotar(message: { type: string }): boolean {
  const certificates = 'certificates' in message ? (message.certificates as { kind: number }[]) : []
  return message.type === 'certificates' && certificates.every(({ kind }) => kind === NOTAR)
}

const SCHEDULES: Record<keyof SafetyRules, (rules: SafetyRules) => Cast> = {
  noFinalAfterSkip(rules) {
    const cast = castOf(rules)
    const { stage, alone, traitor, bob, carol } = cast
    const { hash } = firstBlock(cast)
    // Bob votes for the block; then both time out before a certificate is there, and Carol too.
    stage.deliver((from, to, message) => from === alone && to === bob && message.type === 'proposal')
    stage.wait(1000, alone, bob, carol)
    // With Carol the Skips of slot 0 add up.
    stage.hand(traitor, carol, stage.vote(traitor, SKIP, 0, NO_VALUE))
    stage.deliver((from, to, message) => from === bob && to === carol && message.type === 'votes')
    // With the other two the block is notarized after all: who skipped may not make it final.
    for (const actor of [alone, bob]) stage.hand(traitor, actor, stage.vote(traitor, NOTAR, 0, hash))
    stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
    stage.deliver((from, to, message) => from === alone && to === bob && isNotar(message))
    stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
    stage.hand(traitor, alone, stage.vote(traitor, FINAL, 0, hash))
    stage.deliver((from, to, message) => from === carol && to === bob && message.type === 'certificates')
    offerFork(cast)
    return cast
  },
  noSkipAfterFinal(rules) {
    const cast = castOf(rules)
    const { stage, traitor, bob, carol } = cast
    makeFinalForOne(cast)
    // Bob loses his blocks and certificates, so that slot 0 is his slot again; his votes he still knows.
    stage.restartWithVotesOnly(bob)
    stage.wait(1000, bob, carol)
    for (const actor of [bob, carol]) stage.hand(traitor, actor, stage.vote(traitor, SKIP, 0, NO_VALUE))
    stage.deliverAmong(bob, carol)
    offerFork(cast)
    return cast
  },
  oneNotarPerSlot(rules) {
    const stage = new Stage({ rules, seats: SEATS })
    // Here the traitor leads slot 0 and Carol slot 1.
    const [traitor, carol, alone, bob] = [stage.actor(0), stage.actor(1), stage.actor(2), stage.actor(3)]
    stage.start(alone, bob, carol)
    const one = stage.block(traitor, 0, stage.base, {}, [Uint8Array.of(1)])
    const two = stage.block(traitor, 0, stage.base, {}, [Uint8Array.of(2)])
    const [first, second] = [placeOf(one).hash, placeOf(two).hash]
    for (const actor of [alone, bob]) stage.hand(traitor, actor, proposalOf(one))
    for (const actor of [bob, carol]) stage.hand(traitor, actor, proposalOf(two))
    for (const actor of [alone, bob]) stage.hand(traitor, actor, stage.vote(traitor, NOTAR, 0, first))
    // Carol hears Bob (who voted twice if nothing held him), and the traitor for the second block.
    stage.deliver((from, to, message) => from === bob && to === carol && message.type === 'votes')
    stage.hand(traitor, carol, stage.vote(traitor, NOTAR, 0, second))
    // For one delegate the first block becomes final.
    stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
    stage.deliver((from, to, message) => from === alone && to === bob && isNotar(message))
    stage.deliver((from, to, message) => from === bob && to === alone && message.type === 'votes')
    stage.hand(traitor, alone, stage.vote(traitor, FINAL, 0, first))
    // Bob starts again without blocks and certificates, and hears of the second block from Carol, who builds on it.
    stage.restartWithVotesOnly(bob)
    stage.hand(traitor, bob, proposalOf(two))
    stage.nowMs += 100
    stage.wait(0, carol)
    for (const { message } of stage.pending.filter(({ from }) => from === carol)) {
      if (message.type === 'certificates' || message.type === 'proposal') stage.hand(carol, bob, message)
    }
    const child = stage.effects[carol.seat]!.find(
      (effect) =>
        effect.type === 'send' && effect.message.type === 'proposal' && effect.message.block.header.slot === 1,
    )
    if (child?.type === 'send' && child.message.type === 'proposal') {
      const { hash } = placeOf(child.message.block)
      for (const actor of [bob, carol]) {
        stage.hand(traitor, actor, stage.vote(traitor, NOTAR, 1, hash))
        stage.hand(traitor, actor, stage.vote(traitor, FINAL, 1, hash))
      }
    }
    stage.deliver((from, to) => from !== alone && to !== alone)
    return { stage, alone, traitor, bob, carol }
  },
  gapSkips(rules) {
    const cast = castOf(rules)
    const { stage, alone, carol } = cast
    makeFinalForOne(cast)
    // Carol knows that slot 0 is notarized, too, and nobody has skipped it.
    stage.deliver((from, to, message) => from === alone && to === carol && isNotar(message))
    offerFork(cast)
    return cast
  },
}

describe('the four rules of safety', () => {
  for (const [rule, run] of Object.entries(SCHEDULES)) {
    it(`holds agreement in the schedule for ${rule} with all rules on`, () => {
      const { stage, alone } = run(ALL_RULES)
      expect(stage.checkers.violations).toEqual([])
      // The schedule gets as far as it can: one delegate does see the first block final.
      if (rule !== 'noFinalAfterSkip') expect(stage.finalsOf(alone)).toHaveLength(1)
    })

    it(`breaks agreement in the schedule for ${rule} without it, and the checkers say so`, () => {
      const { stage } = run({ ...ALL_RULES, [rule]: false })
      const { violations } = stage.checkers
      expect(violations).toContainEqual(expect.stringContaining('another final block at height 1'))
    })
  }
})
