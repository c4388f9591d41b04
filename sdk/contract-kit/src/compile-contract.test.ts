import { SmartshareError } from '@smartshare/codec'
import { TestChain } from '@smartshare/runtime/testing'
import { describe, expect, it } from 'vitest'
import { compileContract, compileSource } from './compile-contract.ts'

const BOOK = `
interface Entry { n: Integer; tags: readonly string[] }
const entries = state.map<Integer, Entry>('entries')
const total = state.value<Integer>('total', 0)
const order = state.list<Integer>('order')

abi.method('put(key: integer, n: integer, tags: string[])', (key: Integer, n: Integer, tags: string[]) => {
  if (n === 13) throw 'an unlucky number'
  entries[key] = { n, tags: tags.filter((tag) => tag.length > 1).map((tag) => tag + '!') }
  total.set(total.get() + n)
  order.push(key)
})
abi.method('drop(key: integer)', (key: Integer) => { entries[key] = undefined })
abi.view('get(key: integer): any', (key: Integer) => entries[key])
abi.view('half(): integer', () => idiv(total.get(), 2))
abi.view('sum(): integer', () => {
  let sum = 0
  for (const [key, entry] of state.range(entries)) sum += key * entry.n
  return sum
})
abi.method('tryPut(key: integer): string', (key: Integer) => {
  const [good, why] = contract.pcall(() => {
    entries[key] = { n: 1, tags: [] }
    throw 'no'
  })
  return good ? 'good' : why
})
`

function failure(act: () => unknown): SmartshareError {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('a contract in TypeScript', () => {
  it('runs on the chain as Lua, with integers of 64 bits', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const text = (value: string) => new TextEncoder().encode(value)
    const book = chain.publish('alice', compileSource(BOOK))
    const most = (1n << 62n) + 1n
    chain.run('alice', chain.contractCall(book, 'put', [3n, most, [text('a'), text('bc')]]))
    chain.run('alice', chain.contractCall(book, 'put', [-4n, 4n, []]))
    expect(chain.view(book, 'half')).toBe((most + 4n) / 2n)
    expect(chain.view(book, 'get', 3n)).toEqual(
      new Map<string, unknown>([
        ['n', most],
        ['tags', [text('bc!')]],
      ]),
    )
    chain.run('alice', chain.contractCall(book, 'drop', [3n]))
    expect([chain.view(book, 'get', 3n), chain.view(book, 'sum')]).toEqual([null, -16n])
    expect(failure(() => chain.run('alice', chain.contractCall(book, 'put', [1n, 13n, []]))).message).toBe(
      'an unlucky number',
    )
    chain.run('alice', chain.contractCall(book, 'tryPut', [9n]))
    expect(chain.view(book, 'get', 9n)).toBe(null)
  })

  it('may bring along what Lua lacks', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const source = `
      class Words { constructor(private readonly text: string) {} last(): string { return this.text.split(' ').at(-1)! } }
      abi.view('last(text: string): string', (text: string) => new Words(text).last())
      abi.method('fail()', () => { throw new Error('with a class') })`
    const address = chain.publish('alice', compileSource(source))
    const view = chain.view(address, 'last', new TextEncoder().encode('one two three'))
    expect(new TextDecoder().decode(view as Uint8Array)).toBe('three')
    expect(failure(() => chain.run('alice', chain.contractCall(address, 'fail'))).code).toBe('CONTRACT_FAILED')
  })

  it.each([
    ['a wrong type', 'const a: string = 5', "contract.ts:1: Type 'number' is not assignable to type 'string'."],
    ['what the host does not have', '\ncontract.sned()', "contract.ts:2: Property 'sned' does not exist"],
    [
      'what JavaScript has and Lua does not',
      'const t = Date.now()\nabi.view("t(): integer", () => fetch("x"))',
      'fetch',
    ],
    ['a source that is too large', `const a = '${'x'.repeat(70_000)}'\nassert(a, a)`, 'a contract at most'],
  ])('is refused for %s', (_, source, why) => {
    const error = failure(() => compileSource(source))
    expect([error.code, error.message]).toEqual(['KIT_TYPESCRIPT', expect.stringContaining(why)])
  })

  it('says if its file cannot be read', () => {
    expect(failure(() => compileContract('/nowhere/contract.ts')).code).toBe('KIT_FILE')
  })
})
