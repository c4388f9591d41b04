import { readFileSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import {
  agreedState,
  decodeHandOver,
  decodeLightState,
  encodeLightState,
  handOver,
  type LightRules,
  type LightState,
  verifyEntry,
  verifyExecuted,
  verifyReceipt,
} from './index.ts'

/** Hexadecimal, or a number of zero bytes. */
type Bytes = string | { readonly zeros: number }
const bytesOf = (text: Bytes) => (typeof text === 'string' ? fromHex(text) : new Uint8Array(text.zeros))

type Case = LightRules & {
  readonly kind: 'hand-over' | 'entry' | 'executed' | 'receipt' | 'checkpoints'
  readonly name: string
  readonly state: Bytes
  readonly proof: Bytes
  readonly key: string
  readonly index: number
  readonly chainId: string
  readonly one: string
  readonly other: string
  /** The state afterwards, or else the code of the error. */
  readonly result?: string
  readonly error?: string
} & Readonly<Record<string, unknown>>

const cases: Case[] = JSON.parse(readFileSync(new URL('../vectors/light.json', import.meta.url), 'utf8'))

/** What a case leads to, with the fields that its kind has. */
function outcome(one: Case): { state: LightState } & Record<string, unknown> {
  if (one.kind === 'checkpoints') {
    const [first, second] = [one.one, one.other].map((text) => decodeLightState(fromHex(text)))
    return { state: agreedState(fromHex(one.chainId), first as LightState, second as LightState) }
  }
  const state = decodeLightState(bytesOf(one.state))
  const proof = bytesOf(one.proof)
  if (one.kind === 'hand-over') return { state: handOver(state, decodeHandOver(proof), one) }
  if (one.kind === 'entry') {
    const { value, ...rest } = verifyEntry(state, proof, fromHex(one.key), one)
    return { ...rest, value: value === undefined ? null : toHex(value) }
  }
  const place = { height: one.height as number, index: one.index }
  const checked =
    one.kind === 'executed' ? verifyExecuted(state, proof, place.height, one) : verifyReceipt(state, proof, place, one)
  const { blockHash, stateRoot, receiptsRoot } = checked.executed
  const executed = { blockHash: toHex(blockHash), stateRoot: toHex(stateRoot), receiptsRoot: toHex(receiptsRoot) }
  if (!('receipt' in checked)) return { ...checked, executed }
  const { transactionId, gasUsed } = (checked as ReturnType<typeof verifyReceipt>).receipt
  return { ...checked, executed, transactionId: toHex(transactionId), gasUsed }
}

describe('the vectors of light clients', () => {
  it('are many, of every kind, valid and not', () => {
    for (const kind of ['hand-over', 'entry', 'executed', 'receipt', 'checkpoints']) {
      const ofKind = cases.filter((one) => one.kind === kind)
      expect(ofKind.filter(({ error }) => error === undefined).length).toBeGreaterThan(1)
      expect(ofKind.filter(({ error }) => error !== undefined).length).toBeGreaterThan(5)
    }
  })

  it.each(cases.filter(({ error }) => error === undefined))('$kind: $name holds', (one) => {
    const { state, ...found } = outcome(one)
    expect(toHex(encodeLightState(state))).toBe(one.result)
    for (const name of ['value', 'height', 'executed', 'transactionId', 'gasUsed'])
      if (name in one) expect(found[name]).toEqual(one[name])
  })

  it.each(cases.filter(({ error }) => error !== undefined))('$kind: $name is $error', (one) => {
    let thrown: unknown
    try {
      outcome(one)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(SmartshareError)
    expect((thrown as SmartshareError).code).toBe(one.error)
  })
})
