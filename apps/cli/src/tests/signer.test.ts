import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bls, fromHex } from '@smartshare/crypto'
import { MemoryNode } from '@smartshare/daemon/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf } from './local-network.ts'
import { runCli, runCliProcess } from './run-cli.ts'

const before = process.cwd()
let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-signer-'))
  writeFileSync(join(home, 'genesis.cbor'), new MemoryNode().genesis.encoded)
  process.chdir(home)
})
afterAll(() => {
  process.chdir(before)
  rmSync(home, { recursive: true })
})

const init = async (folder: string, ...words: string[]) =>
  JSON.parse((await runCli(['signer', 'init', folder, '--genesis', 'genesis.cbor', ...words, '--json'])).stdout)

describe('smartshare signer init', () => {
  it('makes a key that nobody else can read, with the proof that it is held', async () => {
    const made = await init('new', '--address', accountOf('alice').text)
    expect(bls.verifyPossession(fromHex(made.publicKey), fromHex(made.possession))).toBe(true)
    expect(statSync(join(home, 'new', 'delegate.json')).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(join(home, 'new', 'delegate.json'), 'utf8')).address).toBe(accountOf('alice').text)
    expect(existsSync(join(home, 'new', 'promises', 'votes.log'))).toBe(true)
    expect(await init('new', '--address', accountOf('alice').text)).toMatchObject({ error: { code: 'SIGNER_FOLDER' } })
  })

  it('takes over a key that exists without promises, so that it is silent at first', async () => {
    const made = await init('restored', '--key', join('new', 'delegate.json'))
    const { secret } = JSON.parse(readFileSync(join(home, 'restored', 'delegate.json'), 'utf8'))
    expect(bls.publicKey(fromHex(secret))).toEqual(fromHex(made.publicKey))
    expect(existsSync(join(home, 'restored', 'promises'))).toBe(false)
    expect(await init('none')).toMatchObject({ error: { code: 'USAGE' } })
    const run = await runCliProcess(['signer', 'run', join(home, 'nowhere')])
    expect(run.stderr).toContain('SIGNER_FOLDER')
  })
})
