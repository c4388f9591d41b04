import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@smartshare/crypto'
import type { Link } from '@smartshare/link'
import { testAccount } from '@smartshare/runtime/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { StorageAgreement } from './chain.ts'
import { readRange } from './get-object.ts'
import { OwnerKeys } from './keys.ts'
import { LotStore } from './lot-store.ts'
import { STORAGE_PROTOCOL } from './messages.ts'
import { ObjectReader } from './object-reader.ts'
import { StorageOwner } from './owner.ts'
import { beginPut } from './pending-puts.ts'
import { ProviderService } from './provider-service.ts'
import { PLAIN_CHUNK_BYTES } from './sizes.ts'
import { bytesOf, inFolder, party, testLink } from './testing.ts'
import { MemoryChain } from './testing-chain.ts'
import { startProvider } from './testing-provider.ts'
import { WorkerPool } from './worker-pool.ts'

const pool = new WorkerPool(2)
const links: Link[] = []
const children: ChildProcess[] = []
const MIB = 2 ** 20

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  await Promise.all(links.splice(0).map((link) => link.close()))
})
afterAll(() => pool.close())

interface Provider {
  readonly name: string
  readonly link: Link
  readonly store: LotStore
  readonly service: ProviderService
  readonly address: Uint8Array
  /** Cuts it off without a word, as the death of its process would. */
  kill(): Promise<void>
}

/** A network of one owner and some providers in this process, over real sockets and files. */
class Market {
  readonly chain: MemoryChain
  readonly folder: string
  readonly providers: Provider[] = []
  readonly failures: { agreement: StorageAgreement; code: string }[] = []

  constructor(folder: string, names: readonly string[]) {
    this.folder = folder
    this.chain = new MemoryChain(['owner', ...names])
  }

  static async open(folder: string, count: number): Promise<Market> {
    const names = Array.from({ length: count }, (_, i) => `p${i}`)
    const market = new Market(folder, names)
    for (const name of names) market.providers.push(await market.start(name, 1_000_000n))
    return market
  }

  /** `bytesPerSecond`: how fast it takes what owners send. */
  async start(name: string, priceGrains: bigint, bytesPerSecond = 2 ** 40): Promise<Provider> {
    const link = await testLink(name)
    links.push(link)
    const { keys, address } = testAccount(name)
    const store = await LotStore.open({ folder: join(this.folder, name), quotaBytes: 2 ** 40, pool })
    const { chain } = this
    const throttled = {
      peerId: link.peerId,
      onChannel: (...[protocol, handler, limits]: Parameters<Link['onChannel']>) =>
        link.onChannel(protocol, handler, { ...limits, bytesPerSecond }),
    }
    const service = new ProviderService({
      link: throttled,
      chain,
      store,
      signer: keys,
      account: address,
      log: () => undefined,
    })
    await service.start()
    this.chain.offer(name, { peer: link.peerId, addresses: link.addresses }, { priceGrains })
    return { name, link, store, service, address, kill: () => link.close() }
  }

  async owner(seed = 'owner secret'): Promise<StorageOwner> {
    const link = await testLink(`owner ${links.length}`, false)
    links.push(link)
    const account = testAccount('owner')
    return new StorageOwner({
      link,
      chain: this.chain.owner(account),
      signer: account.keys,
      keys: new OwnerKeys(bytesOf(seed, 32)),
      pool,
      folder: join(this.folder, 'owner'),
      onFailure: (agreement, error) => this.failures.push({ agreement, code: (error as { code: string }).code }),
    })
  }

  of(agreement: StorageAgreement): Provider {
    return this.providers.find(({ address }) => Buffer.compare(address, agreement.provider) === 0)!
  }
}

async function fileOf(folder: string, text: string, size: number): Promise<{ path: string; plain: Uint8Array }> {
  const path = join(folder, text)
  const plain = bytesOf(text, size)
  await writeFile(path, plain)
  return { path, plain }
}

const request = { name: 'file', copies: 3, maxPriceGrains: 2_000_000n, periods: 10, stallTimeoutMs: 10_000 }

async function bytesIn(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

describe('an owner', () => {
  it('stores objects of any size with distinct providers and gets them back by the wallet alone', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 4)
      const owner = await market.owner()
      for (const size of [0, 1, 70_000, PLAIN_CHUNK_BYTES + 1, 9 * MIB + 5]) {
        const { path, plain } = await fileOf(folder, `file ${size}`, size)
        const stored = await owner.put({ path }, { ...request, name: `file ${size}` })
        expect(stored.agreements.map(({ state }) => state)).toEqual(['active', 'active', 'active'])
        expect(new Set(stored.agreements.map(({ provider }) => toHex(provider))).size).toBe(3)
        // Another process with the same wallet, which never saw the put.
        const again = await market.owner()
        expect(await again.getFile(stored.object, `${path}.back`)).toBe(size)
        expect(Buffer.compare(await readFile(`${path}.back`), plain)).toBe(0)
        expect((await again.find(stored.object)).metadata).toMatchObject({ name: `file ${size}`, sizeBytes: size })
      }
      const listed = []
      for await (const entry of owner.list()) listed.push(entry.metadata?.name)
      expect(listed.sort()).toEqual(['file 0', 'file 1', 'file 1048561', 'file 70000', 'file 9437189'])
      // Nothing is left of the puts at the owner's.
      expect(await readdir(join(folder, 'owner'))).toEqual([])
    })
  })

  it('leaves no block that two providers have in common, nor one of the plain bytes', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 4)
      const owner = await market.owner()
      // Plain bytes that repeat would show through any weak cipher.
      const path = join(folder, 'zeros')
      await writeFile(path, new Uint8Array(3 * MIB))
      const stored = await owner.put({ path }, { ...request, copies: 4 })
      const seen = new Map<string, string>()
      let blocks = 0
      for (const agreement of stored.agreements) {
        const { store, name } = market.of(agreement)
        const bytes = await store.read(agreement.agreement, 0, MIB)
        for (let at = 0; at + 4096 <= bytes.length; at += 4096) {
          const block = Buffer.from(bytes.subarray(at, at + 4096)).toString('latin1')
          expect(seen.get(block)).toBeUndefined()
          seen.set(block, name)
          blocks++
        }
      }
      expect(blocks).toBe(4 * 256)
    })
  })

  it('stores a stream without knowing its size, and leaves no plain byte of it on the disk', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 2)
      const owner = await market.owner()
      const marker = 'a secret that must not be on any disk'.repeat(1000)
      const plain = Buffer.from(marker.repeat(80))
      const spooled: string[] = []
      async function* pieces() {
        for (let at = 0; at < plain.length; at += 100_003) {
          yield plain.subarray(at, at + 100_003)
          for (const name of await readdir(join(folder, 'owner'), { recursive: true })) {
            if (!name.includes('spool-')) continue
            spooled.push(name)
            expect((await readFile(join(folder, 'owner', name))).includes('a secret that')).toBe(false)
          }
        }
      }
      const stored = await owner.put({ stream: pieces() }, { ...request, copies: 2 })
      expect(spooled.length).toBeGreaterThan(5)
      expect(stored.sizeBytes).toBe(plain.length)
      expect(Buffer.compare(await bytesIn(owner.getRange(stored.object)), plain)).toBe(0)
      expect(await readdir(join(folder, 'owner'))).toEqual([])
    })
  })

  it('reads any range of an object', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 2)
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'ranges', 4 * MIB)
      const { object } = await owner.put({ path }, { ...request, copies: 2 })
      for (const [start, end] of [
        [0, 1],
        [PLAIN_CHUNK_BYTES - 1, PLAIN_CHUNK_BYTES + 1],
        [100, 3 * MIB],
        [4 * MIB - 1, 4 * MIB],
        [7, 7],
      ] as const) {
        const read = await bytesIn(owner.getRange(object, { start, end }))
        expect(Buffer.compare(read, plain.subarray(start, end))).toBe(0)
      }
      await expect(bytesIn(owner.getRange(object, { start: 0, end: 4 * MIB + 1 }))).rejects.toMatchObject({
        code: 'STORAGE_RANGE',
      })
    })
  })

  it('sends the copies of a provider that dies in the middle to another one, and loses no money with it', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 5)
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'killed', 40 * MIB)
      let victim: Provider | undefined
      const stored = await owner.put(
        { path },
        {
          ...request,
          copies: 4,
          onProgress: ({ storedBytes }) => {
            if (victim !== undefined || storedBytes < 16 * MIB) return
            victim = market.providers.find(({ service }) => service.counters.bytesIn > 0)
            void victim?.kill()
          },
        },
      )
      expect(victim).toBeDefined()
      expect(stored.agreements).toHaveLength(4)
      const holders = stored.agreements.map((agreement) => market.of(agreement).name)
      expect(new Set(holders).size).toBe(4)
      expect(holders).not.toContain(victim!.name)
      expect(market.failures.map(({ agreement }) => market.of(agreement).name)).toEqual([victim!.name])
      const failed = await market.chain.agreement(market.failures[0]!.agreement.agreement)
      expect(failed).toMatchObject({ state: 'cancelled', escrowGrains: 0n, collateralGrains: 0n })
      expect(Buffer.compare(await bytesIn(owner.getRange(stored.object)), plain)).toBe(0)
    })
  })

  it('drops a provider that is much slower than the others, so that it does not hold everything up', async () => {
    await inFolder(async (folder) => {
      const names = ['slow', 'p1', 'p2']
      const market = new Market(folder, names)
      // The cheapest is the slowest: it gets a copy at first.
      market.providers.push(await market.start('slow', 1n, 100_000))
      for (const name of ['p1', 'p2']) market.providers.push(await market.start(name, 1_000_000n))
      const owner = await market.owner()
      const { path } = await fileOf(folder, 'slow file', 6 * MIB)
      const stored = await owner.put({ path }, { ...request, copies: 2, leastGraceMs: 500 })
      expect(stored.agreements.map((agreement) => market.of(agreement).name).sort()).toEqual(['p1', 'p2'])
      expect(market.failures.map(({ code }) => code)).toEqual(['STORAGE_SLOW'])
    })
  })

  it('gets an object although providers die one after the other while it reads', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 3)
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'dying', 30 * MIB)
      const stored = await owner.put({ path }, request)
      const killed: string[] = []
      const target = join(folder, 'back')
      await owner.getFile(stored.object, target, {
        onProgress: ({ doneBytes }) => {
          // Whoever has answered most so far dies, twice.
          if (killed.length >= 2 || doneBytes < (killed.length + 1) * 6 * MIB) return
          const alive = market.providers.filter(({ name }) => !killed.includes(name))
          const busiest = alive.reduce((a, b) => (a.service.counters.bytesOut >= b.service.counters.bytesOut ? a : b))
          killed.push(busiest.name)
          void busiest.kill()
        },
      })
      expect(killed).toHaveLength(2)
      expect(Buffer.compare(await readFile(target), plain)).toBe(0)
    })
  })

  it('never takes flipped bytes for its own, whichever copies are damaged', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 3)
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'flipped', 6 * MIB)
      const stored = await owner.put({ path }, request)
      const damage = async (agreement: StorageAgreement) => {
        const packet = join(folder, market.of(agreement).name, String(agreement.agreement), 'packet-00000')
        const handle = await open(packet, 'r+')
        for (let at = 1000; at < 6 * MIB; at += 300_000) await handle.write(bytesOf('flip', 8), 0, 8, at)
        await handle.close()
      }
      const [first, second, third] = stored.agreements as [StorageAgreement, StorageAgreement, StorageAgreement]
      await damage(first)
      await damage(second)
      expect(Buffer.compare(await bytesIn(owner.getRange(stored.object)), plain)).toBe(0)
      await damage(third)
      const target = join(folder, 'back')
      await expect(owner.getFile(stored.object, target)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      expect(market.failures.some(({ code }) => code === 'STORAGE_FLIPPED')).toBe(true)
      // Nothing half is left behind.
      expect((await readdir(folder)).filter((name) => name.startsWith('back'))).toEqual([])
    })
  })

  it('does not wait long for a provider that answers nothing', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 2)
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'silent', 5 * MIB)
      const stored = await owner.put({ path }, { ...request, copies: 2 })
      // Each in turn takes every session and says nothing at all.
      for (const silent of market.providers) {
        const mute = await testLink(`mute ${silent.name}`)
        links.push(mute)
        await mute.onChannel(STORAGE_PROTOCOL, async (channel) => {
          while ((await channel.receive()) !== undefined);
        })
        const lost = stored.agreements.find((agreement) => market.of(agreement) === silent)!
        const copies = stored.agreements.map((agreement) =>
          agreement === lost ? { ...agreement, peer: mute.peerId, addresses: mute.addresses } : agreement,
        )
        const link = await testLink(`reader ${silent.name}`, false)
        links.push(link)
        const context = { link, chain: market.chain, signer: testAccount('owner').keys, pool }
        const keys = new OwnerKeys(bytesOf('owner secret', 32))
        const hindered = new ObjectReader({ context, keys, object: stored.object, copies })
        expect(Buffer.compare(await bytesIn(readRange(hindered)), plain)).toBe(0)
        await hindered.close()
      }
    })
  })

  it('takes back everything when too few providers are found, and says why', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 2)
      const owner = await market.owner()
      const { path } = await fileOf(folder, 'too few', 1000)
      const before = market.chain.chain.balance('owner')
      await expect(owner.put({ path }, { ...request, firstPauseMs: 1 })).rejects.toMatchObject({
        code: 'STORAGE_NO_PROVIDER',
      })
      expect(await readdir(join(folder, 'owner'))).toEqual([])
      const left = await market.chain.owner(testAccount('owner')).allAgreements()
      for await (const { state } of left) expect(state).toBe('cancelled')
      // Only fees are gone; all that was locked is back.
      expect(before - market.chain.chain.balance('owner')).toBeLessThan(10_000_000_000n)
    })
  })

  it('removes an object: its agreements end by the rules and it cannot be read any more', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 2)
      const owner = await market.owner()
      const { path } = await fileOf(folder, 'removed', 1000)
      const { object } = await owner.put({ path }, { ...request, copies: 2 })
      const ended = await owner.remove(object)
      expect(ended.map(({ state, escrowGrains }) => [state, escrowGrains])).toEqual([
        ['ended', 0n],
        ['ended', 0n],
      ])
      await expect(owner.open(object)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN' })
      await expect(owner.remove(object)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN' })
      for await (const _ of owner.list()) throw new Error('nothing should be listed')
    })
  })

  it('cleans up after a put whose process died, and leaves those of living processes alone', async () => {
    await inFolder(async (folder) => {
      const market = await Market.open(folder, 3)
      const owner = await market.owner()
      const chain = market.chain.owner(testAccount('owner'))
      const dead = bytesOf('dead', 16)
      const lots = [0, 1].map((i) => ({ copyId: bytesOf(`copy ${i}`, 16), sizeBytes: 5000 }))
      const demand = {
        object: dead,
        lots,
        token: 0 as const,
        maxPriceGrains: 2_000_000n,
        leastPledgeGrains: 0n,
        periods: 10,
        exclude: [],
        memo: new Uint8Array(0),
      }
      const matched = await chain.tender(demand)
      // What a killed process leaves: its folder, and no lock.
      await mkdir(join(folder, 'owner', toHex(dead)), { recursive: true })
      await writeFile(join(folder, 'owner', toHex(dead), 'spool-1'), 'sealed')
      const alive = bytesOf('alive', 16)
      const living = await beginPut(join(folder, 'owner'), alive)
      await chain.tender({ ...demand, object: alive })
      expect(await owner.recover(Date.now())).toEqual([toHex(dead)])
      for (const agreement of matched) {
        expect(await chain.agreement(agreement!)).toMatchObject({ state: 'cancelled', escrowGrains: 0n })
      }
      expect((await chain.agreementsOf(alive)).map(({ state }) => state)).toEqual(['matched', 'matched'])
      // Looked after for a while, since a tender might still come; then the folder goes.
      expect(existsSync(join(folder, 'owner', toHex(dead)))).toBe(true)
      expect(await owner.recover(Date.now() + 3_600_000)).toEqual([])
      expect(existsSync(join(folder, 'owner', toHex(dead)))).toBe(false)
      expect(existsSync(living.folder)).toBe(true)
      await living.finish()
    })
  })

  it('outlives providers killed with -9 during put and during get', async () => {
    await inFolder(async (folder) => {
      const names = ['k0', 'k1', 'k2']
      const market = new Market(folder, names)
      const started = new Map<string, ChildProcess>()
      for (const name of names) {
        const { process, contact } = await startProvider(name, folder, market.chain)
        children.push(process)
        started.set(toHex(party(name).address), process)
        market.chain.chain.account(name)
        market.chain.offer(name, contact)
      }
      const owner = await market.owner()
      const { path, plain } = await fileOf(folder, 'nine', 24 * MIB)
      let victim: StorageAgreement | undefined
      const stored = await owner.put(
        { path },
        {
          ...request,
          copies: 2,
          onProgress: ({ storedBytes }) => {
            if (victim !== undefined || storedBytes < 16 * MIB) return
            void (async () => {
              for await (const agreement of market.chain.owner(testAccount('owner')).allAgreements())
                victim ??= agreement
              started.get(toHex(victim!.provider))?.kill('SIGKILL')
            })()
          },
        },
      )
      expect(stored.agreements.map(({ state }) => state)).toEqual(['active', 'active'])
      let killed = false
      const target = join(folder, 'nine back')
      await owner.getFile(stored.object, target, {
        onProgress: ({ doneBytes }) => {
          if (killed || doneBytes < 4 * MIB) return
          killed = true
          started.get(toHex(stored.agreements[0]!.provider))?.kill('SIGKILL')
        },
      })
      expect(killed).toBe(true)
      expect(Buffer.compare(await readFile(target), plain)).toBe(0)
    })
  })
})
