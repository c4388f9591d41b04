import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { logTail } from './children.ts'
import type { Seat } from './layout.ts'
import { isHealthy, probeDelegate, probeProvider } from './probe.ts'
import { isRunning } from './process-mark.ts'
import type { StartedProcess } from './records.ts'

/** Longest time without any step forward: far beyond a start that goes well, also on a machine that is busy. */
const STANDSTILL_MS = 120_000
const POLL_MS = 50

/** Takes one line about what is being done. */
export type Progress = (line: string) => void

export interface Watch {
  /** The processes that must stay alive, by name. */
  readonly running: ReadonlyMap<string, StartedProcess>
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/** One look: whether what we wait for has come, and anything that changes while things move. */
interface Look {
  readonly done: boolean
  readonly sign: string
}

/**
 * Returns when all delegates are well and a block above `baseHeight` is final (undefined: above what is final at the first
 * look). Throws DEVNET_PROCESS_ENDED with the last lines of its log when one ends, DEVNET_TIMEOUT when nothing moves.
 */
export async function waitForDelegates(
  seats: readonly Seat[],
  baseHeight: number | undefined,
  watch: Watch,
): Promise<void> {
  let base = baseHeight
  const highest = async () => {
    const views = await Promise.all(seats.map(probeDelegate))
    return Math.max(-1, ...views.flatMap((view) => view?.final ?? []))
  }
  await until('the first final block', seats, watch, async () => {
    const final = await highest()
    if (final >= 0) base ??= final
    const done = final > (base ?? Number.POSITIVE_INFINITY)
    if (done) watch.progress(`blocks become final (height ${final})`)
    return { done, sign: `${final}` }
  })
  await until('every delegate to be well', seats, watch, async () => {
    const well = await Promise.all(seats.map(isHealthy))
    return { done: well.every(Boolean), sign: `${well} ${await highest()}` }
  })
}

/** Returns when every provider answers and has its offer on the chain. Throws like `waitForDelegates`. */
export async function waitForProviders(seats: readonly Seat[], watch: Watch): Promise<void> {
  await until('every provider to answer and have its offer on the chain', seats, watch, async () => {
    const ready = await Promise.all(
      seats.map(async (seat) => ((await probeProvider(seat))?.offer ?? null) !== null && (await isHealthy(seat))),
    )
    const done = ready.every(Boolean)
    if (done && seats.length > 0) watch.progress(`${seats.length} providers have their offers on the chain`)
    return { done, sign: `${ready}` }
  })
}

async function until(what: string, seats: readonly Seat[], watch: Watch, look: () => Promise<Look>): Promise<void> {
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
    if (performance.now() - movedMs > STANDSTILL_MS) {
      throw new SmartshareError('DEVNET_TIMEOUT', `waited ${STANDSTILL_MS / 1000} s in vain for ${what}`, {
        logs: seats.map(({ log }) => log).join(' '),
      })
    }
    await delay(POLL_MS)
  }
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
