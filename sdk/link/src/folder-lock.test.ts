import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from './folder-lock.ts'

const TAKEN = { code: 'TEST_LOCKED', message: 'another process has it' }
let home = ''
let folder = ''
const { TMPDIR } = process.env
const children: ChildProcess[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'folder-lock-'))
  folder = join(home, 'data')
  await mkdir(folder)
  // Where sockets are files they lie in the temporary folder: in ours, to be removed with it.
  process.env.TMPDIR = home
})
afterEach(async () => {
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  // To its end: the next folder may get the inode of this one.
  for (const child of children.splice(0)) await kill(child)
  await rm(home, { recursive: true })
})

/** A process that takes the lock and keeps it until it is killed, also with its event loop held up. */
async function holder(platform: NodeJS.Platform, after = 'setInterval(() => {}, 1000)'): Promise<ChildProcess> {
  const module = JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)
  const code = `
    const { lockFolder } = await import(${module})
    await lockFolder(process.argv[1], ${JSON.stringify(TAKEN)}, process.argv[2])
    process.stdout.write('locked', () => { ${after} })`
  const words = ['--conditions=source', '--input-type=module', '-e', code, folder, platform]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Where contenders for the lock put up their files where sockets are files. */
async function contendersFolder(): Promise<string> {
  await (await lockFolder(folder, TAKEN, 'darwin')).release()
  const [name, ...others] = (await readdir(home)).filter((entry) => entry.startsWith('smartshare-'))
  expect(others).toEqual([])
  return join(home, name as string)
}

// The way of macOS works on Linux too, so that both can be tried here.
const ways: readonly NodeJS.Platform[] = [...new Set<NodeJS.Platform>([process.platform, 'darwin'])]

describe.each(ways)('the lock of a folder, as on %s', (platform) => {
  const lock = (path = folder) => lockFolder(path, TAKEN, platform)

  it('lets one in at a time, also by another path to the same folder, and says who is in', async () => {
    const first = await lock()
    await symlink(folder, join(home, 'alias'))
    for (const path of [folder, join(home, 'alias')]) {
      await expect(lock(path)).rejects.toMatchObject({
        code: 'TEST_LOCKED',
        message: `another process has it (process ${process.pid})`,
        details: { folder: path, pid: process.pid },
      })
    }
    await first.release()
    await (await lock(join(home, 'alias'))).release()
    await first.release()
  })

  it('lets different folders alone', async () => {
    const first = await lock()
    await (await lock(home)).release()
    await first.release()
  })

  it('lets in at most one of many that come at once, and the next after it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => lock()))
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(held.length).toBeLessThanOrEqual(1)
      if (platform === 'linux') expect(held).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(SmartshareError.is(outcome.reason, 'TEST_LOCKED')).toBe(true)
      }
      for (const one of held) await one.release()
      await (await lock()).release()
    }
  })

  it('is kept by another process, and free as soon as that is killed', async () => {
    for (let round = 0; round < 2; round += 1) {
      const child = await holder(platform)
      await expect(lock()).rejects.toMatchObject({ code: 'TEST_LOCKED', details: { pid: child.pid } })
      await kill(child)
      await (await lock()).release()
    }
  })

  it('is kept by a process that is too busy to say so', async () => {
    await holder(platform, 'for (;;);')
    await expect(lock()).rejects.toMatchObject({ code: 'TEST_LOCKED', message: 'another process has it' })
  })

  it('says why a folder cannot be locked', async () => {
    const missing = join(home, 'missing')
    await expect(lock(missing)).rejects.toMatchObject({
      code: 'FOLDER_LOCK',
      details: { folder: missing, system: 'ENOENT' },
    })
  })

  it('is that of the folder at its path, not of one that was moved away', async () => {
    const first = await lock()
    await rename(folder, join(home, 'moved'))
    await mkdir(folder)
    const second = await lock()
    await expect(lock(join(home, 'moved'))).rejects.toMatchObject({ code: 'TEST_LOCKED' })
    await Promise.all([first.release(), second.release()])
  })
})

describe('the files of contenders', () => {
  it('are gone after the lock was released', async () => {
    const contenders = await contendersFolder()
    expect(await readdir(contenders)).toEqual([])
  })

  it('keep nobody out when they are of the dead, or of nobody', async () => {
    const contenders = await contendersFolder()
    await kill(await holder('darwin'))
    expect(await readdir(contenders)).toHaveLength(1)
    await writeFile(join(contenders, 'something else'), '')
    await mkdir(join(contenders, 'a folder'))
    const lock = await lockFolder(folder, TAKEN, 'darwin')
    expect(await readdir(contenders)).toHaveLength(1)
    await lock.release()
  })

  it('do not hold up a release when somebody asks and stays', async () => {
    const contenders = await contendersFolder()
    const lock = await lockFolder(folder, TAKEN, 'darwin')
    const [name] = await readdir(contenders)
    const asking = connect({ path: join(contenders, name as string), allowHalfOpen: true })
    await once(asking, 'data')
    await lock.release()
    asking.destroy()
    await (await lockFolder(folder, TAKEN, 'darwin')).release()
  })
})
