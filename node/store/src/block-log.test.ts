import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import { BlockLog } from './block-log.ts'
import { type Disk, type DiskFile, nodeDisk } from './disk.ts'
import { isCrash, SimulatedDisk } from './simulated-disk.ts'
import { codeOf, inFolder } from './testing.ts'

const chainId = new Uint8Array(32).fill(7)
const options = { chainId, segmentBytes: 3000 }
const folder = 'blocks'
const blockOf = (height: number) => Buffer.alloc(100 + ((height * 331) % 900), `block ${height} `)

async function heightsIn(log: BlockLog): Promise<number[]> {
  const heights: number[] = []
  for await (const { height, payload } of log.range(log.firstHeight ?? 0, { blocks: 1e6, bytes: 1e9 })) {
    expect(Buffer.compare(payload, blockOf(height))).toBe(0)
    heights.push(height)
  }
  return heights
}

const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

async function fill(disk: Disk, where: string, from: number, to: number): Promise<void> {
  const log = await BlockLog.open(disk, where, options)
  for (const height of upTo(from, to)) await log.append(height, blockOf(height))
  await log.close()
}

describe.each([
  [
    'on the real disk',
    (work: (disk: Disk, where: string) => Promise<void>) => inFolder((f) => work(nodeDisk, `${f}/b`)),
  ],
  ['on the simulated disk', (work: (disk: Disk, where: string) => Promise<void>) => work(new SimulatedDisk(1), folder)],
])('BlockLog %s', (_, on) => {
  it('gives back every block over many files, before and after it is opened again', () =>
    on(async (disk, where) => {
      const log = await BlockLog.open(disk, where, options)
      expect(log.lastHeight).toBeUndefined()
      await Promise.all(upTo(5, 20).map((height) => log.append(height, blockOf(height))))
      for (const height of upTo(21, 40)) await log.append(height, blockOf(height))
      expect(await heightsIn(log)).toEqual(upTo(5, 40))
      await log.close()
      const again = await BlockLog.open(disk, where, options)
      expect([again.firstHeight, again.lastHeight]).toEqual([5, 40])
      expect(await heightsIn(again)).toEqual(upTo(5, 40))
      expect(await again.read(4)).toBeUndefined()
      expect(await again.read(41)).toBeUndefined()
      await again.append(41, blockOf(41))
      expect(await heightsIn(again)).toEqual(upTo(5, 41))
      expect((await disk.list(where)).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(5)
      await again.close()
    }))

  it('bounds a range by blocks and by bytes, but gives at least one block', () =>
    on(async (disk, where) => {
      await fill(disk, where, 1, 20)
      const log = await BlockLog.open(disk, where, options)
      const take = async (from: number, blocks: number, bytes: number) => {
        const heights: number[] = []
        for await (const { height } of log.range(from, { blocks, bytes })) heights.push(height)
        return heights
      }
      expect(await take(3, 4, 1e9)).toEqual([3, 4, 5, 6])
      expect(await take(3, 100, 1)).toEqual([3])
      const bytes = blockOf(3).length + blockOf(4).length
      expect(await take(3, 100, bytes)).toEqual([3, 4])
      await log.close()
    }))

  it('refuses heights out of order, and appends after it is closed', () =>
    on(async (disk, where) => {
      const log = await BlockLog.open(disk, where, options)
      await log.append(10, blockOf(10))
      expect(await codeOf(() => log.append(12, blockOf(12)))).toBe('LOG_ORDER')
      expect(await codeOf(() => log.append(10, blockOf(10)))).toBe('LOG_ORDER')
      await log.append(11, blockOf(11))
      await log.close()
      expect(await codeOf(() => log.append(12, blockOf(12)))).toBe('LOG_CLOSED')
    }))

  it('forgets old files, and everything when it is cleared to go on elsewhere', () =>
    on(async (disk, where) => {
      await fill(disk, where, 1, 60)
      const log = await BlockLog.open(disk, where, options)
      await log.prune(30)
      expect(log.firstHeight).toBeGreaterThan(20)
      expect(log.firstHeight).toBeLessThanOrEqual(30)
      expect(await heightsIn(log)).toEqual(upTo(log.firstHeight as number, 60))
      expect(await log.read(1)).toBeUndefined()
      await log.clear()
      expect(log.lastHeight).toBeUndefined()
      expect(await disk.list(where)).toEqual([])
      await log.append(1000, blockOf(1000))
      await log.close()
      const again = await BlockLog.open(disk, where, options)
      expect(await heightsIn(again)).toEqual([1000])
      await again.close()
    }))

  it('refuses the log of another network', () =>
    on(async (disk, where) => {
      await fill(disk, where, 1, 2)
      const other = { chainId: new Uint8Array(32).fill(8) }
      expect(await codeOf(() => BlockLog.open(disk, where, other))).toBe('STORE_OTHER_GENESIS')
    }))
})

/** A disk with another way to sync its files. */
function withSync(disk: SimulatedDisk, sync: (file: DiskFile) => Promise<void>): Disk {
  const open = async (path: string, create: boolean) => {
    const file = await disk.open(path, create)
    return { ...file, sync: () => sync(file) }
  }
  return {
    open,
    list: (path) => disk.list(path),
    makeFolder: () => disk.makeFolder(),
    removeFolder: () => disk.removeFolder(),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (path) => disk.syncFolder(path),
  }
}

/** A disk whose syncs take a while, each as long as the seed says. */
function slowDisk(seed: number): Disk {
  let drawn = seed
  const turns = (most: number) => {
    drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor(drawn / 65_536) % most
  }
  return withSync(new SimulatedDisk(seed), async (file) => {
    for (let turn = turns(6); turn > 0; turn -= 1) await new Promise(setImmediate)
    await file.sync()
  })
}

describe('BlockLog on a slow disk', () => {
  it('resolves appends strictly in the order of their calls, over many files', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const log = await BlockLog.open(slowDisk(seed), folder, options)
      const told: number[] = []
      const appends: Promise<unknown>[] = []
      for (const height of upTo(1, 40)) {
        appends.push(log.append(height, blockOf(height)).then(() => told.push(height)))
        for (let turn = (height * seed) % 5; turn > 0; turn -= 1) await new Promise(setImmediate)
      }
      await Promise.all(appends)
      expect([seed, told]).toEqual([seed, upTo(1, 40)])
      await log.close()
    }
  })

  it('tells of a block only when all blocks before it are told of, also when the disk becomes full', async () => {
    for (let room = 200; room < 6000; room += 170) {
      const disk = new SimulatedDisk(room)
      disk.limitRoom(room)
      const log = await BlockLog.open(disk, folder, options)
      const told: number[] = []
      const appends = upTo(1, 20).map((height) =>
        log.append(height, blockOf(height)).then(
          () => told.push(height),
          () => told.push(-height),
        ),
      )
      await Promise.all(appends)
      expect(told.map(Math.abs)).toEqual(upTo(1, 20))
      await log.close()
    }
  })
})

describe('BlockLog after a crash', () => {
  it('has every acknowledged block and nothing half-written, whichever operation the crash interrupts', async () => {
    /** Appends in groups over several files and prunes; tells what was acknowledged. */
    const scenario = async (disk: SimulatedDisk, acknowledged: { last: number; first: number }) => {
      const log = await BlockLog.open(disk, folder, options)
      for (let height = 1; height <= 24; height += 3) {
        const group = upTo(height, height + 2).map(async (one) => {
          await log.append(one, blockOf(one))
          acknowledged.last = Math.max(acknowledged.last, one)
        })
        await Promise.all(group)
        if (height === 13) {
          // From here on these may be gone.
          acknowledged.first = 8
          await log.prune(8)
        }
      }
    }
    const whole = new SimulatedDisk(0)
    await scenario(whole, { last: 0, first: 1 })
    expect(whole.operations).toBeGreaterThan(50)
    for (let operation = 0; operation < whole.operations; operation += 1) {
      for (let seed = 1; seed <= 12; seed += 1) {
        const disk = new SimulatedDisk(seed * 1000 + operation)
        disk.crashAt(operation)
        const acknowledged = { last: 0, first: 1 }
        await expect(scenario(disk, acknowledged)).rejects.toSatisfy(isCrash)
        const found = disk.afterCrash(seed)
        const log = await BlockLog.open(found, folder, options)
        const heights = await heightsIn(log)
        expect(heights).toEqual(upTo(heights[0] ?? 1, heights.at(-1) ?? 0))
        expect(heights.at(-1) ?? 0).toBeGreaterThanOrEqual(acknowledged.last)
        if (acknowledged.last > 0) expect(heights[0]).toBeLessThanOrEqual(acknowledged.first)
        // And it goes on from there, through a second crash too.
        const next = (log.lastHeight ?? 0) + 1
        await log.append(next, blockOf(next))
        const second = await BlockLog.open(found.afterCrash(seed + 1), folder, options)
        expect((await heightsIn(second)).at(-1)).toBe(next)
      }
    }
  })

  it('writes the index of a finished file again if it is lost or damaged', async () => {
    const disk = new SimulatedDisk(1)
    await fill(disk, folder, 1, 30)
    await disk.remove(`${folder}/blocks-00000001.index`)
    disk.rot(`${folder}/blocks-00000002.index`, 40)
    const log = await BlockLog.open(disk, folder, options)
    expect(await heightsIn(log)).toEqual(upTo(1, 30))
    expect(disk.sizeOf(`${folder}/blocks-00000001.index`)).toBeGreaterThan(32)
  })

  it('refuses damage to what was acknowledged, with its place, at whichever byte it is', async () => {
    const made = new SimulatedDisk(1)
    await fill(made, folder, 1, 12)
    const names = (await made.list(folder)).filter((name) => name.endsWith('.log'))
    expect(names.length).toBe(3)
    let refused = 0
    for (const name of names) {
      for (let at = 0; at < made.sizeOf(`${folder}/${name}`); at += 61) {
        const disk = new SimulatedDisk(1)
        await fill(disk, folder, 1, 12)
        disk.rot(`${folder}/${name}`, at, at % 8)
        const code = await codeOf(async () => {
          const log = await BlockLog.open(disk, folder, options)
          expect(await heightsIn(log)).toEqual(upTo(1, 12))
        })
        // The number of a segment's header is also in its index, so there the damage does no harm.
        const inHeader = at < 70
        if (code === 'LOG_DAMAGED') refused += 1
        else expect([code, inHeader]).toEqual(['none', true])
      }
    }
    expect(refused).toBeGreaterThan(100)
  })

  it('refuses a gap where a file was lost', async () => {
    const disk = new SimulatedDisk(1)
    await fill(disk, folder, 1, 30)
    await disk.remove(`${folder}/blocks-00000002.log`)
    expect(await codeOf(() => BlockLog.open(disk, folder, options))).toBe('LOG_DAMAGED')
  })
})

describe('BlockLog after a failed sync', () => {
  it('says LOG_BROKEN, whatever the reason: nobody knows what the disk has, so nothing may simply be tried again', async () => {
    const disk = new SimulatedDisk(1)
    let fails = false
    const failing = withSync(disk, async (file) => {
      if (fails) throw new SmartshareError('STORE_FULL', 'The disk has no room')
      await file.sync()
    })
    const log = await BlockLog.open(failing, folder, options)
    await log.append(1, blockOf(1))
    fails = true
    expect(await codeOf(() => log.append(2, blockOf(2)))).toBe('LOG_BROKEN')
    fails = false
    expect(await codeOf(() => log.append(2, blockOf(2)))).toBe('LOG_BROKEN')
    await log.close()
    const again = await BlockLog.open(disk, folder, options)
    expect(again.lastHeight).toBeGreaterThanOrEqual(1)
    await again.append((again.lastHeight as number) + 1, blockOf((again.lastHeight as number) + 1))
  })
})

describe('BlockLog on a full disk', () => {
  it('refuses, loses nothing, leaves no gap, and goes on when there is room again', async () => {
    let refused = 0
    for (let room = 150; room < 9000; room += 90) {
      const disk = new SimulatedDisk(1)
      disk.limitRoom(room)
      const log = await BlockLog.open(disk, folder, options)
      for (let full = 0; full < 2; ) {
        const next = (log.lastHeight ?? 0) + 1
        const codes = await Promise.all(
          upTo(next, next + 3).map((height) => codeOf(() => log.append(height, blockOf(height)))),
        )
        const done = codes.filter((code) => code === 'none').length
        // What follows a refused block is refused too, so that none is missing in between.
        expect(codes.slice(done).filter((code) => code !== 'STORE_FULL' && code !== 'LOG_ORDER')).toEqual([])
        if (done < codes.length) full += 1
        refused += codes.length - done
        expect(await heightsIn(log)).toEqual(upTo(1, log.lastHeight ?? 0))
        expect(log.lastHeight ?? 0).toBe(next - 1 + done)
      }
      disk.limitRoom(Number.POSITIVE_INFINITY)
      const next = (log.lastHeight ?? 0) + 1
      await Promise.all(upTo(next, next + 5).map((height) => log.append(height, blockOf(height))))
      await log.close()
      expect(await heightsIn(await BlockLog.open(disk, folder, options))).toEqual(upTo(1, next + 5))
    }
    expect(refused).toBeGreaterThan(300)
  })
})
