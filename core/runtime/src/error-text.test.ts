import { MAX_ERROR_MESSAGE_BYTES } from '@smartshare/chain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorText } from './error-text.ts'
import { TestChain } from './testing.ts'

describe('the message of a receipt', () => {
  it('fits whatever a program says, and is the beginning of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (message) => {
        const text = errorText(message)
        expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(MAX_ERROR_MESSAGE_BYTES)
        expect(message.toWellFormed().startsWith(text)).toBe(true)
      }),
    )
    expect(errorText(`\ud800${'a'.repeat(300)}`)).toBe(`\ufffd${'a'.repeat(253)}`)
  })

  it.each([
    ['bytes that are no text', "string.rep('\\255', 190)"],
    ['characters of four bytes', "'x' .. string.rep('😀', 47)"],
  ])('of a contract may be made of %s', (_, message) => {
    const chain = new TestChain({ accounts: ['alice'] })
    const contract = chain.publish('alice', `abi.method('fail()', function() error(${message}, 0) end)`)
    const { receipts } = chain.makeBlock([chain.transaction('alice', [chain.contractCall(contract, 'fail')])])
    expect(receipts[0]?.error?.code).toBe('CONTRACT_FAILED')
  })
})
