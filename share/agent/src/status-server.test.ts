import { once } from 'node:events'
import { connect } from 'node:net'
import { SmartshareError } from '@smartshare/codec'
import { afterEach, describe, expect, it } from 'vitest'
import { agentMetrics } from './metrics.ts'
import type { AgentStatus } from './status.ts'
import { StatusServer } from './status-server.ts'

const status: AgentStatus = {
  name: 'p1',
  version: '0.1.0',
  address: 'ssp1…',
  peer: 'peer',
  addresses: [],
  healthy: true,
  problem: null,
  chainId: '00',
  height: 7,
  balanceGrains: 9_007_199_254_740_993n,
  offer: '3',
  offerState: 'listed',
  storedBytes: 1234,
  agreements: 2,
  inspections: { passed: 5, missed: 1 },
  watched: 0,
  earnings: {
    paidGrains: 10n,
    paidTokens: {},
    lostGrains: 0n,
    bountyGrains: 1n,
    periods: 5,
    ended: 0,
    breached: 0,
    cancelled: 0,
  },
  element: { level: 0, model: 'software', serial: '00', publicKey: '02' },
  services: [
    {
      kind: 'storage',
      unit: 'GiB·period',
      token: 'SSP',
      priceGrains: 5n,
      freeUnits: 1,
      terms: '',
      meter: { lots: 2, storedBytes: 1234 },
    },
  ],
}
let servers: StatusServer[] = []
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  servers = []
})

async function serve(read: () => Promise<AgentStatus>, port = 0): Promise<string> {
  const server = await StatusServer.start({ host: '127.0.0.1', port }, read, agentMetrics(read))
  servers.push(server)
  return `http://127.0.0.1:${server.port}`
}

describe('the status of an agent', () => {
  it('is told in JSON with whole amounts, in metrics, and by the code of /health', async () => {
    let now = status
    const url = await serve(async () => now)
    const told = await (await fetch(`${url}/status`)).json()
    expect(told).toMatchObject({ storedBytes: 1234, offer: '3', balanceGrains: '9007199254740993' })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    for (const line of [
      'smartshare_agent_healthy 1',
      'smartshare_agent_agreements 2',
      'smartshare_agent_inspections{outcome="missed"} 1',
      'smartshare_agent_earnings_grains{kind="bountyGrains"} 1',
      'smartshare_agent_service{service="storage",quantity="storedBytes"} 1234',
    ]) {
      expect(metrics).toContain(line)
    }
    expect((await fetch(`${url}/health`)).status).toBe(200)
    now = { ...status, healthy: false, problem: 'no node answers' }
    const ill = await fetch(`${url}/health`)
    expect([ill.status, await ill.json()]).toEqual([503, { healthy: false, problem: 'no node answers' }])
  })

  it('answers everything else with a code, and stays up after junk', async () => {
    const url = await serve(async () => status)
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    expect((await fetch(`${url}/status`, { method: 'POST' })).status).toBe(405)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.end('\x00\x01 not HTTP at all\r\n\r\n')
    await once(socket, 'close')
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  it('says that it cannot be read instead of breaking', async () => {
    const url = await serve(() => Promise.reject(new SmartshareError('AGENT_STOPPED', 'secret detail')))
    const answer = await fetch(`${url}/status`)
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(JSON.parse(text).error.code).toBe('AGENT_STOPPED')
    expect(text).not.toContain('secret')
  })

  it('names a port that is taken', async () => {
    const url = await serve(async () => status)
    await expect(serve(async () => status, Number(new URL(url).port))).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })
})
