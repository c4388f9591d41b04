import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LocalNetwork } from './local-network.ts'

let network: LocalNetwork

beforeAll(async () => {
  network = await LocalNetwork.start()
})

afterAll(async () => {
  await network.close()
})

/** What a page would do, run with the modules that browsers get: pay, hear of it, check the balance by proof. */
const PAGE = `
  import { Client, Wallet, calls, openWallet, sealWallet, verifyBalanceProof } from '@smartshare/client'
  import { sha256, toHex } from '@smartshare/crypto'
  const [rpc, ws] = process.argv.slice(1)
  const wallet = Wallet.fromSeed(sha256(new TextEncoder().encode('test account alice')))
  const opened = await openWallet(await sealWallet(wallet, 'secret', 15), 'secret')
  const client = await Client.connect({ rpc: [rpc], ws: [ws] })
  const to = Wallet.create().account()
  const final = await client.sender(opened.account()).sendAndWait({ calls: [calls.transfer(to.address, 42n)] })
  for await (const header of client.blocks({ from: final.height + 1 })) if (header.height > final.height + 1) break
  const proven = await client.proveBalance(to.text)
  const again = verifyBalanceProof(JSON.parse(JSON.stringify(proven.proof)), toHex(client.chainId))
  const inclusion = await client.proveInclusion(final.id)
  client.close()
  console.log(JSON.stringify({ status: final.receipt.status, grains: String(again.grains), height: inclusion.height === final.height }))
`

it('the client pays and proves with the modules that browsers get', async () => {
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--conditions=browser',
      '--input-type=module',
      '-e',
      PAGE,
      network.server.url,
      network.server.ws,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('..', import.meta.url)) },
  )
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([code, output && JSON.parse(output)]).toEqual([0, { status: 'done', grains: '42', height: true }])
})

it('the client imports nothing that only Node has', () => {
  const sources = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) return sources(path)
      return name.endsWith('.ts') && !name.endsWith('.test.ts') ? [path] : []
    })
  const files = sources(fileURLToPath(new URL('../../../../sdk/client/src', import.meta.url)))
  expect(files.length).toBeGreaterThan(20)
  const guilty = files.filter((path) => /from 'node:|\b(Buffer|process|require)\b[.(]/.test(readFileSync(path, 'utf8')))
  expect(guilty).toEqual([])
})
