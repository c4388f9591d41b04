import { KeyPair } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signMessage, verifyMessage } from './message.ts'
import { policySigner } from './signer.ts'
import { Wallet } from './wallet.ts'

const alice = Wallet.fromSeed(new Uint8Array(32).fill(1)).account()
const bob = Wallet.fromSeed(new Uint8Array(32).fill(2)).account()

describe('a signed message', () => {
  it('is checked with its address alone, whatever its text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const json = JSON.stringify(await signMessage(alice, text))
        expect(verifyMessage(json)).toMatchObject({ address: alice.text, text: JSON.parse(json).text })
      }),
    )
  })

  it('is refused after any part was changed', async () => {
    const message = await signMessage(alice, 'I owe you nothing.')
    const other = await signMessage(bob, 'I owe you nothing.')
    const changes = [
      { text: 'I owe you everything.' },
      { address: other.address },
      { key: other.key },
      { signature: other.signature },
      { key: other.key, signature: other.signature },
    ]
    for (const change of changes) {
      expect(() => verifyMessage(JSON.stringify({ ...message, ...change }))).toThrow(
        expect.objectContaining({ code: 'MESSAGE_SIGNATURE' }),
      )
    }
  })

  it('is refused before any work if it is none', async () => {
    const message = await signMessage(alice, 'x')
    const wrong = [
      '',
      '{',
      'null',
      '[]',
      JSON.stringify({ ...message, more: 1 }),
      JSON.stringify({ ...message, key: 'zz' }),
    ]
    for (const json of [...wrong, ' '.repeat(200_000)]) {
      expect(() => verifyMessage(json)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }))
    }
    await expect(signMessage(alice, 'x'.repeat(70_000))).rejects.toMatchObject({ code: 'MESSAGE_INVALID' })
  })

  it('is not made for an account whose keys only the chain knows', async () => {
    const key = KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(3))
    await expect(signMessage(policySigner(bob.address, [key]), 'x')).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
    })
  })
})
