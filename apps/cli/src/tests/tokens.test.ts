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

  it('is paid to many at once, all or nothing, from words and from a file', async () => {
    const made = await issue('MANY', 'acme', '--supply', '50000', '--decimals', '1')
    expect(made).toMatchObject({ priceGrains: `${network.node.genesis.record.parameters.tokenIssueGrains}` })
    const transfer = (...words: string[]) => json('token', 'transfer', 'MANY', ...words, '--wallet', 'acme')
    const poor = accountOf('poor')
    const paid = await transfer('--to', 'alice=1.5', '--to', `bob = 2`)
    expect(paid).toMatchObject({ final: true, token: made.token, receivers: 2, amount: '35', payer: acme.text })
    const file = join(folder.dir, 'receivers.csv')
    const many = Array.from({ length: 300 }, (_, i) => `${accountOf(`receiver ${i}`).text},${i + 1}`)
    writeFileSync(file, ['# who, how much', ...many, '', `${poor.text}, 7 # a remark`].join('\r\n'))
    expect(await transfer('--file', file, '--to', 'bob=1')).toMatchObject({ receivers: 302, amount: '451580' })
    const client = await network.client()
    const unitsOf = async (of: string) => (await client.rpc.tokens.balance(of, made.token)).amount
    expect(await Promise.all([0, 255, 256, 299].map((i) => unitsOf(accountOf(`receiver ${i}`).text)))).toEqual([
      ...[10n, 2_560n, 2_570n, 3_000n],
    ])
    expect([await unitsOf(bob.text), await unitsOf(poor.text)]).toEqual([30n, 70n])
    // More than acme has left: nobody gets anything.
    expect((await transfer('--to', 'alice=1', '--to', 'bob=4999')).error.code).toBe('TOKENS_BALANCE')
    expect(await unitsOf(alice.text)).toBe(15n)
  })

  it.each([
    [['--to', 'alice'], 'USAGE', '--to alice'],
    [['--to', 'alice=1', '--to', 'alice=2'], 'USAGE', 'named twice'],
    [['--to', 'alice=1.55'], 'AMOUNT_TEXT', '--to alice=1.55'],
    [['--to', 'nobody=1'], 'ADDRESS_TEXT_INVALID', '--to nobody=1'],
    [[], 'USAGE', '--to or --file'],
    [['--file', '/nowhere'], 'CLI_FILE', '/nowhere'],
    [['--file', 'wrong'], 'USAGE', 'line 2'],
    [['--file', 'long'], 'USAGE', '1001 receivers'],
    [['--file', 'large'], 'USAGE', 'too large'],
    [['--to', 'alice=1', '--sponsor-password-file', '/nowhere'], 'USAGE', '--sponsor'],
  ])('is paid to nobody by %j', async (words, code, message) => {
    const lines = Array.from({ length: 1001 }, () => `${alice.text},1`)
    const files = { wrong: 'alice,1\nbob;1', long: lines.join('\n'), large: '#'.repeat(300_000) }
    const given = words.map((word) => {
      if (!(word in files)) return word
      const path = join(folder.dir, `${word}.csv`)
      writeFileSync(path, files[word as keyof typeof files])
      return path
    })
    const { error } = await json('token', 'transfer', 'MANY', ...given, '--wallet', 'acme')
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('is sent by somebody who has no SSP, with a sponsor whose password is another one', async () => {
    const { words } = await json('wallet', 'create', 'penniless')
    expect(words).toBeDefined()
    const { address } = await json('wallet', 'show', 'penniless')
    const secret = join(folder.dir, 'secret')
    writeFileSync(secret, 'another one\n')
    await json('wallet', 'create', 'guarded', '--password-file', secret)
    await json('send', 'guarded', '100', '--wallet', 'acme')
    await json('send', 'penniless', '50', '--token', 'MANY', '--wallet', 'acme')
    const from = ['--token', 'MANY', '--wallet', 'penniless']
    expect(await refusal('send', 'alice', '1', ...from)).toBe('TX_UNPAYABLE')
    const sent = await json('send', 'alice', '1', ...from, '--sponsor', 'bob')
    expect(sent).toMatchObject({ final: true, payer: bob.text })
    expect(await refusal('send', 'alice', '1', ...from, '--sponsor', 'guarded')).toBe('KEYFILE_PASSWORD')
    const guarded = (await json('wallet', 'show', 'guarded')).address
    const words2 = ['--to', 'alice=1', '--to', 'bob=2', '--sponsor', 'guarded', '--sponsor-password-file', secret]
    const many = await json('token', 'transfer', 'MANY', ...words2, '--wallet', 'penniless')
    expect(many).toMatchObject({ receivers: 2, payer: guarded })
    expect((await json('balance', address)).grains).toBe('0')
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
