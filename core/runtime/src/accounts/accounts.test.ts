import { encodeTransaction, parseTransaction, transactionId } from '@smartshare/chain'
import { addressOfPolicy, compareBytes, type KeyPair, sign } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { getAccount } from './account.ts'

const transferTo = (chain: TestChain, to: string, amount: bigint) =>
  callOf('tokens', 'transfer', { to: chain.account(to).address, token: 0, amount, memo: null })

/** A transaction of an account that is an address, signed by several keys. */
function signedByAll(chain: TestChain, sender: Uint8Array, keys: KeyPair[], nonce: bigint) {
  const template = chain.transaction('alice', [transferTo(chain, 'bob', 7n)], { nonce })
  const body = { ...template.body, sender }
  const id = transactionId(body, chain.chainId)
  const sorted = [...keys].sort((a, b) => compareBytes(a.publicKey, b.publicKey))
  const senderAuth = sorted.map((pair) => ({ key: pair.publicKey, signature: sign(pair, id) }))
  return parseTransaction(encodeTransaction({ body, senderAuth, payerAuth: [] }), chain.chainId)
}

describe('accounts', () => {
  it('keep their address when their keys are rotated, and the old key acts no more', () => {
    const chain = new TestChain({ accounts: ['alice', 'bob'] })
    const alice = chain.account('alice')
    const fresh = chain.account('fresh').keys
    chain.run('alice', callOf('accounts', 'setPolicy', { policy: { threshold: 1, keys: [fresh.publicKey] } }))
    expect(() => chain.run('alice', transferTo(chain, 'bob', 1n))).toThrow(
      expect.objectContaining({ code: 'TX_UNAUTHORISED' }),
    )
    const before = chain.balance('bob')
    chain.makeBlock([signedByAll(chain, alice.address, [fresh], 1n)])
    expect(chain.balance('bob')).toBe(before + 7n)
  })

  it('of k of n keys act with k of them and not with fewer or with strangers', () => {
    const chain = new TestChain({ accounts: ['alice', 'bob'] })
    const pairs = ['k1', 'k2', 'k3'].map((name) => chain.account(name).keys)
    const keys = pairs.map((pair) => pair.publicKey).sort(compareBytes)
    const policy = { threshold: 2, keys }
    const address = addressOfPolicy(policy)
    chain.run('alice', callOf('tokens', 'transfer', { to: address, token: 0, amount: 10n ** 12n, memo: null }))
    const two = [pairs[0]!, pairs[2]!]
    const refused = expect.objectContaining({ code: 'TX_UNAUTHORISED' })
    expect(() => chain.makeBlock([signedByAll(chain, address, two, 0n)])).toThrow(refused)
    chain.run('bob', callOf('accounts', 'revealPolicy', { policy }))
    expect(() => chain.makeBlock([signedByAll(chain, address, [pairs[1]!], 0n)])).toThrow(refused)
    const withStranger = [pairs[0]!, chain.account('alice').keys]
    expect(() => chain.makeBlock([signedByAll(chain, address, withStranger, 0n)])).toThrow(refused)
    expect(chain.makeBlock([signedByAll(chain, address, two, 0n)]).receipts[0]!.status).toBe(0)
  })

  it('refuse a policy that nobody could satisfy or that is not in its one form', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const keys = ['k1', 'k2'].map((name) => chain.account(name).keys.publicKey).sort(compareBytes)
    const set = (policy: object) => () => chain.run('alice', callOf('accounts', 'setPolicy', { policy }))
    const refused = expect.objectContaining({ code: 'POLICY_INVALID' })
    expect(set({ threshold: 3, keys })).toThrow(refused)
    expect(set({ threshold: 1, keys: [keys[1], keys[0]] })).toThrow(refused)
    expect(set({ threshold: 1, keys: [keys[0], keys[0]] })).toThrow(refused)
    expect(set({ threshold: 1, keys: [new Uint8Array(33).fill(9)] })).toThrow(refused)
  })

  it('use their lanes side by side', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const call = [transferTo(chain, 'bob', 1n)]
    chain.makeBlock([chain.transaction('alice', call, { lane: 5 }), chain.transaction('alice', call, { lane: 0 })])
    chain.makeBlock([chain.transaction('alice', call, { lane: 5 })])
    expect(getAccount(chain.state, chain.account('alice').address).nonces).toEqual([1n, 0n, 0n, 0n, 0n, 2n])
  })

  it('use up the nonce and pay for a transaction that fails', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const before = chain.balance('alice')
    const { receipts } = chain.makeBlock([chain.transaction('alice', [transferTo(chain, 'bob', 1n << 62n)])])
    expect(receipts[0]).toMatchObject({ status: 1, events: [], error: { code: 'TOKENS_BALANCE' } })
    expect(chain.balance('alice')).toBe(before - receipts[0]!.feeGrains)
    expect(getAccount(chain.state, chain.account('alice').address).nonces).toEqual([1n])
  })

  it('do all calls of a transaction or none', () => {
    const chain = new TestChain({ accounts: ['alice', 'bob'] })
    const before = chain.balance('bob')
    const calls = [transferTo(chain, 'bob', 5n), transferTo(chain, 'bob', 1n << 62n)]
    const { receipts } = chain.makeBlock([chain.transaction('alice', calls)])
    expect(receipts[0]!.events).toEqual([])
    expect(chain.balance('bob')).toBe(before)
  })

  it('give an explicit reserve back after its delay and not before', () => {
    const chain = new TestChain({ accounts: ['alice'], parameters: { reserveWithdrawalBlocks: 3 } })
    const address = chain.account('alice').address
    chain.run('alice', callOf('accounts', 'depositReserve', { amount: 1_000n }))
    chain.run('alice', callOf('accounts', 'withdrawReserve', { amount: 400n }))
    expect(() => chain.run('alice', callOf('accounts', 'claimReserve', {}))).toThrow('no withdrawal')
    chain.makeBlock()
    chain.makeBlock()
    chain.run('alice', callOf('accounts', 'claimReserve', {}))
    expect(getAccount(chain.state, address)).toMatchObject({ reserve: 600n, withdrawal: null })
    expect(() => chain.run('alice', callOf('accounts', 'withdrawReserve', { amount: 601n }))).toThrow('600')
  })

  it('answer unknown calls and junk arguments with a failed receipt', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const junk = { ...transferTo(chain, 'bob', 1n), arguments: Uint8Array.of(0xff) }
    const unknown = { ...junk, target: 60_000 }
    const contract = { ...junk, target: new Uint8Array(32) }
    const blocks = [junk, unknown, contract].map((call) => chain.makeBlock([chain.transaction('alice', [call])]))
    const codes = blocks.map(({ receipts }) => receipts[0]!.error?.code)
    expect(codes).toEqual(['CODEC_TYPE', 'CALL_UNKNOWN', 'CALL_UNKNOWN'])
  })

  it('pay at least half of the gas limit that they asked for', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const tx = chain.transaction('alice', [transferTo(chain, 'bob', 1n)], { gasLimit: 1_000_000 })
    expect(chain.makeBlock([tx]).receipts[0]).toMatchObject({ gasUsed: 500_000, feeGrains: 5_000_000n })
  })
})
