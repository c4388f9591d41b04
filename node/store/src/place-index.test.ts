import { sha256 } from '@smartshare/crypto'
import fc from 'fast-check'
import { type Database, open, type RootDatabase } from 'lmdb'
import { expect, it } from 'vitest'
import { type Place, PlaceIndex } from './place-index.ts'
import { inFolder } from './testing.ts'

type Bytes = Database<Uint8Array, Uint8Array>

const idOf = (text: string) => sha256(Buffer.from(text))
const ids = (height: number, count: number) => Array.from({ length: count }, (_, i) => idOf(`${height} ${i}`))

function opened(folder: string): { root: RootDatabase<Uint8Array, Uint8Array>; database: Bytes } {
  const root = open<Uint8Array, Uint8Array>({
    path: folder,
    encoding: 'binary',
    keyEncoding: 'binary',
    noSubdir: false,
    noSync: true,
  })
  return { root, database: root.openDB({ name: 'places', encoding: 'binary', keyEncoding: 'binary', cache: false }) }
}

it('finds what a map finds, whatever commits there were, after merges, pruning and reopening', () =>
  inFolder(async (folder) => {
    let { root, database } = opened(folder)
    let height = 0
    let from = 0
    let known = new Map<string, Place>()
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ add: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ forget: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 1, arbitrary: fc.constant('reopen' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        root.clearSync()
        database.clearSync()
        ;[height, from, known] = [0, 0, new Map()]
        for (const one of steps) {
          const index = new PlaceIndex(database)
          if (one === 'reopen') {
            await root.close()
            ;({ root, database } = opened(folder))
          } else if ('forget' in one) {
            from = Math.max(from, height - one.forget)
            root.transactionSync(() => index.forget(from))
          } else {
            const heights = one.add.map((count) => ({ height: ++height, ids: ids(height, count) }))
            for (const { height: at, ids: all } of heights) {
              for (const [i, id] of all.entries()) known.set(Buffer.from(id).toString('hex'), { height: at, index: i })
            }
            root.transactionSync(() => index.add(heights))
          }
        }
        const index = new PlaceIndex(database)
        for (const [id, place] of known) {
          expect(index.find(Buffer.from(id, 'hex'))).toEqual(place.height < from ? undefined : place)
        }
        expect(index.find(idOf('never sent'))).toBeUndefined()
      }),
      { numRuns: 8 },
    )
    await root.close()
  }))

it('has few runs however many commits there were, and lets go of rows that are pruned', () =>
  inFolder(async (folder) => {
    const { root, database } = opened(folder)
    const index = new PlaceIndex(database)
    const rows = () => {
      let bytes = 0
      for (const { key, value } of database.getRange({})) if (key[0] !== 255) bytes += value.length
      return bytes / 32
    }
    const runs = () =>
      new Set([...database.getKeys({})].filter((key) => key[0] !== 255).map((key) => `${key[0]} ${key[6]}`))
    for (let height = 1; height <= 300; height += 1) {
      root.transactionSync(() => index.add([{ height, ids: ids(height, 100) }]))
      // Rows that a merge has moved lie twice until the last of their chunk has.
      expect(rows()).toBeLessThan(2 * 100 * height + 20_000)
    }
    expect(runs().size).toBeLessThan(3 * 17)
    expect(index.find(idOf('150 99'))).toEqual({ height: 150, index: 99 })
    root.transactionSync(() => index.forget(301))
    expect(index.find(idOf('150 99'))).toBeUndefined()
    for (let height = 301; height <= 600; height += 1) {
      root.transactionSync(() => index.add([{ height, ids: ids(height, 100) }]))
    }
    expect(rows()).toBeLessThan(30_000 + 10_000)
    await root.close()
  }))

it('may be read by one thread while another adds, without a moment in which a transaction is not found', () =>
  inFolder(async (folder) => {
    const writing = opened(folder)
    writing.root.transactionSync(() => new PlaceIndex(writing.database).add([{ height: 1, ids: ids(1, 1_000) }]))
    const reading = opened(folder)
    const [writer, reader] = [new PlaceIndex(writing.database), new PlaceIndex(reading.database)]
    for (let height = 2; height < 200; height += 1) {
      writing.root.transactionSync(() => writer.add([{ height, ids: ids(height, 50) }]))
      reading.root.resetReadTxn()
      expect(reader.find(idOf(`1 ${height}`))).toEqual({ height: 1, index: height })
      expect(reader.find(idOf(`${height} 7`))).toEqual({ height, index: 7 })
    }
    await reading.root.close()
    await writing.root.close()
  }))
