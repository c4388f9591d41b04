import { quorum } from '@smartshare/chain'
import { hashScheme } from '@smartshare/crypto/simulated'
import { type Misdeed, optionsOfSeed, type SimulationOptions } from './options.ts'
import { type Random, seededRandom } from './random.ts'

/** Delegates and traitors of the main network: n = 99, f = 32, q = 67. */
export const WORLD_SEATS = 99
export const WORLD_TRAITORS = 32
/** One-way delays between the ends of the world. */
export const LEAST_DELAY_MS = 50
export const MOST_DELAY_MS = 250
/** Regions in which delegates stand, and how far one stands from the middle of its own (radii of the globe). */
const REGIONS = 8
const SPREAD = 0.2
/** What a traitor that speaks does: another voice to each half of the others, a fork in its turn, Skip beside Final. */
const EQUIVOCATIONS: readonly Misdeed[] = ['twins', 'forker', 'skipper']
/** Chance of a traitor to speak, where not all are silent. */
const SPEAKING_SHARE = 0.5

export type Delays = readonly (readonly number[])[]
type Point = readonly [number, number, number]

/**
 * One-way delays in whole milliseconds between `count` delegates who stand on a globe in regions, by straight lines
 * through it: symmetric, and no way round is shorter than the direct one, so that `finalFloorMs` is a true floor.
 */
export function worldDelays(seed: number, count: number): Delays {
  const random = seededRandom(seed)
  const regions = Array.from({ length: REGIONS }, () => onGlobe(random, [0, 0, 0], 1))
  const places = Array.from({ length: count }, () => onGlobe(random, random.pick(regions), SPREAD))
  return places.map((from) =>
    places.map((to) => {
      const distance = Math.sqrt(from.reduce((sum, x, axis) => sum + (x - to[axis]!) ** 2, 0))
      // Rounded up, which keeps every detour as long as the direct way; opposite places are 2 radii apart.
      return Math.min(MOST_DELAY_MS, LEAST_DELAY_MS + Math.ceil((distance / 2) * (MOST_DELAY_MS - LEAST_DELAY_MS)))
    }),
  )
}

/** A place on the globe, in the direction of a point evenly from the ball around `middle`. */
function onGlobe(random: Random, middle: Point, spread: number): Point {
  for (;;) {
    const offset = [0, 1, 2].map(() => 2 * random.unit() - 1)
    if (offset.reduce((sum, x) => sum + x * x, 0) > 1) continue
    const [x, y, z] = middle.map((at, axis) => at + spread * offset[axis]!) as unknown as Point
    const length = Math.sqrt(x * x + y * y + z * z)
    if (length > 0) return [x / length, y / length, z / length]
  }
}

/**
 * Least time from a proposal of `leader` until each delegate can know it to be final, if nothing but messages took time:
 * the proposal arrives, the q-th Notar arrives, the q-th Final arrives. Only `voters` vote.
 */
export function finalFloorMs(delays: Delays, voters: readonly number[], leader: number): number[] {
  const seats = delays.map((_, seat) => seat)
  const between = (from: number, to: number) => (from === to ? 0 : delays[from]![to]!)
  const next = (said: readonly number[]) =>
    seats.map((to) => {
      const arrivals = voters.map((from) => said[from]! + between(from, to)).sort((a, b) => a - b)
      return arrivals[quorum(seats.length) - 1] ?? Number.POSITIVE_INFINITY
    })
  const proposed = seats.map((to) => between(leader, to))
  return next(next(proposed))
}

export interface WorldChoice {
  readonly seed: number
  readonly slots: number
  readonly seats?: number
  readonly traitors?: number
  /** True: all traitors are silent and nothing else goes wrong, so that only delays make the time to finality. */
  readonly onlySilent?: boolean
}

/** Options of a run with the delays of the world and as many traitors as can be borne. */
export function worldOptions(choice: WorldChoice): SimulationOptions {
  const { seed, slots, seats = WORLD_SEATS, traitors = WORLD_TRAITORS, onlySilent = false } = choice
  const random = seededRandom(seed)
  const misdeeds = Array.from({ length: traitors }, (): Misdeed => {
    const speaks = !onlySilent && random.chance(SPEAKING_SHARE)
    return speaks ? random.pick(EQUIVOCATIONS) : 'silent'
  })
  return {
    ...optionsOfSeed(seed, seats, slots, hashScheme),
    candidates: seats,
    traitors: misdeeds,
    slotMs: 500,
    deltaMs: 300,
    maxDeltaMs: 5000,
    driftMs: 500,
    termHeights: onlySilent ? slots + 1 : 100,
    network: {
      delayMs: onlySilent ? [0, 0] : [0, 30],
      delays: worldDelays(seed, seats),
      slow: onlySilent ? 0 : 0.002,
      loss: onlySilent ? 0 : 0.005,
      duplication: 0,
      partition: null,
      slotPartitions: null,
    },
    node: {
      clockSkewMs: onlySilent ? 0 : 100,
      clockDriftPpm: 0,
      syncMs: onlySilent ? [1, 3] : [1, 20],
      executeMs: [1, 20],
      crash: onlySilent ? 0 : 0.0005,
      downMs: [100, 3000],
      loseVotes: 0,
      loseBlocks: 0,
    },
  }
}
