import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEvidence } from '@smartshare/chain'
import { twoFinals } from '@smartshare/daemon/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

let network: LocalNetwork
let dir: string

beforeAll(async () => {
  network = await LocalNetwork.start()
  dir = network.keep(await networkFolder(network, ['alice'])).dir
})

afterAll(async () => {
  await network.close()
})

async function json(...words: string[]) {
  const run = await runCli(['delegates', 'evidence', ...words, '--wallet', 'alice', '--dir', dir, '--json'])
  return { code: run.code, answer: JSON.parse(run.stdout) }
}

describe('smartshare delegates evidence', () => {
  it('lists what the node saw, with a cure where nobody reports it, and hands it in by hand', async () => {
    expect((await json()).answer).toMatchObject({
      reporter: null,
      cure: expect.stringContaining('accountKey'),
      pending: [],
    })
    const evidence = twoFinals(network.node, 1)
    const pending = { evidence, standing: 'open', accused: [], attempts: 0, transaction: null, error: null } as const
    network.node.pendingEvidence.push(pending)
    const { answer } = await json()
    expect(answer.pending).toMatchObject([{ kind: 'votes', term: 0, slot: 3, standing: 'open' }])
    const file = join(dir, 'evidence.json')
    writeFileSync(file, JSON.stringify(answer))
    expect((await json('report', file)).answer).toMatchObject({ final: true })
    const list = await runCli(['delegates', '--dir', dir, '--json'])
    const banned = JSON.parse(list.stdout).filter(
      ({ bannedTerm }: { bannedTerm: number | null }) => bannedTerm !== null,
    )
    expect(banned).toEqual([])
    const client = await network.client()
    expect(await client.rpc.delegate('delegate-1')).toMatchObject({ bannedTerm: 0, bondGrains: 0n })
  })

  it('tells what is wrong with a file, or with evidence that convicts nobody', async () => {
    const file = join(dir, 'wrong.json')
    writeFileSync(file, '{}')
    expect((await json('report', file)).answer.error.code).toBe('USAGE')
    const { first } = twoFinals(network.node, 2)
    const encoded = Buffer.from(encodeEvidence(network.node.chainId, { kind: 'votes', first, second: first })).toString(
      'base64',
    )
    writeFileSync(file, JSON.stringify({ encoded }))
    expect((await json('report', file)).answer.error.code).toBe('EVIDENCE_PAIR')
  })
})
