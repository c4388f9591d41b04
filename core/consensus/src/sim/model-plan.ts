import { ALL_RULES, type SafetyRules } from '../rules.ts'
import type { ModelOptions } from './model.ts'

type Bounds = Omit<ModelOptions, 'rules'>

/** For each rule of safety: bounds within which the exploration finds a violation when that rule is off. */
export const BROKEN: Record<keyof SafetyRules, Bounds> = {
  oneNotarPerSlot: { traitorTurn: 0, slots: 2, variants: 2, restarts: 0, mostStates: 100_000 },
  gapSkips: { traitorTurn: 1, slots: 2, variants: 1, restarts: 0, mostStates: 200_000 },
  noFinalAfterSkip: { traitorTurn: 2, slots: 2, variants: 1, restarts: 0, mostStates: 500_000 },
  // Only a delegate that lost its blocks comes to a slot again in which it signed Final.
  noSkipAfterFinal: { traitorTurn: 2, slots: 2, variants: 1, restarts: 1, mostStates: 3_000_000 },
}

/** With all rules on: two slots to the end where the traitor leads neither, and as far as memory goes elsewhere. */
export const SOUND: readonly Bounds[] = [
  { traitorTurn: 2, slots: 2, variants: 1, restarts: 0, mostStates: 3_000_000 },
  { traitorTurn: 0, slots: 2, variants: 2, restarts: 1, mostStates: 3_000_000 },
  { traitorTurn: 1, slots: 2, variants: 1, restarts: 1, mostStates: 3_000_000 },
  { traitorTurn: 1, slots: 3, variants: 1, restarts: 1, mostStates: 3_000_000 },
]

/** The rules without one of them. */
export function rulesWithout(rule: string): SafetyRules {
  return { ...ALL_RULES, [rule]: false }
}
