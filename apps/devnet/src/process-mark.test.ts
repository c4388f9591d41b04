import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isRunning, processMark } from './process-mark.ts'

describe('processMark', () => {
  it('is the same for a process as long as it runs, and undefined once it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    const pid = child.pid as number
    const mark = processMark(pid)
    expect(mark).toBeDefined()
    expect(processMark(pid)).toBe(mark)
    expect(isRunning({ pid, mark: mark as string })).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(processMark(pid)).toBeUndefined()
  })

  it('tells another process with the same pid from the one that was meant', () => {
    const mark = processMark(process.pid) as string
    expect(isRunning({ pid: process.pid, mark })).toBe(true)
    expect(isRunning({ pid: process.pid, mark: `${mark}0` })).toBe(false)
  })

  it('is not misled by a command whose name has brackets and blanks', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.title = 'a) Z (b'; console.log('named'); setInterval(() => {}, 1000)",
    ])
    const pid = child.pid as number
    const before = processMark(pid)
    await once(child.stdout, 'data')
    expect(processMark(pid)).toBe(before)
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
})
