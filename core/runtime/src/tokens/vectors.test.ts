import { readFileSync } from 'node:fs'
import { decode, encode } from '@smartshare/codec'
import { addressOfKey, addressOfToken, fromHex, toHex, verify } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { modules } from '../modules.ts'
import { permitHash } from './allowances.ts'
import { tokens } from './tokens.ts'
import { checkSymbol, checkWords } from './words.ts'

type Case =
  | { kind: 'arguments'; module: string; method: string; arguments: string }
  | { kind: 'name'; name: string; valid: boolean }
  | { kind: 'symbol'; symbol: string; valid: boolean }
  | ({ kind: 'permit'; expiryMs: number } & Record<
      'chainId' | 'token' | 'owner' | 'spender' | 'amount' | 'nonce' | 'hash' | 'publicKey' | 'signature' | 'arguments',
      string
    >)

const vectors: Case[] = JSON.parse(readFileSync(new URL('../../vectors/tokens.json', import.meta.url), 'utf8'))
const casesOf = <K extends Case['kind']>(kind: K) =>
  vectors.filter((one): one is Extract<Case, { kind: K }> => one.kind === kind)
const isAccepted = (check: () => void) => {
  try {
    check()
    return true
  } catch {
    return false
  }
}

describe('the vectors of tokens', () => {
  it('hold arguments that are decoded, allowed, and encoded to the same bytes', () => {
    const cases = [
      ...casesOf('arguments'),
      ...casesOf('permit').map((one) => ({ ...one, module: 'tokens', method: 'permit' })),
    ]
    for (const { module, method: name, arguments: encoded } of cases) {
      const { methods } = modules.find((candidate) => candidate.name === module)!
      const method = methods.find((candidate) => candidate.name === name)!
      const args = decode(method.arguments, fromHex(encoded))
      method.check(args)
      expect(toHex(encode(method.arguments, args))).toBe(encoded)
    }
    const own = cases.filter(({ module }) => module === 'tokens')
    expect(new Set(own.map(({ method }) => method)).size).toBe(tokens.methods.length)
  })

  it('hold permits with what their owners sign', () => {
    for (const one of casesOf('permit')) {
      const [token, owner, spender] = [one.token, one.owner, one.spender].map(fromHex)
      const permit = { token: token!, owner: owner!, spender: spender!, amount: BigInt(one.amount) }
      const terms = { nonce: BigInt(one.nonce), expiryMs: one.expiryMs }
      const hash = permitHash(fromHex(one.chainId), { ...permit, ...terms })
      expect(toHex(hash)).toBe(one.hash)
      expect(verify(fromHex(one.publicKey), hash, fromHex(one.signature))).toBe(true)
      expect(toHex(addressOfKey(fromHex(one.publicKey)))).toBe(one.owner)
      expect(toHex(addressOfToken(owner!, 0))).toBe(one.token)
    }
  })

  it('hold names and symbols that are allowed, and that are not', () => {
    for (const { name, valid } of casesOf('name'))
      expect([name, isAccepted(() => checkWords('name', name))]).toEqual([name, valid])
    for (const { symbol, valid } of casesOf('symbol')) {
      expect([symbol, isAccepted(() => checkSymbol(symbol))]).toEqual([symbol, valid])
    }
  })
})
