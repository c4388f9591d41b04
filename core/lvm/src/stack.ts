import { COSTS } from './costs.ts'
import { type Exports, LUA } from './exports.ts'
import { LuaError, LvmFault } from './faults.ts'
import { bytesText, type LuaRecord, type LuaValue, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, textBytes } from './values.ts'

/** Strings up to this size are handed over by a buffer that is always there. */
const SCRATCH_BYTES = 4096
/** Slots of Lua's stack that a value may need, for each level of its depth. */
const SLOTS_PER_LEVEL = 4

/** What may still leave Lua in the same call. */
interface Budget {
  items: number
  bytes: number
}

/** Moves values between JavaScript and the stack of a Lua state. All of it costs fuel and runs under Lua's protection. */
export class LuaStack {
  /** The state that runs: the main one, or that of a coroutine. */
  L: number
  private readonly lua: Exports
  private readonly memory: Uint8Array
  private readonly view: DataView
  /** A length that Lua writes, and behind it the buffer for strings. */
  private readonly scratch: number

  constructor(lua: Exports, L: number) {
    this.lua = lua
    this.L = L
    this.memory = new Uint8Array(lua.memory.buffer)
    this.view = new DataView(lua.memory.buffer)
    this.scratch = lua.malloc(8 + SCRATCH_BYTES)
  }

  /** Takes fuel for work that JavaScript does. Ends the call if there is not enough. */
  charge(units: number): void {
    const left = this.lua.get_fuel() - units
    this.lua.set_fuel(left)
    if (left < 0) throw new LvmFault('LVM_FUEL', 'the fuel of the call is used up')
  }

  push(value: LuaValue): void {
    this.charge(COSTS.value)
    const { lua, L } = this
    if (value === null) lua.lua_pushnil(L)
    else if (typeof value === 'bigint') this.pushInteger(value)
    else if (typeof value === 'boolean') lua.lua_pushboolean(L, value ? 1 : 0)
    else if (typeof value === 'number') lua.lua_pushnumber(L, value)
    else if (value instanceof Uint8Array) this.pushBytes(value)
    else this.pushTable(value as readonly LuaValue[] | LuaRecord)
  }

  private pushInteger(value: bigint): void {
    // It would be cut to 64 bits without a word.
    if (BigInt.asIntN(64, value) !== value) throw new LuaError('an integer beyond 64 bits cannot enter the contract')
    this.lua.lua_pushinteger(this.L, value)
  }

  pushBytes(bytes: Uint8Array): void {
    const { lua, L, memory } = this
    this.charge(COSTS.string + (bytes.length >> COSTS.byteShift))
    if (bytes.length <= SCRATCH_BYTES) {
      const at = this.scratch + 8
      memory.set(bytes, at)
      lua.lua_pushlstring(L, at, bytes.length)
      return
    }
    const at = lua.malloc(bytes.length)
    memory.set(bytes, at)
    lua.lua_pushlstring(L, at, bytes.length)
    lua.free(at)
  }

  /** The values at these places, counted from the bottom. Throws a LuaError for what cannot leave Lua. */
  readAll(from: number, to: number): LuaValue[] {
    const budget: Budget = { items: MAX_ITEMS, bytes: MAX_BYTES }
    const values: LuaValue[] = []
    for (let index = from; index <= to; index++) values.push(this.read(index, budget, 0))
    return values
  }

  private read(index: number, budget: Budget, depth: number): LuaValue {
    this.charge(COSTS.value)
    if (--budget.items < 0) throw new LuaError(`at most ${MAX_ITEMS} values leave the contract at once`)
    const { lua, L } = this
    const type = lua.lua_type(L, index)
    switch (type) {
      case LUA.none:
      case LUA.nil:
        return null
      case LUA.boolean:
        return lua.lua_toboolean(L, index) !== 0
      case LUA.number:
        return lua.lua_isinteger(L, index) !== 0 ? lua.lua_tointegerx(L, index, 0) : this.readFloat(index)
      case LUA.string:
        return this.readBytes(index, budget)
      case LUA.table:
        return this.readTable(index, budget, depth)
      default:
        throw new LuaError(`a ${LUA_TYPE_NAMES[type] ?? 'value'} cannot leave the contract`)
    }
  }

  /** A copy of the first bytes of the string at an index; it must be one. */
  readBeginning(index: number, mostBytes: number): Uint8Array {
    const { at, length } = this.find(index)
    return this.memory.slice(at, at + Math.min(length, mostBytes))
  }

  private readBytes(index: number, budget: Budget): Uint8Array {
    const { at, length } = this.find(index)
    budget.bytes -= length
    // Else a table that names one long string many times would become as many copies.
    if (budget.bytes < 0) throw new LuaError(`at most ${MAX_BYTES} bytes leave the contract at once`)
    this.charge(COSTS.string + (length >> COSTS.byteShift))
    return this.memory.slice(at, at + length)
  }

  private find(index: number): { at: number; length: number } {
    const at = this.lua.lua_tolstring(this.L, index, this.scratch)
    return { at, length: this.view.getUint32(this.scratch, true) }
  }

  /** JavaScript does not say which bits a NaN has that comes from elsewhere. */
  private readFloat(index: number): number {
    const value = this.lua.lua_tonumberx(this.L, index, 0)
    return Number.isNaN(value) ? Number.NaN : value
  }

  /** A whole number that fits JavaScript's integers; for numbers of functions. */
  smallInteger(index: number): number {
    return this.lua.lua_tonumberx(this.L, index, 0)
  }

  private pushTable(value: readonly LuaValue[] | LuaRecord): void {
    const { lua, L } = this
    lua.luaL_checkstack(L, SLOTS_PER_LEVEL, 0)
    if (value instanceof Map) {
      lua.lua_createtable(L, 0, value.size)
      for (const [key, item] of value as LuaRecord) {
        this.charge(COSTS.key)
        this.pushBytes(textBytes(key))
        this.push(item)
        lua.lua_rawset(L, -3)
      }
      return
    }
    const list = value as readonly LuaValue[]
    lua.lua_createtable(L, list.length, 0)
    for (let i = 0; i < list.length; i++) {
      this.push(list[i] as LuaValue)
      lua.lua_rawseti(L, -2, BigInt(i + 1))
    }
  }

  private readTable(index: number, budget: Budget, depth: number): LuaValue {
    const { lua, L } = this
    if (depth === MAX_DEPTH) throw new LuaError(`tables in tables go ${MAX_DEPTH} deep at most`)
    lua.luaL_checkstack(L, SLOTS_PER_LEVEL, 0)
    const length = lua.lua_rawlen(L, index)
    if (length > budget.items) throw new LuaError(`at most ${MAX_ITEMS} values leave the contract at once`)
    const top = lua.lua_gettop(L)
    const list: LuaValue[] = []
    for (let i = 1; i <= length; i++) {
      lua.lua_rawgeti(L, index, BigInt(i))
      list.push(this.read(top + 1, budget, depth + 1))
      lua.lua_settop(L, top)
    }
    const fields = new Map<string, LuaValue>()
    lua.lua_pushnil(L)
    while (lua.lua_next(L, index) !== 0) {
      this.charge(COSTS.value)
      if (lua.lua_type(L, top + 1) === LUA.string) {
        fields.set(this.readKey(top + 1, budget), this.read(top + 2, budget, depth + 1))
      } else if (!isIndex(lua, L, top + 1, length)) {
        throw new LuaError('only lists and tables with text keys can leave the contract')
      }
      lua.lua_settop(L, top + 1)
    }
    lua.lua_settop(L, top)
    if (fields.size === 0) return list
    if (length > 0) throw new LuaError('a table is either a list or has text keys')
    return fields
  }

  private readKey(index: number, budget: Budget): string {
    this.charge(COSTS.key)
    const text = bytesText(this.readBytes(index, budget))
    if (text === undefined) throw new LuaError('keys of tables must be texts in UTF-8')
    return text
  }
}

const LUA_TYPE_NAMES = [
  'nil',
  'boolean',
  'light userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
]

/** True if the key at an index is a place of the list that was read already. */
function isIndex(lua: Exports, L: number, index: number, length: number): boolean {
  if (lua.lua_type(L, index) !== LUA.number || lua.lua_isinteger(L, index) === 0) return false
  const key = lua.lua_tonumberx(L, index, 0)
  return key >= 1 && key <= length
}
