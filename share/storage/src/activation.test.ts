import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import { Activation } from './activation.ts'
import type { OwnerChain, StorageAgreement } from './chain.ts'
import type { SignedReceipt } from './copy-upload.ts'
import { AgreementTable } from './testing.ts'

const table = new AgreementTable()
const agreementOf = (agreement: number) => table.set({ agreement, activateUntilMs: 1, state: 'matched' })
const receiptOf = (agreement: number): SignedReceipt => ({
  agreement,
  root: new Uint8Array(32),
  sizeBytes: 1,
  key: new Uint8Array(33),
  signature: new Uint8Array(64),
})

/** A chain on which activation fails as a whole if one of these is among it. */
function chainOf(cancelled: readonly number[] = []): { chain: OwnerChain; calls: number[][] } {
  const calls: number[][] = []
  const activate = async (batch: readonly { agreement: number }[]) => {
    calls.push(batch.map(({ agreement }) => agreement))
    if (batch.some(({ agreement }) => cancelled.includes(agreement))) {
      throw new SmartshareError('AGREEMENT_STATE', 'one of them was cancelled')
    }
  }
  const agreement = async (id: number): Promise<StorageAgreement> =>
    table.set({ agreement: id, state: cancelled.includes(id) ? 'cancelled' : 'matched' })
  return { chain: { activate, agreement } as unknown as OwnerChain, calls }
}

const LONG_MS = 1_000_000

describe('the activation of copies', () => {
  it('waits for the last receipt and then activates all at once', async () => {
    const { chain, calls } = chainOf()
    const activation = new Activation(chain, 3, () => undefined)
    const active = [1, 2, 3].map((id) => activation.add(agreementOf(id), receiptOf(id), LONG_MS))
    await Promise.all(active)
    expect(calls).toEqual([[1, 2, 3]])
  })

  it('does not wait beyond half of the time that is left', async () => {
    const { chain, calls } = chainOf()
    const activation = new Activation(chain, 3, () => undefined)
    await Promise.all([1, 2].map((id) => activation.add(agreementOf(id), receiptOf(id), 20)))
    expect(calls).toEqual([[1, 2]])
    await activation.add(agreementOf(3), receiptOf(3), LONG_MS)
    expect(calls).toEqual([[1, 2], [3]])
  })

  it('saves the others when one of them was cancelled meanwhile, and lets that one come again', async () => {
    const { chain, calls } = chainOf([2])
    const errors: unknown[] = []
    const activation = new Activation(chain, 3, (error) => errors.push(error))
    const active = [1, 2, 3].map((id) => activation.add(agreementOf(id), receiptOf(id), LONG_MS))
    const outcomes = await Promise.allSettled(active)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(errors).toHaveLength(1)
    activation.again()
    await activation.add(agreementOf(4), receiptOf(4), LONG_MS)
    expect(calls).toEqual([[1, 2, 3], [1], [3], [4]])
    activation.stop()
  })
})
