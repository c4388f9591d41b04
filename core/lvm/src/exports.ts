/** What the counted module of Lua gives its host (tools/lvm/instrument.mjs); pointers are numbers. */
export interface Exports {
  readonly memory: WebAssembly.Memory
  readonly __indirect_function_table: WebAssembly.Table
  __wasm_call_ctors(): void
  malloc(size: number): number
  free(at: number): void
  stackSave(): number
  stackRestore(pointer: number): void
  setThrew(threw: number, value: number): void
  emscripten_stack_get_base(): number
  emscripten_stack_get_end(): number
  get_fuel(): number
  set_fuel(units: number): void
  get_least_stack(): number
  reset_least_stack(): void
  set_stack_limit(address: number): void
  get_break(): number
  host_slot(): number
  hook_slot(): number
  luaL_newstate(): number
  luaL_requiref(L: number, name: number, open: number, global: number): void
  luaL_loadbufferx(L: number, at: number, size: number, name: number, mode: number): number
  luaL_ref(L: number, table: number): number
  luaL_checkstack(L: number, slots: number, message: number): void
  readonly luaopen_base: CallableFunction
  readonly luaopen_string: CallableFunction
  readonly luaopen_table: CallableFunction
  readonly luaopen_math: CallableFunction
  readonly luaopen_utf8: CallableFunction
  readonly luaopen_coroutine: CallableFunction
  lua_gettop(L: number): number
  lua_settop(L: number, index: number): void
  lua_type(L: number, index: number): number
  lua_isinteger(L: number, index: number): number
  lua_toboolean(L: number, index: number): number
  lua_tointegerx(L: number, index: number, isNumber: number): bigint
  lua_tonumberx(L: number, index: number, isNumber: number): number
  lua_tolstring(L: number, index: number, length: number): number
  lua_rawlen(L: number, index: number): number
  lua_pushnil(L: number): void
  lua_pushboolean(L: number, value: number): void
  lua_pushinteger(L: number, value: bigint): void
  lua_pushnumber(L: number, value: number): void
  lua_pushlstring(L: number, at: number, size: number): number
  lua_pushcclosure(L: number, slot: number, upvalues: number): void
  lua_createtable(L: number, items: number, fields: number): void
  lua_rawset(L: number, index: number): void
  lua_rawgeti(L: number, index: number, n: bigint): number
  lua_rawseti(L: number, index: number, n: bigint): void
  lua_next(L: number, index: number): number
  lua_setglobal(L: number, name: number): void
  lua_callk(L: number, args: number, results: number, context: number, continuation: number): void
  lua_pcallk(L: number, args: number, results: number, handler: number, context: number, continuation: number): number
  lua_error(L: number): never
  lua_sethook(L: number, slot: number, mask: number, count: number): void
  lua_getinfo(L: number, what: number, activation: number): number
  luaL_traceback(L: number, of: number, message: number, level: number): void
}

/** Constants of lua.h (Lua 5.4). */
export const LUA = {
  none: -1,
  nil: 0,
  boolean: 1,
  number: 3,
  string: 4,
  table: 5,
  registry: -1_001_000,
  /** First upvalue of the running function. */
  upvalue: -1_001_001,
  allResults: -1,
  maskLine: 4,
  /** Places in a lua_Debug of 32 bits: name of the chunk, and the running line. */
  activationSource: 16,
  activationLine: 24,
  /** LUAI_MAXCCALLS: where Lua says "C stack overflow". */
  levels: 200,
  /** Where lua_State keeps nCcalls, the levels that it is at, and what is added there for a state that cannot yield. */
  levelsOffset: 96,
  cannotYield: 0x10000,
} as const
