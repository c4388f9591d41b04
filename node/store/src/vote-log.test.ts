import { describe, expect, it } from 'vitest'
import { type Disk, nodeDisk } from './disk.ts'
import { isCrash, SimulatedDisk } from './simulated-disk.ts'
import { codeOf, inFolder } from './testing.ts'
import { type OpenedVoteLog, VoteLog } from './vote-log.ts'

const chainId = new Uint8Array(32).fill(7)
const folder = 'votes'
const voteOf = (number: number) => Buffer.from(`vote ${number} ${'#'.repeat((number * 97) % 400)}`)
const numbersIn = ({ records }: OpenedVoteLog) =>
  records.map((record) => Number(/^vote (\d+) /.exec(String(Buffer.from(record)))?.[1]))
const open = (disk: Disk, where = folder, mustExist = true) => VoteLog.open(disk, where, chainId, mustExist)

describe('VoteLog', () => {
  it('gives back what was appended, in its order, and after a rewrite what was put in its place', () =>
    inFolder(async (where) => {
      const first = await open(nodeDisk, where, false)
      expect([first.records, first.damage]).toEqual([[], undefined])
      await Promise.all([1, 2, 3].map((number) => first.log.append([voteOf(number), voteOf(number + 10)])))
      await first.log.close()
      const second = await open(nodeDisk, where)
      expect(numbersIn(second)).toEqual([1, 11, 2, 12, 3, 13])
      const sizeBytes = second.log.sizeBytes
      const rewritten = second.log.rewrite([voteOf(13)])
      const appended = second.log.append([voteOf(20)])
      await Promise.all([rewritten, appended])
      expect(second.log.sizeBytes).toBeLessThan(sizeBytes)
      await second.log.append([voteOf(21)])
      await second.log.close()
      const third = await open(nodeDisk, where)
      expect(numbersIn(third)).toEqual([13, 20, 21])
      await third.log.close()
    }))

  it('has every acknowledged vote after a crash in the midst of any operation, and is not called damaged', async () => {
    const scenario = async (disk: SimulatedDisk, acknowledged: { made: boolean; votes: number[]; last: number }) => {
      const { log } = await open(disk, folder, false)
      acknowledged.made = true
      for (let number = 1; number <= 12; number += 1) {
        await Promise.all([
          log.append([voteOf(number)]).then(() => acknowledged.votes.push(number)),
          log.append([voteOf(100 + number)]).then(() => acknowledged.votes.push(100 + number)),
        ])
        if (number % 5 === 0) {
          const kept = acknowledged.votes.slice(-3)
          acknowledged.votes = [...kept]
          await log.rewrite(kept.map(voteOf))
        }
      }
    }
    const whole = new SimulatedDisk(0)
    await scenario(whole, { made: false, votes: [], last: 0 })
    for (let operation = 0; operation < whole.operations; operation += 1) {
      for (let seed = 1; seed <= 20; seed += 1) {
        const disk = new SimulatedDisk(seed * 1000 + operation)
        disk.crashAt(operation)
        const acknowledged = { made: false, votes: [] as number[], last: 0 }
        await expect(scenario(disk, acknowledged)).rejects.toSatisfy(isCrash)
        const found = disk.afterCrash(seed)
        const opened = await open(found, folder, acknowledged.made)
        expect(opened.damage).toBeUndefined()
        expect(numbersIn(opened)).toEqual(expect.arrayContaining(acknowledged.votes))
        await opened.log.append([voteOf(999)])
        expect(numbersIn(await open(found.afterCrash(seed))).at(-1)).toBe(999)
      }
    }
  })

  it('says so when it is gone, and says it again until it is rewritten', async () => {
    const disk = new SimulatedDisk(1)
    const { log } = await open(disk, folder, false)
    await log.append([voteOf(1)])
    await disk.remove(`${folder}/votes.log`)
    for (let round = 0; round < 2; round += 1) {
      const again = await open(disk)
      expect(again.damage?.code).toBe('VOTELOG_DAMAGED')
      await again.log.append([voteOf(5 + round)])
      await again.log.close()
    }
    const third = await open(disk)
    expect(third.damage?.code).toBe('VOTELOG_DAMAGED')
    expect(numbersIn(third)).toEqual([5, 6])
    await third.log.rewrite([voteOf(7)])
    const fourth = await open(disk)
    expect(fourth.damage).toBeUndefined()
    expect(numbersIn(fourth)).toEqual([7])
  })

  it('says so for damage at any byte, and never gives back a vote that was not cast', async () => {
    const make = async () => {
      const disk = new SimulatedDisk(1)
      const { log } = await open(disk, folder, false)
      await log.append([voteOf(1), voteOf(2)])
      await log.rewrite([voteOf(2), voteOf(3)])
      await log.append([voteOf(4)])
      await log.append([voteOf(5)])
      await log.close()
      return disk
    }
    const size = (await make()).sizeOf(`${folder}/votes.log`)
    for (let at = 0; at < size; at += 1) {
      const disk = await make()
      disk.rot(`${folder}/votes.log`, at, at % 8)
      const opened = await open(disk)
      expect([at, opened.damage?.code]).toEqual([at, 'VOTELOG_DAMAGED'])
      expect([2, 3, 4, 5].slice(0, opened.records.length)).toEqual(numbersIn(opened))
      expect((await open(disk)).damage?.code).toBe('VOTELOG_DAMAGED')
    }
  })

  it('refuses the log of another network', async () => {
    const disk = new SimulatedDisk(1)
    await (await open(disk, folder, false)).log.append([voteOf(1)])
    expect(await codeOf(() => VoteLog.open(disk, folder, new Uint8Array(32), true))).toBe('STORE_OTHER_GENESIS')
  })

  it('keeps what it has when a rewrite finds the disk full', async () => {
    const disk = new SimulatedDisk(1)
    const { log } = await open(disk, folder, false)
    await log.append([voteOf(1), voteOf(2)])
    disk.limitRoom(disk.sizeOf(`${folder}/votes.log`) + 10)
    expect(await codeOf(() => log.rewrite([voteOf(2)]))).toBe('STORE_FULL')
    expect(await codeOf(() => log.append([voteOf(3)]))).toBe('STORE_FULL')
    disk.limitRoom(Number.POSITIVE_INFINITY)
    await log.append([voteOf(4)])
    await log.close()
    expect(numbersIn(await open(disk))).toEqual([1, 2, 4])
  })
})
