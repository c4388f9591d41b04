import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogOutput } from './log-output.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'log-output-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('LogOutput', () => {
  it('writes every line as it is', () => {
    const file = openSync(join(dir, 'log'), 'a')
    const output = new LogOutput(file)
    for (const line of ['{"a":1}\n', '{"b":"ü"}\n']) output.write(line)
    closeSync(file)
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('{"a":1}\n{"b":"ü"}\n')
  })

  it('lives on without a file', () => {
    const file = openSync(join(dir, 'log'), 'a')
    closeSync(file)
    expect(() => new LogOutput(file).write('line\n')).not.toThrow()
  })

  it('drops lines on a full disk, and tells how many as soon as there is room', (test) => {
    const small = join(dir, 'small')
    mkdirSync(small)
    // Only the superuser of a Linux machine may mount one.
    test.skip(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', small]).status !== 0)
    try {
      const file = openSync(join(small, 'log'), 'a')
      const output = new LogOutput(file)
      writeFileSync(join(small, 'other'), Buffer.alloc(32 * 1024))
      const line = (number: number) => `${JSON.stringify({ number, text: 'x'.repeat(1_000) })}\n`
      for (let number = 0; number < 100; number++) output.write(line(number))
      rmSync(join(small, 'other'))
      output.write(line(100))
      closeSync(file)
      const lines = readFileSync(join(small, 'log'), 'utf8').trimEnd().split('\n')
      const whole = lines.flatMap((text) => {
        try {
          return [JSON.parse(text) as { number?: number; dropped?: number }]
        } catch {
          return []
        }
      })
      // At most the one line that was under way when the disk became full is torn.
      expect(lines.length - whole.length).toBeLessThanOrEqual(1)
      const kept = whole.filter(({ number }) => number !== undefined).map(({ number }) => number as number)
      const { dropped } = whole.find((one) => one.dropped !== undefined) as { dropped: number }
      expect(kept.at(-1)).toBe(100)
      expect(kept.length + dropped).toBe(101)
      expect(dropped).toBeGreaterThan(50)
    } finally {
      spawnSync('umount', [small])
    }
  })
})
