import { SmartshareError } from '@smartshare/codec'

/** What a person may choose about a local network. */
export interface DevnetOptions {
  /** First port; all others follow from it (layout.ts). */
  readonly basePort: number
  readonly delegates: number
  readonly providers: number
  /** 1: an indexer for search, history and charts; 0: none. */
  readonly indexers: number
  /** Least time between two blocks, milliseconds. */
  readonly slotMs: number
}

/** More do not fit between the ports of the delegates and those of the providers. */
export const MAX_DELEGATES = 20
export const MAX_PROVIDERS = 50
const LEAST_PORT = 1024
/** Ports from the first one to that of the last possible provider. */
export const PORT_SPAN = 1000

export const DEFAULT_OPTIONS: DevnetOptions = { basePort: 21_000, delegates: 4, providers: 6, indexers: 1, slotMs: 500 }

const BOUNDS: Readonly<Record<keyof DevnetOptions, readonly [least: number, most: number]>> = {
  basePort: [LEAST_PORT, 65_536 - PORT_SPAN],
  delegates: [1, MAX_DELEGATES],
  providers: [0, MAX_PROVIDERS],
  indexers: [0, 1],
  slotMs: [50, 60_000],
}

/** The flag of the command that sets an option, for messages. */
export function flagOf(name: keyof DevnetOptions): string {
  const flags = { basePort: '--base-port', delegates: '--delegates', providers: '--providers', indexers: '--indexers' }
  return { ...flags, slotMs: '--slot-ms' }[name]
}

/** Throws DEVNET_OPTION for a number outside its bounds. */
export function checkOptions(options: Partial<DevnetOptions>): void {
  for (const name of Object.keys(BOUNDS) as (keyof DevnetOptions)[]) {
    const value = options[name]
    const [least, most] = BOUNDS[name]
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue
    throw new SmartshareError('DEVNET_OPTION', `${flagOf(name)} is an integer from ${least} to ${most}`, {
      option: name,
      value,
    })
  }
}
