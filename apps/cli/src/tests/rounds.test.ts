import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

// The network in memory lets its delegates make blocks one after the other: to somebody who knows the rules of turns it
// lies. Turns of a true network are recomputed in tests/src/devnet.test.ts.
let network: LocalNetwork
let dir: string

beforeAll(async () => {
  network = await LocalNetwork.start()
  dir = network.keep(await networkFolder(network, ['alice'])).dir
})

afterAll(async () => {
  await network.close()
})

describe('smartshare rounds verify', () => {
  it('finds out a network whose blocks were made by whose turn it was not', async () => {
    const client = await network.client()
    await expect.poll(async () => (await client.rpc.status()).height, { timeout: 60_000 }).toBeGreaterThan(20)
    const run = await runCli(['rounds', 'verify', '--dir', dir, '--json'])
    expect(run).toMatchObject({ code: 1 })
    expect(JSON.parse(run.stdout).error).toMatchObject({
      code: 'ROUNDS_LEADER',
      message: expect.stringContaining('seat'),
    })
  })

  it('says which heights there are when it is asked for another', async () => {
    const run = await runCli(['rounds', 'verify', '--to', '1000000', '--dir', dir, '--json'])
    expect(run).toMatchObject({ code: 1 })
    expect(JSON.parse(run.stdout).error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('the latest'),
    })
  })
})
