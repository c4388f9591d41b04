/** First wait after a failed dial; doubled with every further failure. */
const FIRST_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 30_000
/** Addresses that are kept at a time, by all callers together. */
export const MAX_KEPT_ADDRESSES = 256

export interface KeeperInit {
  dial(address: string): Promise<string>
  /** Resolves when the peer has no connection left. */
  disconnected(peer: string, signal: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
  log(message: string, details: Readonly<Record<string, unknown>>): void
}

/**
 * The wait before dial number `failures + 1`: full jitter over the upper half of a doubling, bounded interval, so that a
 * network that restarts together does not dial together.
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 16))
  return ceiling * (0.5 + random / 2)
}

/** Keeps one address connected until the signal: dials, waits for the connection to go, dials again. */
export async function keepAddress(address: string, init: KeeperInit, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const peer = await init.dial(address)
      failures = 0
      await init.disconnected(peer, signal)
    } catch (error) {
      if (failures === 0) init.log('cannot reach a peer; trying again', { address, error })
      failures++
    }
    await pause(backoffMs(failures, init.random()), signal)
  }
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, waitMs)
    signal.addEventListener('abort', done, { once: true })
  })
}
