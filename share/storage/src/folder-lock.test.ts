import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { lockFolder } from './folder-lock.ts'
import { inFolder } from './testing.ts'

const locked = expect.objectContaining({ code: 'AGENT_LOCKED' })

describe('the lock of a folder', () => {
  it('lets one in at a time, also through another name of the same folder, and tells who holds it', async () => {
    await inFolder(async (folder) => {
      const lock = await lockFolder(folder)
      const otherName = join(folder, 'itself')
      await symlink(folder, otherName)
      await expect(lockFolder(folder)).rejects.toEqual(locked)
      await expect(lockFolder(otherName)).rejects.toMatchObject({ details: { pid: String(process.pid) } })
      await lock.release()
      await (await lockFolder(folder)).release()
    })
  })

  it('is free again the moment its holder is killed', async () => {
    await inFolder(async (folder) => {
      const module = join(fileURLToPath(import.meta.url), '..', 'folder-lock.ts')
      const script = `import(${JSON.stringify(module)}).then(({ lockFolder }) => lockFolder(process.argv[1])).then(() => {
        console.log('locked'); setInterval(() => {}, 1000) })`
      const child = spawn(process.execPath, ['--conditions=source', '-e', script, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      await expect(lockFolder(folder)).rejects.toMatchObject({
        code: 'AGENT_LOCKED',
        details: { pid: String(child.pid) },
      })
      child.kill('SIGKILL')
      await once(child, 'exit')
      await (await lockFolder(folder)).release()
    })
  })
})
