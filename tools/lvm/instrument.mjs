// Turns the Lua of the package `wasmoon` into a machine whose every step is counted and the same everywhere. What is changed:
// fuel is charged at the begin of every stretch of straight code, and without fuel the next function or turn of a loop traps; results of float arithmetic
// that are no number become the one canonical NaN; how deep the stack was used is kept; addresses of objects do not show;
// what a contract must not reach is no longer exported; `host` is imported and called by Lua like any function in C.
import binaryen from 'binaryen'
import { BULK_SHIFT, costOf, FUNCTION_COST } from './costs.mjs'

/** Exports that the host uses; the rest of the library goes. */
const KEPT_EXPORTS = `memory __indirect_function_table __wasm_call_ctors malloc free stackSave stackRestore setThrew
  emscripten_stack_get_base emscripten_stack_get_end
  luaL_newstate luaL_requiref luaL_loadbufferx luaL_tolstring luaL_ref luaL_checkstack
  luaopen_base luaopen_string luaopen_table luaopen_math luaopen_utf8 luaopen_coroutine
  lua_gettop lua_settop lua_type lua_isinteger lua_toboolean lua_tointegerx lua_tonumberx lua_tolstring lua_rawlen
  lua_pushnil lua_pushboolean lua_pushinteger lua_pushnumber lua_pushlstring lua_pushcclosure lua_pushvalue lua_rotate
  lua_createtable lua_rawget lua_rawset lua_rawgeti lua_rawseti lua_next lua_getglobal lua_setglobal lua_callk lua_pcallk lua_error
  lua_sethook lua_getinfo luaL_traceback`.split(/\s+/)

const FUEL = 'fuel'
const LEAST_STACK = 'least_stack'
const STACK_LIMIT = 'stack_limit'
/** Of lua_pushnumber(L, number). */
const NUMBER_PARAM = 1
const { i32, i64, f64, none } = binaryen

/** Names of expression kinds by their numbers. */
const kindNames = new Map(
  Object.entries(binaryen).flatMap(([key, value]) => {
    const [, name] = /^(\w+)Id$/.exec(key) ?? []
    return name !== undefined && typeof value === 'number' ? [[value, name]] : []
  }),
)

const forFloats = (names) => names.flatMap((name) => [`${name}Float32`, `${name}Float64`])
/** Operations by kind: unary and binary ones are numbered each from zero. Only those that make a NaN or cost more. */
const NAN_MAKERS = {
  Unary: [...forFloats(['Sqrt', 'Ceil', 'Floor', 'Trunc', 'Nearest']), 'PromoteFloat32', 'DemoteFloat64'],
  Binary: forFloats(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max']),
}
const DIVISIONS = ['DivS', 'DivU', 'RemS', 'RemU'].flatMap((name) => [`${name}Int32`, `${name}Int64`])
const operationNames = {
  Unary: namesOf(NAN_MAKERS.Unary),
  Binary: namesOf([...NAN_MAKERS.Binary, ...DIVISIONS, ...forFloats(['CopySign'])]),
}

function namesOf(operations) {
  return new Map(
    operations.map((name) => {
      if (typeof binaryen[name] !== 'number') throw new Error(`there is no operation ${name}`)
      return [binaryen[name], name]
    }),
  )
}

/** Where the children of each kind of expression stand: single ones by property, lists by the name of their accessor. */
const CHILDREN = {
  Block: [[], 'Child', 'Children'],
  If: [['Condition', 'IfTrue', 'IfFalse']],
  Loop: [['Body']],
  Break: [['Condition', 'Value']],
  Switch: [['Condition', 'Value']],
  Call: [[], 'Operand', 'Operands'],
  CallIndirect: [['Target'], 'Operand', 'Operands'],
  LocalSet: [['Value']],
  GlobalSet: [['Value']],
  Load: [['Ptr']],
  Store: [['Ptr', 'Value']],
  Unary: [['Value']],
  Binary: [['Left', 'Right']],
  Select: [['IfTrue', 'IfFalse', 'Condition']],
  Drop: [['Value']],
  Return: [['Value']],
  MemoryCopy: [['Dest', 'Source', 'Size']],
  MemoryFill: [['Dest', 'Value', 'Size']],
  LocalGet: [[]],
  GlobalGet: [[]],
  Const: [[]],
  Nop: [[]],
  Unreachable: [[]],
  MemorySize: [[]],
}

/** Reads a module of Lua and gives back the counted one. Throws if it is not built as expected. */
export function instrument(bytes) {
  const wasm = binaryen.readBinary(bytes)
  wasm.setFeatures(
    wasm.getFeatures() |
      binaryen.Features.MutableGlobals |
      binaryen.Features.BulkMemory |
      binaryen.Features.BulkMemoryOpt |
      binaryen.Features.SignExt |
      binaryen.Features.NontrappingFPToInt,
  )
  const stackPointer = binaryen.getGlobalInfo(wasm.getGlobalByIndex(0)).name
  dropExports(wasm)
  hideAddresses(wasm)
  const names = Array.from({ length: wasm.getNumFunctions() }, (_, i) => nameAt(wasm, i))
  const own = names.filter((name) => binaryen.getFunctionInfo(wasm.getFunction(name)).module === '')
  const breakAddress = findBreak(wasm, own)
  wasm.addGlobal(FUEL, i64, true, wasm.i64.const(0n))
  wasm.addGlobal(LEAST_STACK, i32, true, wasm.i32.const(-1))
  wasm.addGlobal(STACK_LIMIT, i32, true, wasm.i32.const(0))
  // JavaScript does not say which bits a NaN has that it hands over.
  const { value: pushNumber } = binaryen.getExportInfo(wasm.getExport('lua_pushnumber'))
  for (const name of own) meter(wasm, name, { stackPointer, pushNumber })
  addAccess(wasm, breakAddress)
  addHost(wasm)
  wasm.runPasses(['remove-unused-module-elements'])
  if (!wasm.validate()) throw new Error('the counted module is not valid')
  return wasm.emitBinary()
}

function nameAt(wasm, index) {
  return binaryen.getFunctionInfo(wasm.getFunctionByIndex(index)).name
}

function dropExports(wasm) {
  const present = Array.from({ length: wasm.getNumExports() }, (_, i) => {
    return binaryen.getExportInfo(wasm.getExportByIndex(i)).name
  })
  for (const name of KEPT_EXPORTS) if (!present.includes(name)) throw new Error(`Lua exports no ${name}`)
  // lua_topointer is changed below by its name.
  for (const name of present) if (!KEPT_EXPORTS.includes(name) && name !== 'lua_topointer') wasm.removeExport(name)
}

/** `tostring` of a table or function and the format %p ask here for an address. */
function hideAddresses(wasm) {
  const { value: name } = binaryen.getExportInfo(wasm.getExport('lua_topointer'))
  const { params, results } = binaryen.getFunctionInfo(wasm.getFunction(name))
  wasm.removeFunction(name)
  wasm.addFunction(name, params, results, [], wasm.i32.const(0))
  wasm.removeExport('lua_topointer')
}

/** Address of the variable that says where unused memory begins: what `sbrk`, the caller of the host's growing, loads first. */
function findBreak(wasm, own) {
  const text = own
    .map((name) => ({ name, body: bodyText(wasm, name) }))
    .filter(({ body }) => /call \$\S+/.test(body) && callsImport(wasm, body, 'emscripten_resize_heap'))
  if (text.length !== 1) throw new Error('sbrk was not found')
  const found = /i32\.load(?: \$\S+)?\s*\(i32\.const (\d+)\s*\)/.exec(text[0].body)
  if (found === null) throw new Error('the program break was not found')
  return Number(found[1])
}

function bodyText(wasm, name) {
  return binaryen.emitText(binaryen.getFunctionInfo(wasm.getFunction(name)).body)
}

function callsImport(wasm, body, base) {
  for (let i = 0; i < wasm.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(wasm.getFunctionByIndex(i))
    if (info.base === base) return body.includes(`call $${info.name}\n`) || body.includes(`call $${info.name} `)
  }
  throw new Error(`Lua imports no ${base}`)
}

/** Numbers go in and out as floats, exact below 2^53: far quicker from JavaScript than globals of 64 bits. */
function addAccess(wasm, breakAddress) {
  const add = (name, params, results, body) => {
    wasm.addFunction(name, params, results, [], body)
    wasm.addFunctionExport(name, name)
  }
  add('get_fuel', none, f64, wasm.f64.convert_s.i64(wasm.global.get(FUEL, i64)))
  add('set_fuel', f64, none, wasm.global.set(FUEL, wasm.i64.trunc_s.f64(wasm.local.get(0, f64))))
  add('get_least_stack', none, i32, wasm.global.get(LEAST_STACK, i32))
  add('reset_least_stack', none, none, wasm.global.set(LEAST_STACK, wasm.i32.const(-1)))
  add('set_stack_limit', i32, none, wasm.global.set(STACK_LIMIT, wasm.local.get(0, i32)))
  add('get_break', none, i32, wasm.i32.load(0, 4, wasm.i32.const(breakAddress)))
}

/**
 * The functions in C behind all that the host offers to Lua, and behind the hook by which tools follow the lines of a
 * program: their places in the table are exported.
 */
function addHost(wasm) {
  wasm.addFunctionImport('host', 'env', 'host', i32, i32)
  wasm.addFunctionImport('hook', 'env', 'hook', binaryen.createType([i32, i32]), none)
  const table = binaryen.getTableInfo(wasm.getTable('0'))
  const slot = table.initial
  wasm.removeTable('0')
  wasm.addTable('0', slot + 2, slot + 2)
  wasm.addActiveElementSegment('0', 'host-entry', ['host', 'hook'], wasm.i32.const(slot))
  for (const [i, name] of ['host_slot', 'hook_slot'].entries()) {
    wasm.addFunction(name, none, i32, [], wasm.i32.const(slot + i))
    wasm.addFunctionExport(name, name)
  }
}

/** Charges a function and what it does with floats, copies and the stack. */
function meter(wasm, name, { stackPointer, pushNumber }) {
  const info = binaryen.getFunctionInfo(wasm.getFunction(name))
  const params = binaryen.expandType(info.params)
  const locals = [...info.vars]
  const newLocal = (type) => params.length + locals.push(type) - 1
  const take = (cost) => spend(wasm, wasm.i64.const(BigInt(cost)))
  /** Taken and checked: at the begin of a function and of each turn of a loop, so that no path is long without. */
  const takeAndCheck = (cost) => wasm.block(null, [take(cost), check(wasm)], none)

  /** Walks an expression that stands in `stretch`, the straight code whose cost is being added up; gives what replaces it. */
  function walk(expression, stretch) {
    const id = binaryen.getExpressionId(expression)
    const kind = kindNames.get(id)
    const accessors = CHILDREN[kind]
    if (accessors === undefined) throw new Error(`no rule for expressions of kind ${kind}`)
    stretch.cost += costOf(kind, operationOf(kind, expression))
    if (kind === 'Loop') return walkLoop(expression)
    if (kind === 'If') return walkIf(expression, stretch)
    if (kind === 'Block') return walkBlock(expression, stretch)
    const type = binaryen[kind]
    const [single, item, list] = accessors
    for (const property of single) {
      const child = type[`get${property}`](expression)
      if (child) type[`set${property}`](expression, walk(child, stretch))
    }
    const count = list === undefined ? 0 : type[`getNum${list}`](expression)
    for (let i = 0; i < count; i++) {
      type[`set${item}At`](expression, i, walk(type[`get${item}At`](expression, i), stretch))
    }
    if (kind === 'MemoryCopy' || kind === 'MemoryFill') chargeLength(type, expression)
    if (kind === 'GlobalSet' && binaryen.GlobalSet.getName(expression) === stackPointer) return keepLeast(expression)
    return NAN_MAKERS[kind]?.includes(operationOf(kind, expression)) ? canonical(expression) : expression
  }

  function walkLoop(expression) {
    const body = binaryen.Loop.getBody(expression)
    const type = binaryen.getExpressionType(body)
    const turn = { cost: 1 }
    const walked = walk(body, turn)
    binaryen.Loop.setBody(expression, wasm.block(null, [takeAndCheck(turn.cost), walked], type))
    return expression
  }

  function walkIf(expression, stretch) {
    const { If } = binaryen
    If.setCondition(expression, walk(If.getCondition(expression), stretch))
    for (const side of ['IfTrue', 'IfFalse']) {
      const arm = If[`get${side}`](expression)
      if (!arm) continue
      const type = binaryen.getExpressionType(arm)
      const own = { cost: 0 }
      const walked = walk(arm, own)
      If[`set${side}`](expression, own.cost > 0 ? wasm.block(null, [take(own.cost), walked], type) : walked)
    }
    return expression
  }

  /** After a child that may be left or be jumped to, a new stretch begins, charged where it begins. */
  function walkBlock(expression, stretch) {
    const { Block } = binaryen
    const count = Block.getNumChildren(expression)
    const begun = []
    let current = stretch
    for (let i = 0; i < count; i++) {
      const child = Block.getChildAt(expression, i)
      const kind = kindNames.get(binaryen.getExpressionId(child))
      const ends = kind === 'Break' || kind === 'Loop' || (kind === 'Block' && Block.getName(child))
      Block.setChildAt(expression, i, walk(child, current))
      if (!ends || i === count - 1) continue
      current = { cost: 0 }
      begun.push({ at: i + 1, stretch: current })
    }
    for (const { at, stretch: own } of begun.reverse()) {
      if (own.cost > 0) Block.insertChildAt(expression, at, take(own.cost))
    }
    return expression
  }

  function chargeLength(type, expression) {
    const length = newLocal(i32)
    const units = wasm.i64.extend_u(wasm.i32.shr_u(wasm.local.get(length, i32), wasm.i32.const(BULK_SHIFT)))
    const parts = [
      wasm.local.set(length, type.getSize(expression)),
      spend(wasm, units),
      check(wasm),
      wasm.local.get(length, i32),
    ]
    type.setSize(expression, wasm.block(null, parts, i32))
  }

  /** Keeps how deep the stack was, and traps before it would grow into the data below it. */
  function keepLeast(expression) {
    const pointer = () => wasm.global.get(stackPointer, i32)
    const isLess = wasm.i32.lt_u(pointer(), wasm.global.get(LEAST_STACK, i32))
    const isBelow = wasm.i32.lt_u(pointer(), wasm.global.get(STACK_LIMIT, i32))
    const lower = [wasm.global.set(LEAST_STACK, pointer()), wasm.if(isBelow, wasm.unreachable())]
    return wasm.block(null, [expression, wasm.if(isLess, wasm.block(null, lower, none))], none)
  }

  function canonical(expression) {
    const type = binaryen.getExpressionType(expression)
    const float = type === f64 ? wasm.f64 : wasm.f32
    const value = newLocal(type)
    const get = () => wasm.local.get(value, type)
    const choice = wasm.select(float.eq(get(), get()), get(), float.const(Number.NaN))
    return wasm.block(null, [wasm.local.set(value, expression), choice], type)
  }

  const whole = { cost: FUNCTION_COST }
  const body = walk(info.body, whole)
  const before = [takeAndCheck(whole.cost)]
  if (name === pushNumber) before.push(wasm.local.set(NUMBER_PARAM, canonical(wasm.local.get(NUMBER_PARAM, f64))))
  const counted = wasm.block(null, [...before, body], info.results)
  // Made anew, since a function cannot be given further locals.
  wasm.removeFunction(name)
  wasm.addFunction(name, info.params, info.results, locals, counted)
}

function operationOf(kind, expression) {
  const names = operationNames[kind]
  return names === undefined ? '' : (names.get(binaryen[kind].getOp(expression)) ?? '')
}

function spend(wasm, units) {
  return wasm.global.set(FUEL, wasm.i64.sub(wasm.global.get(FUEL, i64), units))
}

function check(wasm) {
  return wasm.if(wasm.i64.lt_s(wasm.global.get(FUEL, i64), wasm.i64.const(0n)), wasm.unreachable())
}
