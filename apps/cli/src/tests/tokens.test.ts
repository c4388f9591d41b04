import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calls, findToken, parseUnits } from '@smartshare/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

const [acme, alice, bob] = ['acme', 'alice', 'bob'].map(accountOf) as [
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
]
let network: LocalNetwork
let folder: Awaited<ReturnType<typeof networkFolder>>

beforeAll(async () => {
  network = await LocalNetwork.start({ accounts: ['acme', 'alice', 'bob'] })
  folder = await networkFolder(network, ['acme', 'alice', 'bob'])
})
afterAll(async () => {
  folder.close()
  await network.close()
})

const run = (...words: string[]) => runCli([...words, '--dir', folder.dir])
const json = async (...words: string[]) => JSON.parse((await run(...words, '--json')).stdout)
const refusal = async (...words: string[]) => (await json(...words)).error?.code
const issue = (symbol: string, wallet: string, ...more: string[]) =>
  json('token', 'issue', '--name', `${symbol} Coin`, '--symbol', symbol, '--wallet', wallet, ...more)

describe('smartshare token', () => {
  it('issues, shows and lists a token, and sends it by its symbol', async () => {
    const made = await issue('ACME', 'acme', '--supply', '1000', '--decimals', '2', '--uri', 'https://acme.example')
    expect(made).toMatchObject({
      ...{ final: true, symbol: 'ACME', name: 'ACME Coin', decimals: 2, issuer: acme.text },
      ...{ supply: '100000', cap: '100000', mintable: '0', minter: null, freezer: null, burnable: false },
    })
    expect(await json('token', 'show', 'ACME')).toMatchObject({ token: made.token })
    expect((await run('token', 'show', made.token)).stdout).toContain('1000 ACME of at most 1000 ACME')
    expect(await json('token', 'list')).toMatchObject([{ token: made.token }])
    const sent = await json('send', 'alice', '12.5', '--token', 'ACME', '--wallet', 'acme')
    expect(sent).toMatchObject({ final: true, token: made.token })
    const held = { amount: '1250', symbol: 'ACME', name: 'ACME Coin', decimals: 2 }
    expect((await json('balance', 'alice')).tokens).toEqual({ [made.token]: held })
    expect((await run('balance', 'alice')).stdout).toContain(`12.5 ACME (${made.token})`)
    expect(await refusal('send', 'alice', '0.001', '--token', 'ACME', '--wallet', 'acme')).toBe('AMOUNT_TEXT')
    expect(await refusal('send', 'alice', '13', '--token', made.token, '--wallet', 'alice')).toBe('TOKENS_BALANCE')
    for (const unknown of ['NONE', 'no such name, nor address']) {
      expect(await refusal('send', 'alice', '1', '--token', unknown, '--wallet', 'acme')).toBe('TOKENS_UNKNOWN')
    }
    const proof = await json('proof', 'balance', 'alice', '--token', made.token)
    expect(proof).toMatchObject({ token: made.token, grains: '1250' })
    const file = join(folder.dir, 'proof.json')
    writeFileSync(file, JSON.stringify(proof))
    expect(await json('proof', 'verify', file)).toMatchObject({ valid: true, token: made.token, grains: '1250' })
    // The same proof says nothing about SSP.
    writeFileSync(file, JSON.stringify({ ...proof, token: undefined }))
    expect(await refusal('proof', 'verify', file)).toBe('PROOF_STATE')
  })

  it('is sent by a program for somebody who has no SSP, if a sponsor pays', async () => {
    const client = await network.client()
    const [{ token }] = await json('token', 'list')
    const poor = accountOf('poor')
    await json('send', poor.text, '3', '--token', 'ACME', '--wallet', 'acme')
    const unit = await findToken(client.rpc, token)
    const call = calls.transfer(bob.address, parseUnits('1.25', unit), null, unit.token)
    const { receipt } = await client.sender(poor).sendAndWait({ calls: [call], feePayer: alice })
    expect(receipt).toMatchObject({ status: 'done', payer: alice.text })
    expect(await client.rpc.tokens.balance(poor.text, token)).toMatchObject({ amount: 175n, frozen: false })
    expect(await client.rpc.account(poor.text)).toMatchObject({ grains: 0n })
    // So that the wallets of the other tests have of one token of a symbol each.
    await client.sender(bob).sendAndWait({ calls: [calls.transfer(acme.address, 125n, null, unit.token)] })
  })

  it('takes a symbol for what the wallet has of it, and refuses to guess otherwise', async () => {
    const other = await issue('ACME', 'bob', '--supply', '5')
    const [first] = await json('token', 'list', '--symbol', 'ACME')
    expect(await json('token', 'show', 'ACME', '--wallet', 'alice')).toMatchObject({ token: first.token })
    expect(await json('token', 'show', 'ACME', '--wallet', 'bob')).toMatchObject({ token: other.token })
    expect(await refusal('token', 'show', 'ACME', '--wallet', 'delegate-0')).toBe('CLI_WALLET_MISSING')
    await json('send', 'alice', '1', '--token', other.token, '--wallet', 'bob')
    expect(await refusal('send', 'bob', '1', '--token', 'ACME', '--wallet', 'alice')).toBe('TOKENS_AMBIGUOUS')
  })

  it('mints, burns, freezes and hands roles over as the token allows', async () => {
    const roles = ['--minter', 'acme', '--freezer', 'acme', '--admin', 'acme', '--burnable']
    const schedule = ['--mint-limit', '10', '--mint-period', '24h']
    const made = await issue('POINTS', 'acme', '--supply', '0', '--decimals', '0', ...roles, ...schedule)
    expect(made).toMatchObject({ mintable: '10', schedule: { amount: '10', periodMs: 86_400_000 }, minter: acme.text })
    const as = (wallet: string, ...words: string[]) => json('token', ...words, '--wallet', wallet)
    expect(await as('acme', 'mint', made.token, '7', 'alice')).toMatchObject({ token: made.token, amount: '7' })
    expect((await as('acme', 'mint', made.token, '4')).error.code).toBe('TOKENS_SCHEDULE')
    expect((await as('alice', 'mint', 'POINTS', '1')).error.code).toBe('TOKENS_ROLE')
    expect(await as('alice', 'burn', 'POINTS', '2')).toMatchObject({ final: true, amount: '2' })
    expect(await as('acme', 'freeze', 'POINTS', 'alice')).toMatchObject({ account: alice.text, frozen: true })
    expect((await as('alice', 'burn', 'POINTS', '1')).error.code).toBe('TOKENS_FROZEN')
    await as('acme', 'unfreeze', 'POINTS', 'alice')
    expect(await as('acme', 'role', 'POINTS', 'minter', 'bob')).toMatchObject({ role: 'minter', holder: bob.text })
    expect(await as('acme', 'role', 'POINTS', 'freezer', '--give-up')).toMatchObject({ holder: null })
    expect((await as('acme', 'role', 'POINTS', 'minter')).error.code).toBe('USAGE')
    const shown = await as('bob', 'show', made.token)
    expect(shown).toMatchObject({ supply: '5', minter: bob.text, freezer: null, mintable: '3' })
  })

  it('lets a spender move what was approved or permitted', async () => {
    const made = await issue('SHOP', 'acme', '--supply', '100', '--decimals', '0')
    const take = (amount: string) =>
      json('send', 'bob', amount, '--token', made.token, '--from', 'acme', '--wallet', 'bob')
    await json('token', 'approve', 'SHOP', 'bob', '30', '--wallet', 'acme')
    expect(await take('30')).toMatchObject({ final: true })
    expect((await take('1')).error.code).toBe('TOKENS_ALLOWANCE')
    const permit = await json('token', 'permit', 'SHOP', 'bob', '5', '--expires', '1d', '--wallet', 'acme')
    const file = join(folder.dir, 'permit.json')
    writeFileSync(file, JSON.stringify({ ...permit, amount: '50' }))
    expect(await refusal('token', 'permit', file, '--present', '--wallet', 'alice')).toBe('TOKENS_PERMIT')
    writeFileSync(file, JSON.stringify(permit))
    expect(await json('token', 'permit', file, '--present', '--wallet', 'alice')).toMatchObject({ spender: bob.text })
    expect(await take('5')).toMatchObject({ final: true })
    expect((await json('balance', 'bob')).tokens[made.token].amount).toBe('35')
  })

  it.each([
    [['--name', 'A\u202eB', '--symbol', 'ABC', '--supply', '1'], 'TOKENS_TEXT'],
    [['--name', 'AB', '--symbol', 'abc', '--supply', '1'], 'TOKENS_SYMBOL'],
    [['--name', 'AB', '--symbol', 'ABC', '--supply', '0'], 'TOKENS_TERMS'],
    [['--name', 'AB', '--symbol', 'ABC', '--supply', '1', '--decimals', '19'], 'USAGE'],
    [['--name', 'AB', '--symbol', 'ABC', '--supply', '1', '--mint-limit', '1'], 'USAGE'],
    [['--name', 'AB', '--symbol', 'ABC', '--supply', '1', '--mint-limit', '1', '--mint-period', 'soon'], 'USAGE'],
  ])('refuses to issue with %j', async (words, code) => {
    expect(await refusal('token', 'issue', ...words, '--wallet', 'acme')).toBe(code)
  })
})
