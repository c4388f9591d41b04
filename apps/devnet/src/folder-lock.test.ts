import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockNetwork } from './folder-lock.ts'
import { processMark } from './process-mark.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'devnet-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('lockNetwork', () => {
  it('lets in one at a time and the next once it is released', async () => {
    const first = await lockNetwork(dir)
    await expect(lockNetwork(dir)).rejects.toMatchObject({ code: 'DEVNET_LOCKED', details: { pid: process.pid } })
    first.release()
    const second = await lockNetwork(dir)
    second.release()
    expect(readdirSync(join(dir, 'locks'))).toEqual([])
  })

  it('lets in at most one of many that come at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockNetwork(dir)))
    const held = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(held).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(SmartshareError.is(outcome.reason, 'DEVNET_LOCKED')).toBe(true)
    }
  })

  it('is kept out by another process that holds it, and passes over one that was killed', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    const pid = holder.pid as number
    mkdirSync(join(dir, 'locks'))
    writeFileSync(join(dir, 'locks', `${pid}~${Buffer.from(processMark(pid) ?? '').toString('base64url')}`), '')
    await expect(lockNetwork(dir)).rejects.toMatchObject({ code: 'DEVNET_LOCKED', details: { pid } })
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = await lockNetwork(dir)
    expect(readdirSync(join(dir, 'locks'))).toHaveLength(1)
    lock.release()
  })

  it('is not kept out by files that no contender wrote', async () => {
    mkdirSync(join(dir, 'locks'))
    writeFileSync(join(dir, 'locks', 'something else'), '')
    ;(await lockNetwork(dir)).release()
  })
})
