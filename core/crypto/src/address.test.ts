import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressOfContract,
  addressOfKey,
  addressOfModule,
  addressOfPolicy,
  addressOfToken,
  formatAddress,
  parseAddress,
} from './address.ts'
import { fromHex, toHex } from './bytes.ts'

interface AddressCase {
  kind: 'key' | 'policy' | 'module' | 'contract' | 'token' | 'text'
  key?: string
  threshold?: number
  keys?: string[]
  module?: string
  creator?: string
  counter?: number
  text?: string
  address?: string
  valid: boolean
}

const vectors: AddressCase[] = JSON.parse(readFileSync(new URL('../vectors/address.json', import.meta.url), 'utf8'))
const CODES = {
  key: 'KEY_INVALID',
  policy: 'POLICY_INVALID',
  text: 'ADDRESS_TEXT_INVALID',
  module: '',
  contract: '',
  token: '',
}

function addressOf(entry: AddressCase): Uint8Array {
  switch (entry.kind) {
    case 'key':
      return addressOfKey(fromHex(entry.key ?? ''))
    case 'policy':
      return addressOfPolicy({ threshold: entry.threshold ?? 0, keys: (entry.keys ?? []).map(fromHex) })
    case 'module':
      return addressOfModule(entry.module ?? '')
    case 'contract':
      return addressOfContract(fromHex(entry.creator ?? ''), entry.counter ?? 0)
    case 'token':
      return addressOfToken(fromHex(entry.creator ?? ''), entry.counter ?? 0)
    case 'text':
      return parseAddress(entry.text ?? '')
  }
}

describe('addresses', () => {
  it.each(vectors)('$kind $name is valid: $valid', (entry) => {
    if (entry.valid) {
      expect(toHex(addressOf(entry))).toBe(entry.address)
      expect(formatAddress(addressOf(entry))).toBe(entry.text)
    } else {
      expect(() => addressOf(entry)).toThrow(expect.objectContaining({ code: CODES[entry.kind] }))
    }
  })

  it('come back from their text, which is 62 characters long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (address) => {
        const text = formatAddress(address)
        expect(text).toMatch(/^ssp1[02-9ac-hj-np-z]{58}$/)
        expect(parseAddress(text)).toEqual(address)
      }),
    )
  })

  it('are not recognised with up to four characters mistyped', () => {
    const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
    const changes = fc.array(fc.tuple(fc.integer({ min: 4, max: 61 }), fc.integer({ min: 1, max: 31 })), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), changes, (address, edits) => {
        const characters = [...formatAddress(address)]
        for (const [at, by] of edits) {
          const digit = alphabet.indexOf(characters[at] ?? '')
          characters[at] = alphabet.charAt((digit + by) % 32)
        }
        const text = characters.join('')
        fc.pre(text !== formatAddress(address))
        expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_TEXT_INVALID' }))
      }),
    )
  })

  it('have 32 bytes and nothing else', () => {
    const refused = expect.objectContaining({ code: 'ADDRESS_INVALID' })
    expect(() => formatAddress(new Uint8Array(31))).toThrow(refused)
    expect(() => addressOfContract(new Uint8Array(33), 0)).toThrow(refused)
  })
})
