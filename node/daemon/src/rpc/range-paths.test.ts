import { type Executed, executedHash } from '@smartshare/chain'
import { RangeAccumulator, sha256, verifyRangeProof } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangePaths } from './range-paths.ts'

const MOST = 1_300
const hash = (n: number) => sha256(Uint8Array.of(n & 255, n >> 8))
const executed: Executed[] = Array.from({ length: MOST }, (_, height) => ({
  ...{ height, blockHash: hash(height), stateRoot: hash(height + 1), receiptsRoot: hash(height + 2) },
}))
const roots: Uint8Array[] = []
let range = RangeAccumulator.empty
for (const one of executed) {
  range = range.append(executedHash(one))
  roots.push(range.root())
}

describe('paths in the range over executed blocks', () => {
  it('lead from every height to the root of every count, whatever was asked before', async () => {
    const paths = new RangePaths((height) => executed[height])
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: MOST }), fc.nat(MOST), async (count, at) => {
        const index = at % count
        const { siblings, peaks } = await paths.path(index, count)
        const leaf = executedHash(executed[index]!)
        expect(verifyRangeProof(roots[count - 1]!, leaf, { index, count, siblings, peaks })).toBe(true)
      }),
    )
  })

  it('read again only what lies below the tops that are kept', async () => {
    let reads = 0
    const paths = new RangePaths((height) => {
      reads++
      return executed[height]
    })
    await Promise.all([paths.path(3, MOST), paths.path(700, MOST)])
    expect(reads).toBeLessThan(MOST + 2 * 512)
    reads = 0
    await paths.path(900, MOST)
    expect(reads).toBeLessThanOrEqual(512)
  })

  it('say which height is missing, and go on once it is there', async () => {
    let known = 100
    const paths = new RangePaths((height) => (height < known ? executed[height] : undefined))
    await expect(paths.path(3, 300)).rejects.toMatchObject({ code: 'RANGE_NODE_MISSING', details: { height: 100 } })
    known = 300
    expect((await paths.path(3, 300)).siblings).toHaveLength(8)
  })
})
