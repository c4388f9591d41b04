import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { type StateChange, StateTree } from '@smartshare/state'
import type { ChainStore, ExecutedHeight } from './chain-store.ts'

/** Runs work in a folder of its own that is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'smartshare-store-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The code of the error that work fails with, or `none`. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
}

/** A height of the chain as the executor would hand it over, with all parts derived from the changes. */
export function heightOf(tree: StateTree, height: number, changes: readonly StateChange[]): ExecutedHeight {
  const { root, pages } = tree.applyChanges(changes, height)
  const hashOf = (text: string) => sha256(Buffer.from(`${text} ${height}`))
  return {
    facts: {
      height,
      blockHash: hashOf('block'),
      stateRoot: root,
      rangeRoot: hashOf('range'),
      receiptsRoot: hashOf('receipts'),
      term: 0,
      nextSetHash: null,
    },
    range: hashOf('accumulator'),
    rangeNodes: [{ level: 0, index: height, hash: hashOf('leaf') }],
    header: { header: hashOf('header'), certificate: height % 2 === 0 ? null : hashOf('certificate') },
    changes,
    pages,
    receipts: [hashOf('first receipt'), hashOf('second receipt')],
    elected: height % 5 === 0 ? { term: height / 5 + 1, set: hashOf('set') } : null,
    transactionIds: [hashOf('transaction')],
  }
}

/** The root of the whole state in a store, computed anew. */
export function rootFromScratch(store: ChainStore): Uint8Array {
  const changes = Array.from(store.state.range(new Uint8Array(), undefined), ([key, value]) => ({ key, value }))
  return new StateTree({ get: () => undefined }).applyChanges(changes).root
}
