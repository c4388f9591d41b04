import { callOf } from '@smartshare/client'
import { parseAddress, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

const STAKE = 9n * 10n ** 13n
let network: LocalNetwork
let dir: string

beforeAll(async () => {
  network = await LocalNetwork.start({ isStill: true, parameters: { termBlocks: 10, electionBlock: 5, seats: 4 } })
  dir = network.keep(await networkFolder(network, ['alice'])).dir
})

afterAll(async () => {
  await network.close()
})

async function report() {
  const run = await runCli(['delegates', 'report', '--dir', dir, '--json'])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return JSON.parse(run.stdout)
}

describe('smartshare delegates report', () => {
  it('says before the first election how stake is spread, and what seats cost after it', async () => {
    expect(await report()).toMatchObject({
      term: 0,
      seats: 4,
      nakamotoSeats: 2,
      nakamotoStake: 2,
      turnover: 0,
      tenureTerms: { least: 1, median: 1, most: 1 },
      topShare: 1,
      concentration: 0.25,
      electionTerm: null,
      blocking: null,
      attacks: null,
    })
    const client = await network.client()
    const { delegates } = await client.rpc.delegates()
    const [first, second] = delegates.map(({ address }) => parseAddress(address))
    const sending = client.sender(accountOf('alice')).send({
      calls: [
        callOf('delegates', 'stake', { amount: STAKE }),
        callOf('delegates', 'vote', { ballot: [first!, second!].sort(Buffer.compare) }),
      ],
    })
    await expect.poll(() => network.node.status().mempoolTransactions).toBeGreaterThan(0)
    for (let i = 0; i < 25; i++) network.node.makeBlock()
    await sending
    const { election } = await client.rpc.election()
    expect(election!.seats).toHaveLength(4)
    const bond = client.parameters.leastBondGrains
    // The two that alice votes for come first, with their bonds and her whole stake, then with what it still counts for.
    expect(new Set(election!.seats.slice(0, 2).map(({ address }) => address))).toEqual(
      new Set(delegates.slice(0, 2).map(({ address }) => address)),
    )
    expect(election!.seats.slice(2).map(({ backingGrains }) => backingGrains)).toEqual([bond, bond])
    const found = await report()
    const total = 4n * bond + STAKE
    expect(found).toMatchObject({
      turnover: 0,
      nakamotoStake: 1,
      electionTerm: election!.term,
      // Two of four seats: twice what backs the third; 2q - n of 4 are two as well.
      blocking: { seats: 2, grains: `${2n * bond}` },
      splitting: { seats: 2, grains: `${2n * bond}` },
    })
    expect(found.turnout).toBeCloseTo(Number((total * 10n ** 9n) / TOTAL_SUPPLY_GRAINS) / 1e9, 5)
    expect(found.tenureTerms.most).toBeGreaterThan(1)
    // Grown to 30 % of all SSP, the bonds that back the last two are cheap. The first two count ten bonds each by plain
    // counting, 3.2 % of all SSP: four times that is more than the outsider has.
    expect(found.attacks).toHaveLength(27)
    expect(found.attacks[0]).toEqual({ turnout: 0.4, stake: 0.1, seats: null, plain: 3 })
    const { stdout } = await runCli(['delegates', 'report', '--dir', dir])
    expect(stdout).toContain('price of 2 seats')
  })
})
