import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStore } from './store-folder.ts'
import { codeOf, inFolder } from './testing.ts'

const chainId = new Uint8Array(32).fill(7)

/** A process that opens the store in a folder and then waits, until it is killed. */
async function holder(folder: string): Promise<ChildProcess> {
  const module = JSON.stringify(new URL('./store-folder.ts', import.meta.url).href)
  const code = `
    const { openStore } = await import(${module})
    await openStore(process.argv[1], { chainId: new Uint8Array(32).fill(7) })
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', code, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

describe('a data folder', () => {
  it('is made, opened again, and keeps what was logged', () =>
    inFolder(async (folder) => {
      const first = await openStore(folder, { chainId })
      await first.blocks.append(1, Buffer.from('block'))
      await first.votes.log.append([Buffer.from('vote')])
      await first.close()
      const second = await openStore(folder, { chainId })
      expect(Buffer.from((await second.blocks.read(1)) as Uint8Array).toString()).toBe('block')
      expect(second.votes.records.length).toBe(1)
      expect(second.votes.damage).toBeUndefined()
      await second.close()
    }))

  it('belongs to one opener at a time, by whatever path it is reached', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data')
      const first = await openStore(data, { chainId })
      await symlink(data, join(folder, 'alias'))
      expect(await codeOf(() => openStore(data, { chainId }))).toBe('STORE_LOCKED')
      expect(await codeOf(() => openStore(join(folder, 'alias'), { chainId }))).toBe('STORE_LOCKED')
      await first.close()
      await (await openStore(join(folder, 'alias'), { chainId })).close()
    }))

  it('is locked while another process has it, and free as soon as that is killed', () =>
    inFolder(async (folder) => {
      for (let round = 0; round < 3; round += 1) {
        const child = await holder(folder)
        expect(await codeOf(() => openStore(folder, { chainId }))).toBe('STORE_LOCKED')
        child.kill('SIGKILL')
        await once(child, 'exit')
        await (await openStore(folder, { chainId })).close()
      }
    }))

  it('is refused for another network, another format or an unreadable format file, and left as it was', () =>
    inFolder(async (folder) => {
      await (await openStore(folder, { chainId })).close()
      expect(await codeOf(() => openStore(folder, { chainId: new Uint8Array(32) }))).toBe('STORE_OTHER_GENESIS')
      const path = join(folder, 'format.json')
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.replace('"format":2', '"format":3'))
      expect(await codeOf(() => openStore(folder, { chainId }))).toBe('STORE_VERSION')
      for (const broken of ['', '{', 'null', '{"format":"1","chainId":"07"}', '{"format":2}']) {
        await writeFile(path, broken)
        expect(await codeOf(() => openStore(folder, { chainId }))).toBe('STORE_DAMAGED')
      }
      await writeFile(path, text)
      await (await openStore(folder, { chainId })).close()
    }))

  it('says that votes are lost when their log is gone, but not in a new folder', () =>
    inFolder(async (folder) => {
      const first = await openStore(folder, { chainId })
      expect(first.votes.damage).toBeUndefined()
      await first.close()
      await rm(join(folder, 'votes'), { recursive: true })
      const second = await openStore(folder, { chainId })
      expect(second.votes.damage?.code).toBe('VOTELOG_DAMAGED')
      await second.close()
    }))

  it('is refused if its parts cannot come from one node', () =>
    inFolder(async (folder) => {
      const first = await openStore(folder, { chainId })
      await first.blocks.append(5, Buffer.from('block'))
      await first.close()
      expect(await codeOf(() => openStore(folder, { chainId }))).toBe('STORE_DAMAGED')
      await rm(join(folder, 'format.json'))
      expect(await codeOf(() => openStore(folder, { chainId }))).toBe('STORE_DAMAGED')
      // What failed has let go of the folder.
      await rm(join(folder, 'blocks'), { recursive: true })
      await (await openStore(folder, { chainId })).close()
    }))
})
