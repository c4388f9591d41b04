import { SmartshareError } from '@smartshare/codec'
import { textBytes } from '@smartshare/lvm'
import { describe, expect, it } from 'vitest'
import { TestChain } from '../testing.ts'
import { ContractEngine } from './engine.ts'
import type { ContractWatch } from './watch.ts'

const SOURCE = `local v = state.value('v')
abi.method('set(n: integer)', function(n)
  v:set(n)
  if n == 13 then
    error('unlucky')
  end
end)
abi.view('get(): integer?', function() return v:get() end)`

function play(watch?: ContractWatch): { chain: TestChain; contract: Uint8Array; message: string } {
  const chain = new TestChain({ accounts: ['alice'], engine: new ContractEngine(watch) })
  const contract = chain.publish('alice', SOURCE)
  chain.run('alice', chain.contractCall(contract, 'set', [5n]))
  let message = ''
  try {
    chain.run('alice', chain.contractCall(contract, 'set', [13n]))
  } catch (error) {
    if (!SmartshareError.is(error)) throw error
    message = error.message
  }
  return { chain, contract, message }
}

describe('watching contracts', () => {
  it('shows lines, writes and failures, and changes nothing that contracts answer', () => {
    const lines = new Set<string>()
    const writes: unknown[] = []
    const traces: (string | undefined)[] = []
    const watched = play({
      line: (codeKey, line) => lines.add(`${codeKey === undefined ? 'loading' : 'running'} ${line}`),
      write: ({ name, key, value }) => writes.push([name, key, value]),
      failure: (_, trace) => traces.push(trace),
    })
    const plain = play()
    expect(watched.message).toBe('contract:5: unlucky')
    expect(watched.message).toBe(plain.message)
    expect(watched.chain.view(watched.contract, 'get')).toBe(5n)
    expect(plain.chain.view(plain.contract, 'get')).toBe(5n)
    expect(writes).toEqual([5n, 13n].map((value) => [textBytes('v'), 0n, value]))
    expect(traces).toEqual([expect.stringContaining('contract:5: in function <contract:2>')])
    // Each source is loaded once when it is published, unknown yet, and once by its hash before the first call.
    expect([...lines].filter((line) => line.endsWith(' 1')).sort()).toEqual(['loading 1', 'running 1'])
    expect([3, 4, 5].every((line) => lines.has(`running ${line}`))).toBe(true)
    expect(lines.has('loading 3')).toBe(false)
  })
})
