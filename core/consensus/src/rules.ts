/**
 * The four rules without which agreement breaks (docs/spec/chain.md, "Consensus"). They can be switched off only by
 * the simulator, to show that its checkers notice each of them missing.
 */
export interface SafetyRules {
  /** A delegate signs at most one Notar per slot. */
  readonly oneNotarPerSlot: boolean
  /** A delegate that signed Skip for a slot never signs Final for it. */
  readonly noFinalAfterSkip: boolean
  /** A delegate that signed Final for a slot never signs Skip for it. */
  readonly noSkipAfterFinal: boolean
  /** A block is voted for only if every slot between its parent's and its own has a Skip certificate. */
  readonly gapSkips: boolean
}

export const ALL_RULES: SafetyRules = {
  oneNotarPerSlot: true,
  noFinalAfterSkip: true,
  noSkipAfterFinal: true,
  gapSkips: true,
}
