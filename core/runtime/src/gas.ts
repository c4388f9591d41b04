import { SmartshareError } from '@smartshare/codec'

/** Cost of work in gas. One gas is about ten nanoseconds of one core; see docs/spec/chain.md. */
export const GAS = {
  transaction: 500,
  wireByte: 2,
  signature: 300,
  /** A signature that is checked while a block is executed, one by one: about 50 µs. */
  verify: 6_000,
  call: 100,
  read: 50,
  write: 200,
  writtenByte: 2,
  /** Beside a write, for an entry of a contract: nearly each is another key, which the root of the state has to take in. */
  entry: 600,
  event: 50,
  eventByte: 1,
  hash: 10,
} as const

/** Counts gas against a limit. */
export class GasMeter {
  readonly limit: number
  used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Gas that may still be used. */
  get left(): number {
    return this.limit - this.used
  }

  /** Throws GAS_EXHAUSTED when the limit is passed; what was used then counts as the whole limit. */
  charge(gas: number): void {
    this.used += gas
    if (this.used <= this.limit) return
    this.used = this.limit
    throw new SmartshareError('GAS_EXHAUSTED', `the call needs more than its limit of ${this.limit} gas`)
  }
}
