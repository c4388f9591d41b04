import { SmartshareError } from '@smartshare/codec'
import { COSTS } from './costs.ts'
import { type Exports, LUA } from './exports.ts'
import { LuaError, LvmFault } from './faults.ts'
import { lvmModule } from './load.ts'
import { SANDBOX } from './sandbox.ts'
import { LuaStack } from './stack.ts'
import { type LuaValue, textBytes } from './values.ts'

/** A function that Lua can call. A LuaError that it throws is an error in Lua; anything else ends the whole call. */
export type HostFunction = (args: LuaValue[]) => LuaValue | undefined

/** How a call ended. */
export type Outcome =
  | { readonly done: true; readonly values: LuaValue[]; readonly fuelUsed: number }
  | {
      readonly done: false
      readonly error: SmartshareError
      readonly fuelUsed: number
      /** Where Lua was when it failed, innermost first; only of machines that were made with `traces`. */
      readonly trace?: string
    }

/** What tools can see of a program that runs. Seeing costs fuel, so that machines of consensus see nothing. */
export interface Debugging {
  /** A line of a program begins; `chunk` is the name under which it was loaded. */
  readonly onLine?: (chunk: string, line: number) => void
  /** Outcomes that are errors say where they happened. */
  readonly traces?: boolean
  /** Leaves to programs what contracts must not have: `load`, `string.dump` and so on. */
  readonly open?: boolean
}

/** The memory of a machine at rest: what a call begins with. */
export interface Image {
  readonly data: Uint8Array
  readonly heap: Uint8Array
}

/**
 * `torn`: a call ended in the middle of something, so that memory must be restored first. `broken`: something failed that
 * no program can bring about, so that nobody knows what else is wrong.
 */
type State = 'ready' | 'running' | 'torn' | 'broken'

const LONGJMP = Symbol('longjmp')
const ENTER = 0
/** Number of the function that notes where Lua is when an error happens. */
const TRACE = -1
const MAX_TRACE_BYTES = 8_192
const MAX_MESSAGE_BYTES = 200
/**
 * How deep C functions, metamethods, coroutines and the parser may call each other. Fewer than Lua has by itself, so that
 * eight machines whose calls lie in each other take at most a quarter of 16 MiB of stack, by any compiler of the engine.
 */
export const LEVELS = 160
/** Units that cannot run out while a machine is prepared. */
const PLENTY = 2 ** 50
const LIBRARIES = ['base', 'string', 'table', 'math', 'utf8', 'coroutine'] as const
const lenientUtf8 = new TextDecoder()

/**
 * One Lua state in 16 MiB of memory that never grow. It begins with the libraries that cannot reach anything and the
 * functions of the host as globals; `load` adds programs, `image` and `restore` keep and bring back all of it.
 */
export class Machine {
  private readonly lua: Exports
  private readonly stack: LuaStack
  private readonly mainState: number
  private readonly memory: Uint8Array
  private readonly functions: readonly HostFunction[]
  private readonly stackBase: number
  private readonly stackEnd: number
  /** Mode and name of what is loaded, as strings of C. */
  private readonly textMode: number
  private chunkName: number
  private entry: (() => number) | undefined
  private state: State = 'ready'
  private readonly debugging: Debugging
  private trace: string | undefined
  private hook: ((L: number, activation: number) => void) | undefined

  /** `functions`: by the names under which Lua finds them. */
  constructor(functions: Readonly<Record<string, HostFunction>>, debugging: Debugging = {}) {
    this.functions = Object.values(functions)
    this.debugging = debugging
    this.lua = this.instantiate()
    const { lua } = this
    this.memory = new Uint8Array(lua.memory.buffer)
    lua.set_fuel(PLENTY)
    lua.__wasm_call_ctors()
    this.stackBase = lua.emscripten_stack_get_base()
    this.stackEnd = lua.emscripten_stack_get_end()
    lua.set_stack_limit(this.stackEnd)
    this.mainState = lua.luaL_newstate()
    this.stack = new LuaStack(lua, this.mainState)
    this.setLevels(LUA.levels - LEVELS)
    this.textMode = this.cString('t')
    this.chunkName = this.cString('=lua')
    this.openLibraries()
    if (!debugging.open) {
      const outcome = this.load(textBytes(SANDBOX), PLENTY)
      if (!outcome.done) throw outcome.error
    }
    this.chunkName = this.cString('=contract')
    Object.keys(functions).forEach((name, i) => {
      this.setGlobalFunction(name, i + 1)
    })
    if (debugging.onLine !== undefined) this.followLines(debugging.onLine)
  }

  /**
   * Runs a chunk of source. What it returns, if anything, must be one function: it is kept, and its number given, for
   * `call`. Bytecode is refused. Errors name the chunk and the line.
   */
  load(source: Uint8Array, fuel: number, chunk?: string): Outcome & { readonly reference?: number } {
    let reference: number | undefined
    const outcome = this.protect(fuel, () => {
      const { lua, stack } = this
      const { L } = stack
      stack.charge(source.length >> COSTS.byteShift)
      const at = lua.malloc(source.length)
      this.memory.set(source, at)
      const name = chunk === undefined ? this.chunkName : this.cString(`=${chunk}`)
      const status = lua.luaL_loadbufferx(L, at, source.length, name, this.textMode)
      lua.free(at)
      if (chunk !== undefined) lua.free(name)
      if (status !== 0) lua.lua_error(L)
      lua.lua_callk(L, 0, 1, 0, 0)
      if (lua.lua_type(L, -1) !== LUA.nil) reference = lua.luaL_ref(L, LUA.registry)
      return []
    })
    return reference === undefined ? outcome : { ...outcome, reference }
  }

  /** Calls a function that `load` kept. */
  call(reference: number, args: readonly LuaValue[], fuel: number): Outcome {
    return this.protect(fuel, () => {
      const { lua, stack } = this
      const { L } = stack
      const from = lua.lua_gettop(L)
      lua.lua_rawgeti(L, LUA.registry, BigInt(reference))
      lua.luaL_checkstack(L, args.length + 4, 0)
      for (const value of args) stack.push(value)
      lua.lua_callk(L, args.length, LUA.allResults, 0, 0)
      return stack.readAll(from + 1, lua.lua_gettop(L))
    })
  }

  /** Fuel that the running call still has; for functions of the host. */
  get fuel(): number {
    return Math.max(0, this.lua.get_fuel())
  }

  /** Takes fuel from the running call, which ends if there is not enough; for functions of the host. */
  charge(units: number): void {
    this.stack.charge(units)
  }

  /** Bytes of the stack in memory that were used since the last image was taken or restored. */
  get stackBytes(): number {
    return Math.max(0, this.stackBase - (this.lua.get_least_stack() >>> 0))
  }

  /** The memory as it is now. Only between calls. */
  image(): Image {
    this.begin()
    const { memory, lua } = this
    memory.fill(0, this.stackEnd, this.stackBase)
    lua.reset_least_stack()
    return { data: memory.slice(0, this.stackEnd), heap: memory.slice(this.stackBase, lua.get_break()) }
  }

  /** Brings memory back to an image of a machine with the same functions. */
  restore({ data, heap }: Image): void {
    if (this.state === 'running') throw new SmartshareError('LVM_BUSY', 'a machine is not restored while it runs')
    const { memory, lua, stackBase } = this
    lua.set_fuel(PLENTY)
    const usedEnd = lua.get_break()
    const least = lua.get_least_stack() >>> 0
    memory.set(data)
    memory.set(heap, stackBase)
    if (usedEnd > stackBase + heap.length) memory.fill(0, stackBase + heap.length, usedEnd)
    if (least < stackBase) memory.fill(0, least, stackBase)
    lua.reset_least_stack()
    lua.stackRestore(stackBase)
    lua.setThrew(0, 0)
    if (this.state === 'torn') this.state = 'ready'
  }

  /** All memory, to compare machines by; a copy. */
  dump(): Uint8Array {
    return this.memory.slice()
  }

  /** Runs `act` under Lua's protection: errors of Lua end it well, and no fuel or memory ends it whatever Lua would catch. */
  private protect(fuel: number, act: () => LuaValue[]): Outcome {
    this.begin()
    const { lua, stack, mainState: L } = this
    let values: LuaValue[] = []
    stack.L = L
    lua.set_fuel(fuel)
    this.state = 'running'
    let left: State = 'ready'
    const usedUp = () => fuel - Math.max(0, lua.get_fuel())
    try {
      this.entry = () => {
        values = act()
        return 0
      }
      lua.lua_settop(L, 0)
      const handler = this.pushTracer()
      lua.lua_pushnumber(L, ENTER)
      lua.lua_pushcclosure(L, lua.host_slot(), 1)
      const status = lua.lua_pcallk(L, 0, 0, handler, 0, 0)
      const error = status === 0 ? undefined : new SmartshareError('LVM_ERROR', this.messageAt(-1))
      lua.lua_settop(L, 0)
      // Straight code may have spent the last of it without asking.
      stack.charge(0)
      if (error === undefined) return { done: true, values, fuelUsed: usedUp() }
      const trace = this.trace === undefined ? {} : { trace: this.trace }
      return { done: false, error, fuelUsed: usedUp(), ...trace }
    } catch (thrown) {
      left = 'torn'
      if (lua.get_fuel() < 0) {
        return { done: false, error: new LvmFault('LVM_FUEL', 'the fuel of the call is used up'), fuelUsed: fuel }
      }
      if (thrown instanceof LvmFault) return { done: false, error: thrown, fuelUsed: usedUp() }
      if (thrown instanceof WebAssembly.RuntimeError) {
        // What the engine says differs from one to the next, and this is a result.
        const error = new LvmFault('LVM_TRAP', 'the machine stopped: its stack is used up, or Lua has a fault')
        return { done: false, error, fuelUsed: usedUp() }
      }
      if (!SmartshareError.is(thrown)) left = 'broken'
      throw thrown
    } finally {
      this.entry = undefined
      this.state = left
    }
  }

  private begin(): void {
    if (this.state === 'ready') return
    if (this.state === 'running') throw new SmartshareError('LVM_BUSY', 'a machine runs one call at a time')
    if (this.state === 'torn') throw new SmartshareError('LVM_TORN', 'a call was cut off here: restore an image first')
    throw new SmartshareError('LVM_BROKEN', 'this machine failed before and is not used again')
  }

  /** What an error says, without running anything of the program. */
  private messageAt(index: number): string {
    const { lua, stack } = this
    const type = lua.lua_type(stack.L, index)
    if (type !== LUA.string) return 'the program raised an error that is no text'
    return lenientUtf8.decode(stack.readBeginning(index, MAX_MESSAGE_BYTES))
  }

  private instantiate(): Exports {
    const module = lvmModule()
    const imports: WebAssembly.Imports = {}
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {}
      imports[from][name] = () => {
        throw new SmartshareError('LVM_FORBIDDEN', `Lua asked for ${name}, which it cannot reach`)
      }
    }
    // The environment is empty; memory is zero where it says how many entries there are.
    Object.assign(imports.wasi_snapshot_preview1!, { environ_sizes_get: () => 0, environ_get: () => 0 })
    Object.assign(imports.env!, {
      // Lua takes the time for the seed of its hashes: the same everywhere.
      emscripten_date_now: () => 0,
      _emscripten_get_now_is_monotonic: () => 1,
      emscripten_resize_heap: () => {
        throw new LvmFault('LVM_MEMORY', 'the memory of the call is used up')
      },
      _emscripten_throw_longjmp: () => {
        this.stack.charge(COSTS.throw)
        throw LONGJMP
      },
      invoke_vii: (slot: number, a: number, b: number) => this.invoke(slot, a, b),
      host: (L: number) => this.callHost(L),
      hook: (L: number, activation: number) => this.hook?.(L, activation),
    })
    return new WebAssembly.Instance(module, imports).exports as unknown as Exports
  }

  /** A protected call of C: an error of Lua comes back here, everything else goes through. */
  private invoke(slot: number, a: number, b: number): void {
    const { lua } = this
    this.stack?.charge(COSTS.protect)
    const pointer = lua.stackSave()
    try {
      lua.__indirect_function_table.get(slot)(a, b)
    } catch (thrown) {
      if (thrown !== LONGJMP) throw thrown
      lua.stackRestore(pointer)
      lua.setThrew(1, 0)
    }
  }

  /** What Lua runs when a program calls a function of the host. */
  private callHost(L: number): number {
    const { lua, stack } = this
    const callerState = stack.L
    stack.L = L
    const number = stack.smallInteger(LUA.upvalue)
    try {
      if (number === ENTER) return this.entry!()
      if (number === TRACE) return this.noteTrace(L)
      stack.charge(COSTS.host)
      const result = this.functions[number - 1]!(stack.readAll(1, lua.lua_gettop(L)))
      if (result === undefined) return 0
      stack.push(result)
      return 1
    } catch (thrown) {
      if (!(thrown instanceof LuaError)) throw thrown
      stack.charge(COSTS.hostError)
      stack.pushBytes(textBytes(thrown.message))
      return lua.lua_error(L)
    } finally {
      stack.L = callerState
    }
  }

  /** Puts what notes traces on the stack, if traces are wanted; its place, or 0. */
  private pushTracer(): number {
    this.trace = undefined
    if (!this.debugging.traces) return 0
    const { lua, mainState: L } = this
    lua.lua_pushnumber(L, TRACE)
    lua.lua_pushcclosure(L, lua.host_slot(), 1)
    return 1
  }

  /** Lua calls this with an error before it unwinds the stack, and goes on with what is left: the error itself. */
  private noteTrace(L: number): number {
    const { lua, stack } = this
    lua.luaL_traceback(L, L, 0, 1)
    this.trace = lenientUtf8.decode(stack.readBeginning(lua.lua_gettop(L), MAX_TRACE_BYTES))
    lua.lua_settop(L, 1)
    return 1
  }

  private followLines(onLine: NonNullable<Debugging['onLine']>): void {
    const { lua, memory } = this
    const view = new DataView(lua.memory.buffer)
    const wanted = this.cString('S')
    this.hook = (L, activation) => {
      lua.lua_getinfo(L, wanted, activation)
      const source = view.getUint32(activation + LUA.activationSource, true)
      const chunk = lenientUtf8.decode(memory.subarray(source + 1, memory.indexOf(0, source)))
      onLine(chunk, view.getInt32(activation + LUA.activationLine, true))
    }
    // Coroutines take it over from whoever makes them.
    lua.lua_sethook(this.mainState, lua.hook_slot(), LUA.maskLine, 0)
  }

  private openLibraries(): void {
    const { lua, stack } = this
    const table = lua.__indirect_function_table
    for (const library of LIBRARIES) {
      const open = lua[`luaopen_${library}`]
      let slot = 1
      while (slot < table.length && table.get(slot) !== open) slot++
      if (slot === table.length) {
        table.grow(1)
        table.set(slot, open)
      }
      lua.luaL_requiref(stack.L, this.cString(library === 'base' ? '_G' : library), slot, 1)
      lua.lua_settop(stack.L, 0)
    }
  }

  /** Levels that the main state seems to be at already; all others begin where it is. */
  private setLevels(used: number): void {
    const view = new DataView(this.lua.memory.buffer)
    const at = this.mainState + LUA.levelsOffset
    // The upper half says that the main state cannot yield.
    if (view.getUint32(at, true) !== LUA.cannotYield)
      throw new SmartshareError('LVM_OTHER_BUILD', 'this Lua keeps its levels elsewhere')
    view.setUint32(at, LUA.cannotYield + used, true)
  }

  private setGlobalFunction(name: string, number: number): void {
    const { lua, stack } = this
    lua.lua_pushnumber(stack.L, number)
    lua.lua_pushcclosure(stack.L, lua.host_slot(), 1)
    lua.lua_setglobal(stack.L, this.cString(name))
  }

  /** A string of C that stays for good. */
  private cString(text: string): number {
    const bytes = textBytes(text)
    const at = this.lua.malloc(bytes.length + 1)
    this.memory.set(bytes, at)
    this.memory[at + bytes.length] = 0
    return at
  }
}
