import { SSP, type Token } from '@smartshare/chain'
import type { Machine } from '@smartshare/lvm'
import { GasMeter } from '../gas.ts'
import type { Host } from '../host.ts'
import type { Program } from './engine.ts'

/** Fuel of the Lua machine for one gas: gas is time, and so is fuel (docs/spec/lvm.md). */
export const FUEL_PER_GAS = 16
/** Calls inside each other; each takes a machine and a part of the stack. */
export const MAX_CALL_DEPTH = 8

/** Money that comes with a call. */
export interface Funds {
  readonly token: Token
  readonly amount: bigint
}

/** One call of a contract that is under way. */
export interface Frame {
  readonly host: Host
  readonly contract: Uint8Array
  readonly program: Program
  /** Who called: an account or another contract. */
  readonly caller: Uint8Array
  readonly funds: readonly Funds[]
  /** Writes, payments and events are refused. */
  readonly isView: boolean
  readonly depth: number
  readonly machine: Machine
  /** Where the parts of the state lie that the program names, by their numbers, once they were asked for. */
  readonly prefixes: (Uint8Array | undefined)[]
  /** Names that came up during the call. */
  readonly lateNames: Uint8Array[]
}

/** SSP or tokens that came with the call of a frame. */
export function fundsOf(frame: Frame, token: Token): bigint {
  const isSame = (other: Token) => (token === SSP ? other === SSP : other !== SSP && String(other) === String(token))
  return frame.funds.reduce((sum, one) => (isSame(one.token) ? sum + one.amount : sum), 0n)
}

/** Takes gas out of the fuel of a machine, so that one number bounds all that a call does. */
export class FuelMeter extends GasMeter {
  private readonly machine: Machine

  constructor(machine: Machine) {
    super(Number.MAX_SAFE_INTEGER)
    this.machine = machine
  }

  override charge(gas: number): void {
    this.machine.charge(gas * FUEL_PER_GAS)
  }

  override get left(): number {
    return Math.floor(this.machine.fuel / FUEL_PER_GAS)
  }
}
