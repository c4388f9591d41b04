import { describe, expect, it } from 'vitest'
import { Bench, DEEP, describe as describeRun, ENDING, ENDLESS, generateProgram } from './testing/index.ts'

const GENERATED = 60
const ENDLESS_FUEL = 1_000_000
const PROBE =
  "n = (n or 0) + 1 local t = { 3, 1, 2 } table.sort(t) return function() return n, t, ('%.3f'):format(1 / 3) end"

const used = new Bench()
const clean = used.machine.dump()
const probe = used.transcript(PROBE)

function expectAsNew(name: string): void {
  used.machine.restore(used.clean)
  // Compared here, because the message about 16 MiB that differ would take minutes to make.
  expect([name, firstDifference(used.machine.dump(), clean)]).toEqual([name, -1])
  expect([name, used.transcript(PROBE)]).toEqual([name, probe])
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b) === 0 ? -1 : a.findIndex((byte, i) => byte !== b[i])
}

describe('an image', () => {
  it('begins as every other machine does', () => {
    const other = new Bench()
    expect(firstDifference(other.machine.dump(), clean)).toBe(-1)
    expect(other.transcript(PROBE)).toBe(probe)
  })

  it('that is restored leaves no trace of programs that never end', () => {
    for (const { name, source } of ENDLESS) {
      expect(used.runClean(source, [], ENDLESS_FUEL)).toMatchObject({ done: false, error: { code: 'LVM_FUEL' } })
      expectAsNew(name)
    }
  })

  it('that is restored leaves no trace of programs that end badly, use all memory or nest deep', () => {
    for (const { name, source } of [...ENDING, ...DEEP]) {
      used.runClean(source, [], 1_000_000_000)
      expectAsNew(name)
    }
  })

  it('that is restored leaves no trace of generated programs', () => {
    for (let seed = 0; seed < GENERATED; seed++) {
      used.runClean(generateProgram(seed), [])
      expectAsNew(`program ${seed}`)
    }
  })

  it('that is restored leaves no trace of calls cut off anywhere', () => {
    const source = generateProgram(7)
    const { fuelUsed } = used.runClean(source)
    for (let i = 1; i < 30; i++) {
      used.runClean(source, [], Math.floor((fuelUsed * i) / 30))
      expectAsNew(`cut at ${i} of 30`)
    }
  })

  it('of a loaded program answers as the program does that was loaded just now, for the same fuel', () => {
    for (let seed = 0; seed < 40; seed++) {
      const source = generateProgram(seed)
      const atOnce = used.transcript(source)
      used.machine.restore(used.clean)
      const loaded = used.machine.load(new TextEncoder().encode(source), 20_000_000)
      if (loaded.reference === undefined) continue
      const image = used.machine.image()
      for (let turn = 0; turn < 2; turn++) {
        used.machine.restore(image)
        used.log.length = 0
        const called = used.machine.call(loaded.reference, [], 20_000_000 - loaded.fuelUsed)
        const both = { ...called, fuelUsed: called.fuelUsed + loaded.fuelUsed }
        expect([seed, describeRun(both, used.log)]).toEqual([seed, atOnce])
      }
    }
  })

  it('serves another machine too', () => {
    const other = new Bench()
    used.machine.restore(used.clean)
    const { reference } = used.machine.load(
      new TextEncoder().encode('local n = 5 return function() n = n + 1 return n end'),
      1_000_000,
    )
    used.machine.call(reference!, [], 1_000_000)
    const image = used.machine.image()
    other.machine.restore(image)
    used.machine.restore(image)
    expect(other.machine.call(reference!, [], 1_000_000)).toEqual(used.machine.call(reference!, [], 1_000_000))
    expect(other.machine.call(reference!, [], 1_000_000)).toMatchObject({ values: [8n] })
  })
})
