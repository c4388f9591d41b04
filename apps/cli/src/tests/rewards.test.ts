import { calls } from '@smartshare/client'
import { parseAddress } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

const STAKE = 10n ** 13n
let network: LocalNetwork
let dir: string

beforeAll(async () => {
  network = await LocalNetwork.start({ parameters: { termBlocks: 10, electionBlock: 5, blockEmission: 10n ** 12n } })
  dir = network.keep(await networkFolder(network, ['alice', 'bob', 'delegate 0'])).dir
})

afterAll(async () => {
  await network.close()
})

async function json(...args: string[]) {
  const run = await runCli([...args, '--dir', dir, '--json'])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return JSON.parse(run.stdout)
}

describe('smartshare delegates rewards', () => {
  it('shows what votes earned, collects it, and follows the commission', async () => {
    expect(await json('delegates', 'commission', '12.5', '--wallet', 'delegate-0')).toMatchObject({
      final: true,
      commissionThousandths: 125,
    })
    const client = await network.client()
    const { delegates } = await client.rpc.delegates()
    const sharing = delegates.find(({ name }) => name === 'delegate-0')!
    expect(sharing.commissionThousandths).toBe(125)
    const account = accountOf('alice')
    await client.sender(account).send({ calls: [calls.stake(STAKE), calls.vote([parseAddress(sharing.address)])] })
    await expect
      .poll(async () => (await client.rpc.voter(account.text)).rewardsGrains, { timeout: 30_000 })
      .toBeGreaterThan(0n)
    const shown = await json('delegates', 'rewards')
    expect(shown).toMatchObject({ stakeGrains: `${STAKE}`, countedGrains: `${STAKE}`, maturingGrains: '0' })
    expect(shown.endTerm - shown.renewedTerm).toBe(client.parameters.voteEndTerms)
    const { grains: before } = await json('balance', 'alice')
    const collected = await json('delegates', 'collect')
    expect(BigInt(collected.collectedGrains)).toBeGreaterThanOrEqual(BigInt(shown.rewardsGrains))
    const { grains: after } = await json('balance', 'alice')
    expect(BigInt(after)).toBe(BigInt(before) + BigInt(collected.collectedGrains) - BigInt(collected.feeGrains))
    const none = await runCli(['delegates', 'collect', '--wallet', 'bob', '--dir', dir, '--json'])
    expect(none.code).not.toBe(0)
    expect(none.stdout + none.stderr).toContain('DELEGATE_REWARDS')
    const wrong = await runCli(['delegates', 'commission', '12.55', '--dir', dir, '--json'])
    expect(wrong.stdout + wrong.stderr).toContain('USAGE')
  })
})
