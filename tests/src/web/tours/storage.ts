import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { smartshareJson } from '../../smartshare.ts'
import { hasFocus, look } from '../web-test.ts'
import { go, lookEverywhere, type Tour } from './tour.ts'

const NAME = 'holiday \u202Eexe.photo.bin'
const SIZE_BYTES = 2_500_000
const NOTES = '<script>document.title = "run"</script>\n'.repeat(40)
/** A picture of one dot. */
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

interface Listed {
  readonly object: string
  readonly name: string
  readonly sizeBytes: number
  readonly copies: number
}

/** Pairs with the agent of the local network, stores files for real, reads them back and removes one. */
export const tour: Tour = async ({ page, web }) => {
  const pairing = await smartshareJson<{ link: string; token: string }>('agent', 'pair', '--dir', web.dir)
  const home = join(web.dir, '..')
  const bytes = randomBytes(SIZE_BYTES)
  writeFileSync(join(home, NAME), bytes)

  await go(page, '/storage', 'Storage')
  await lookEverywhere(page, 'storage-pair')
  await page.getByLabel('Link or token').fill('x'.repeat(43))
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByText('This is not the token of your agent.').waitFor()
  await page.getByLabel('Link or token').fill(pairing.link)
  await page.keyboard.press('Enter')
  await page.getByText('Nothing is stored yet').waitFor()

  await storeByKeyboard(page, join(home, NAME))
  await page.locator('[data-transfer=done]').waitFor()
  const list = async () => await smartshareJson<Listed[]>('ls', '--dir', web.dir)
  const [stored] = await list()
  expect(stored).toMatchObject({ name: NAME, sizeBytes: SIZE_BYTES, copies: 1 })
  // What somebody called it cannot disturb the page.
  await page
    .getByRole('link', { name: /holiday exe\.photo\.bin/ })
    .last()
    .click()
  await page.locator('[data-copy=active]').waitFor()
  await page.locator('[data-inspected="1"]').first().waitFor()
  await page.getByText('Inspection 1 passed').waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ])
  const back = join(home, 'back.bin')
  await download.saveAs(back)
  const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex')
  expect(digest(readFileSync(back))).toBe(digest(bytes))
  await lookEverywhere(page, 'storage-object')

  await page.getByRole('link', { name: 'All files' }).click()
  await drop(page, { name: 'notes.md', type: '', bytes: Buffer.from(NOTES) })
  await page.getByRole('dialog').getByRole('button', { name: 'Store', exact: true }).click()
  await expect.poll(() => page.locator('[data-transfer=done]').count()).toBe(2)
  await drop(page, { name: 'dot.png', type: 'image/png', bytes: Buffer.from(DOT, 'base64') })
  await page.getByRole('dialog').getByRole('button', { name: 'Store', exact: true }).click()
  await expect.poll(() => page.locator('[data-transfer=done]').count()).toBe(3)
  await lookEverywhere(page, 'storage-files')
  await page.getByRole('link', { name: 'notes.md' }).last().click()
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.locator('pre', { hasText: 'document.title' }).waitFor()
  expect(await page.title()).not.toBe('run')

  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await look(page, 'storage-remove-desktop-light')
  await page.getByRole('button', { name: 'Remove for good' }).click()
  await page.getByRole('heading', { level: 1, name: 'Storage', exact: true }).waitFor()
  await expect.poll(async () => (await list()).map(({ name }) => name).sort()).toEqual(['dot.png', NAME].sort())

  await page.getByRole('link', { name: 'dot.png' }).last().click()
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await expect.poll(() => page.evaluate('document.querySelector("main img")?.naturalWidth')).toBe(1)
}

/** Chooses and stores a file with the keyboard alone; only the window of the system in which it is picked is Chromium's. */
async function storeByKeyboard(page: Page, path: string): Promise<void> {
  const choose = page.getByRole('button', { name: 'Choose files' })
  const opened = page.waitForEvent('filechooser')
  await choose.focus()
  expect(await hasFocus(choose)).toBe(true)
  await page.keyboard.press('Enter')
  await (await opened).setFiles(path)
  const store = page.getByRole('dialog').getByRole('button', { name: 'Store', exact: true })
  await expect.poll(() => store.isEnabled()).toBe(true)
  await look(page, 'storage-terms-desktop-light')
  for (let steps = 0; steps < 10 && !(await hasFocus(store)); steps++) await page.keyboard.press('Tab')
  expect(await hasFocus(store)).toBe(true)
  await page.keyboard.press('Enter')
}

/** Drops a file on the page, as from a window of the system. */
async function drop(page: Page, { name, type, bytes }: { name: string; type: string; bytes: Buffer }): Promise<void> {
  const words = JSON.stringify({ name, type, bytes: bytes.toString('base64') })
  const dataTransfer = await page.evaluateHandle(`(() => {
    const { name, type, bytes } = ${words}
    const data = new DataTransfer()
    data.items.add(new File([Uint8Array.fromBase64(bytes)], name, { type }))
    return data
  })()`)
  await page.getByRole('region', { name: 'Store files' }).dispatchEvent('drop', { dataTransfer })
}
