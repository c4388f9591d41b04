import { type Io, io } from './io.ts'

const WIDTH = 28
/** A terminal is written to at most so often, milliseconds. */
const REDRAW_MS = 100
const MIB = 2 ** 20

/** A line that shows how far something is, on a terminal alone; elsewhere it stays silent. */
export class ProgressBar {
  readonly #out: Io['stderr']
  readonly #what: string
  readonly #unit: 'bytes' | 'blocks'
  readonly #startedMs = performance.now()
  #drawnMs = Number.NEGATIVE_INFINITY
  #isDrawn = false

  constructor(what: string, out: Io['stderr'] = io().stderr, unit: 'bytes' | 'blocks' = 'bytes') {
    this.#what = what
    this.#unit = unit
    this.#out = out
  }

  /** `done` and `total` in the unit; `note` follows them. */
  show(done: number, total: number, note = ''): void {
    const nowMs = performance.now()
    if (this.#out.isTTY !== true || nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    this.#isDrawn = true
    const perSecond = done / Math.max(0.001, (nowMs - this.#startedMs) / 1000)
    const speed = this.#unit === 'bytes' ? `${(perSecond / MIB).toFixed(1)} MiB/s` : `${Math.round(perSecond)} blocks/s`
    this.#out.write(`\r${barText(this.#what, done, total, speed, note).slice(0, (this.#out.columns ?? 80) - 1)}\x1b[K`)
  }

  /** Takes the line away, so that the result stands alone. */
  end(): void {
    if (this.#isDrawn) this.#out.write('\r\x1b[K')
    this.#isDrawn = false
  }
}

/** "storing [#####     ]  50 %  12.0 MiB/s  2 of 4 copies" */
export function barText(what: string, done: number, total: number, speed: string, note: string): string {
  const part = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(part * WIDTH)
  const bar = `${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}`
  const percent = `${Math.floor(part * 100)}`.padStart(3)
  return `${what} [${bar}] ${percent} %  ${speed}${note === '' ? '' : `  ${note}`}`
}
