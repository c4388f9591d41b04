import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { openWallet, RpcClient, verifyBalanceProof, Wallet } from '@smartshare/client'
import type { DevnetStatus } from '@smartshare/devnet'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Steps } from './browser-page.ts'
import { smartshare, smartshareJson, startSmallNetwork } from './smartshare.ts'

// The client of the built tree as a web page has it: bundled, in Debian's Chromium, against a network of real processes.

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** tools/setup.mjs puts it there where it can. */
const CHROMIUM = '/usr/bin/chromium'
const SKIPPED = existsSync(CHROMIUM) ? '' : ` (skipped: there is no ${CHROMIUM}, and npm test could not install it)`
const CHROMIUM_FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
]
/** A name of this machine that pages of this machine do not have. */
const FOREIGN_HOST = 'page.example'
/** It was 144 KiB when this was written, most of it zod and elliptic curves: room to grow, but not by another library. */
const MAX_BUNDLE_GZIP_BYTES = 160 * 1024
const ONLY_IN_NODE = /__vite-browser-external|^node:|sodium-native|@chainsafe|native-node|bls-blst/
const PASSWORD = 'a password of the page'
const FUNDS_GRAINS = 50_000_000_000n
const PAID_GRAINS = 1_234_567_890n

async function bundle(): Promise<Rolldown.OutputChunk[]> {
  const input = fileURLToPath(new URL('browser-page.ts', import.meta.url))
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, modulePreload: false, rolldownOptions: { input } },
  })
  if (!('output' in built)) throw new Error('the bundler gave no output')
  return built.output.filter((file) => file.type === 'chunk')
}

let chunks: Rolldown.OutputChunk[] = []
beforeAll(async () => {
  chunks = await bundle()
})

describe('the client as a bundle for browsers', () => {
  it('is one file that needs nothing of Node', () => {
    expect(chunks).toHaveLength(1)
    const [{ code, imports, dynamicImports, moduleIds }] = chunks as [Rolldown.OutputChunk]
    expect([...imports, ...dynamicImports]).toEqual([])
    expect(moduleIds.filter((id) => /native-browser/.test(id))).toHaveLength(1)
    expect(moduleIds.filter((id) => ONLY_IN_NODE.test(id))).toEqual([])
    expect(code).not.toMatch(/["'`]node:|\brequire\(|\bBuffer\.|\bprocess\.(env|versions|nextTick)/)
  })

  it('holds the ABI of contracts, but not the machine that runs them', () => {
    const [{ code }] = chunks as [Rolldown.OutputChunk]
    expect(code).toContain('contract_view')
    // How the base64 of a WebAssembly module begins.
    expect(code).not.toContain('AGFzbQ')
  })

  it('is small enough for a page', () => {
    const code = chunks.map((chunk) => chunk.code).join('')
    const gzipBytes = gzipSync(code, { level: 9 }).length
    console.log(`client for browsers: ${(gzipBytes / 1024).toFixed(1)} KiB gzipped, ${code.length} bytes as it is`)
    expect(gzipBytes).toBeLessThan(MAX_BUNDLE_GZIP_BYTES)
  })
})

describe.skipIf(SKIPPED !== '')(`the client in Chromium${SKIPPED}`, () => {
  let home = ''
  let dir = ''
  let devnet: DevnetStatus
  let server: Server
  let browser: BrowserContext
  let page: Page
  let urls: { rpc: string[]; ws: string[]; chainId: string }
  /** What the page heard over WebSockets. */
  const heard: string[] = []
  let keyFile = ''
  let address = ''
  let paid: Awaited<ReturnType<Steps['pay']>>
  const payee = Wallet.create().account().text
  const stranger = Wallet.create().account().text

  /** Runs a step of browser-page.ts in the page. */
  function inPage<Name extends keyof Steps>(
    name: Name,
    ...words: Parameters<Steps[Name]>
  ): Promise<Awaited<ReturnType<Steps[Name]>>> {
    return page.evaluate(
      ([step, values]) => {
        const all = (globalThis as unknown as { steps: Record<string, (...rest: unknown[]) => unknown> }).steps
        return (all[step as string] as (...rest: unknown[]) => unknown)(...(values as unknown[]))
      },
      [name, words] as const,
    ) as Promise<Awaited<ReturnType<Steps[Name]>>>
  }

  /** A page of its own origin, as strict as pages should be about what they load and whom they speak to. */
  async function servePage(): Promise<Server> {
    const connect = [...urls.rpc, ...urls.ws.map((url) => new URL(url).origin)].join(' ')
    const policy = `default-src 'none'; script-src 'self'; connect-src ${connect}`
    const serving = createServer((request, response) => {
      if (request.url === '/page.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(chunks.map(({ code }) => code).join(''))
      } else {
        response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
        response.end('<!doctype html><title>client</title><script type="module" src="/page.js"></script>')
      }
    })
    await new Promise<void>((resolve) => serving.listen(0, '127.0.0.1', resolve))
    return serving
  }

  async function openPage(host: string): Promise<Page> {
    const opened = await browser.newPage()
    opened.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => heard.push(String(payload)))
    })
    await opened.goto(`http://${host}:${(server.address() as AddressInfo).port}/`)
    await opened.waitForFunction(() => 'steps' in globalThis)
    return opened
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'smartshare-browser-'))
    dir = join(home, 'net')
    devnet = await startSmallNetwork(dir, 4)
    urls = { rpc: [devnet.urls.rpc], ws: [devnet.urls.ws], chainId: devnet.chainId }
    server = await servePage()
    browser = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath: CHROMIUM,
      headless: true,
      args: [...CHROMIUM_FLAGS, `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`],
    })
    page = await openPage('127.0.0.1')
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    if (existsSync(join(dir, 'devnet.json'))) await smartshare('devnet', 'down', '--dir', dir)
    rmSync(home, { recursive: true, force: true, maxRetries: 10 })
  })

  it('gets to know the network, and hears of blocks as they become final', async () => {
    expect(await inPage('connect', urls)).toBe(devnet.chainId)
    await expect.poll(() => heard.filter((text) => text.includes('"chain_subscription"')).length).toBeGreaterThan(2)
  })

  it('makes a wallet that only its password opens, there and in Node', async () => {
    const made = await inPage('makeWallet', PASSWORD)
    ;({ address, keyFile } = made)
    expect(made).toMatchObject({ opened: address, withOtherPassword: 'KEYFILE_PASSWORD' })
    expect((await openWallet(keyFile, PASSWORD)).account().text).toBe(address)
  })

  it('opens a key file that was made in Node, and pays from it', async () => {
    const owner = readFileSync(join(dir, 'wallets', 'owner.json'), 'utf8')
    const password = readFileSync(join(dir, 'wallets', 'password'), 'utf8').trim()
    await inPage('fund', owner, password, `${FUNDS_GRAINS}`)
    expect(await inPage('balance', address)).toBe(`${FUNDS_GRAINS}`)
  })

  it('signs a payment, and learns by subscription alone that it is final', async () => {
    paid = await inPage('pay', payee, `${PAID_GRAINS}`)
    expect(paid).toMatchObject({ status: 'done' })
    const news = heard.filter((text) => text.includes('"receipt"') && text.includes(paid.id))
    expect(news.length).toBeGreaterThan(0)
    const node = new RpcClient({ urls: urls.rpc })
    expect(await node.transaction(paid.id)).toMatchObject({ state: 'executed', height: paid.height })
    expect(await inPage('balance', payee)).toBe(`${PAID_GRAINS}`)
    const left = FUNDS_GRAINS - PAID_GRAINS - BigInt(paid.feeGrains)
    expect(await inPage('balance', address)).toBe(`${left}`)
    expect((await node.account(address)).grains).toBe(left)
  })

  it('shows that a balance is in the state that delegates have signed, and that another account is not', async () => {
    const present = await inPage('prove', payee, paid.height)
    expect(await inPage('verify', present, devnet.chainId)).toBe(`${PAID_GRAINS}`)
    expect(verifyBalanceProof(present, devnet.chainId).grains).toBe(PAID_GRAINS)
    const absent = await inPage('prove', stranger, paid.height)
    expect(await inPage('verify', absent, devnet.chainId)).toBe('0')
    expect(verifyBalanceProof(absent, devnet.chainId).grains).toBe(0n)
  })

  it('refuses a proof in which anything was changed, or of another network', async () => {
    for (const [account, other] of [
      [payee, stranger],
      [stranger, payee],
    ] as const) {
      const proof = await inPage('prove', account, paid.height)
      const codes = await inPage('refusals', proof, devnet.chainId, other)
      expect(Object.keys(codes)).toHaveLength(8)
      for (const [change, code] of Object.entries(codes))
        expect([change, code]).toEqual([change, expect.stringMatching(/^PROOF_/)])
      await expect(inPage('verify', proof, '00'.repeat(32))).rejects.toThrow('another network')
    }
  })

  it('believes a node only what is proven, and names its lie where the node lies', async () => {
    const check = (leastHeight = 0) => inPage('checkNode', payee, devnet.chainId, leastHeight)
    expect(await check()).toBe(`${PAID_GRAINS}`)

    type Answer = { method?: string; result?: Record<string, unknown> }
    let old: Record<string, unknown> | undefined
    const lies: Record<string, (truth: Record<string, unknown>) => object> = {
      // CBOR of 2^63 - 1 grains.
      'more money': () => ({ value: '1b7fffffffffffffff' }),
      'no money': () => ({ value: null }),
      'another height': ({ height }) => ({ height: (height as number) + 1 }),
      'an old state': () => old as object,
    }
    const node = (url: URL) => url.href.startsWith(urls.rpc[0] as string)
    /** The page's node lies from here on, between it and the browser. */
    const lieTo = (lie: (truth: Record<string, unknown>) => object) =>
      page.route(node, async (route) => {
        if (!(route.request().postData() ?? '').includes('"account_proof"')) return await route.continue()
        const response = await route.fetch()
        const answer = (await response.json()) as Answer
        if (answer.result !== undefined) Object.assign(answer.result, lie(answer.result))
        return await route.fulfill({ response, json: answer })
      })

    let heard = 0
    await lieTo((truth) => {
      old = { ...truth }
      heard = (truth.header as { height: number }).height
      return {}
    })
    expect(await check()).toBe(`${PAID_GRAINS}`)
    await page.unroute(node)
    const codes: Record<string, string> = {}
    for (const [name, lie] of Object.entries(lies)) {
      await lieTo(lie)
      // Only of the old state is more asked than that it is true.
      codes[name] = await check(name === 'an old state' ? heard + 1 : 0)
      await page.unroute(node)
    }
    console.log('lies of a node, as the page names them:', JSON.stringify(codes))
    expect(codes).toEqual({
      'more money': 'PROOF_STATE',
      'no money': 'PROOF_STATE',
      'another height': 'PROOF_HEIGHT',
      'an old state': 'LIGHT_STALE',
    })
    await expect.poll(() => check(heard + 1)).toBe(`${PAID_GRAINS}`)
  })

  it('agrees with the command line, which remembers whom it believes and also proves what the payment did', async () => {
    const verify = (...words: string[]) =>
      smartshareJson('proof', 'verify', ...words, '--trust', join(home, 'trust.cbor'), '--dir', dir)
    expect(await verify('--account', payee)).toMatchObject({ valid: true, grains: `${PAID_GRAINS}` })
    expect(await verify('--transaction', paid.id)).toMatchObject({
      ...{ valid: true, tx: paid.id, height: paid.height, status: 'done', feeGrains: paid.feeGrains },
    })
  })

  it('shows that a final block holds the payment', async () => {
    expect(await inPage('proveInclusion', paid.id)).toMatchObject({ height: paid.height })
  })

  it('publishes a contract, calls it, hears its event, and proves what it holds', async () => {
    const source = `local held = state.map('held')
      local Put = abi.event('Put(note: string)')
      abi.payable('put(note: string)', function(note) held[note] = system.value() Put(note) end)
      abi.view('of(note: string): amount', function(note) return held[note] or 0 end)`
    expect(await inPage('contract', source, 'from a page')).toEqual({
      ...{ heard: 'from a page', asked: '5', isPresent: true, value: { integer: '5' } },
    })
  })

  it('is kept away from a node by the browser where the page is of an origin that the node does not know', async () => {
    const foreign = await openPage(FOREIGN_HOST)
    const told: string[] = []
    foreign.on('console', (message) => told.push(message.text()))
    const code = await foreign.evaluate(
      (options) => (globalThis as unknown as { steps: Steps }).steps.tryToConnect(options),
      { ...urls, attempts: 1 },
    )
    expect(code).toBe('RPC_UNREACHABLE')
    await expect.poll(() => told.join('\n')).toMatch(/http:\/\/page\.example.* blocked by CORS policy/)
    await foreign.close()
  })
})
