import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

// Wrong turns are found in core/consensus; turns of a true network are recomputed in tests/src/devnet.test.ts.
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
  it('recomputes whose turn each block was', async () => {
    const client = await network.client()
    await expect.poll(async () => (await client.rpc.status()).height, { timeout: 60_000 }).toBeGreaterThan(20)
    expect(await runCli(['rounds', 'verify', '--dir', dir, '--json'])).toMatchObject({ code: 0 })
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
