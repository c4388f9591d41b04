import type { LuaValue } from '@smartshare/lvm'

/** An entry of a contract's state that a call wrote; nil took it away. */
export interface WatchedWrite {
  readonly contract: Uint8Array
  readonly name: Uint8Array
  readonly key: LuaValue
  readonly value: LuaValue
}

/**
 * What tools for authors see of contracts that run on their own machine. Watching costs fuel, so that gas differs from
 * what the chain charges: no node watches.
 */
export interface ContractWatch {
  /** A line begins; `codeKey` is `mapKey` of the source's code hash, undefined while a source is tried that is not published. */
  line(codeKey: string | undefined, line: number): void
  write(write: WatchedWrite): void
  /** A call of a contract failed; `trace` is where Lua was, if an error of Lua ended it. */
  failure(contract: Uint8Array, trace: string | undefined): void
}
