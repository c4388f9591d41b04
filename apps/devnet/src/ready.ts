import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { logTail } from './children.ts'
import type { Seat } from './layout.ts'
import { illnessOf, probeDelegate, probeProvider } from './probe.ts'
import { isRunning } from './process-mark.ts'
import type { StartedProcess } from './records.ts'

/** Longest time without any step forward: far beyond a start that goes well, also on a machine that is busy. */
const STANDSTILL_MS = 120_000
const POLL_MS = 50

/** Takes one line about what is being done. */
export type Progress = (line: string) => void

export interface Watch {
  /** All processes of the network: one that is ill may be why another one waits. */
  readonly seats: readonly Seat[]
  /** The processes that must stay alive, by name. */
  readonly running: ReadonlyMap<string, StartedProcess>
  readonly progress: Progress
  readonly signal?: AbortSignal
  /** Longest time without any step forward, instead of the usual one. */
  readonly standstillMs?: number
}

/** One look: whether what we wait for has come, and anything that changes while things move. */
interface Look {
  readonly done: boolean
  readonly sign: string
}

/**
 * Returns when a block above `baseHeight` is final (undefined: above what is final at the first look). Throws
 * DEVNET_PROCESS_ENDED with the last lines of its log when one ends, DEVNET_TIMEOUT when nothing moves.
 */
export async function waitForFinal(
  seats: readonly Seat[],
  baseHeight: number | undefined,
  watch: Watch,
): Promise<void> {
  let base = baseHeight
  await until('the first final block', seats, watch, async () => {
    const views = await Promise.all(seats.map(probeDelegate))
    const final = Math.max(-1, ...views.flatMap((view) => view?.final ?? []))
    if (final >= 0) base ??= final
    const done = final > (base ?? Number.POSITIVE_INFINITY)
    if (done) watch.progress(`blocks become final (height ${final})`)
    return { done, sign: `${final}` }
  })
}

/** Returns when all of these processes are well. Throws like `waitForFinal`. */
export async function waitForHealth(seats: readonly Seat[], watch: Watch): Promise<void> {
  await until(`${seats.map(({ name }) => name).join(' ')} to be well`, seats, watch, async () => {
    const illnesses = await Promise.all(seats.map(illnessOf))
    // Others may go on for ever: what counts as a step forward is the height of the one that is ill.
    const views = await Promise.all(seats.map((seat) => (seat.kind === 'delegate' ? probeDelegate(seat) : undefined)))
    const heights = views.filter((_, index) => illnesses[index] !== null).map((view) => view?.height)
    const well = illnesses.map((illness) => illness === null)
    return { done: well.every(Boolean), sign: `${well} ${heights}` }
  })
}

/**
 * Returns when every provider has its offer on the chain and all processes of the network are well. Throws like `waitForFinal`,
 * whichever of them ends.
 */
export async function waitForServices(providers: readonly Seat[], watch: Watch): Promise<void> {
  await until(
    'every service to answer, and providers to have their offers on the chain',
    watch.seats,
    watch,
    async () => {
      const offers = await Promise.all(providers.map(async (seat) => (await probeProvider(seat))?.offer ?? null))
      const illnesses = await Promise.all(watch.seats.map(illnessOf))
      const ready = [...offers.map((offer) => offer !== null), ...illnesses.map((illness) => illness === null)]
      const done = ready.every(Boolean)
      if (done && providers.length > 0) watch.progress(`${providers.length} providers have their offers on the chain`)
      return { done, sign: `${ready}` }
    },
  )
}

async function until(what: string, seats: readonly Seat[], watch: Watch, look: () => Promise<Look>): Promise<void> {
  const { standstillMs = STANDSTILL_MS } = watch
  let sign = ''
  let movedMs = performance.now()
  for (;;) {
    watch.signal?.throwIfAborted()
    for (const seat of seats) assertAlive(seat, watch)
    const seen = await look()
    if (seen.done) return
    if (seen.sign !== sign) {
      sign = seen.sign
      movedMs = performance.now()
    }
    if (performance.now() - movedMs > standstillMs) {
      const ill = await illnessesOf(watch.seats.filter(({ name }) => watch.running.has(name)))
      const why = ill === '' ? '' : ` (${ill})`
      throw new SmartshareError('DEVNET_TIMEOUT', `waited ${standstillMs / 1000} s in vain for ${what}${why}`, { ill })
    }
    await delay(POLL_MS)
  }
}

/** What is wrong with which process, for people. */
async function illnessesOf(seats: readonly Seat[]): Promise<string> {
  const illnesses = await Promise.all(seats.map(illnessOf))
  return seats
    .flatMap(({ name }, index) => (illnesses[index] === null ? [] : `${name}: ${illnesses[index]}`))
    .join('; ')
}

function assertAlive(seat: Seat, { running }: Watch): void {
  const child = running.get(seat.name)
  if (child !== undefined && isRunning(child)) return
  const tail = logTail(seat.log)
  throw new SmartshareError('DEVNET_PROCESS_ENDED', `${seat.name} ended while starting${tail && `:\n${tail}`}`, {
    process: seat.name,
    log: seat.log,
  })
}
