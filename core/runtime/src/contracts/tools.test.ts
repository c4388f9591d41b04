import { SmartshareError } from '@smartshare/codec'
import { formatAddress, KeyPair, sha256 } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { TestChain } from '../testing.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

const SOURCE = `
abi.view('sha(data: bytes): bytes', crypto.sha256)
abi.view('verify(key: bytes, message: bytes, signature: bytes): boolean', crypto.verify)
abi.view('fromText(text: string): address', address.parse)
abi.view('toText(of: address): string', address.format)
abi.view('throughJson(text: string): string', function(text) return json.encode(json.decode(text)) end)
abi.view('throughCbor(value: any): any', function(value) return cbor.decode(cbor.encode(value)) end)
abi.view('same(value: any): any', function(value) return value end)
abi.view('add(a: amount, b: amount): amount', decimal.add)
abi.view('sub(a: amount, b: amount): amount', decimal.sub)
abi.view('mulDiv(a: amount, b: amount, c: amount): amount', decimal.mulDiv)
abi.view('parse(text: string, decimals: integer): amount', decimal.parse)
abi.view('format(value: amount, decimals: integer): string', decimal.format)
abi.view('facts(): any', function()
  return { height = system.height(), time = system.time(), seed = system.seed(), chain = system.chain() }
end)`

let chain: TestChain
let tools: Uint8Array
const ask = (method: string, ...args: LuaValue[]) => chain.view(tools, method, ...args)
const text = (value: LuaValue) => new TextDecoder().decode(value as Uint8Array)
const refusal = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error.message
    throw error
  }
  return 'not refused'
}

beforeAll(() => {
  chain = new TestChain({ accounts: ['alice'] })
  tools = chain.publish('alice', SOURCE)
})

describe('the tools of contracts', () => {
  it('hash and check signatures as the chain does', () => {
    const data = sha256(textBytes('data'))
    expect(ask('sha', data)).toEqual(sha256(data))
    for (const algorithm of ['ed25519', 'p256'] as const) {
      const keys = KeyPair.fromSeed(algorithm, sha256(textBytes(algorithm)))
      const signature = keys.sign(data)
      expect(ask('verify', keys.publicKey, data, signature)).toBe(true)
      expect(ask('verify', keys.publicKey, sha256(data), signature)).toBe(false)
      expect(ask('verify', textBytes('no key'), data, signature)).toBe(false)
    }
  })

  it('read and write addresses', () => {
    const { address } = chain.account('alice')
    expect(ask('fromText', textBytes(formatAddress(address)))).toEqual(address)
    expect(text(ask('toText', address))).toBe(formatAddress(address))
    expect(refusal(() => ask('fromText', textBytes('ssp1nothing')))).toContain('ADDRESS_TEXT_INVALID')
  })

  it.each([
    ['{"b":[1,2.5,-3],"a":{"c":"é","d":true}}', '{"a":{"c":"é","d":true},"b":[1,2.5,-3]}'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['[]', '[]'],
    ['"\\u0000\\n"', '"\\u0000\\n"'],
  ])('take JSON as what it says: %s', (given, expected) => {
    expect(text(ask('throughJson', textBytes(given)))).toBe(expected)
  })

  it.each([
    ['{', 'no JSON'],
    ['9223372036854775808', 'outside 64 bits'],
    [`${'['.repeat(17)}${']'.repeat(17)}`, 'more than 16 deep'],
    ['[1,]', 'no JSON'],
    ['1e999', 'no infinity'],
  ])('refuse JSON that is none, or that no value can hold: %s', (given, why) => {
    expect(refusal(() => ask('throughJson', textBytes(given)))).toContain(why)
  })

  it('compute exactly with amounts, or not at all', () => {
    const most = (1n << 63n) - 1n
    expect(ask('add', most - 1n, 1n)).toBe(most)
    expect(refusal(() => ask('add', most, 1n))).toContain('AMOUNT_RANGE')
    expect(refusal(() => ask('sub', 1n, 2n))).toContain('AMOUNT_RANGE')
    expect(ask('mulDiv', most, most, most)).toBe(most)
    expect(refusal(() => ask('mulDiv', 1n, 1n, 0n))).toContain('AMOUNT_RANGE')
    expect(ask('parse', textBytes('1.5'), 8n)).toBe(150_000_000n)
    expect(text(ask('format', 150_000_000n, 8n))).toBe('1.5')
  })

  it('tell the facts of the block', () => {
    const facts = ask('facts') as ReadonlyMap<string, LuaValue>
    expect(facts.get('height')).toBe(BigInt(chain.head.height))
    expect(facts.get('time')).toBe(BigInt(chain.head.timeMs))
    expect(facts.get('seed')).toEqual(chain.head.accumulator)
    expect(facts.get('chain')).toEqual(chain.chainId)
  })
})

const luaText = fc.string({ unit: 'grapheme', maxLength: 12 }).map(textBytes)
/** Values of every kind, as they come out of Lua: an empty table is a list, and there is one NaN. */
const luaValue = fc.letrec<{ value: LuaValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.double(),
    fc.boolean(),
    luaText,
    fc.uint8Array({ maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .dictionary(fc.string({ minLength: 1, maxLength: 30 }), tie('value'), {
        minKeys: 1,
        maxKeys: 4,
        noNullPrototype: true,
      })
      .map((fields) => new Map(Object.entries(fields))),
  ),
})).value

describe('values', () => {
  it('come back from CBOR and from Lua as they were', () => {
    fc.assert(
      fc.property(luaValue, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value)
        expect(ask('same', value)).toEqual(value)
        expect(ask('throughCbor', value)).toEqual(value)
      }),
      { numRuns: 150 },
    )
  })

  it('have one encoding each: whatever decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        let value: LuaValue
        try {
          value = decodeValue(bytes)
        } catch (error) {
          expect(SmartshareError.is(error)).toBe(true)
          return
        }
        expect(encodeValue(value)).toEqual(bytes)
      }),
      { numRuns: 3000 },
    )
  })
})
