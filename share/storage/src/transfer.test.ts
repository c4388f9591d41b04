import type { ChildProcess } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataRoot } from '@smartshare/crypto'
import type { Link } from '@smartshare/link'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { StorageAgreement } from './chain.ts'
import { copyCipherAt, openChunk, sealChunk } from './chunk-cipher.ts'
import { connectToProvider, type OwnerLink } from './connect.ts'
import { CopyReader, MAX_OPEN_READS } from './copy-reader.ts'
import { uploadCopy } from './copy-upload.ts'
import { OwnerKeys } from './keys.ts'
import { LotStore } from './lot-store.ts'
import { encodeMessage, MAX_MESSAGE_BYTES, Purpose, STORAGE_PROTOCOL } from './messages.ts'
import { fileSource, type ObjectSource } from './object-source.ts'
import { ProviderService } from './provider-service.ts'
import { acceptSession, type MessageChannel } from './session.ts'
import { CHUNK_BYTES, chunkSpan, copyBytesOf, PLAIN_CHUNK_BYTES } from './sizes.ts'
import { AgreementTable, bytesOf, inFolder, party, testLink } from './testing.ts'
import { startProvider } from './testing-provider.ts'
import { WorkerPool } from './worker-pool.ts'

const pool = new WorkerPool(2)
const owner = party('owner')
const ownerKeys = new OwnerKeys(bytesOf('owner secret', 32))
const object = bytesOf('object', 16)
const copyId = bytesOf('copy', 16)
const copy = ownerKeys.copy(object, copyId)
const never = new AbortController().signal
const links: Link[] = []
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  await Promise.all(links.splice(0).map((link) => link.close()))
})
afterAll(() => pool.close())

async function link(name: string, listen = true): Promise<Link> {
  const made = await testLink(name, listen)
  links.push(made)
  return made
}

async function provider(name: string, folder: string, chain: AgreementTable, quotaBytes = 2 ** 40) {
  const { keys, address } = party(name)
  const own = await link(name)
  const store = await LotStore.open({ folder: join(folder, name), quotaBytes, pool })
  const service = new ProviderService({ link: own, chain, store, signer: keys, account: address, log: () => undefined })
  await service.start()
  return { link: own, store, service, contact: { provider: address, peer: own.peerId, addresses: own.addresses } }
}

async function withFile<T>(folder: string, plain: Uint8Array, use: (source: ObjectSource) => Promise<T>): Promise<T> {
  const path = join(folder, 'plain')
  await writeFile(path, plain)
  const source = await fileSource(path, ownerKeys.object(object), pool)
  try {
    return await use(source)
  } finally {
    await source.close()
  }
}

/** The copy as it must lie on the provider's disk, made without workers and streams. */
function copyOf(plain: Uint8Array): Uint8Array {
  const sealed: Uint8Array[] = []
  const copyBytes = copyBytesOf(plain.length)
  for (let index = 0; chunkSpan(copyBytes, index).length > 0; index++) {
    const { last } = chunkSpan(copyBytes, index)
    const part = plain.subarray(index * PLAIN_CHUNK_BYTES, (index + 1) * PLAIN_CHUNK_BYTES)
    const { ciphertext, tag } = sealChunk(ownerKeys.object(object), index, last, part)
    sealed.push(ciphertext, tag)
  }
  return copyCipherAt(copy, 0).update(Buffer.concat(sealed))
}

function upload(context: { link: Link; chain: AgreementTable }, agreement: StorageAgreement, source: ObjectSource) {
  const stored: number[] = []
  return {
    stored,
    receipt: uploadCopy({
      context: { ...context, signer: owner.keys, pool },
      agreement,
      source,
      copy,
      stallTimeoutMs: 5_000,
      signal: never,
      onProgress: (bytes) => stored.push(bytes),
    }),
  }
}

async function readAll(reader: CopyReader, sizeBytes: number): Promise<Uint8Array> {
  const spans = Array.from({ length: Math.ceil(sizeBytes / CHUNK_BYTES) }, (_, index) => chunkSpan(sizeBytes, index))
  const parts: Uint8Array[] = []
  for (let at = 0; at < spans.length; at += MAX_OPEN_READS) {
    const batch = spans.slice(at, at + MAX_OPEN_READS)
    parts.push(...(await Promise.all(batch.map(({ offset, length }) => reader.read(offset, length)))))
  }
  return Buffer.concat(parts)
}

describe('a copy', () => {
  it('reaches its provider as specified, is signed for by its root, and comes back', async () => {
    for (const size of [0, 1, PLAIN_CHUNK_BYTES, PLAIN_CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 333]) {
      await inFolder(async (folder) => {
        const chain = new AgreementTable()
        const { contact, store } = await provider('provider', folder, chain)
        const plain = bytesOf(`plain ${size}`, size)
        const sizeBytes = copyBytesOf(size)
        const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes, object, copyId, ...contact })
        const own = await link('owner', false)
        const { receipt, stored } = await withFile(folder, plain, async (source) => {
          const going = upload({ link: own, chain }, agreement, source)
          return { receipt: await going.receipt, stored: going.stored }
        })
        const expected = copyOf(plain)
        expect(Buffer.compare(receipt.root, dataRoot(expected))).toBe(0)
        expect(stored.at(-1)).toBe(sizeBytes)
        expect(Buffer.compare(await store.read(1, 0, Math.min(sizeBytes, 1000)), expected.subarray(0, 1000))).toBe(0)
        const context = { link: own, chain, signer: owner.keys, pool }
        const reader = await CopyReader.connect(context, agreement, never)
        expect(Buffer.compare(await readAll(reader, sizeBytes), expected)).toBe(0)
        const first = copyCipherAt(copy, 0).update(await reader.read(0, chunkSpan(sizeBytes, 0).length))
        const { last } = chunkSpan(sizeBytes, 0)
        expect(
          Buffer.compare(openChunk(ownerKeys.object(object), 0, last, first), plain.subarray(0, PLAIN_CHUNK_BYTES)),
        ).toBe(0)
        reader.close()
      })
      await Promise.all(links.splice(0).map((made) => made.close()))
    }
  })

  it('gets the same receipt again when only the receipt was lost', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact } = await provider('provider', folder, chain)
      const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes: copyBytesOf(2000), ...contact })
      const own = await link('owner', false)
      await withFile(folder, bytesOf('plain', 2000), async (source) => {
        const first = await upload({ link: own, chain }, agreement, source).receipt
        const second = await upload({ link: own, chain }, agreement, source).receipt
        expect(second).toEqual(first)
      })
    })
  })

  it('is not given to others than its buyer, and not taken from them', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact, service } = await provider('provider', folder, chain)
      const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes: copyBytesOf(2000), ...contact })
      const own = await link('owner', false)
      const thief = await link('thief', false)
      await withFile(folder, bytesOf('plain', 2000), async (source) => {
        await upload({ link: own, chain }, agreement, source).receipt
      })
      for (const purpose of [Purpose.Put, Purpose.Get]) {
        const context = { link: thief, chain, signer: party('thief').keys, pool }
        await expect(connectToProvider(context, agreement, purpose, never)).rejects.toMatchObject({
          code: 'STORAGE_NOT_BUYER',
        })
      }
      // The buyer's key, but a signature over something else.
      const forger = { publicKey: owner.keys.publicKey, sign: () => owner.keys.sign(new Uint8Array(32)) }
      const forged = connectToProvider({ link: thief, chain, signer: forger, pool }, agreement, Purpose.Get, never)
      await expect(forged).rejects.toMatchObject({ code: 'STORAGE_CLAIM' })
      const unknown = { ...agreement, agreement: 99 }
      const stray = connectToProvider({ link: own, chain, signer: owner.keys, pool }, unknown, Purpose.Get, never)
      await expect(stray).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN' })
      for (const state of ['ended', 'breached', 'cancelled'] as const) {
        chain.set({ agreement: 1, state })
        const late = connectToProvider({ link: own, chain, signer: owner.keys, pool }, agreement, Purpose.Get, never)
        await expect(late).rejects.toMatchObject({ code: 'STORAGE_STATE' })
      }
      expect(service.counters.bytesOut).toBe(0)
    })
  })

  it('is not sent to a peer in between that passes all messages on', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact } = await provider('provider', folder, chain)
      const between = await link('between')
      const relayed: string[] = []
      await between.dial(contact.addresses[0]!)
      await between.onChannel(STORAGE_PROTOCOL, async (inner) => {
        const outer = await between.openChannel(contact.peer, STORAGE_PROTOCOL, { maxMessageBytes: MAX_MESSAGE_BYTES })
        const pass = async (from: MessageChannel, to: MessageChannel) => {
          for (let message = await from.receive(); message !== undefined; message = await from.receive()) {
            relayed.push(from.peer)
            await to.send(message)
          }
        }
        await Promise.race([pass(inner, outer), pass(outer, inner)])
      })
      // The owner was told a wrong peer for the provider: only the signatures over the peers show it.
      const agreement = chain.set({
        agreement: 1,
        buyer: owner.address,
        sizeBytes: 100,
        ...contact,
        peer: between.peerId,
        addresses: between.addresses,
      })
      const own = await link('owner', false)
      const attempt = connectToProvider({ link: own, chain, signer: owner.keys, pool }, agreement, Purpose.Put, never)
      await expect(attempt).rejects.toMatchObject({ code: 'STORAGE_PROVIDER' })
      expect(relayed.length).toBeGreaterThanOrEqual(2)
    })
  })

  it('goes on where it was when the connection breaks in the middle', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact, service } = await provider('provider', folder, chain)
      const size = 60 * PLAIN_CHUNK_BYTES
      const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes: copyBytesOf(size), ...contact })
      const own = await link('owner', false)
      const plain = bytesOf('plain', size)
      await withFile(folder, plain, async (source) => {
        let cuts = 0
        const receipt = await uploadCopy({
          context: { link: own, chain, signer: owner.keys, pool },
          agreement,
          source,
          copy,
          stallTimeoutMs: 5_000,
          signal: never,
          onProgress: (stored) => {
            if (stored < (cuts + 1) * 16 * CHUNK_BYTES || cuts === 2) return
            cuts++
            void own.disconnect(contact.peer)
          },
        })
        expect(cuts).toBe(2)
        expect(Buffer.compare(receipt.root, dataRoot(copyOf(plain)))).toBe(0)
      })
      // Far less was sent twice than a restart from zero would have sent.
      expect(service.counters.bytesIn).toBeGreaterThanOrEqual(copyBytesOf(size))
      expect(service.counters.bytesIn).toBeLessThan(copyBytesOf(size) + 2 * 30 * CHUNK_BYTES)
    })
  })

  it('goes on with a provider that was killed in the middle and started again', async () => {
    await inFolder(async (folder) => {
      const size = 64 * PLAIN_CHUNK_BYTES
      const sizeBytes = copyBytesOf(size)
      const chain = new AgreementTable()
      const start = async () => {
        const started = await startProvider('killed', folder, chain)
        children.push(started.process)
        return started
      }
      const child = await start()
      let again: ReturnType<typeof start> | undefined
      const provider = party('killed').address
      const agreement = chain.set({ agreement: 4, buyer: owner.address, sizeBytes, provider, ...child.contact })
      const own = await link('owner', false)
      // An attempt after the kill finds the provider on its new port, however long it took to start: an owner makes only
      // some attempts.
      const patient: OwnerLink = {
        peerId: own.peerId,
        isConnected: (peer) => own.isConnected(peer),
        openChannel: (peer, protocol, limits) => own.openChannel(peer, protocol, limits),
        dial: async (address, signal) =>
          again === undefined ? own.dial(address, signal) : own.dial((await again).contact.addresses[0]!),
      }
      const plain = bytesOf('plain', size)
      const seen: number[] = []
      await withFile(folder, plain, async (source) => {
        const receipt = await uploadCopy({
          context: { link: patient, chain, signer: owner.keys, pool },
          agreement,
          source,
          copy,
          stallTimeoutMs: 60_000,
          signal: never,
          onProgress: (stored) => {
            seen.push(stored)
            if (seen.length !== 3) return
            child.process.kill('SIGKILL')
            again = start()
          },
        })
        expect(Buffer.compare(receipt.root, dataRoot(copyOf(plain)))).toBe(0)
      })
      // What was confirmed before the kill was there after it.
      for (let i = 1; i < seen.length; i++) expect(seen[i]).toBeGreaterThanOrEqual(seen[i - 1]!)
      expect(seen[2]).toBeGreaterThan(0)
    })
  })

  it('is never signed for if the provider would hold other bytes than were sent', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact, store } = await provider('provider', folder, chain)
      const size = 4 * PLAIN_CHUNK_BYTES
      const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes: copyBytesOf(size), ...contact })
      const own = await link('owner', false)
      const plain = bytesOf('plain', size)
      // A first half of other bytes lies there already, as after a crash of a bad disk.
      const writer = await store.write(1, copyBytesOf(size))
      await writer.write(0, bytesOf('other', CHUNK_BYTES))
      await writer.sync()
      await store.endWriting(1)
      await withFile(folder, plain, async (source) => {
        const { receipt } = upload({ link: own, chain }, agreement, source)
        expect(Buffer.compare((await receipt).root, dataRoot(copyOf(plain)))).toBe(0)
      })
      expect(Buffer.compare(await store.read(1, 0, 100), copyOf(plain).subarray(0, 100))).toBe(0)
    })
  })

  it('is refused with a code when the quota has no room, and everything else stays', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact, store } = await provider('provider', folder, chain, 3 * CHUNK_BYTES)
      const own = await link('owner', false)
      await withFile(folder, bytesOf('small', 1000), async (source) => {
        const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes: source.copyBytes, ...contact })
        await upload({ link: own, chain }, agreement, source).receipt
      })
      await withFile(folder, bytesOf('large', 3 * CHUNK_BYTES), async (source) => {
        const agreement = chain.set({ agreement: 2, buyer: owner.address, sizeBytes: source.copyBytes, ...contact })
        const { receipt } = upload({ link: own, chain }, agreement, source)
        await expect(receipt).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      })
      expect(store.entries().map(({ agreement }) => agreement)).toEqual([1])
      expect(await store.prove(1, [0])).toHaveLength(1)
    })
  })

  it('is refused with a code when the disk is full in the middle, and the provider goes on with what fits', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const child = await startProvider('full', folder, chain, 4 * 1024)
      children.push(child.process)
      const terms = { buyer: owner.address, provider: party('full').address, ...child.contact }
      const own = await link('owner', false)
      const put = async (agreement: number, size: number) =>
        withFile(folder, bytesOf(`full ${size}`, size), async (source) => {
          const whole = chain.set({ agreement, sizeBytes: source.copyBytes, ...terms })
          return upload({ link: own, chain }, whole, source).receipt
        })
      await put(1, 2 * CHUNK_BYTES)
      await expect(put(2, 8 * CHUNK_BYTES)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      await put(3, 3 * CHUNK_BYTES)
      expect(child.process.exitCode).toBeNull()
      const { sizeBytes } = chain.agreements.get(1)!
      const reader = await CopyReader.connect(
        { link: own, chain, signer: owner.keys, pool },
        chain.agreements.get(1)!,
        never,
      )
      expect(
        Buffer.compare(await readAll(reader, sizeBytes), copyOf(bytesOf(`full ${2 * CHUNK_BYTES}`, 2 * CHUNK_BYTES))),
      ).toBe(0)
      reader.close()
    })
  })

  it('is given up by its owner when the provider takes it and confirms nothing', async () => {
    await inFolder(async (folder) => {
      const chain = new AgreementTable()
      const { contact } = await provider('provider', folder, chain)
      const silent = await silentProvider(chain)
      const own = await link('owner', false)
      await withFile(folder, bytesOf('plain', 10_000), async (source) => {
        const sizeBytes = source.copyBytes
        const agreement = chain.set({ agreement: 1, buyer: owner.address, sizeBytes, ...contact, ...silent })
        const options = { context: { link: own, chain, signer: owner.keys, pool }, agreement, source, copy }
        const receipt = uploadCopy({ ...options, stallTimeoutMs: 100, signal: never, onProgress: () => undefined })
        await expect(receipt).rejects.toMatchObject({ code: 'STORAGE_STALLED' })
      })
    })
  })

  it('that changed between two readings is not sent: two contents under one key would show their difference', async () => {
    await inFolder(async (folder) => {
      await withFile(folder, bytesOf('plain', 3 * CHUNK_BYTES), async (source) => {
        await source.chunk(0, copy)
        await writeFile(join(folder, 'plain'), bytesOf('changed', 3 * CHUNK_BYTES))
        // Another chunk in between, since a worker may still hold the one it sealed last.
        await Promise.all([source.chunk(1, copy), source.chunk(2, copy), source.chunk(1, copy)])
        await Promise.all([source.chunk(2, copy), source.chunk(1, copy)])
        const changed = expect.objectContaining({ code: 'STORAGE_SOURCE_CHANGED' })
        await expect(source.chunk(0, ownerKeys.copy(object, bytesOf('c2', 16)))).rejects.toEqual(changed)
        await truncate(join(folder, 'plain'), 10)
        await expect(source.chunk(3, copy)).rejects.toEqual(changed)
      })
    })
  })
})

/** A provider that proves who it is, says ready, and then only listens. */
async function silentProvider(chain: AgreementTable) {
  const own = await link('silent')
  await own.onChannel(STORAGE_PROTOCOL, async (channel) => {
    const { keys } = party('provider')
    const nonce = bytesOf('nonce', 32)
    await acceptSession({ channel, ownPeer: own.peerId, chainId: chain.chainId, signer: keys, nonce })
    const { sizeBytes } = (await chain.agreement(1))!
    await channel.send(encodeMessage('ready', { sizeBytes, storedBytes: 0 }))
    while ((await channel.receive()) !== undefined);
  })
  return { peer: own.peerId, addresses: own.addresses }
}
