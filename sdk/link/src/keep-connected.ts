import { SmartshareError } from '@smartshare/codec'

/** First wait after a failed dial; doubled with every further failure. */
const FIRST_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 30_000
/** Addresses that are kept at a time, by all callers together. */
const MAX_KEPT_ADDRESSES = 256

export interface KeepersInit {
  dial(address: string, signal: AbortSignal): Promise<string>
  isConnected(peer: string): boolean
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

/** Keeps addresses connected: dials, waits for the connection to go, dials again. */
export class Keepers {
  readonly #init: KeepersInit
  readonly #kept = new Map<string, { control: AbortController; users: number }>()
  readonly #disconnected = new EventTarget()

  constructor(init: KeepersInit) {
    this.#init = init
  }

  /** Begins with these addresses and returns how to stop; an address stays as long as anybody wants it. */
  keep(addresses: readonly string[]): () => void {
    const wanted = new Set(addresses)
    if (new Set([...this.#kept.keys(), ...wanted]).size > MAX_KEPT_ADDRESSES) {
      throw new SmartshareError('LINK_QUOTA', 'Too many addresses to keep connected', { max: MAX_KEPT_ADDRESSES })
    }
    for (const address of wanted) this.#add(address)
    return () => {
      for (const address of wanted) this.#release(address)
      wanted.clear()
    }
  }

  onDisconnect(peer: string): void {
    this.#disconnected.dispatchEvent(new Event(peer))
  }

  close(): void {
    for (const { control } of this.#kept.values()) control.abort()
    this.#kept.clear()
  }

  #add(address: string): void {
    const kept = this.#kept.get(address)
    if (kept !== undefined) {
      kept.users++
      return
    }
    const control = new AbortController()
    this.#kept.set(address, { control, users: 1 })
    void this.#run(address, control.signal)
  }

  #release(address: string): void {
    const kept = this.#kept.get(address)
    if (kept === undefined || --kept.users > 0) return
    kept.control.abort()
    this.#kept.delete(address)
  }

  async #run(address: string, signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        const peer = await this.#init.dial(address, signal)
        failures = 0
        await this.#untilDisconnected(peer, signal)
      } catch (error) {
        if (failures === 0 && !signal.aborted) this.#init.log('cannot reach a peer; trying again', { address, error })
        failures++
      }
      await pause(backoffMs(failures, this.#init.random()), signal)
    }
  }

  #untilDisconnected(peer: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || !this.#init.isConnected(peer)) {
        resolve()
        return
      }
      const done = (): void => {
        this.#disconnected.removeEventListener(peer, done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#disconnected.addEventListener(peer, done)
      signal.addEventListener('abort', done)
    })
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
