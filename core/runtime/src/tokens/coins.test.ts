import { amount, encode } from '@smartshare/codec'
import { equalBytes, formatAddress } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { issueToken, payIn, permitCall, tokenOf, units } from '../testing-tokens.ts'
import { mintable } from './coin-methods.ts'
import { checkTokenSupplies, holdingKey, holdingPage, tokenInfo, tokenPage } from './coins.ts'
import type { TokenDraft } from './issue.ts'
import { MAX_PAYMENTS, pools } from './tokens.ts'

const HOUR_MS = 3_600_000
const code = (expected: string) => expect.objectContaining({ code: expected })
const address = (chain: TestChain, name: string) => chain.account(name).address

/** A chain on which `vendor` issued one token; roles by the names of accounts. */
function issued(draft: Partial<TokenDraft> = {}, roles: { admin?: string; minter?: string; freezer?: string } = {}) {
  const chain = new TestChain({ accounts: ['vendor', 'alice', 'bob', 'sponsor'] })
  const held = Object.fromEntries(Object.entries(roles).map(([role, name]) => [role, address(chain, name)]))
  chain.run('vendor', issueToken({ ...held, ...draft }))
  const token = tokenOf(chain, 'vendor')
  const call = (method: string, args: object) => callOf('tokens', method, { token, ...args })
  return {
    chain,
    token,
    of: (name: string) => units(chain, token, name),
    supply: () => tokenInfo(chain.state, token)!.supply,
    pay: (from: string, to: string, amount: bigint) => chain.run(from, payIn(chain, token, to, amount)),
    run: (from: string, method: string, args: object) => chain.run(from, call(method, args)),
    mint: (from: string, to: string, amount: bigint) =>
      chain.run(from, call('mint', { to: address(chain, to), amount })),
    account: (name: string) => address(chain, name),
  }
}

describe('a token', () => {
  it('is issued in one transaction, and its supply is the issuer’s', () => {
    const metadata = { description: 'Points of Acme routers', uri: 'https://acme.example/token', hash: null }
    const { chain, token, of, supply } = issued({ metadata }, { minter: 'bob' })
    expect(of('vendor')).toBe(1_000n)
    expect(supply()).toBe(1_000n)
    expect(tokenInfo(chain.state, token)).toMatchObject({
      name: 'Acme Coin',
      symbol: 'ACME',
      decimals: 2,
      cap: 1_000_000n,
      number: 0,
      issuer: address(chain, 'vendor'),
      minter: address(chain, 'bob'),
      admin: null,
      freezer: null,
      metadata,
    })
    expect(formatAddress(token)).toMatch(/^ssp1.{58}$/)
  })

  it('costs its issuer a price, which goes to the mining pool, and nothing where it is refused', () => {
    const chain = new TestChain({ accounts: ['vendor'], parameters: { tokenIssueGrains: 12_345n } })
    const before = chain.balance('vendor')
    const { receipt } = chain.run('vendor', issueToken())
    const toPool = receipt.events.filter(({ data }) => equalBytes(data.to ?? chain.chainId, pools.mining))
    expect(toPool).toMatchObject([{ name: 'transfer', data: { token: 0, amount: 12_345n } }])
    expect(chain.balance('vendor')).toBe(before - 12_345n - receipt.feeGrains)
    const poor = new TestChain({ accounts: ['vendor'], parameters: { tokenIssueGrains: 10n ** 18n } })
    expect(() => poor.run('vendor', issueToken())).toThrow(code('TOKENS_BALANCE'))
    expect(tokenPage(poor.state).items).toEqual([])
  })

  it('has an address of its own, and is found by number and symbol', () => {
    const { chain, token } = issued()
    chain.run('vendor', issueToken({ symbol: 'ACME2' }))
    chain.run('alice', issueToken())
    const all = tokenPage(chain.state).items
    expect(all.map(({ symbol }) => symbol)).toEqual(['ACME', 'ACME2', 'ACME'])
    expect(all[1]!.token).toEqual(tokenOf(chain, 'vendor', 1))
    expect(tokenPage(chain.state, { symbol: 'ACME' }).items.map(({ number }) => number)).toEqual([0, 2])
    const first = tokenPage(chain.state, { symbol: 'ACME', limit: 1 })
    expect(first.items[0]!.token).toEqual(token)
    expect(tokenPage(chain.state, { symbol: 'ACME', after: first.next! }).items.map(({ number }) => number)).toEqual([
      2,
    ])
  })

  it.each([
    ['name', { name: 'Acme\u202eCoin' }, 'TOKENS_TEXT'],
    ['name', { name: 'Ac\u200bme' }, 'TOKENS_TEXT'],
    ['name', { name: 'Acme\n' }, 'TOKENS_TEXT'],
    ['name', { name: ' Acme' }, 'TOKENS_TEXT'],
    ['name', { name: 'Acme  Coin' }, 'TOKENS_TEXT'],
    ['name', { name: 'e\u0301'.repeat(3) }, 'TOKENS_TEXT'],
    ['name', { name: '\u{e0041}cme' }, 'TOKENS_TEXT'],
    ['symbol', { symbol: 'acme' }, 'TOKENS_SYMBOL'],
    ['symbol', { symbol: 'АCME' }, 'TOKENS_SYMBOL'],
    ['symbol', { symbol: 'A' }, 'TOKENS_SYMBOL'],
    ['symbol', { symbol: 'SSP' }, 'TOKENS_SYMBOL'],
    ['description', { metadata: { description: '\u2066x', uri: '', hash: null } }, 'TOKENS_TEXT'],
    ['uri', { metadata: { description: '', uri: 'http://a b', hash: null } }, 'TOKENS_TEXT'],
    ['cap', { cap: 0n, initial: 0n }, 'TOKENS_TERMS'],
    ['cap', { cap: 10n ** 18n + 1n }, 'TOKENS_TERMS'],
    ['initial supply', { cap: 5n, initial: 6n }, 'TOKENS_TERMS'],
    ['emptiness', { initial: 0n }, 'TOKENS_TERMS'],
    ['schedule', { schedule: { amount: 1n, periodMs: 1 } }, 'TOKENS_TERMS'],
  ])('is refused for a wrong %s', (_, draft, refusal) => {
    expect(() => issued(draft)).toThrow(code(refusal))
  })

  it.each(['爱分享 积分', 'Crédit Énergie', 'Монета', 'ポイント', '공유 코인', 'C++ (beta) – 1'])(
    'may be called %s',
    (name) => {
      expect(tokenInfo(issued({ name }).chain.state, tokenOf(issued({ name }).chain, 'vendor'))?.name).toBe(name)
    },
  )

  it('moves like SSP, and never below nothing', () => {
    const { chain, token, of, pay } = issued()
    const { receipt } = pay('vendor', 'alice', 400n)
    expect([of('vendor'), of('alice')]).toEqual([600n, 400n])
    expect(receipt.events).toEqual([
      expect.objectContaining({
        module: 'tokens',
        name: 'transfer',
        data: expect.objectContaining({ token, amount: 400n }),
      }),
    ])
    expect(() => pay('alice', 'bob', 401n)).toThrow(code('TOKENS_BALANCE'))
    expect(() => pay('alice', 'bob', 0n)).toThrow(code('TOKENS_AMOUNT'))
    pay('alice', 'alice', 400n)
    expect(of('alice')).toBe(400n)
    // Down to the last unit: no part of a token is reserved for fees.
    pay('alice', 'bob', 400n)
    expect(holdingPage(chain.state, address(chain, 'alice')).items).toEqual([])
    expect(holdingPage(chain.state, address(chain, 'bob')).items).toEqual([{ token, amount: 400n }])
    expect(() => chain.run('alice', payIn(chain, new Uint8Array(32), 'bob', 1n))).toThrow(code('TOKENS_UNKNOWN'))
  })

  it('is sent by somebody without any SSP if a sponsor pays the fee', () => {
    const { chain, token, of, pay } = issued()
    pay('vendor', 'poor', 10n)
    expect(chain.balance('poor')).toBe(0n)
    const before = chain.balance('sponsor')
    const send = payIn(chain, token, 'bob', 10n)
    const { receipts } = chain.makeBlock([chain.transaction('poor', [send], { feePayer: 'sponsor' })])
    expect(receipts[0]).toMatchObject({ status: 0, payer: address(chain, 'sponsor') })
    expect([of('poor'), of('bob')]).toEqual([0n, 10n])
    expect(before - chain.balance('sponsor')).toBe(receipts[0]!.feeGrains)
  })

  it('is paid to many at once, to all or to none', () => {
    const { chain, token, of } = issued()
    const names = Array.from({ length: MAX_PAYMENTS }, (_, i) => `p${i}`)
    const many = (amount: bigint, whom = names) =>
      callOf('tokens', 'transferMany', {
        token,
        payments: whom.map((name) => ({ to: address(chain, name), amount })),
        memo: null,
      })
    chain.run('vendor', many(3n))
    expect(names.every((name) => of(name) === 3n)).toBe(true)
    expect(of('vendor')).toBe(1_000n - 3n * BigInt(MAX_PAYMENTS))
    expect(() => chain.run('vendor', many(1n))).toThrow(code('TOKENS_BALANCE'))
    expect(of('p0')).toBe(3n)
    expect(() => many(1n, [...names, 'one more'])).toThrow(code('CODEC_LENGTH'))
    expect(() => chain.run('vendor', many(0n, ['p0']))).toThrow(code('TOKENS_AMOUNT'))
  })
})

describe('the supply of a token', () => {
  it('grows by its minter alone, up to the cap', () => {
    const { mint, supply, of } = issued({ cap: 1_500n }, { minter: 'bob' })
    expect(() => mint('vendor', 'alice', 1n)).toThrow(code('TOKENS_ROLE'))
    mint('bob', 'alice', 500n)
    expect([supply(), of('alice')]).toEqual([1_500n, 500n])
    expect(() => mint('bob', 'alice', 1n)).toThrow(code('TOKENS_CAP'))
  })

  it('never grows without a minter', () => {
    const { mint } = issued({}, { admin: 'vendor' })
    expect(() => mint('vendor', 'vendor', 1n)).toThrow(code('TOKENS_ROLE'))
  })

  it('shrinks when holders burn, if that was declared', () => {
    const kept = issued()
    expect(() => kept.run('vendor', 'burn', { amount: 1n })).toThrow(code('TOKENS_BURN'))
    const { run, supply, of, mint } = issued({ burnable: true, cap: 1_000n }, { minter: 'vendor' })
    run('vendor', 'burn', { amount: 300n })
    expect([supply(), of('vendor')]).toEqual([700n, 700n])
    expect(() => run('alice', 'burn', { amount: 1n })).toThrow(code('TOKENS_BALANCE'))
    mint('vendor', 'alice', 300n)
    expect(supply()).toBe(1_000n)
  })

  it('grows by its schedule, and what was not minted may be later', () => {
    const schedule = { amount: 100n, periodMs: HOUR_MS }
    const { chain, mint, of } = issued({ schedule }, { minter: 'vendor' })
    mint('vendor', 'alice', 100n)
    expect(() => mint('vendor', 'alice', 1n)).toThrow(code('TOKENS_SCHEDULE'))
    chain.makeBlock([], 3 * HOUR_MS)
    expect(() => mint('vendor', 'alice', 301n)).toThrow(code('TOKENS_SCHEDULE'))
    mint('vendor', 'alice', 299n)
    mint('vendor', 'alice', 1n)
    expect(() => mint('vendor', 'alice', 1n)).toThrow(code('TOKENS_SCHEDULE'))
    expect(of('alice')).toBe(400n)
  })

  it('accrues to no more than the cap, however long nobody looks', () => {
    const schedule = { amount: 10n ** 18n, periodMs: 1, period: 0, available: 0n }
    expect(mintable({ schedule, cap: 5n }, Number.MAX_SAFE_INTEGER)).toBe(5n)
    expect(mintable({ schedule: null, cap: 5n }, 0)).toBeNull()
  })

  it('goes to devices only where that was declared, so to nobody before there are devices', () => {
    const { mint, of } = issued({ deviceOnlyRewards: true }, { minter: 'vendor' })
    expect(of('vendor')).toBe(1_000n)
    expect(() => mint('vendor', 'alice', 1n)).toThrow(code('TOKENS_DEVICES'))
  })
})

describe('the check of a block', () => {
  it('finds units that came from nowhere or went nowhere, for each token by itself', () => {
    const { chain, token } = issued()
    const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const change = (of: Uint8Array, owner: string, value: bigint | null, previous?: bigint) => ({
      key: holdingKey(of, address(chain, owner)),
      value: value === null ? null : encode(amount, value),
      previous: previous === undefined ? undefined : encode(amount, previous),
    })
    expect(() => checkTokenSupplies([change(token, 'alice', 5n), change(token, 'bob', null, 5n)])).not.toThrow()
    expect(() => checkTokenSupplies([change(token, 'alice', 5n)])).toThrow(code('STATE_SUPPLY'))
    expect(() => checkTokenSupplies([change(first, 'alice', 5n), change(second, 'bob', null, 5n)])).toThrow(
      code('STATE_SUPPLY'),
    )
  })
})

describe('a freezer', () => {
  it('exists only if the token was issued with one', () => {
    const { run, account } = issued({}, { admin: 'vendor' })
    expect(() => run('vendor', 'freeze', { account: account('alice') })).toThrow(code('TOKENS_ROLE'))
    expect(() => run('vendor', 'setRole', { role: 2, to: account('vendor') })).toThrow(code('TOKENS_ROLE'))
  })

  it('stops what leaves an address, and lets arrive what comes', () => {
    const { run, pay, account, of } = issued({ burnable: true }, { freezer: 'bob' })
    pay('vendor', 'alice', 10n)
    run('bob', 'freeze', { account: account('alice') })
    expect(() => pay('alice', 'bob', 1n)).toThrow(code('TOKENS_FROZEN'))
    expect(() => run('alice', 'burn', { amount: 1n })).toThrow(code('TOKENS_FROZEN'))
    run('alice', 'approve', { spender: account('bob'), amount: 5n })
    const from = { from: account('alice'), to: account('bob'), amount: 1n }
    expect(() => run('bob', 'transferFrom', from)).toThrow(code('TOKENS_FROZEN'))
    pay('vendor', 'alice', 5n)
    expect(of('alice')).toBe(15n)
    run('bob', 'unfreeze', { account: account('alice') })
    pay('alice', 'bob', 15n)
  })

  it('cannot freeze the pools of the system', () => {
    const { run } = issued({}, { freezer: 'bob' })
    for (const account of Object.values(pools)) {
      expect(() => run('bob', 'freeze', { account })).toThrow(code('TOKENS_POOL'))
    }
  })

  it('leaves nothing frozen behind when it gives up its role', () => {
    const { run, pay, account } = issued({}, { freezer: 'bob' })
    run('bob', 'freeze', { account: account('vendor') })
    run('bob', 'setRole', { role: 2, to: null })
    pay('vendor', 'alice', 1n)
    expect(() => run('bob', 'freeze', { account: account('vendor') })).toThrow(code('TOKENS_ROLE'))
  })
})

describe('a role', () => {
  it('is handed over by who has it, and by the admin', () => {
    const { run, mint, account } = issued({}, { admin: 'vendor', minter: 'alice' })
    expect(() => run('bob', 'setRole', { role: 1, to: account('bob') })).toThrow(code('TOKENS_ROLE'))
    run('alice', 'setRole', { role: 1, to: account('bob') })
    expect(() => mint('alice', 'alice', 1n)).toThrow(code('TOKENS_ROLE'))
    mint('bob', 'bob', 1n)
    run('vendor', 'setRole', { role: 1, to: account('sponsor') })
    mint('sponsor', 'bob', 1n)
    run('vendor', 'setRole', { role: 0, to: account('alice') })
    expect(() => run('vendor', 'setRole', { role: 1, to: null })).toThrow(code('TOKENS_ROLE'))
  })

  it('that is given up never comes back', () => {
    const { run, account } = issued({}, { admin: 'vendor', minter: 'alice' })
    run('vendor', 'setRole', { role: 1, to: null })
    expect(() => run('vendor', 'setRole', { role: 1, to: account('vendor') })).toThrow(code('TOKENS_ROLE'))
    run('vendor', 'setRole', { role: 0, to: null })
    expect(() => run('vendor', 'setRole', { role: 0, to: account('vendor') })).toThrow(code('TOKENS_ROLE'))
  })
})

describe('an allowance', () => {
  it('lets a spender move so much and no more', () => {
    const { run, account, of } = issued()
    const take = (amount: bigint, by = 'bob') =>
      run(by, 'transferFrom', { from: account('vendor'), to: account('bob'), amount })
    run('vendor', 'approve', { spender: account('bob'), amount: 30n })
    expect(() => take(1n, 'alice')).toThrow(code('TOKENS_ALLOWANCE'))
    take(20n)
    expect(() => take(11n)).toThrow(code('TOKENS_ALLOWANCE'))
    run('vendor', 'approve', { spender: account('bob'), amount: 5n })
    expect(() => take(6n)).toThrow(code('TOKENS_ALLOWANCE'))
    const { receipt } = take(5n)
    expect(receipt.events.find(({ name }) => name === 'approved')?.data.amount).toBe(0n)
    expect(of('bob')).toBe(25n)
  })

  it('is given by a signature off the chain, once, in time, for one network, token and spender', () => {
    const { chain, token, account, run, of } = issued()
    const expiryMs = chain.head.timeMs + HOUR_MS
    const permit = { token, owner: account('vendor'), spender: account('bob'), amount: 7n, nonce: 0n, expiryMs }
    const signer = chain.account('vendor')
    const present = (changes: object = {}, by = signer) =>
      chain.run('alice', permitCall(chain, { ...permit, ...changes }, by))
    expect(() => present({}, chain.account('bob'))).toThrow(code('TOKENS_PERMIT'))
    expect(() => present({ nonce: 1n })).toThrow(code('TOKENS_PERMIT'))
    expect(() => present({ expiryMs: chain.head.timeMs })).toThrow(code('TOKENS_PERMIT'))
    const other = new TestChain({ accounts: ['other'] })
    expect(equalBytes(other.chainId, chain.chainId)).toBe(false)
    expect(() => chain.run('alice', permitCall(other, permit, signer))).toThrow(code('TOKENS_PERMIT'))
    present()
    expect(() => present()).toThrow(code('TOKENS_PERMIT'))
    run('bob', 'transferFrom', { from: account('vendor'), to: account('bob'), amount: 7n })
    expect(of('bob')).toBe(7n)
    present({ nonce: 1n, amount: 1n })
  })
})
