import { toHex } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

const NAMES = ['alice', 'bob', 'gina', 'gus', 'greta']
const GUARDIANS = ['gina', 'gus', 'greta']
let network: LocalNetwork
let dir: string

beforeAll(async () => {
  network = await LocalNetwork.start({ accounts: NAMES })
  dir = network.keep(await networkFolder(network, [...NAMES, 'fresh'])).dir
})

afterAll(async () => {
  await network.close()
})

async function json(...args: string[]) {
  const run = await runCli([...args, '--dir', dir, '--json'])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return JSON.parse(run.stdout)
}

async function refused(...args: string[]): Promise<string> {
  const run = await runCli([...args, '--dir', dir, '--json'])
  expect(run.code).not.toBe(0)
  return run.stdout + run.stderr
}

describe('smartshare guardians', () => {
  const alice = accountOf('alice').text
  const key = toHex(accountOf('fresh').keys.publicKey)

  it('names guardians, and shows them', async () => {
    expect(await json('guardians', 'show', 'alice')).toMatchObject({ account: alice, rule: null })
    const set = await json('guardians', 'set', ...GUARDIANS, '--delay', '2s', '--wallet', 'alice')
    expect(set).toMatchObject({ account: alice, rule: { threshold: 2, delayMs: 2000 }, approvals: [], ready: null })
    expect(new Set(set.rule.guardians)).toEqual(new Set(GUARDIANS.map((name) => accountOf(name).text)))
    expect(await refused('guardians', 'set', 'alice', '--wallet', 'alice')).toContain('GUARDIAN_RULE')
    expect(await refused('guardians', 'set', ...GUARDIANS, '--threshold', '1', '--wallet', 'alice')).toContain(
      'GUARDIAN_RULE',
    )
  })

  it('shows the public key that they are to name', async () => {
    expect(await json('wallet', 'show', 'fresh', '--key')).toMatchObject({ publicKey: key })
  })

  it('hears guardians alone, and the owner who says no', async () => {
    expect(await refused('guardians', 'approve', 'alice', key, '--wallet', 'bob')).toContain('GUARDIAN_STRANGER')
    expect(await refused('guardians', 'approve', 'alice', '12', '--wallet', 'gina')).toContain('USAGE')
    for (const name of ['gina', 'gus']) await json('guardians', 'approve', 'alice', key, '--wallet', name)
    expect((await json('guardians', 'show', 'alice')).ready.policy).toEqual({ threshold: 1, keys: [key] })
    expect(await json('guardians', 'veto', '--wallet', 'alice')).toMatchObject({ approvals: [], ready: null })
    expect(await refused('guardians', 'recover', 'alice', '--wallet', 'bob')).toContain('GUARDIAN_WAIT')
  })

  it('recovers an account, for which the new key then acts', async () => {
    for (const name of ['gus', 'greta']) await json('guardians', 'approve', 'alice', key, '--wallet', name)
    const { ready } = await json('guardians', 'show', 'alice')
    const client = await network.client()
    await expect.poll(async () => (await client.rpc.status()).timeMs).toBeGreaterThanOrEqual(ready.timeMs)
    const recovered = await json('guardians', 'recover', 'alice', '--wallet', 'bob')
    expect(recovered).toMatchObject({ final: true, policy: { threshold: 1, keys: [key] } })
    const { grains: before } = await json('balance', 'bob')
    await json('send', 'bob', '3', '--wallet', 'fresh', '--as', alice)
    const { grains: after } = await json('balance', 'bob')
    expect(BigInt(after) - BigInt(before)).toBe(300_000_000n)
    expect(await refused('send', 'bob', '1', '--wallet', 'alice')).toContain('TX_UNAUTHORISED')
  })
})
