import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Seat } from './layout.ts'
import { seatsOf } from './layout.ts'
import { DEFAULT_OPTIONS } from './options.ts'
import { checkPorts, freeBasePort } from './ports.ts'

describe('checkPorts', () => {
  it('names the port that is taken, the process that has it and the one that wants it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const seat: Seat = { kind: 'delegate', name: 'd3', index: 2, dir: '', log: '', ports: [{ use: 'rpc', port }] }
    const failure = checkPorts([seat])
    await expect(failure).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port, process: 'd3' } })
    if (process.platform === 'linux')
      await expect(failure).rejects.toMatchObject({ details: { holderPid: process.pid } })
    server.close()
    await once(server, 'close')
    await expect(checkPorts([seat])).resolves.toBeUndefined()
  })
})

describe('freeBasePort', () => {
  it('finds a range on which a whole network can listen', async () => {
    const basePort = await freeBasePort()
    await expect(checkPorts(seatsOf('', { ...DEFAULT_OPTIONS, basePort }))).resolves.toBeUndefined()
  })

  it('gives no range that another process was given, although nobody listens there yet', async () => {
    const module = JSON.stringify(new URL('./ports.ts', import.meta.url).href)
    const code = `
      const { freeBasePort } = await import(${module})
      console.log(await freeBasePort())
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [text] = await once(child.stdout, 'data')
      const found = new Set<number>()
      for (let call = 0; call < 30; call += 1) found.add(await freeBasePort())
      expect(Number(text)).toBeGreaterThan(0)
      expect(found).not.toContain(Number(text))
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
})
