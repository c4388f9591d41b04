import { hashScheme } from '@smartshare/crypto/simulated'
import type { SignatureScheme } from '../config.ts'
import { ALL_RULES, type SafetyRules } from '../rules.ts'
import { seededRandom } from './random.ts'

export type Misdeed =
  /** Says nothing. */
  | 'silent'
  /** Runs twice with one key, each half seen by other delegates. */
  | 'twins'
  /** Signs Skip for every slot, whatever else it signed. */
  | 'skipper'
  /** Takes part, but keeps certificates and Final votes to itself. */
  | 'withholder'
  /** Its signatures are wrong half of the time, also on certificates. */
  | 'forger'
  /** Everything it sends comes late. */
  | 'outdated'
  /** Leaves its parent out: proposes on the block below, and shows half of the others what it should. */
  | 'forker'
  /** Names wrong roots and packs invalid transactions. */
  | 'liar'

export const MISDEEDS: readonly Misdeed[] = [
  'silent',
  'twins',
  'skipper',
  'withholder',
  'forger',
  'outdated',
  'forker',
  'liar',
]

/** One object says everything about a run: equal options make equal runs. */
export interface SimulationOptions {
  readonly seed: number
  /** Seats of a term. */
  readonly seats: number
  /** Nodes that may be elected; those that are not, follow. */
  readonly candidates: number
  /** Misdeeds of the first candidates. */
  readonly traitors: readonly Misdeed[]
  /** Slots until the end; faults stop when `calmShare` of them is left. */
  readonly slots: number
  readonly calmShare: number
  readonly scheme: SignatureScheme
  readonly rules: SafetyRules
  readonly slotMs: number
  readonly deltaMs: number
  readonly maxDeltaMs: number
  readonly driftMs: number
  readonly termHeights: number
  readonly network: {
    readonly delayMs: readonly [least: number, most: number]
    /** One-way delays between candidates to which `delayMs` is added; null for none. */
    readonly delays: readonly (readonly number[])[] | null
    /** Chance that a message takes ten times as long. */
    readonly slow: number
    readonly loss: number
    readonly duplication: number
    /** Time between partitions and how long one lasts; null for none. */
    readonly partition: { readonly everyMs: number; readonly lastsMs: number } | null
    /**
     * Chance that a slot is partitioned: what a node sends in it reaches its own side only. Twins never share a side in
     * such a slot. Null: no such schedule, and each message of twins reaches half of the others.
     */
    readonly slotPartitions: number | null
  }
  readonly node: {
    readonly clockSkewMs: number
    /** Clocks of odd nodes run fast and those of even nodes slow by so many parts in a million. */
    readonly clockDriftPpm: number
    readonly syncMs: readonly [least: number, most: number]
    readonly executeMs: readonly [least: number, most: number]
    /** Chance that a node crashes in the middle of a write. */
    readonly crash: number
    readonly downMs: readonly [least: number, most: number]
    /** Chance that a crash takes the whole log of own votes with it (never more such nodes than the quorum can miss). */
    readonly loseVotes: number
    /** Chance that a crash takes synced blocks and certificates with it, up to all (one node at a time). */
    readonly loseBlocks: number
  }
}

const CALM_SHARE = 0.2

/** Options of an ordinary run: everything goes wrong in it, differently for each seed. */
export function optionsOfSeed(seed: number, seats: number, slots: number, scheme: SignatureScheme): SimulationOptions {
  const random = seededRandom(seed)
  const most = Math.floor((seats - 1) / 3)
  const traitors = Array.from({ length: random.between(0, most) }, () => random.pick(MISDEEDS))
  return {
    seed,
    seats,
    candidates: seats + 1,
    traitors,
    slots,
    calmShare: CALM_SHARE,
    scheme,
    rules: ALL_RULES,
    slotMs: 100,
    deltaMs: 150,
    maxDeltaMs: 2000,
    driftMs: 400,
    termHeights: 30,
    network: {
      delayMs: [1, random.between(20, 120)],
      delays: null,
      slow: random.pick([0, 0.01, 0.05]),
      loss: random.pick([0, 0.01, 0.05, 0.15]),
      duplication: random.pick([0, 0.02]),
      partition: random.chance(0.6)
        ? { everyMs: random.between(2000, 8000), lastsMs: random.between(500, 4000) }
        : null,
      slotPartitions: null,
    },
    node: {
      clockSkewMs: random.between(0, 150),
      clockDriftPpm: 0,
      syncMs: [0, random.between(1, 20)],
      executeMs: [0, random.pick([5, 50, 400])],
      crash: random.pick([0.01, 0.015, 0.02]),
      downMs: [20, random.between(100, 1500)],
      loseVotes: random.pick([0, 0, 0.1]),
      loseBlocks: random.pick([0, 0.1]),
    },
  }
}

/** Options of a run of Twins: `traitors` delegates run twice each, and the network is partitioned by slots. */
export function optionsOfTwins(seed: number, seats: number, slots: number, traitors: number): SimulationOptions {
  const random = seededRandom(seed)
  const options = optionsOfSeed(seed, seats, slots, hashScheme)
  return {
    ...options,
    candidates: seats,
    traitors: Array.from({ length: traitors }, (): Misdeed => 'twins'),
    network: {
      ...options.network,
      loss: random.pick([0, 0.02]),
      partition: null,
      slotPartitions: random.pick([0.5, 0.8, 1]),
    },
    node: { ...options.node, crash: random.pick([0, 0.005]) },
  }
}
