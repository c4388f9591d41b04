import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { executableLines } from './executable-lines.ts'
import { runTests } from './run-tests.ts'

const BOX = `local held = state.map('held')
local Paid = abi.event('Paid(by: address, amount: amount)')

abi.payable('put(note: string)', function(note)
  held[system.caller()] = (held[system.caller()] or 0) + system.value()
  Paid(system.caller(), system.value())
  if note == 'bad' then
    error('a bad note')
  end
end)
abi.method('take()', function()
  local amount = held[system.caller()]
  assert(amount, 'there is nothing of yours')
  held[system.caller()] = nil
  contract.send(system.caller(), amount)
end)
abi.view('of(who: address): amount', function(who) return held[who] or 0 end)
abi.view('never(): integer', function()
  return 1
end)
`

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contract-kit-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function failureOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
  return 'none'
}

describe('the test runner', () => {
  it('runs each test on a chain of its own, with money and time', () => {
    write('box/box.lua', BOX)
    write(
      'box/box.test.lua',
      `local count = 0
      test('takes and gives money', function()
        count = count + 1
        local box = publish('box.lua')
        local before = balance('bob')
        box:with { from = 'bob', value = ssp('1.5') }.put('hello')
        equal(event('Paid'), { by = account('bob'), amount = 150000000 })
        equal({ box.of(account('bob')), balance(box), before - balance('bob') }, { 150000000, 150000000, 150000000 })
        box:with { from = 'bob' }.take()
        equal({ balance(box), balance('bob') }, { 0, before })
        expectError(function() box.take() end, 'nothing of yours')
        expectError(function() box:with { value = 1 }.take() end, 'CONTRACT_FUNDS')
      end)
      test('begins anew', function()
        count = count + 1
        equal(count, 1)
        local from, before = time(), height()
        advance { days = 2, ms = 5 }
        equal(time() - from, 2 * 86400000 + 5)
        advance { blocks = 3 }
        equal(height() - before, 4)
      end)`,
    )
    const report = runTests(folder)
    expect(report.files[0]?.tests.map(({ error }) => error)).toEqual([undefined, undefined])
    expect([report.passed, report.failed]).toEqual([2, 0])
    expect(report.coverage).toEqual([{ path: 'box/box.lua', covered: 13, lines: 15, missed: [8, 19] }])
    expect(report.gas.map(({ contract, method, calls }) => [contract, method, calls])).toEqual([
      ['box/box.lua', 'publish', 1],
      ['box/box.lua', 'put', 1],
      ['box/box.lua', 'take', 1],
    ])
    // What watches costs fuel: gas comes from the run that nobody watches.
    expect(runTests(folder, { watch: false }).gas).toEqual(report.gas)
  })

  it('says where a test and the contract failed, and what was taken back', () => {
    write('box.lua', BOX)
    write(
      'box.test.lua',
      `test('fails in the contract', function()
        local box = publish('box.lua')
        box:with { from = 'bob', value = 7 }.put('bad')
      end)
      test('fails by itself', function()
        equal({ 1, { a = 'x' } }, { 1, { a = 'y' } }, 'two tables')
      end)
      test('expects another error', function()
        expectError(function() publish('box.lua').take() end, 'no such words')
      end)
      test('does not end', function()
        publish("abi.method('spin()', function()\\nlocal a = 1\\nwhile true do\\na = a + 1\\nend\\nend)").spin()
      end)
      test('calls what is not there', function() publish('box.lua').tkae() end)`,
    )
    const [first, second, third, spinning, fourth] = runTests(folder).files[0]!.tests.map(({ error }) => error!)
    expect(first).toEqual({
      message: 'CONTRACT_FAILED: contract:8: a bad note',
      line: 3,
      trace: ["box.lua:8 in function <contract:4>: error('a bad note')", 'taken back: box.lua held[<bob>] = 7'],
    })
    expect(second).toEqual({ message: "two tables: { 1, { a = 'x' } } is not { 1, { a = 'y' } }", line: 6 })
    expect(third).toMatchObject({ line: 9, message: expect.stringContaining('nothing of yours') })
    expect(spinning).toMatchObject({ line: 12, message: expect.stringContaining('GAS_EXHAUSTED') })
    expect(spinning?.trace?.[0]).toMatch(/^source in the test:[34] in the last line that ran: /)
    expect(fourth).toMatchObject({ line: 14, message: 'the contract has no method tkae' })
  })

  it('counts what does not load, or tests nothing, as failed', () => {
    write('a.test.lua', "test('x', function() end")
    write('b.test.lua', 'local nothing = 1')
    write('c.test.lua', "test('spins', function() while true do end end)")
    const report = runTests(folder)
    expect([report.passed, report.failed]).toEqual([0, 3])
    expect(report.files.map(({ tests }) => tests[0]?.error?.message)).toEqual([
      "')' expected near <eof>",
      expect.stringContaining('declares no test'),
      'the test does not end',
    ])
  })

  it('runs what a filter names, and says if there is nothing', () => {
    write('a.test.lua', "test('one', function() end) test('two', function() end)")
    expect(runTests(folder, { filter: 'two' }).files[0]?.tests.map(({ name }) => name)).toEqual(['two'])
    expect(runTests(folder, { filter: 'a.test' }).passed).toBe(2)
    expect(failureOf(() => runTests(folder, { filter: 'three' }))).toBe('KIT_NO_TESTS')
    expect(failureOf(() => runTests(join(folder, 'missing')))).toBe('KIT_FILE')
  })

  it('lets tests publish with rules, pause, upgrade and pay', () => {
    write('box.lua', BOX)
    write(
      'box.test.lua',
      `test('rules', function()
        local box = publish('box.lua', { from = 'bob', upgrade = { by = 'bob', delayMs = 1000 }, pauser = 'carol' })
        pause(box, true, { from = 'carol' })
        expectError(function() box.put('x') end, 'CONTRACT_PAUSED')
        pause(box, false, { from = 'carol' })
        local new = "abi.view('version(): integer', function() return 2 end)"
        announceUpgrade(box, new, { from = 'bob' })
        expectError(function() upgrade(box, new, { from = 'bob' }) end, 'CONTRACT_UPGRADE')
        advance { seconds = 1 }
        upgrade(box, new, { from = 'bob' })
        equal(box.version(), 2)
        pay('alice', box, 5)
        equal({ balance(box), #events('transfer') }, { 5, 1 })
        equal(crypto.verify(crypto.key('bob'), crypto.sha256('hello'), crypto.sign('bob', crypto.sha256('hello'))), true)
      end)`,
    )
    expect(runTests(folder).files[0]?.tests[0]?.error).toBeUndefined()
  })
})

describe('lines that can run', () => {
  it('leave out comments, empty lines and what only closes', () => {
    const source = `-- comment

local a = {
  1,
  f = function(...)
    if ... then
      return 1.5
    else
      return 'text', 7
    end
  end,
}

return a`
    expect(executableLines(source)).toEqual([3, 4, 6, 7, 9, 14])
  })

  it('are found behind many lines without any', () => {
    expect(executableLines(`local a = 1${'\n'.repeat(1000)}a = 2`)).toEqual([1, 1001])
  })
})
