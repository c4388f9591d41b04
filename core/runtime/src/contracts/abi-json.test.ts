import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeParameters, encodeParameters } from './abi.ts'
import { eventToJson, parametersFromJson, valueFromJson, valueToJson } from './abi-json.ts'

const account = new Uint8Array(32).fill(7)
const examples: [string, LuaValue, unknown][] = [
  ['integer', -(1n << 63n), '-9223372036854775808'],
  ['amount', 150_000_000n, '150000000'],
  ['number', 1.5, 1.5],
  ['number', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['boolean', false, false],
  ['string', textBytes('für 你'), 'für 你'],
  ['bytes', Uint8Array.of(0, 255), '00ff'],
  ['address', account, formatAddress(account)],
  ['integer?', null, null],
  ['integer[]', [1n, 2n], ['1', '2']],
  ['string?[]?', [textBytes('a'), null], ['a', null]],
  ['any', null, null],
  ['any', 5n, { integer: '5' }],
  ['any', 5, { number: '5' }],
  ['any', 0.25, 0.25],
  ['any', Number.NaN, { number: 'NaN' }],
  ['any', textBytes('5'), '5'],
  ['any', Uint8Array.of(255), { hex: 'ff' }],
  ['any', [1n, [true]], [{ integer: '1' }, [true]]],
  ['any', new Map<string, LuaValue>([['a', 1n]]), { a: { integer: '1' } }],
  ['any', new Map<string, LuaValue>([['hex', textBytes('x')]]), { table: { hex: 'x' } }],
  ['any', new Map<string, LuaValue>([['__proto__', true]]), JSON.parse('{"__proto__":true}')],
]

const anyValue: fc.Arbitrary<LuaValue> = fc.letrec<{ value: LuaValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<LuaValue>(null, true, false, [], -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.double(),
    fc.uint8Array({ maxLength: 8 }),
    fc.string().map(textBytes),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('hex', 'integer', 'number', 'table')), tie('value')), {
        minLength: 1,
        maxLength: 4,
      })
      .map((entries) => new Map(entries)),
  ),
})).value

describe('values of the ABI as JSON', () => {
  it.each(examples)('of the type %s, number %# of the examples', (type, value, json) => {
    expect(valueToJson(type, value)).toEqual(json)
    expect(valueFromJson(type, JSON.parse(JSON.stringify(json)))).toEqual(value)
  })

  it('of the type any come back as they were, whatever they are', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const again = valueFromJson('any', JSON.parse(JSON.stringify(valueToJson('any', value))))
        const parameter = [{ name: 'v', type: 'any' }]
        expect(encodeParameters(parameter, [again])).toEqual(encodeParameters(parameter, [value]))
      }),
    )
  })

  it('are read as programs have them at hand', () => {
    expect(valueFromJson('integer', 5)).toBe(5n)
    expect(valueFromJson('amount', 5n)).toBe(5n)
    expect(valueFromJson('address', account)).toEqual(account)
    expect(valueFromJson('any', [1, 1.5, 2n])).toEqual([1n, 1.5, 2n])
    expect(valueFromJson('any', {})).toEqual([])
  })

  it.each<[string, unknown]>([
    ...[1.5, '1.5', '01', '-0', '9223372036854775808', '', 2 ** 53, true, [], {}].map(
      (json) => ['integer', json] as [string, unknown],
    ),
    ...[-1, '-1'].map((json) => ['amount', json] as [string, unknown]),
    ['number', '1'],
    ['boolean', 'true'],
    ['string', 5],
    ['string', '\ud800'],
    ['bytes', 'F0'],
    ['bytes', '0'],
    ['address', 'ssp1qqqq'],
    ['address', new Uint8Array(31)],
    ['integer', null],
    ['integer[]', '5'],
    ['integer[]', [null]],
    ['any', { integer: 'x' }],
    ['any', { number: 'x' }],
    ['any', { hex: 'x' }],
    ['any', { table: [] }],
    ['any', '\ud800'],
    ['any', JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`)],
  ])('are refused where they do not fit: %s %j', (type, json) => {
    expect(() => valueFromJson(type, json, 'x')).toThrow(SmartshareError)
    expect(() => valueFromJson(type, json, 'x')).toThrow(`x is no ${type}`)
  })

  it('name parameters or stand in their order', () => {
    const parameters = [
      { name: 'to', type: 'address' },
      { name: 'n', type: 'integer?' },
    ]
    const text = formatAddress(account)
    expect(parametersFromJson(parameters, [text, 5])).toEqual([account, 5n])
    expect(parametersFromJson(parameters, { n: 5, to: text })).toEqual([account, 5n])
    expect(parametersFromJson(parameters, [text])).toEqual([account, null])
    expect(() => parametersFromJson(parameters, { toString: 1 })).toThrow('there is no parameter toString')
    expect(() => parametersFromJson(parameters, [text, 5, 6])).toThrow('3 values where (to: address, n: integer?)')
    expect(() => parametersFromJson(parameters, 'x')).toThrow('an array or an object')
    expect(() => parametersFromJson(parameters, {})).toThrow('to is no address')
  })

  it('name the fields of an event', () => {
    const event = { name: 'Paid', fields: [{ name: 'amount', type: 'amount' }] }
    const data = encodeParameters(event.fields, [7n])
    expect(eventToJson(event, data)).toEqual({ amount: '7' })
    expect(decodeParameters(event.fields, data)).toEqual([7n])
    expect(() => eventToJson({ ...event, fields: [] }, data)).toThrow(SmartshareError)
  })
})
