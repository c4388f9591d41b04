import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODEL = fileURLToPath(new URL('../../core/consensus/model/simplex.pml', import.meta.url))
const SPIN = '/usr/bin/spin'
const COMPILER = '/usr/bin/gcc'
const MOST_MIB = 6_000
const MOST_DEPTH = 100_000
const PATIENCE_MS = 1_200_000

/** The rules of safety as the model names their absence. */
export const RULES_OFF = ['MANY_NOTARS', 'GAPS_NOT_SKIPPED', 'FINAL_AFTER_SKIP', 'SKIP_AFTER_FINAL'] as const

export interface ModelBounds {
  readonly slots: number
  /** Bit s is set if the traitor leads slot s. */
  readonly traitor: number
  readonly off?: (typeof RULES_OFF)[number]
}

export interface ModelResult {
  readonly states: number
  /** True if every state was seen. */
  readonly complete: boolean
  /** The assertion that was violated; undefined if none was. */
  readonly violated: string | undefined
}

/** What the model needs and this machine lacks; undefined if it can be run. */
export function missingForSpin(): string | undefined {
  return [SPIN, COMPILER].find((path) => !existsSync(path))
}

/** Explores core/consensus/model/simplex.pml within bounds by SPIN; throws if SPIN or the compiler fails. */
export function checkModel({ slots, traitor, off }: ModelBounds): ModelResult {
  const folder = mkdtempSync(join(tmpdir(), 'smartshare-spin-'))
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', timeout: PATIENCE_MS })
  try {
    const rule = off === undefined ? [] : [`-D${off}`]
    run(SPIN, `-DSLOTS=${slots}`, `-DTRAITOR=${traitor}`, ...rule, '-a', MODEL)
    // Most of the time goes into compiling: -O1 halves it.
    run(COMPILER, '-O1', '-DSAFETY', `-DMEMLIM=${MOST_MIB}`, '-o', 'pan', 'pan.c')
    const printed = run(join(folder, 'pan'), `-m${MOST_DEPTH}`, '-n')
    const found = /^\s*(\d+) states, stored/m.exec(printed)
    if (found === null) throw new Error(`the verifier did not finish: ${printed.slice(0, 2_000)}`)
    return {
      states: Number(found[1]),
      complete: !/Search not completed|max search depth too small|out of memory/.test(printed),
      violated: /assertion violated\s+(.*) \(at depth/.exec(printed)?.[1],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
