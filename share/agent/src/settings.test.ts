import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress } from '@smartshare/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { initAgent, openAgentWallet } from './init.ts'
import { parseSettings, readSettings } from './settings.ts'

const TOKEN = formatAddress(new Uint8Array(32).fill(7))
const settings = {
  name: 'p1',
  network: { chainId: '00'.repeat(32), rpc: ['http://127.0.0.1:21000'] },
  listen: ['/ip4/127.0.0.1/tcp/0'],
  status: { port: 0 },
}
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'smartshare-agent-'))
})
afterEach(() => rm(dir, { recursive: true }))

describe('settings of an agent', () => {
  it('are filled in with defaults, and amounts are read as whole grains', () => {
    const parsed = parseSettings({ ...settings, storage: { priceGrains: '9007199254740993' } })
    expect(parsed.storage?.priceGrains).toBe(9007199254740993n)
    expect(parsed).toMatchObject({ wallet: 'wallet.json', watchtower: true, status: { host: '127.0.0.1' } })
  })

  it('may name the token of a price, with a pledge in SSP', () => {
    const storage = { token: TOKEN, priceGrains: '250', pledgeGrains: '1000000' }
    expect(parseSettings({ ...settings, storage }).storage).toMatchObject({ token: TOKEN, pledgeGrains: 1_000_000n })
  })

  it('are refused with the place of the mistake', () => {
    const wrong: [object, string][] = [
      [{ ...settings, extra: 1 }, 'settings'],
      [{ ...settings, status: { port: 0, host: '0.0.0.0' } }, 'status.host'],
      [{ ...settings, storage: { priceGrains: 12 } }, 'storage.priceGrains'],
      [{ ...settings, storage: { priceGrains: '1.5' } }, 'storage.priceGrains'],
      [{ ...settings, storage: { token: 'ACME', pledgeGrains: '1' } }, 'storage.token'],
      [{ ...settings, storage: { token: TOKEN } }, 'storage.pledgeGrains'],
      [{ ...settings, storage: { pledgeGrains: '1' } }, 'storage.pledgeGrains'],
      [{ ...settings, network: { ...settings.network, rpc: ['file:///etc'] } }, 'network.rpc.0'],
    ]
    for (const [value, path] of wrong) {
      expect(() => parseSettings(value)).toThrow(expect.objectContaining({ code: 'AGENT_SETTINGS', details: { path } }))
    }
  })

  it('that are missing or no JSON are refused with a code', async () => {
    await expect(readSettings(dir)).rejects.toMatchObject({ code: 'AGENT_MISSING' })
    await writeFile(join(dir, 'agent.json'), '{')
    await expect(readSettings(dir)).rejects.toMatchObject({ code: 'AGENT_SETTINGS' })
  })
})

describe('making an agent', () => {
  it('writes a wallet that opens again, readable by its owner alone, and nothing in the clear', async () => {
    const seed = new Uint8Array(32).fill(0xa5)
    const { address, words } = await initAgent({ dir, settings, seed })
    expect(words).toBeUndefined()
    expect((await readdir(dir)).sort()).toEqual(['agent.json', 'password', 'wallet.json'])
    for (const name of ['password', 'wallet.json']) expect((await stat(join(dir, name))).mode & 0o077).toBe(0)
    expect((await openAgentWallet(dir, await readSettings(dir))).text).toBe(address)
    for (const name of await readdir(dir)) {
      expect(await readFile(join(dir, name), 'utf8')).not.toContain('a5a5a5')
    }
  })

  it('never overwrites an agent, nor a wallet that lies there', async () => {
    const { address, words } = await initAgent({ dir, settings })
    expect(words?.split(' ')).toHaveLength(24)
    await expect(initAgent({ dir, settings })).rejects.toMatchObject({ code: 'AGENT_EXISTS' })
    await rm(join(dir, 'agent.json'))
    await expect(initAgent({ dir, settings })).rejects.toMatchObject({ code: 'AGENT_EXISTS' })
    expect((await openAgentWallet(dir, parseSettings(settings))).text).toBe(address)
  })
})
