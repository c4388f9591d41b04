import { SmartshareError } from '@smartshare/codec'
import { fromHex, KeyPair, toHex, verify } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyFileAddress, LEAST_COST, openWallet, sealWallet } from './key-file.ts'
import { policySigner } from './signer.ts'
import { deriveEd25519 } from './slip10.ts'
import { Wallet } from './wallet.ts'

const MESSAGE = new Uint8Array(32).fill(7)
/** The first vector of BIP-39 with 24 words. */
const WORDS = `${'abandon '.repeat(23)}art`

describe('a wallet', () => {
  it('comes back from its words with the same accounts', () => {
    const wallet = Wallet.create()
    const words = wallet.words()
    expect(words?.split(' ')).toHaveLength(24)
    const again = Wallet.fromWords(`  ${words?.toUpperCase().split(' ').join('\n ')} `)
    expect(again.account(3).text).toBe(wallet.account(3).text)
    expect(again.account(3).text).not.toBe(wallet.account(4).text)
  })

  it('refuses words that are no wallet, and does not repeat them', () => {
    for (const wrong of ['', 'abandon', `${'abandon '.repeat(23)}abandon`, `${'abandon '.repeat(23)}secretword`]) {
      const error = capture(() => Wallet.fromWords(wrong))
      expect(error.code).toBe('WALLET_WORDS')
      expect(error.message).not.toContain('secretword')
      expect(error.cause).toBeUndefined()
    }
    expect(Wallet.fromWords(WORDS).words()).toBe(WORDS)
  })

  it('derives keys as SLIP-0010 says', () => {
    // Vector 1 for ed25519 of SLIP-0010: chain m/0'/1'.
    const seed = fromHex('000102030405060708090a0b0c0d0e0f')
    expect(toHex(deriveEd25519(seed, []))).toBe('2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7')
    expect(toHex(deriveEd25519(seed, [0, 1]))).toBe('b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2')
  })

  it('signs with its key, and gives another secret for every purpose', () => {
    const account = Wallet.fromSeed(new Uint8Array(32).fill(1)).account()
    const [auth] = account.sign(MESSAGE)
    expect(auth?.key).toBeNull()
    expect(verify(account.keys.publicKey, MESSAGE, auth!.signature)).toBe(true)
    expect(account.derive('storage')).toEqual(account.derive('storage'))
    expect(account.derive('storage')).not.toEqual(account.derive('other'))
    expect(() => Wallet.fromSeed(new Uint8Array(32)).account(1)).toThrow('one account')
    expect(() => Wallet.fromSeed(new Uint8Array(31))).toThrow('no secret')
  })

  it('lets several keys of a policy sign in the order of their bytes', () => {
    const keys = [1, 2, 3].map((byte) => KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(byte)))
    const auth = policySigner(new Uint8Array(32), keys).sign(MESSAGE)
    const texts = auth.map(({ key }) => toHex(key!))
    expect(texts).toEqual([...texts].sort())
    expect(auth.every(({ key, signature }) => verify(key!, MESSAGE, signature))).toBe(true)
  })
})

describe('a key file', () => {
  it('opens with its password and no other', async () => {
    for (const wallet of [Wallet.create(), Wallet.fromSeed(new Uint8Array(32).fill(9))]) {
      const text = await sealWallet(wallet, 'correct horse', LEAST_COST)
      expect(keyFileAddress(text)).toBe(wallet.account().text)
      const opened = await openWallet(text, 'correct horse')
      expect([opened.account().text, opened.words()]).toEqual([wallet.account().text, wallet.words()])
      await expect(openWallet(text, 'wrong horse')).rejects.toMatchObject({ code: 'KEYFILE_PASSWORD' })
    }
  })

  it('is never opened after any field was changed', async () => {
    const text = await sealWallet(Wallet.create(), 'p', LEAST_COST)
    const other = await sealWallet(Wallet.create(), 'p', LEAST_COST)
    const file = JSON.parse(text)
    const changes = [
      { ...file, address: JSON.parse(other).address },
      { ...file, secret: 'seed' },
      { ...file, kdf: { ...file.kdf, logN: 16 } },
      { ...file, kdf: { ...file.kdf, salt: JSON.parse(other).kdf.salt } },
      { ...file, cipher: { ...file.cipher, nonce: JSON.parse(other).cipher.nonce } },
      {
        ...file,
        cipher: {
          ...file.cipher,
          sealed: file.cipher.sealed.replace(/^../, (byte: string) => (byte === '00' ? '01' : '00')),
        },
      },
    ]
    for (const changed of changes) {
      await expect(openWallet(JSON.stringify(changed), 'p')).rejects.toMatchObject({ code: 'KEYFILE_PASSWORD' })
    }
  })

  it('is refused before any work if its form is wrong', async () => {
    const file = JSON.parse(await sealWallet(Wallet.create(), 'p', LEAST_COST))
    const wrong = [
      '',
      '{',
      'null',
      JSON.stringify({ ...file, extra: 1 }),
      JSON.stringify({ ...file, version: 2 }),
      JSON.stringify({ ...file, kdf: { ...file.kdf, logN: 40 } }),
      JSON.stringify({ ...file, kdf: { ...file.kdf, logN: 1 } }),
      JSON.stringify({ ...file, kdf: { ...file.kdf, r: 1e9 } }),
      JSON.stringify({ ...file, cipher: { ...file.cipher, sealed: 'ABCD' } }),
      ' '.repeat(5000),
    ]
    for (const text of wrong) await expect(openWallet(text, 'p')).rejects.toMatchObject({ code: 'KEYFILE_INVALID' })
  })

  it('holds nothing of the secret in the clear, and differs every time', async () => {
    const seed = new Uint8Array(32).fill(0xab)
    const texts = [
      await sealWallet(Wallet.fromSeed(seed), 'p', LEAST_COST),
      await sealWallet(Wallet.fromSeed(seed), 'p', LEAST_COST),
    ]
    expect(texts[0]).not.toBe(texts[1])
    for (const text of texts) expect(text).not.toContain('abababab')
  })

  it('throws nothing but coded errors, whatever it is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        const error = await openWallet(text, 'p').catch((thrown) => thrown)
        expect(SmartshareError.is(error, 'KEYFILE_INVALID')).toBe(true)
      }),
    )
  })
})

function capture(act: () => unknown): SmartshareError {
  try {
    act()
  } catch (error) {
    if (error instanceof SmartshareError) return error
  }
  throw new Error('nothing was thrown')
}
