import { join } from 'node:path'
import { RangeAccumulator, sha256 } from '@smartshare/crypto'
import { type StateChange, StateTree } from '@smartshare/state'
import { describe, expect, it } from 'vitest'
import { ChainStore } from './chain-store.ts'
import { nodeDisk } from './disk.ts'
import { isCrash, SimulatedDisk } from './simulated-disk.ts'
import { CHUNK_TARGET_BYTES, checkChunk, decodeManifest, encodeManifest, partsOf } from './snapshot.ts'
import { SnapshotFolder } from './snapshot-folder.ts'
import { type StateView, writeChunks } from './snapshot-writer.ts'
import { codeOf, heightOf, inFolder, rootFromScratch } from './testing.ts'

const chainId = new Uint8Array(32).fill(7)
const text = (value: string) => new TextEncoder().encode(value)
const changesOf = (from: number, count: number, valueBytes: number): StateChange[] =>
  Array.from({ length: count }, (_, i) => ({
    key: text(`key ${from + i}`),
    value: new Uint8Array(valueBytes).fill(1 + (i % 250)),
    previous: undefined,
  }))

/** A store at height 1 with `count` keys. */
function storeOf(folder: string, count: number, valueBytes: number): { store: ChainStore; tree: StateTree } {
  const store = ChainStore.open(folder)
  const tree = new StateTree(store.pages)
  store.commit([heightOf(tree, 1, changesOf(0, count, valueBytes))], 0)
  tree.committed(1)
  return { store, tree }
}

async function snapshot(
  disk: SimulatedDisk | typeof nodeDisk,
  home: string,
  view: StateView,
  stateRoot: Uint8Array,
  height = 1,
) {
  const folder = new SnapshotFolder(disk, home)
  const depths = await writeChunks(disk, await folder.begin(height), view)
  await folder.finish({ chainId, height, stateRoot, depths, anchor: text('anchor') })
  return folder
}

async function* entriesOf(folder: SnapshotFolder, height = 1) {
  const { depths, stateRoot } = (await folder.manifest(height))!
  for (const [index, part] of partsOf(depths).entries()) {
    yield checkChunk(stateRoot, part, (await folder.chunk(height, index))!)
  }
}

describe('a snapshot', () => {
  it('is the state at one height although blocks go on, cut into parts that prove themselves, and fills another store', () =>
    inFolder(async (home) => {
      const { store, tree } = storeOf(join(home, 'a'), 3_000, 2_000)
      const { root } = tree
      const view = store.view()
      store.commit([heightOf(tree, 2, changesOf(1_000, 4_000, 10))], 0)
      tree.committed(2)
      const folder = await snapshot(nodeDisk, join(home, 'snapshots'), view, root)
      view.end()
      const { depths } = (await folder.manifest(1))!
      expect(depths.length).toBeGreaterThan(8)
      let largest = 0
      for (const index of depths.keys()) largest = Math.max(largest, (await folder.chunk(1, index))!.length)
      expect(largest).toBeLessThan(1.2 * CHUNK_TARGET_BYTES)
      const other = ChainStore.open(join(home, 'b'))
      const range = RangeAccumulator.empty.append(sha256(text('leaf')))
      const { facts, header } = heightOf(new StateTree({ get: () => undefined }), 1, [])
      const loaded = {
        facts: { ...facts, stateRoot: root },
        range,
        header: header!,
        sets: [{ term: 3, set: text('set') }],
      }
      await other.load(entriesOf(folder), () => loaded)
      expect(Buffer.compare(rootFromScratch(other), root)).toBe(0)
      expect(other.height).toBe(1)
      expect(other.lowestFacts).toBe(1)
      expect(Buffer.from(other.electedSet(3)!).toString()).toBe('set')
      expect(Buffer.compare(other.rangeNode(0, 0)!, range.peaks[0]!)).toBe(0)
      // Its pages are whole: the next height comes to the same root as without the detour.
      const onwards = new StateTree(other.pages, { height: 1 })
      expect(Buffer.compare(onwards.applyChanges(changesOf(1_000, 4_000, 10)).root, tree.root)).toBe(0)
      await Promise.all([store.close(), other.close()])
    }))

  it('has the same chunks wherever it is taken, also of a state that is empty, tiny or has values of a megabyte', () =>
    inFolder(async (home) => {
      for (const [count, bytes] of [
        [1, 10],
        [2, 1_000_000],
        [5, 1_000_000],
        [40, 30],
      ] as const) {
        const { store, tree } = storeOf(join(home, `${count} ${bytes}`), count, bytes)
        const view = store.view()
        const folder = await snapshot(nodeDisk, join(home, `${count} ${bytes} s`), view, tree.root)
        view.end()
        let found = 0
        for await (const entries of entriesOf(folder)) found += entries.length
        expect(found).toBe(count)
        await store.close()
      }
      const nothing = { entries: () => [], page: () => undefined }
      const empty = await snapshot(nodeDisk, join(home, 'empty'), nothing, new Uint8Array(32))
      for await (const entries of entriesOf(empty)) expect(entries).toEqual([])
    }))

  it('refuses chunks of another part, with a byte changed or cut off, and manifests that are not whole', () =>
    inFolder(async (home) => {
      const { store, tree } = storeOf(join(home, 'a'), 2_000, 1_000)
      const view = store.view()
      const folder = await snapshot(nodeDisk, join(home, 's'), view, tree.root)
      view.end()
      await store.close()
      const manifest = (await folder.manifest(1))!
      const parts = partsOf(manifest.depths)
      const chunk = (await folder.chunk(1, 1))!
      const check = (bytes: Uint8Array, part = parts[1]!) => codeOf(() => checkChunk(manifest.stateRoot, part, bytes))
      expect(await check(chunk)).toBe('none')
      expect(await check(chunk, parts[0]!)).toBe('SNAPSHOT_CHUNK')
      for (const at of [0, 5, 40, 900, chunk.length >> 1, chunk.length - 1]) {
        const bent = chunk.slice()
        bent[at]! ^= 4
        expect(await check(bent)).toBe('SNAPSHOT_CHUNK')
        expect(await check(chunk.subarray(0, at))).toBe('SNAPSHOT_CHUNK')
      }
      for (const depths of [[1], [1, 1, 1], [0, 0], [2, 1, 2], manifest.depths.slice(1)]) {
        expect(await codeOf(() => decodeManifest(encodeManifest({ ...manifest, depths })))).toBe('SNAPSHOT_MANIFEST')
      }
    }))

  it('is there as a whole or not at all when the power fails at any write, and never in the place of an older one', async () => {
    const entries = changesOf(0, 60, 30).map(({ key, value }) => [key, value!] as const)
    entries.sort(([a], [b]) => Buffer.compare(a, b))
    const pages = new Map<unknown, Uint8Array>()
    const tree = new StateTree({ get: (name) => pages.get(name) })
    for (const { name, bytes } of tree.applyChanges(changesOf(0, 60, 30)).pages)
      if (bytes !== null) pages.set(name, bytes)
    const view: StateView = {
      entries: (after, limit) => entries.filter(([key]) => !after || Buffer.compare(key, after) > 0).slice(0, limit),
      page: (name) => pages.get(name),
    }
    const work = async (disk: SimulatedDisk) => {
      await snapshot(disk, 's', view, tree.root, 10)
      await snapshot(disk, 's', view, tree.root, 20)
      await new SnapshotFolder(disk, 's').tidy(1)
    }
    const whole = new SimulatedDisk(1)
    await work(whole)
    for (let operation = 0; operation < whole.operations; operation += 1) {
      const disk = new SimulatedDisk(operation)
      disk.crashAt(operation)
      await work(disk).then(
        () => expect.fail('the power should have failed'),
        (error: unknown) => expect(isCrash(error)).toBe(true),
      )
      const after = new SnapshotFolder(disk.afterCrash(operation), 's')
      for (const height of await after.heights()) {
        let found = 0
        for await (const some of entriesOf(after, height)) found += some.length
        expect(found).toBe(60)
      }
      await after.tidy(2)
    }
  })
})
