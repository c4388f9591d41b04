import type { Chance } from './prng.ts'

/** What a generated program has at a place. */
export interface Scope {
  readonly chance: Chance
  /** Variables that can be assigned to. */
  readonly names: string[]
  readonly functions: string[]
  depth: number
  /** Shared by all scopes of a program: how much may still be made of parts. */
  readonly room: { parts: number }
}

const MOST_NESTED = 4
const INTEGERS =
  `0 1 2 3 7 10 63 64 -1 -7 100 255 65536 0x7fffffff 0x80000000 9007199254740993 math.maxinteger math.mininteger
  0xffffffffffffffff (1<<62)`.split(/\s+/)
const FLOATS = `0.0 -0.0 1.0 0.1 0.5 -1.5 3.14159 1e15 1e16 1e100 1e308 5e-324 2^53 2^63 -2^63 1e-7 math.huge -math.huge
  (0/0) math.pi 0x1p-3 123456.789`.split(/\s+/)
const TEXTS = [
  "''",
  "'a'",
  "'hello world'",
  "'10'",
  "' 0x1F '",
  "'1e2'",
  "'-3.5'",
  "'key = value; other=2'",
  "'\\0zero\\0'",
  "'\\xff\\xfe'",
  "'\\u{20ac}uro \\u{10ffff}'",
  '[[long\ntext]]',
  "('ab'):rep(30)",
  "('x'):rep(300)",
]
const PATTERNS =
  `'%a+' '%d+' '(%w+)%s*=%s*(%w+)' '^%s*(.-)%s*$' '.' '[^%z]' '%b()' '%f[%w]%w+' '()' '(.)(.)' '%x*' '[a-z]-o'
  '%p' '[%a_][%w_]*' '(l)%1' '%u' '' '$' '%c'`.split(/\s+/)
const FORMATS = [
  "'%d'",
  "'%5.1f'",
  "'%g'",
  "'%.17g'",
  "'%e'",
  "'%a'",
  "'%q'",
  "'%s'",
  "'%10.4s|'",
  "'%-8d|'",
  "'%+x'",
  "'%X'",
  "'%o'",
  "'%c'",
  "'%i %%'",
  "'%.3f'",
  "'%.14g'",
  "'%99.99f'",
  "'%p'",
]
const PACKS = `'<i4' '>I8' 'd' '<f' 'z' 's1' '!8 i1 i8' '>i3' 'b' '=n' 'j'`.split(/ (?=')/)
const BINARY = '+ - * / % ^ // & | ~ << >> .. == ~= < <= > >= and or'.split(' ')
// With a space, or two signs would begin a comment.
const UNARY = ['- ', 'not ', '# ', '~ ']

/** An expression of any type, which may fail when it is evaluated. */
export function expression(scope: Scope, nested = 0): string {
  const { chance, names } = scope
  if (nested >= MOST_NESTED || --scope.room.parts < 0) return atom(scope)
  const deeper = () => expression(scope, nested + 1)
  switch (chance.below(20)) {
    case 0:
    case 1:
    case 2:
      return `(${deeper()} ${chance.pick(BINARY)} ${deeper()})`
    case 3:
      return arithmetic(chance, nested)
    case 4:
      return `(${chance.pick(UNARY)}${deeper()})`
    case 5:
      return strings(scope, nested)
    case 6:
      return mathematics(scope, nested)
    case 7:
      return table(scope, nested)
    case 8:
      return tables(scope, nested)
    case 9:
      return `(function(...) local x, y = ... return ${chance.pick(['x', 'y', "select('#', ...)", '...', 'x or y'])} end)(${deeper()}, ${deeper()})`
    case 10:
      return `${chance.pick(names)}[ ${deeper()} ]`
    case 11:
      return scope.functions.length > 0 ? `${chance.pick(scope.functions)}(${deeper()})` : atom(scope)
    case 12:
      return chance.pick([`tostring(${deeper()})`, `tonumber(${deeper()})`, `type(${deeper()})`, `show(${deeper()})`])
    case 13:
      return chance.pick([
        `rawlen(${table(scope, nested)})`,
        `rawequal(${deeper()}, ${deeper()})`,
        `rawget(${table(scope, nested)}, 1)`,
      ])
    case 14:
      return `(pcall(echo, ${deeper()}))`
    default:
      return atom(scope)
  }
}

function atom({ chance, names }: Scope): string {
  switch (chance.below(9)) {
    case 0:
      return chance.pick(INTEGERS)
    case 1:
      return chance.pick(FLOATS)
    case 2:
      return text(chance)
    case 3:
      return chance.pick(['true', 'false', 'nil'])
    case 4:
      return chance.pick(['(...)', "select('#', ...)"])
    case 5:
      return chance.pick(['g0', 'g1', 'g2'])
    case 6:
      return String(chance.below(20))
    default:
      return chance.pick(names)
  }
}

export function text(chance: Chance): string {
  return chance.pick(TEXTS)
}

/** Numbers only, so that it mostly has a result. */
function arithmetic(chance: Chance, nested: number): string {
  if (nested >= MOST_NESTED) return chance.pick(chance.oneIn(2) ? INTEGERS : FLOATS)
  const [left, right] = [arithmetic(chance, nested + 1), arithmetic(chance, nested + 1)]
  return `(${left} ${chance.pick(['+', '-', '*', '/', '%', '//', '^', '+', '*'])} ${right})`
}

export function table(scope: Scope, nested = 0): string {
  const { chance } = scope
  const fields = Array.from({ length: chance.below(7) }, () => {
    const value = expression(scope, nested + 2)
    switch (chance.below(5)) {
      case 0:
        return `${chance.pick(['x', 'y', 'name', 'n'])} = ${value}`
      case 1:
        return `[ ${chance.pick([chance.pick(INTEGERS), '1.5', "'k k'", '2.0', 'true', '-5'])} ] = ${value}`
      default:
        return value
    }
  })
  return `{ ${fields.join(', ')} }`
}

function strings(scope: Scope, nested: number): string {
  const { chance } = scope
  const deeper = () => expression(scope, nested + 1)
  const subject = chance.oneIn(3) ? `tostring(${deeper()})` : `(${text(chance)})`
  const small = () => chance.below(9) - 3
  switch (chance.below(16)) {
    case 0:
      return `(${subject}:gsub(${chance.pick(PATTERNS)}, ${chance.pick(["'<%0>'", "'%1'", "''", 'string.upper', 'function(x, y, ...) return y end', "{ a = 'A' }"])}, ${1 + chance.below(9)}))`
    case 1:
      return `${subject}:find(${chance.pick(PATTERNS)}, ${small()})`
    case 2:
      return `${subject}:match(${chance.pick(PATTERNS)})`
    case 3:
      return `string.format(${chance.pick(FORMATS)}, ${deeper()})`
    case 4:
      return `string.format(${chance.pick(FORMATS)}, ${arithmetic(chance, nested + 1)})`
    case 5:
      return `${subject}:sub(${small()}, ${small()})`
    case 6:
      return `${subject}:byte(${small()}, ${small()})`
    case 7:
      return `${subject}:${chance.pick(['upper', 'lower', 'reverse', 'len'])}()`
    case 8:
      return `${subject}:rep(${chance.below(6)}, ',')`
    case 9:
      return `string.pack(${chance.pick(PACKS)}, ${deeper()})`
    case 10:
      return `string.unpack(${chance.pick(PACKS)}, ${subject})`
    case 11:
      return `string.char(${chance.below(256)}, ${chance.below(256)})`
    case 12:
      return `utf8.char(${chance.below(0x110000)}, ${chance.below(128)})`
    case 13:
      return chance.pick([
        `utf8.len(${subject})`,
        `utf8.codepoint(${subject}, 1, -1)`,
        `utf8.offset(${subject}, ${small()})`,
      ])
    case 14:
      return `${subject}:find(${text(chance)}, 1, true)`
    default:
      return `(${subject} .. ${deeper()})`
  }
}

function mathematics(scope: Scope, nested: number): string {
  const { chance } = scope
  const number = () => (chance.oneIn(4) ? expression(scope, nested + 1) : arithmetic(chance, nested + 1))
  const one = chance.pick(
    'abs acos asin atan ceil cos deg exp floor log modf rad sin sqrt tan tointeger type'.split(' '),
  )
  const two = chance.pick('atan fmod log max min ult'.split(' '))
  return chance.oneIn(3) ? `math.${two}(${number()}, ${number()})` : `math.${one}(${number()})`
}

function tables(scope: Scope, nested: number): string {
  const { chance } = scope
  const some = () => table(scope, nested)
  const deeper = () => expression(scope, nested + 1)
  return chance.pick([
    () => `#${some()}`,
    () => `table.unpack(${some()})`,
    () => `table.unpack(${some()}, ${chance.below(4) - 1}, ${chance.below(6)})`,
    () => `table.pack(${deeper()}, ${deeper()})`,
    () => `table.move(${some()}, 1, 3, ${chance.below(5)})`,
    () => `next(${some()})`,
    () => `table.remove(${some()})`,
    () => `table.insert(seen, ${deeper()})`,
    () => `(${some()})[${chance.pick(['1', '2', "'x'", '1.5', '-5'])}]`,
    () => `getmetatable(${deeper()})`,
  ])()
}
