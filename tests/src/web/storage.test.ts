import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMAND, smartshareJson } from '../smartshare.ts'
import { look, SKIPPED, WebTest } from './web-test.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const LARGE_BYTES = 30 * 2 ** 20
/** 1 MiB, in GiB. */
const QUOTA_GIB = '0.0009765625'

interface Pairing {
  readonly link: string
  readonly token: string
}

describe.skipIf(SKIPPED !== '')(`the storage page in trouble${SKIPPED}`, () => {
  let web: WebTest
  let page: Page
  let other: ChildProcess | undefined

  beforeAll(async () => {
    web = await WebTest.start('--delegates', '1', '--providers', '1', '--indexers', '0', '--slot-ms', '250')
    writeFileSync(file('large.bin'), '')
    truncateSync(file('large.bin'), LARGE_BYTES)
    writeFileSync(file('small.txt'), 'small')
  })
  afterAll(async () => {
    if (other !== undefined && other.exitCode === null) {
      other.kill()
      await once(other, 'exit')
    }
    await web?.close()
  })

  const file = (name: string) => join(web.dir, '..', name)
  const pairing = (...words: string[]) => smartshareJson<Pairing>('agent', 'pair', '--dir', web.dir, ...words)
  const agentPid = () => {
    const { processes } = JSON.parse(readFileSync(join(web.dir, 'devnet.json'), 'utf8')) as {
      processes: { name: string; pid: number }[]
    }
    return processes.find(({ name }) => name === 'agent')?.pid ?? 0
  }
  const choose = async (...names: string[]) =>
    await page.getByRole('region', { name: 'Store files' }).locator('input[type=file]').setInputFiles(names.map(file))
  const store = () => page.getByRole('dialog').getByRole('button', { name: 'Store', exact: true })

  it('is paired by a link, whose token leaves the address at once', async () => {
    const { link, token } = await pairing()
    page = await web.open(await web.profile(), link.slice(web.url.length))
    await page.getByText('Nothing is stored yet').waitFor()
    expect(page.url()).not.toContain(token)
    await page.reload()
    await page.getByText('Nothing is stored yet').waitFor()
    expect(web.complaints).toEqual([])
  })

  it('says so when the agent goes away during an upload, and sends the file again when it is back', async () => {
    await choose('large.bin')
    await expect.poll(() => store().isEnabled()).toBe(true)
    // It stands still, as on a machine that sleeps, while the file is on its way; then it is gone.
    process.kill(agentPid(), 'SIGSTOP')
    await store().click()
    await page.locator('[data-transfer=sending]').waitFor()
    process.kill(agentPid(), 'SIGKILL')
    await page.locator('[data-transfer=failed]').getByText('Your agent does not answer').waitFor()
    await page.locator('[data-agent=away]').waitFor()
    await look(page, 'storage-away-desktop-light')
    await smartshareJson('devnet', 'up', '--detach', '--dir', web.dir)
    await page.locator('[data-agent=away]').waitFor({ state: 'detached' })
    await page.locator('[data-transfer=failed]').getByRole('button', { name: 'Try again' }).click()
    await page.locator('[data-transfer=done]').waitFor()
    const kept = await smartshareJson<{ name: string; sizeBytes: number }[]>('ls', '--dir', web.dir)
    expect(kept.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['large.bin', LARGE_BYTES]])
  })

  it('asks to be paired again where another agent answers, and refuses what that may not or cannot pay', async () => {
    await smartshareJson('wallet', 'create', 'poor', '--dir', web.dir)
    const { port } = new URL(web.status.urls.agent ?? '')
    process.kill(agentPid(), 'SIGTERM')
    const words = ['agent', 'serve', '--dir', web.dir, '--wallet', 'poor', '--port', port, '--app', web.url]
    await page.locator('[data-agent=away]').waitFor()
    other = spawn(process.execPath, [COMMAND, ...words, '--quota', QUOTA_GIB], { stdio: 'ignore' })
    await page.getByText('This is not the token of your agent.').waitFor()
    await page.getByLabel('Link or token').fill((await pairing('--wallet', 'poor')).token)
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.getByText('poor', { exact: true }).waitFor()

    await choose('large.bin')
    await page.getByText('This is more than your agent may store.').waitFor()
    expect(await store().isDisabled()).toBe(true)
    await look(page, 'storage-quota-desktop-light')
    await page.getByRole('button', { name: 'Close' }).click()
    await choose('small.txt')
    await page.getByText("Your agent's account does not hold that much.").waitFor()
    expect(await store().isDisabled()).toBe(true)
    // The browser itself tells of requests that nobody answered.
    expect(web.complaints.filter((text) => !/ERR_|Failed to load resource|CORS/.test(text))).toEqual([])
  })
})
