import { describe, expect, it } from 'vitest'
import { barText, ProgressBar } from './progress-bar.ts'

const MIB = 2 ** 20

describe('a progress bar', () => {
  it('shows part, speed and note, and is full only at the end', () => {
    expect(barText('storing', 0, 100, '0.0 MiB/s', '')).toBe(`storing [${' '.repeat(28)}]   0 %  0.0 MiB/s`)
    expect(barText('storing', 50, 100, '12.0 MiB/s', '2 of 4')).toBe(
      `storing [${'#'.repeat(14)}${' '.repeat(14)}]  50 %  12.0 MiB/s  2 of 4`,
    )
    expect(barText('storing', 999, 1000, '', '')).toContain(' 99 %')
    expect(barText('storing', 0, 0, '', '')).toContain('100 %')
  })

  it('writes nothing where there is no terminal, and clears its line where there is one', () => {
    const written: string[] = []
    const stream = (isTTY: boolean) =>
      ({ isTTY, columns: 200, write: (text: string) => written.push(text) }) as unknown as NodeJS.WriteStream
    const silent = new ProgressBar('x', stream(false))
    silent.show(1, 2)
    silent.end()
    expect(written).toEqual([])
    const bar = new ProgressBar('x', stream(true))
    bar.show(MIB, 2 * MIB)
    // Too soon after the last one to be drawn again.
    bar.show(2 * MIB, 2 * MIB)
    bar.end()
    bar.end()
    expect(written).toHaveLength(2)
    expect(written[0]).toContain(' 50 %')
    expect(written[1]).toBe('\r\x1b[K')
  })
})
