import { mkdir, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataRoot, verifyDataProof } from '@smartshare/crypto'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { LotStore } from './lot-store.ts'
import { CHUNK_BYTES, PACKET_BYTES } from './sizes.ts'
import { bytesOf, inFolder } from './testing.ts'
import { WorkerPool } from './worker-pool.ts'

const pool = new WorkerPool(2)
afterAll(() => pool.close())
const MIB = 1024 * 1024
const openStore = (folder: string, quotaBytes = 1024 * MIB) => LotStore.open({ folder, quotaBytes, pool })

/** Writes the chunks of `bytes` from where the lot stands; stops after `most` chunks. */
async function feed(store: LotStore, agreement: number, bytes: Uint8Array, most = Number.MAX_SAFE_INTEGER) {
  const writer = await store.write(agreement, bytes.length)
  const from = writer.durableBytes
  for (let at = from, sent = 0; at < bytes.length && sent < most; at += CHUNK_BYTES, sent++) {
    await writer.write(at, bytes.slice(at, at + CHUNK_BYTES))
  }
  return { writer, from }
}

async function fill(store: LotStore, agreement: number, bytes: Uint8Array) {
  const { writer } = await feed(store, agreement, bytes)
  const receipt = await writer.finish()
  await store.endWriting(agreement, receipt)
  return receipt
}

describe('the lots of a provider', () => {
  it('give back what was written, with the root of the whole', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      // Around the edges of segments, blocks, chunks.
      for (const [agreement, size] of [1, 63, 64, 65, 65_536, 65_537, CHUNK_BYTES, CHUNK_BYTES + 1].entries()) {
        const bytes = bytesOf(`lot ${size}`, size)
        const receipt = await fill(store, agreement, bytes)
        expect(Buffer.compare(receipt.root, dataRoot(bytes))).toBe(0)
        expect(Buffer.compare(await store.read(agreement, 0, size), bytes)).toBe(0)
      }
    })
  })

  it('have the same root and openings whatever their size, and any range reads right', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      let agreement = 0
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 4 * CHUNK_BYTES }), fc.nat(), fc.nat(), async (size, a, b) => {
          const bytes = bytesOf(`lot ${size}`, size)
          const receipt = await fill(store, ++agreement, bytes)
          expect(Buffer.compare(receipt.root, dataRoot(bytes))).toBe(0)
          const offset = a % size
          const length = 1 + (b % Math.min(CHUNK_BYTES, size - offset))
          const read = await store.read(agreement, offset, length)
          expect(Buffer.compare(read, bytes.subarray(offset, offset + length))).toBe(0)
          const segments = [a, b, size - 1].map((n) => Math.floor((n % size) / 64))
          for (const proof of await store.prove(agreement, segments)) {
            const { segmentIndex, segment, siblings } = proof
            expect(verifyDataProof(receipt.root, size, segmentIndex, segment, siblings)).toBe(true)
          }
          await store.remove(agreement)
        }),
        { numRuns: 25 },
      )
    })
  })

  it('are kept in packets of 64 MiB, each byte once', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      const bytes = bytesOf('large', PACKET_BYTES + 3 * CHUNK_BYTES + 77)
      await fill(store, 5, bytes)
      const names = (await readdir(join(folder, '5'))).sort()
      expect(names).toEqual(['lot', 'packet-00000', 'packet-00001', 'progress', 'receipt', 'tops'])
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, '5', name))).size))
      // All that is not the bytes themselves is less than a thousandth.
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(bytes.length * 1.001)
      const across = await store.read(5, PACKET_BYTES - 10, 20)
      expect(Buffer.compare(across, bytes.subarray(PACKET_BYTES - 10, PACKET_BYTES + 10))).toBe(0)
    })
  })

  it('go on after a break exactly where the durable bytes end, however often it breaks', async () => {
    await inFolder(async (folder) => {
      let agreement = 0
      const breaks = fc.array(fc.record({ chunks: fc.nat(4), sync: fc.boolean() }), { maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 8 * CHUNK_BYTES }), breaks, async (size, plan) => {
          agreement++
          const bytes = bytesOf(`resumed ${size}`, size)
          let durable = 0
          for (const { chunks, sync } of plan) {
            // A new store each time: nothing is remembered but what is on the disk.
            const store = await openStore(folder)
            const { writer, from } = await feed(store, agreement, bytes, chunks)
            expect(from).toBe(durable - (durable % CHUNK_BYTES))
            if (sync) durable = await writer.sync()
            await writer.close()
          }
          const store = await openStore(folder)
          const receipt = await fill(store, agreement, bytes)
          expect(Buffer.compare(receipt.root, dataRoot(bytes))).toBe(0)
          expect(Buffer.compare(await store.read(agreement, 0, Math.min(size, 100)), bytes.subarray(0, 100))).toBe(0)
          await store.remove(agreement)
        }),
        { numRuns: 12 },
      )
    })
  })

  it('refuse chunks out of order, too long, or after the end', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      const writer = await store.write(1, CHUNK_BYTES + 10)
      const wrong = expect.objectContaining({ code: 'STORAGE_OFFSET' })
      await expect(writer.write(CHUNK_BYTES, new Uint8Array(10))).rejects.toEqual(wrong)
      await expect(writer.write(0, new Uint8Array(10))).rejects.toEqual(wrong)
      await writer.write(0, new Uint8Array(CHUNK_BYTES))
      await expect(writer.finish()).rejects.toEqual(expect.objectContaining({ code: 'STORAGE_INCOMPLETE' }))
      await writer.write(CHUNK_BYTES, new Uint8Array(10))
      await expect(writer.write(CHUNK_BYTES + 10, new Uint8Array(1))).rejects.toEqual(wrong)
      await expect(store.write(1, CHUNK_BYTES + 10)).rejects.toEqual(
        expect.objectContaining({ code: 'STORAGE_IN_USE' }),
      )
      await expect(store.remove(1)).rejects.toEqual(expect.objectContaining({ code: 'STORAGE_IN_USE' }))
      await store.close()
    })
  })

  it('never take more than the quota, counting what is promised and not yet written', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder, 10 * MIB)
      const full = expect.objectContaining({ code: 'STORAGE_FULL' })
      const attempts = await Promise.allSettled([1, 2, 3].map((agreement) => store.write(agreement, 4 * MIB)))
      expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
      expect(store.freeBytes).toBe(2 * MIB)
      await expect(store.write(9, 3 * MIB)).rejects.toEqual(full)
      await store.close()
      // The promise outlives the process.
      expect((await openStore(folder, 10 * MIB)).freeBytes).toBe(2 * MIB)
      await store.remove(1)
      await expect(store.write(9, 3 * MIB)).resolves.toBeDefined()
      await store.close()
    })
  })

  it('notice damage before a wrong proof leaves, and loss of their tree', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      const bytes = bytesOf('damaged', 3 * CHUNK_BYTES)
      await fill(store, 1, bytes)
      const handle = await open(join(folder, '1', 'packet-00000'), 'r+')
      await handle.write(Uint8Array.of(bytes[70_000]! ^ 1), 0, 1, 70_000)
      await handle.close()
      const damaged = expect.objectContaining({ code: 'DATA_DAMAGED' })
      await expect(store.prove(1, [Math.floor(70_000 / 64)])).rejects.toEqual(damaged)
      expect(await store.prove(1, [0, 3000])).toHaveLength(2)
      await truncate(join(folder, '1', 'packet-00000'), CHUNK_BYTES)
      await expect(store.prove(1, [40_000])).rejects.toEqual(expect.objectContaining({ code: 'STORAGE_SHORT' }))
      const tops = await readFile(join(folder, '1', 'tops'))
      tops[5]! ^= 1
      await writeFile(join(folder, '1', 'tops'), tops)
      const again = await openStore(folder)
      await expect(again.prove(1, [0])).rejects.toEqual(expect.objectContaining({ code: 'STORAGE_DAMAGED' }))
    })
  })

  it('tell how much is damaged when they are read again, and mend a tree whose bytes are all right', async () => {
    await inFolder(async (folder) => {
      const store = await openStore(folder)
      const bytes = bytesOf('scrubbed', 5 * CHUNK_BYTES + 100)
      const receipt = await fill(store, 1, bytes)
      expect(await store.scrub(1)).toEqual({ blocks: 81, damagedBlocks: 0 })
      await writeFile(join(folder, '1', 'tops'), 'torn')
      const again = await openStore(folder)
      await expect(again.prove(1, [5])).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' })
      expect(await again.scrub(1)).toEqual({ blocks: 81, damagedBlocks: 0 })
      const [proof] = await again.prove(1, [5])
      expect(verifyDataProof(receipt.root, bytes.length, 5, proof!.segment, proof!.siblings)).toBe(true)
      const handle = await open(join(folder, '1', 'packet-00000'), 'r+')
      for (const at of [10, 20, 70_000, bytes.length - 1]) await handle.write(Uint8Array.of(bytes[at]! ^ 1), 0, 1, at)
      await handle.close()
      expect(await again.scrub(1)).toEqual({ blocks: 81, damagedBlocks: 3 })
      await truncate(join(folder, '1', 'packet-00000'), CHUNK_BYTES)
      await expect(again.scrub(1)).rejects.toMatchObject({ code: 'STORAGE_SHORT' })
    })
  })

  it('start up over leftovers of any kind', async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, '17'))
      await writeFile(join(folder, '17', 'packet-00000'), 'never named')
      await mkdir(join(folder, '18'))
      await writeFile(join(folder, '18', 'lot'), 'torn')
      await writeFile(join(folder, 'stray'), 'file')
      const store = await openStore(folder)
      expect(store.entries()).toEqual([])
      expect(await readdir(folder)).toEqual([])
      await fill(store, 3, bytesOf('x', 1000))
      // A torn receipt makes a lot incomplete, not lost.
      await writeFile(join(folder, '3', 'receipt'), 'torn')
      const again = await openStore(folder)
      expect(again.entry(3)?.receipt).toBeUndefined()
      const receipt = await fill(again, 3, bytesOf('x', 1000))
      expect(Buffer.compare(receipt.root, dataRoot(bytesOf('x', 1000)))).toBe(0)
    })
  })
})
