import { FINAL, HASH_BYTES, NO_VALUE, NOTAR, PROPOSE, SKIP } from '@smartshare/chain'
import { decode, encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import type { SignRequest } from '@smartshare/consensus'
import { equalBytes } from '@smartshare/crypto'

/** Slots of the running term that are remembered; what lies further back is never signed any more. */
export const KEPT_SLOTS = 4_096
/** Kinds of records beside those of statements. */
const FLOOR = 4
const SILENCE = 5

const recordSchema = record({
  kind: uint(SILENCE),
  term: uint(),
  slot: uint(),
  value: fixedBytes(HASH_BYTES),
  /** Of a silence: nothing is signed in terms that stand on a block of before this time. */
  untilMs: uint(),
})

type PromiseRecord = Infer<typeof recordSchema>
export type Statement = Extract<SignRequest, { type: 'statement' }>

/** What was signed for a slot. */
type Signed = (Uint8Array | undefined)[]

/**
 * The rules that keep a delegate from contradicting itself (docs/spec/signer.md): for each slot at most one value of
 * Propose, Notar and Final, and never both Final and Skip; nothing below a floor that only rises; after a loss nothing
 * until a term begins that cannot have been voted in. Pure memory: what it gives to write must be durable before a signature goes out.
 */
export class SigningRules {
  private term = 0
  private floorSlot = 0
  private silentUntilMs = 0
  private readonly slots = new Map<number, Signed>()

  /** Takes the rules up where the records of a log end. Throws CODEC_*. */
  static read(records: readonly Uint8Array[]): SigningRules {
    const rules = new SigningRules()
    for (const encoded of records) {
      const { kind, term, slot, value, untilMs } = decode(recordSchema, encoded)
      if (kind === SILENCE) rules.silence(untilMs)
      else if (kind === FLOOR) rules.raise(term, slot)
      else rules.note({ term, slot, kind, value: value.slice() })
    }
    return rules
  }

  /**
   * Promises a statement: what must be durable before it is signed. The same one may be signed again. Throws SIGNER_SILENT,
   * SIGNER_FLOOR or SIGNER_CONFLICT.
   */
  promise(statement: Statement): Uint8Array {
    const { term, baseMs, slot, kind, value } = statement
    if (kind < NOTAR || kind > PROPOSE || (kind === SKIP) !== equalBytes(value, NO_VALUE)) {
      throw new SmartshareError('SIGNER_REQUEST', 'no statement that a delegate makes')
    }
    if (baseMs < this.silentUntilMs) {
      throw new SmartshareError('SIGNER_SILENT', 'promises may be lost: nothing is signed before the next term', {
        term,
      })
    }
    if (term < this.term || (term === this.term && slot < this.floorSlot)) {
      throw new SmartshareError('SIGNER_FLOOR', `slot ${slot} of term ${term} is below the floor`, { term, slot })
    }
    if (term === this.term) this.checkConflicts(slot, kind, value)
    this.note(statement)
    return encode(recordSchema, { kind, term, slot, value, untilMs: 0 })
  }

  /** Nothing is signed in terms that stand on a block of before this time. */
  silence(untilMs: number): void {
    this.silentUntilMs = Math.max(this.silentUntilMs, untilMs)
  }

  /** All that still counts, as records. */
  records(): Uint8Array[] {
    const { term } = this
    const all: PromiseRecord[] = [
      { kind: SILENCE, term: 0, slot: 0, value: NO_VALUE, untilMs: this.silentUntilMs },
      { kind: FLOOR, term, slot: this.floorSlot, value: NO_VALUE, untilMs: 0 },
    ]
    for (const [slot, signed] of this.slots) {
      for (const [kind, value] of signed.entries()) {
        if (value !== undefined) all.push({ kind, term, slot, value, untilMs: 0 })
      }
    }
    return all.map((one) => encode(recordSchema, one))
  }

  private checkConflicts(slot: number, kind: number, value: Uint8Array): void {
    const signed = this.slots.get(slot)
    if (signed === undefined) return
    const same = signed[kind]
    const isOther = same !== undefined && !equalBytes(same, value)
    const isCrossed = (kind === SKIP && signed[FINAL] !== undefined) || (kind === FINAL && signed[SKIP] !== undefined)
    if (!isOther && !isCrossed) return
    throw new SmartshareError('SIGNER_CONFLICT', `slot ${slot} has a statement that contradicts this one`, {
      slot,
      kind,
    })
  }

  private note({ term, slot, kind, value }: Pick<Statement, 'term' | 'slot' | 'kind' | 'value'>): void {
    if (term < this.term) return
    if (term > this.term) this.raise(term, 0)
    const signed = this.slots.get(slot) ?? []
    signed[kind] = value
    this.slots.set(slot, signed)
    if (slot - KEPT_SLOTS > this.floorSlot) this.raise(term, slot - KEPT_SLOTS)
  }

  private raise(term: number, slot: number): void {
    if (term < this.term) return
    if (term > this.term) this.slots.clear()
    this.floorSlot = term > this.term ? slot : Math.max(slot, this.floorSlot)
    this.term = term
    for (const at of this.slots.keys()) if (at < this.floorSlot) this.slots.delete(at)
  }
}
