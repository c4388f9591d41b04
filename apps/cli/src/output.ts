import { cureOf } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { io } from './io.ts'

/** How a command speaks: exactly one JSON value on standard output with `--json`, text for people without it. */
export interface Output {
  readonly json: boolean
  /** The result of the command: `value` as JSON, or `text` for people. */
  result(value: unknown, text: () => string): void
  /** What is going on, for people; on standard error. */
  note(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result(value, text) {
      io().stdout.write(json ? `${JSON.stringify(value, plain)}\n` : ending(text()))
    },
    note(text) {
      io().stderr.write(ending(text))
    },
  }
}

/** Says what went wrong, with its code and its cure, and gives the exit code. */
export function reportError(error: unknown, json: boolean): number {
  const code = SmartshareError.is(error) ? error.code : 'INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  const cure = cureOf(code)
  if (json) io().stdout.write(`${JSON.stringify({ error: { code, message, cure } })}\n`)
  else io().stderr.write(`error ${code}: ${message}\ncure: ${cure}\n`)
  if (code === 'INTERNAL' && error instanceof Error) io().stderr.write(`${error.stack}\n`)
  return 1
}

/** Amounts are integers beyond what JSON numbers can hold, so they travel as decimal strings. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

function ending(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
