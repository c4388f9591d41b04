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

  it('gives no range twice, although nobody listens there yet', async () => {
    const found = await Promise.all(Array.from({ length: 4 }, freeBasePort))
    expect(new Set(found).size).toBe(4)
  })
})
