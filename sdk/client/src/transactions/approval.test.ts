import { encodeTransaction, type TransactionBody, transactionId } from '@smartshare/chain'
import { addressOfPolicy, compareBytes, formatAddress, KeyPair, type Policy, sha256, toHex } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { approve, approvedTransaction, mergeApprovals, proposer, readApproval } from './approval.ts'
import { calls } from './calls.ts'

const CHAIN = sha256(new Uint8Array([1]))
const keys = [1, 2, 3]
  .map((byte) => KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(byte)))
  .sort((a, b) => compareBytes(a.publicKey, b.publicKey)) as [KeyPair, KeyPair, KeyPair]
const stranger = KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(9))
const policy: Policy = { threshold: 2, keys: keys.map(({ publicKey }) => publicKey) }
const address = addressOfPolicy(policy)
const to = new Uint8Array(32).fill(7)

function proposal(signer: KeyPair, amount = 5n): Uint8Array {
  const body: TransactionBody = {
    ...{ version: 1, chain: CHAIN.subarray(0, 8), sender: address, lane: 0, nonce: 4n, expiryHeight: 900 },
    ...{ gasLimit: 2000, maxGasPrice: 10n, tipGasPrice: 0n, feePayer: null, emptying: false },
    calls: [calls.transfer(to, amount)],
  }
  const senderAuth = proposer(address, policy, signer).sign(transactionId(body, CHAIN))
  return encodeTransaction({ body, senderAuth, payerAuth: [] })
}

describe('a transaction that waits for approvals', () => {
  it('tells what it does and who has signed', () => {
    const read = readApproval(proposal(keys[1]), CHAIN, policy)
    expect(read).toMatchObject({ account: formatAddress(address), nonce: 4n, highestFeeGrains: 20_000n })
    expect(read.calls).toMatchObject([{ module: 'tokens', method: 'transfer', args: { to, amount: 5n } }])
    expect(read.signedBy).toEqual([toHex(keys[1].publicKey)])
  })

  it('may be handed over when enough keys have signed, in whatever order they did', () => {
    const first = proposal(keys[2])
    expect(() => approvedTransaction(first, CHAIN, policy)).toThrow(
      expect.objectContaining({ code: 'APPROVAL_MISSING' }),
    )
    const whole = approve(first, CHAIN, policy, keys[0])
    const ready = approvedTransaction(whole, CHAIN, policy)
    expect(ready).toMatchObject({ sender: formatAddress(address), nonce: 4n, expiryHeight: 900 })
    expect(ready.id).toBe(readApproval(first, CHAIN, policy).id)
    const other = approve(first, CHAIN, policy, keys[1])
    const merged = readApproval(mergeApprovals(whole, other, CHAIN), CHAIN, policy)
    expect(merged.signedBy).toEqual(keys.map(({ publicKey }) => toHex(publicKey)))
  })

  it('counts a key once, however often it signs', () => {
    const twice = approve(proposal(keys[0]), CHAIN, policy, keys[0])
    expect(readApproval(twice, CHAIN, policy).signedBy).toHaveLength(1)
    expect(() => approvedTransaction(twice, CHAIN, policy)).toThrow(
      expect.objectContaining({ code: 'APPROVAL_MISSING' }),
    )
  })

  it('is refused with a signature of a stranger, a wrong one, for another network, or mixed with another', () => {
    const refused = expect.objectContaining({ code: 'APPROVAL_INVALID' })
    expect(() => readApproval(proposal(stranger), CHAIN, policy)).toThrow(refused)
    const wrong = proposal(keys[0]).slice()
    wrong[wrong.length - 10] = (wrong[wrong.length - 10] as number) ^ 1
    expect(() => approve(wrong, CHAIN, policy, keys[1])).toThrow(refused)
    expect(() => mergeApprovals(proposal(keys[0]), proposal(keys[0], 6n), CHAIN)).toThrow(refused)
    expect(() => readApproval(proposal(keys[0]), sha256(new Uint8Array([2])), policy)).toThrow(
      expect.objectContaining({ code: 'TX_OTHER_CHAIN' }),
    )
  })
})
