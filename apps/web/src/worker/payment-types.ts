/** A call by names; arguments are those of the method's schema. */
export interface CallDraft {
  readonly module: string
  readonly method: string
  readonly args: object
}

/** What a payment is about, for people. */
interface PaymentSubject {
  /** What is done: `transfer`, or module and method. */
  readonly kind: string
  readonly to?: string
  readonly units?: bigint
  readonly token?: string
  readonly symbol?: string
  readonly decimals?: number
}

export interface PaymentRequest {
  /** Drawn when the person opened the form: the same id is never sent twice. */
  readonly id: string
  readonly account: string
  readonly subject: PaymentSubject
  readonly calls: readonly CallDraft[]
}

/** Its signed bytes; once they exist they are all that is ever sent again. */
export interface SignedBytes {
  readonly id: string
  readonly sender: string
  readonly wire: Uint8Array
  readonly lane: number
  readonly nonce: bigint
  readonly expiryHeight: number
}

export interface Payment {
  readonly id: string
  readonly chainId: string
  readonly account: string
  readonly subject: PaymentSubject
  readonly createdMs: number
  /**
   * `sent`: signed, may be on its way. `done`, `failed`: executed. `refused`: no node took it. `expired`: it never was and never will
   * be executed.
   */
  readonly state: 'signing' | 'sent' | 'done' | 'failed' | 'refused' | 'expired'
  readonly signed: SignedBytes | null
  readonly height: number | null
  readonly feeGrains: bigint | null
  readonly code: string | null
}
