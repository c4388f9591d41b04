import type { Earnings } from './ledger.ts'
import type { Meter } from './service.ts'

/** An agent as it shows itself on its own machine. Amounts in grains, as decimal text in JSON. */
export interface AgentStatus {
  readonly name: string
  readonly version: string
  readonly address: string
  readonly peer: string
  readonly addresses: readonly string[]
  readonly healthy: boolean
  /** Why it is not healthy, for people. */
  readonly problem: string | null
  readonly chainId: string
  readonly height: number | null
  readonly balanceGrains: bigint | null
  /** Id of the standing offer. */
  readonly offer: string | null
  readonly offerState: string | null
  /** Bytes kept for others. */
  readonly storedBytes: number
  /** Own agreements that are not closed. */
  readonly agreements: number
  readonly inspections: { readonly passed: number; readonly missed: number }
  readonly watched: number
  readonly earnings: Earnings
  readonly element: {
    readonly level: number
    readonly model: string
    readonly serial: string
    readonly publicKey: string
  }
  readonly services: readonly {
    readonly kind: string
    readonly unit: string
    readonly token: string
    readonly priceGrains: bigint
    readonly freeUnits: number
    readonly terms: string
    readonly meter: Meter
  }[]
}

/** JSON of it: amounts are beyond what JSON numbers can hold. */
export function statusJson(status: AgentStatus): string {
  return JSON.stringify(status, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
}
