import { SmartshareError } from '@smartshare/codec'

/** Raised by a function of the host inside Lua: a program may catch it by `pcall`. */
export class LuaError extends Error {
  override readonly name = 'LuaError'
}

/** Ends a call whatever the program would catch: no fuel, no memory. */
export class LvmFault extends SmartshareError {}
