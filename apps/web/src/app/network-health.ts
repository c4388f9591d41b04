import type { NetworkState } from '../worker/protocol.ts'

/** No block for so long: the network or the node stands still, or the clock of the device is ahead. */
const STALE_MS = 30_000
/** The latest block is of so far in the future: the clock of the device is behind. */
const CLOCK_MS = 15_000
/** A clock that is a day off says more than a network that stands still. */
const CLOCK_AHEAD_MS = 86_400_000

/** How the network is, in one word. */
export function networkHealth({
  phase,
  ageMs,
  height,
  healthy,
}: NetworkState): NetworkState['phase'] | 'stale' | 'clock' {
  if (phase !== 'open' || height === 0) return phase
  if (ageMs < -CLOCK_MS || (ageMs > CLOCK_AHEAD_MS && healthy)) return 'clock'
  return ageMs > STALE_MS ? 'stale' : 'open'
}
