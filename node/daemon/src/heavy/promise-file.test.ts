import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PromiseFile } from './promise-file.ts'

let path = ''
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promises-'))
  path = join(folder, 'promises.cbor')
})
afterEach(() => rmSync(folder, { recursive: true }))

const said = (job: number, result: number, term = 0) => ({ job, term, commitment: new Uint8Array(32).fill(result) })

it('lets a delegate say one thing of a job, also after a restart', async () => {
  const before = new PromiseFile(path)
  expect(await before.promise(said(1, 1))).toBe(true)
  expect(await before.promise(said(2, 2))).toBe(true)
  expect(await before.promise(said(1, 2))).toBe(false)
  const after = new PromiseFile(path)
  expect(await after.promise(said(1, 2))).toBe(false)
  expect(await after.promise(said(1, 1))).toBe(true)
  expect(await after.promise(said(1, 2, 1))).toBe(true)
})

it('keeps a bounded number, the latest', async () => {
  const file = new PromiseFile(path)
  for (let job = 0; job <= 256; job++) expect(await file.promise(said(job, 1))).toBe(true)
  const after = new PromiseFile(path)
  expect(await after.promise(said(0, 2))).toBe(true)
  expect(await after.promise(said(256, 2))).toBe(false)
})

it('lets nothing be said where it cannot be read or written', async () => {
  writeFileSync(path, 'not CBOR')
  await expect(new PromiseFile(path).promise(said(1, 1))).rejects.toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^CODEC_/) }),
  )
  const nowhere = new PromiseFile(join(folder, 'nowhere', 'promises.cbor'))
  await expect(nowhere.promise(said(1, 1))).rejects.toMatchObject({ code: 'STORE_IO' })
  await expect(nowhere.promise(said(1, 1))).rejects.toMatchObject({ code: 'STORE_IO' })
})
