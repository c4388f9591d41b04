import type { Block, Header, Quarantine } from '@smartshare/chain'
import { TestChain } from '@smartshare/runtime/testing'
import { describe, expect, it } from 'vitest'
import { quarantinedAt } from './quarantine-rules.ts'

const { head } = new TestChain({ accounts: ['alice'] })

/** Final blocks from height 1 on, by the root that each names and the places that it quarantines. */
function chainOf(blocks: readonly (readonly [rootHeight: number, ...places: (readonly [number, number])[]])[]) {
  return async (height: number): Promise<Pick<Block, 'header' | 'quarantines'> | undefined> => {
    const block = blocks[height - 1]
    if (block === undefined) return undefined
    const [rootHeight, ...places] = block
    const header: Header = { ...head, height, rootHeight }
    const quarantine = ([at, index]: readonly [number, number]): Quarantine => ({
      ...{ term: 0, height: at, index, block: new Uint8Array(32), transactionId: new Uint8Array(32) },
      ...{ bitmap: Uint8Array.of(7), signature: new Uint8Array(96) },
    })
    return { header, quarantines: places.map(quarantine) }
  }
}

describe('quarantinedAt', () => {
  it('gives what later blocks quarantine of a block, up to the first that names its root or a later one', async () => {
    const blockAt = chainOf([[0], [0], [0, [1, 4], [2, 0]], [0, [1, 2]], [0], [5, [2, 9]], [6]])
    expect(await quarantinedAt(1, blockAt)).toEqual([4, 2])
    expect(await quarantinedAt(2, blockAt)).toEqual([0])
    expect(await quarantinedAt(3, blockAt)).toEqual([])
    expect(await quarantinedAt(7, blockAt)).toEqual([])
  })
})
