import { expression, type Scope, table, text } from './generate-expression.ts'
import { Chance } from './prng.ts'

const MOST_STATEMENTS = 6
const MOST_DEPTH = 4
/** Expressions of parts and statements with blocks; it makes a program some 4 kB long. */
const MOST_PARTS = 140

/**
 * A program that a seed decides: it returns a function, uses what the language has and mostly ends by itself. Most of its
 * statements stand under pcall of their own, so that one that fails (as many do) does not end the rest.
 */
export function generateProgram(seed: number): string {
  const chance = new Chance(seed)
  const scope: Scope = { chance, names: ['a', 'b', 'c', 'seen'], functions: [], depth: 0, room: { parts: MOST_PARTS } }
  const body: string[] = []
  const count = 4 + chance.below(8)
  for (let i = 0; i < count; i++) body.push(guarded(scope))
  return `${PRELUDE}\nreturn function(...)\nlocal a, b, c = ...\nlocal seen = {}\n${body.join('\n')}\nreturn (pcall(echo, a)), show(b), show(c), show(seen), show(log)\nend`
}

/** What shows a value as a text of bounded length, and turns of loops that are counted, so that they end. */
const PRELUDE = `local turns, log = 0, {}
local function turn() turns = turns + 1 if turns > 400 then error('turns', 0) end return true end
local function show(x, depth)
  depth = depth or 0
  if type(x) == 'string' then return #x > 60 and #x .. x:sub(1, 40) .. x:sub(-20) or x end
  if type(x) ~= 'table' or depth > 3 then return tostring(x) end
  local parts = {}
  for k, v in next, x do parts[#parts + 1] = show(k, depth + 1) .. '=' .. show(v, depth + 1) if #parts > 40 then break end end
  return '{' .. table.concat(parts, ',') .. '}'
end
local function note(...) if #log < 60 then log[#log + 1] = show(table.pack(...)) end return ... end`

function guarded(scope: Scope): string {
  const inner = statement(scope)
  if (scope.chance.oneIn(20)) return inner
  return `note(pcall(function(...) ${inner} end, ...))`
}

function block(scope: Scope): string {
  if (scope.depth >= MOST_DEPTH) return simple(scope)
  const names = scope.names.length
  const functions = scope.functions.length
  scope.depth++
  const lines = Array.from({ length: 1 + scope.chance.below(scope.room.parts > 0 ? MOST_STATEMENTS : 1) }, () =>
    statement(scope),
  )
  scope.depth--
  scope.names.length = names
  scope.functions.length = functions
  return lines.join(' ')
}

function statement(scope: Scope): string {
  const { chance } = scope
  if (scope.depth >= MOST_DEPTH || --scope.room.parts < 0) return simple(scope)
  switch (chance.below(22)) {
    case 0:
      return `if ${expression(scope)} then ${block(scope)} elseif ${expression(scope)} then ${block(scope)} else ${block(scope)} end`
    case 1:
      return loop(scope, (inner) => `while turn() and ${expression(scope)} do ${inner} end`)
    case 2:
      return loop(scope, (inner) => `repeat ${inner} until not turn() or ${expression(scope)}`)
    case 3:
      return numericFor(scope)
    case 4:
      return genericFor(scope)
    case 5:
      return `do ${block(scope)} end`
    case 6:
      return localFunction(scope)
    case 7:
      return `do local ok <const> = ${expression(scope)} local x <close> = setmetatable({}, { __close = function(_, e) note('closed', ok, e) end }) ${block(scope)} end`
    case 8:
      return jump(scope)
    case 9:
      return coroutine(scope)
    case 10:
      return object(scope)
    case 11:
      return `note(pcall(function(...) ${block(scope)} error(${expression(scope)}, ${chance.below(3)}) end, ...))`
    case 12:
      return `note(xpcall(function(...) ${block(scope)} end, function(e) return note(e) end, ${expression(scope)}))`
    case 13:
      return sorting(scope)
    case 14:
      return `note(table.concat(${table(scope)}, ${text(chance)}))`
    case 15:
      return `for w in (${text(chance)}):rep(3):gmatch(${chance.pick(["'%a+'", "'.'", "'()'", "'%d*'"])}) do if not turn() then break end ${simple(scope)} end`
    default:
      return simple(scope)
  }
}

/** Inside of a loop the program may leave it. */
function loop(scope: Scope, around: (inner: string) => string): string {
  const inner = block(scope)
  const leave = scope.chance.oneIn(3) ? ` if ${expression(scope)} then break end` : ''
  return around(`${inner}${leave}`)
}

function simple(scope: Scope): string {
  const { chance, names } = scope
  switch (chance.below(9)) {
    case 0:
      return local(scope)
    case 1:
      return `${chance.pick(names)}, ${chance.pick(names)} = ${expression(scope)}, ${expression(scope)}`
    case 2:
      return `seen[ ${expression(scope)} ] = ${expression(scope)}`
    case 3:
      return `note(${expression(scope)})`
    case 4:
      return `note(echo(${expression(scope)}, ${expression(scope)}))`
    case 5:
      return `note(pcall(${chance.pick(['refuse', 'error', 'echo', 'tostring', 'next', 'setmetatable', 'rawset'])}, ${expression(scope)}, ${expression(scope)}))`
    case 6:
      return `g${chance.below(3)} = ${expression(scope)}`
    case 7:
      return `note(select(${chance.pick(["'#'", '1', '-1', '2'])}, ${expression(scope)}, ${expression(scope)}))`
    default:
      return `${chance.pick(names)} = ${expression(scope)}`
  }
}

function local(scope: Scope): string {
  const name = freshName(scope)
  const line = `local ${name}${scope.chance.oneIn(6) ? ' <const>' : ''} = ${expression(scope)}`
  // Constants cannot be assigned to, so the rest of the block does not know them.
  if (!line.includes('<const>')) scope.names.push(name)
  return line
}

function freshName({ chance }: Scope): string {
  return `v${chance.below(100)}`
}

function numericFor(scope: Scope): string {
  const { chance } = scope
  const [from, to, step] = chance.pick([
    ['1', '6', '1'],
    ['5', '-3', '-2'],
    ['0.5', '2', '0.25'],
    ['math.maxinteger - 2', 'math.maxinteger', '1'],
    ['math.mininteger', 'math.mininteger + 3', '1'],
    ['1', '0', '1'],
    ['1', 'a', '1'],
    ['1', '3', '0'],
    ['-0.0', '1', '0.3'],
  ])
  const name = freshName(scope)
  return loop(scope, (inner) => `for ${name} = ${from}, ${to}, ${step} do turn() note(${name}) ${inner} end`)
}

function genericFor(scope: Scope): string {
  const { chance } = scope
  const over = chance.pick(['pairs', 'ipairs', 'next,'])
  const iterated = over === 'next,' ? `next, ${table(scope)}` : `${over}(${table(scope)})`
  return loop(scope, (inner) => `for k, v in ${iterated} do turn() note(k, v) ${inner} end`)
}

function localFunction(scope: Scope): string {
  const name = `f${scope.chance.below(20)}`
  const outer = { ...scope, names: [...scope.names, 'p', 'q'], functions: [...scope.functions] }
  const inner = block(outer)
  scope.functions.push(name)
  const last = scope.chance.oneIn(3) ? `return ${name}(p, ${expression(outer)})` : `return ${expression(outer)}, q`
  return `local function ${name}(p, q, ...) turn() ${inner} ${last} end note(pcall(${name}, ${expression(scope)}))`
}

function jump(scope: Scope): string {
  const label = `l${scope.chance.below(1_000_000)}`
  return `do local n = 0 ::${label}:: n = n + 1 do ${block(scope)} end if n < 4 and turn() then goto ${label} end end`
}

function coroutine(scope: Scope): string {
  const { chance } = scope
  const inner = `${block(scope)} local r = coroutine.yield(${expression(scope)}) note(r, coroutine.isyieldable()) ${block(scope)} return ${expression(scope)}`
  const body = `function(...) ${inner} end`
  const name = `co${chance.below(20)}`
  if (chance.oneIn(2)) {
    return `local ${name} = coroutine.wrap(${body}) note(pcall(${name}, 1)) note(pcall(${name}, ${expression(scope)})) note(pcall(${name}))`
  }
  const close = chance.oneIn(2) ? ` note(coroutine.close(${name}))` : ''
  return `local ${name} = coroutine.create(${body}) note(coroutine.resume(${name}, 2)) note(coroutine.status(${name}))${close} note(coroutine.resume(${name}, ${expression(scope)})) note(coroutine.status(${name}))`
}

const EVENTS =
  'add sub mul div mod pow unm idiv band bor bxor shl shr bnot concat len eq lt le call index newindex tostring pairs name metatable mode close'

function object(scope: Scope): string {
  const { chance } = scope
  const name = freshName(scope)
  const events = new Set(Array.from({ length: 1 + chance.below(6) }, () => chance.pick(EVENTS.split(' '))))
  const fields = [...events].map((event) => {
    if (event === 'mode') return `__mode = ${chance.pick(["'k'", "'v'", "'kv'"])}`
    if (event === 'name') return `__name = 'Thing'`
    if (event === 'index' && chance.oneIn(2)) return `__index = ${table(scope)}`
    return `__${event} = function(x, y, ...) turn() note('${event}') return ${chance.oneIn(2) ? expression(scope) : 'y'} end`
  })
  scope.names.push(name)
  return `local ${name} = setmetatable(${table(scope)}, { ${fields.join(', ')} })`
}

function sorting(scope: Scope): string {
  const { chance } = scope
  const items = Array.from({ length: 3 + chance.below(30) }, () => `${chance.below(50) - 20}`)
  const order = chance.pick([
    '',
    ', function(x, y) return x > y end',
    ', function(x, y) return true end',
    `, function(x, y, ...) return ${expression(scope)} end`,
  ])
  return `do local t = { ${items.join(', ')} } note(pcall(table.sort, t${order})) note(table.unpack(t)) end`
}
