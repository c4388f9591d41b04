import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

const delegates = ['delegate 0', 'delegate 1', 'delegate 2']
let network: LocalNetwork
let folder: Awaited<ReturnType<typeof networkFolder>>

beforeAll(async () => {
  network = await LocalNetwork.start({ accounts: ['alice'] })
  folder = await networkFolder(network, ['alice', ...delegates])
})
afterAll(async () => {
  folder.close()
  await network.close()
})

const run = (...words: string[]) => runCli([...words, '--dir', folder.dir])
const json = async (...words: string[]) => JSON.parse((await run('governance', ...words, '--json')).stdout)

describe('smartshare governance', () => {
  it('proposes, votes, and shows what is decided', async () => {
    const [first, second, third] = delegates.map((name) => name.replace(' ', '-')) as [string, string, string]
    const words = [
      '--protocol-version',
      '2',
      '--set',
      'leastBasePrice=12',
      'electionSteps=9000',
      '--term',
      '50',
      '--memo',
      'a rehearsal',
    ]
    expect(await json('propose', ...words, '--wallet', 'alice')).toMatchObject({ error: { code: 'GOVERNANCE_SEAT' } })
    const made = await json('propose', ...words, '--wallet', first)
    expect(made).toMatchObject({
      ...{ proposal: 1, state: 'open', version: 2, memo: 'a rehearsal', proposer: 'delegate-0' },
      changes: [
        { name: 'leastBasePrice', value: '12' },
        { name: 'electionSteps', value: '9000' },
      ],
      approvals: ['delegate-0'],
    })
    expect(await json('vote', '1', '--against', '--wallet', second)).toMatchObject({ rejections: ['delegate-1'] })
    await json('vote', '1', '--wallet', second)
    const decided = await json('vote', '1', '--wallet', third)
    expect(decided).toMatchObject({ state: 'scheduled', rejections: [], tx: expect.any(String) })
    const [listed] = await json('list')
    expect(listed).toMatchObject({ proposal: 1, approvals: { length: 3 } })
    const { activationTerm: term } = made
    expect(await json('show')).toMatchObject({ version: 1, next: { proposal: 1, version: 2, term } })
    const status = await run('status')
    expect(status.stdout).toContain(`version 1, version 2 from term ${term}`)
    const shown = await run('governance', 'show', '1')
    expect(shown.stdout).toContain('leastBasePrice=12 electionSteps=9000')
  })

  it('says what cannot be proposed, and that there is no such proposal', async () => {
    const refused = async (...words: string[]) => (await json(...words)).error.code
    expect(await refused('propose', '--set', 'feeReserveGrains=1', '--wallet', 'alice')).toBe('GOVERNANCE_PARAMETER')
    expect(await refused('propose', '--set', 'leastBasePrice', '--wallet', 'alice')).toBe('USAGE')
    expect(await refused('show', '99')).toBe('GOVERNANCE_UNKNOWN')
  })
})

describe('options', () => {
  it('belong to the command behind whose name they stand', async () => {
    // Both `delegates` and `delegates report` have --json.
    const report = await run('delegates', 'report', '--json')
    expect(JSON.parse(report.stdout)).toHaveProperty('seats')
    const stray = await runCli(['delegates', '--json', 'report', '--dir', folder.dir])
    expect(stray.code).toBe(1)
    expect(JSON.parse(stray.stdout).error.code).toBe('USAGE')
    const unknown = await run('governance', 'list', '--against')
    expect(unknown.stderr).toContain("unknown option '--against'")
  })
})
