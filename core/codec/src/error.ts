/** Plain facts about an error, safe to log and to send: never secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | bigint | null>>

/**
 * The only kind of error that Smartshare throws on purpose: a stable code (docs/errors.md lists cause and cure),
 * a message that a person understands, and typed details. Survives a worker or RPC boundary as plain data.
 */
export class SmartshareError extends Error {
  override readonly name = 'SmartshareError'
  readonly code: string
  readonly details: ErrorDetails

  constructor(code: string, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** Plain data to post to another thread or process; `fromPlain` makes it an error again. */
  toPlain(): { code: string; message: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, details: this.details }
  }

  static fromPlain(plain: { code: string; message: string; details?: ErrorDetails }): SmartshareError {
    return new SmartshareError(plain.code, plain.message, plain.details ?? {})
  }

  /** True if `error` is a SmartshareError with this code. */
  static is(error: unknown, code?: string): error is SmartshareError {
    return error instanceof SmartshareError && (code === undefined || error.code === code)
  }
}
