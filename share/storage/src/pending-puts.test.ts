import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@smartshare/crypto'
import { lockFolder } from '@smartshare/link/folder-lock'
import { expect, it } from 'vitest'
import { beginPut } from './pending-puts.ts'
import { bytesOf, inFolder } from './testing.ts'

it('a put begins although the lock of a deleted folder, whose inode its own has got, goes a moment later', async () => {
  await inFolder(async (folder) => {
    const object = bytesOf('object', 16)
    await mkdir(join(folder, toHex(object)))
    const older = await lockFolder(join(folder, toHex(object)), { code: 'AGENT_LOCKED', message: 'somebody has it' })
    let released = false
    setTimeout(() => {
      released = true
      void older.release()
    }, 200)
    const put = await beginPut(folder, object)
    expect(released).toBe(true)
    await put.finish()
  })
})
