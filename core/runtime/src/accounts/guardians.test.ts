import { encodeTransaction, parseTransaction, transactionId } from '@smartshare/chain'
import { compareBytes, type KeyPair, sign } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { getAccount } from './account.ts'
import { getGuardianship } from './guardians.ts'

const DELAY_MS = 10_000
const NAMES = ['gina', 'gus', 'greta']

const policyOf = ({ publicKey }: KeyPair) => ({ threshold: 1, keys: [publicKey] })
const code = (expected: string) => expect.objectContaining({ code: expected })

/** Alice's account with three guardians, two of whom must agree. */
function guarded() {
  const chain = new TestChain({ accounts: ['alice', 'bob', ...NAMES] })
  const { address } = chain.account('alice')
  const guardians = NAMES.map((name) => chain.account(name).address).sort(compareBytes)
  const rule = { threshold: 2, guardians, delayMs: DELAY_MS }
  chain.run('alice', callOf('accounts', 'setGuardians', { rule }))
  const fresh = chain.account('fresh').keys
  const other = chain.account('other').keys
  const approve = (name: string, keys = fresh) =>
    chain.run(name, callOf('accounts', 'approveRecovery', { account: address, policy: policyOf(keys) }))
  const recover = () => chain.run('bob', callOf('accounts', 'recover', { account: address }))
  const wait = (untilMs: number) => {
    while (chain.head.timeMs < untilMs) chain.makeBlock()
  }
  return { chain, address, rule, fresh, other, approve, recover, wait }
}

const ready = ({ chain, address }: ReturnType<typeof guarded>) => getGuardianship(chain.state, address)?.ready ?? null

/** Sends as an account that is an address, with keys of its policy. */
function signedFor(chain: TestChain, sender: Uint8Array, pair: KeyPair, nonce: bigint) {
  const call = callOf('tokens', 'transfer', { to: chain.account('bob').address, token: 0, amount: 7n, memo: null })
  const body = { ...chain.transaction('bob', [call], { nonce }).body, sender }
  const signature = sign(pair, transactionId(body, chain.chainId))
  const senderAuth = [{ key: pair.publicKey, signature }]
  return parseTransaction(encodeTransaction({ body, senderAuth, payerAuth: [] }), chain.chainId)
}

describe('guardians', () => {
  it('give an account new keys once enough of them agree and the owner was silent', () => {
    const course = guarded()
    const { chain, address, fresh, approve, recover, wait } = course
    approve('gina')
    expect(recover).toThrow(code('GUARDIAN_WAIT'))
    approve('gus')
    const { timeMs } = ready(course)!
    expect(timeMs).toBe(chain.head.timeMs + DELAY_MS)
    expect(recover).toThrow(code('GUARDIAN_WAIT'))
    wait(timeMs)
    recover()
    expect(getAccount(chain.state, address).policy).toEqual(policyOf(fresh))
    expect(() => chain.run('alice', callOf('accounts', 'vetoRecovery', {}))).toThrow(code('TX_UNAUTHORISED'))
    const nonce = getAccount(chain.state, address).nonces[0]!
    expect(chain.makeBlock([signedFor(chain, address, fresh, nonce)]).receipts[0]!.status).toBe(0)
    // They did what they were asked for: another recovery begins anew.
    expect(getGuardianship(chain.state, address)).toMatchObject({ approvals: [], ready: null })
    expect(recover).toThrow(code('GUARDIAN_WAIT'))
  })

  it('can do nothing against an owner who says no, in however many rounds', () => {
    const course = guarded()
    for (let round = 0; round < 3; round++) {
      course.approve('gina')
      course.approve('greta')
      expect(ready(course)).not.toBeNull()
      course.chain.run('alice', callOf('accounts', 'vetoRecovery', {}))
      course.wait(course.chain.head.timeMs + 2 * DELAY_MS)
      expect(course.recover).toThrow(code('GUARDIAN_WAIT'))
    }
    expect(getAccount(course.chain.state, course.address).policy).toBeNull()
  })

  it('are not needed where the owner takes new keys himself', () => {
    const course = guarded()
    course.approve('gina')
    course.approve('gus')
    const policy = policyOf(course.chain.account('own').keys)
    course.chain.run('alice', callOf('accounts', 'setPolicy', { policy }))
    expect(ready(course)).toBeNull()
    course.wait(course.chain.head.timeMs + 2 * DELAY_MS)
    expect(course.recover).toThrow(code('GUARDIAN_WAIT'))
    expect(getAccount(course.chain.state, course.address).policy).toEqual(policy)
  })

  it('start the delay anew when they agree on other keys, and not when one more agrees', () => {
    const course = guarded()
    course.approve('gina')
    course.approve('gus')
    const first = ready(course)!.timeMs
    course.approve('greta')
    expect(ready(course)!.timeMs).toBe(first)
    course.approve('gina', course.other)
    expect(ready(course)!.timeMs).toBe(first)
    course.approve('gus', course.other)
    expect(ready(course)).toEqual({
      policy: policyOf(course.other),
      timeMs: course.chain.head.timeMs + DELAY_MS,
    })
  })

  it('stop agreeing when one of them names other keys', () => {
    const course = guarded()
    course.approve('gina')
    course.approve('gus')
    course.approve('gus', course.other)
    expect(ready(course)).toBeNull()
    course.wait(course.chain.head.timeMs + 2 * DELAY_MS)
    expect(course.recover).toThrow(code('GUARDIAN_WAIT'))
  })

  it('are heard only where they are guardians, and forgotten with their rule', () => {
    const course = guarded()
    const { chain, address, approve, rule } = course
    expect(() => approve('bob')).toThrow(code('GUARDIAN_STRANGER'))
    expect(() => approve('alice')).toThrow(code('GUARDIAN_STRANGER'))
    approve('gina')
    approve('gus')
    chain.run('alice', callOf('accounts', 'setGuardians', { rule }))
    expect(getGuardianship(chain.state, address)).toEqual({ rule, approvals: [], ready: null })
    chain.run('alice', callOf('accounts', 'setGuardians', { rule: null }))
    expect(getGuardianship(chain.state, address)).toBeUndefined()
    for (const act of [() => approve('gina'), course.recover]) expect(act).toThrow(code('GUARDIAN_NONE'))
    const none = callOf('accounts', 'setGuardians', { rule: null })
    expect(() => chain.run('alice', none)).toThrow(code('GUARDIAN_NONE'))
  })

  it('stand in a rule that more than half of them can fulfil, in its one form', () => {
    const { chain, rule } = guarded()
    const [a, b, c] = rule.guardians as [Uint8Array, Uint8Array, Uint8Array]
    const set = (change: object) => () =>
      chain.run('alice', callOf('accounts', 'setGuardians', { rule: { ...rule, ...change } }))
    for (const change of [
      { threshold: 4 },
      { threshold: 1 },
      { guardians: [b, a, c] },
      { guardians: [a, a, c] },
      { guardians: [a, b, chain.account('alice').address].sort(compareBytes) },
    ]) {
      expect(set(change)).toThrow(code('GUARDIAN_RULE'))
    }
    for (const change of [{ guardians: [] }, { delayMs: 0 }, { delayMs: 2 ** 40 }]) expect(set(change)).toThrow()
  })

  it('never put keys in place that fewer than the threshold named last, nor before the delay since they agreed', () => {
    const step = fc.oneof(
      fc.record({ name: fc.constantFrom(...NAMES), isOther: fc.boolean() }),
      fc.constantFrom('veto' as const, 'recover' as const, 'wait' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const course = guarded()
        let said = new Map<string, boolean>()
        let agreed: { isOther: boolean; sinceMs: number } | undefined
        for (const one of steps) {
          if (one === 'wait') course.wait(course.chain.head.timeMs + DELAY_MS)
          else if (one === 'veto') {
            course.chain.run('alice', callOf('accounts', 'vetoRecovery', {}))
            said = new Map()
            agreed = undefined
          } else if (one === 'recover') {
            const before = getAccount(course.chain.state, course.address).policy
            try {
              course.recover()
            } catch {
              expect(getAccount(course.chain.state, course.address).policy).toEqual(before)
              continue
            }
            expect(agreed).toBeDefined()
            expect(course.chain.head.timeMs - agreed!.sinceMs).toBeGreaterThanOrEqual(DELAY_MS)
            const keys = agreed!.isOther ? course.other : course.fresh
            expect(getAccount(course.chain.state, course.address).policy).toEqual(policyOf(keys))
            // From here on Alice's old key acts no more.
            return
          } else {
            course.approve(one.name, one.isOther ? course.other : course.fresh)
            said.set(one.name, one.isOther)
            const enough = [true, false].find((isOther) => [...said.values()].filter((v) => v === isOther).length >= 2)
            if (enough === undefined) agreed = undefined
            else if (agreed?.isOther !== enough) agreed = { isOther: enough, sinceMs: course.chain.head.timeMs }
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})
