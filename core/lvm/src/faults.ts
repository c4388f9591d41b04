import { SmartshareError } from '@smartshare/codec'

/** Raised by a function of the host inside Lua: a program may catch it by `pcall`. */
export class LuaError extends Error {
  override readonly name = 'LuaError'

  constructor(message: string) {
    // Without the list of callers, which would take ten times as long as all else and which a program can ask for at will.
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
  }
}

/** Ends a call whatever the program would catch: no fuel, no memory. */
export class LvmFault extends SmartshareError {}
