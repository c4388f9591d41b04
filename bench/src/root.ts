import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashPairs } from '@smartshare/crypto'
import { type AppliedChanges, type StateChange, StateTree } from '@smartshare/state'
import { ChainStore, type ExecutedHeight } from '@smartshare/store'
import { beside, type Report } from './report.ts'

/** Keys written at once while the state is built, which is not measured. */
const BUILD_KEYS = 50_000
/** The first blocks are not measured: the code is compiled and the upper pages are read. */
const WARM_UP_BLOCKS = 10
const MEASURED_BLOCKS = 21
const BLOCK_KEYS = [2_000, 10_000]
const HASH_BYTES = 32

/**
 * The state root and its durable commit, per block of 2,000 and 10,000 changed keys, at a million keys (and at ten
 * million with `--large`), on the disk of this machine. Beside it: the same number of hashes in one batch.
 */
export async function benchRoot(report: Report): Promise<void> {
  const sizes = process.argv.includes('--large') ? [1_000_000, 10_000_000] : [1_000_000]
  for (const keys of sizes) {
    const folder = await mkdtemp(join(tmpdir(), 'smartshare-bench-'))
    try {
      await measure(report, folder, keys)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function measure(report: Report, folder: string, keys: number): Promise<void> {
  const size = `${keys / 1_000_000}m`
  const store = ChainStore.open(folder)
  const tree = new StateTree(store.pages)
  const commit = (changes: readonly StateChange[], applied: AppliedChanges) => {
    store.commit([heightOf(tree.height, changes, applied)], tree.height - 8)
    tree.committed(tree.height)
  }
  for (let first = 0; first < keys; first += BUILD_KEYS) {
    const changes = Array.from({ length: Math.min(BUILD_KEYS, keys - first) }, (_, i) => changeOf(first + i, 0))
    commit(changes, tree.applyChanges(changes))
  }
  const random = numbers(1)
  for (const count of BLOCK_KEYS) {
    const took: number[] = []
    const committed: number[] = []
    const floors: number[] = []
    const hashes: number[] = []
    for (let block = 0; block < WARM_UP_BLOCKS + MEASURED_BLOCKS; block += 1) {
      const chosen = new Set<number>()
      while (chosen.size < count) chosen.add(Math.floor(random() * keys))
      const changes = Array.from(chosen, (i) => changeOf(i, block + 1))
      const hashedBefore = tree.hashes
      const start = performance.now()
      const applied = tree.applyChanges(changes)
      const applyEnd = performance.now()
      commit(changes, applied)
      const commitEnd = performance.now()
      if (block < WARM_UP_BLOCKS) continue
      took.push(applyEnd - start)
      committed.push(commitEnd - applyEnd)
      hashes.push(tree.hashes - hashedBefore)
      floors.push(hashingMs(tree.hashes - hashedBefore))
    }
    const figure = (metric: string, unit: string, value: number) => ({ bench: 'root', metric, unit, value })
    report(beside(figure(`ms_${count}_of_${size}`, 'ms', median(took)), 'SHA-256 batch floor', median(floors)))
    report(figure(`ms_${count}_of_${size}_best`, 'ms', Math.min(...took)))
    report(figure(`hashes_per_key_${count}_of_${size}`, 'hashes', median(hashes) / count))
    report(figure(`commit_ms_${count}_of_${size}`, 'ms', median(committed)))
  }
  await store.close()
}

/** As long as an account's key and balance. */
function changeOf(account: number, round: number): StateChange {
  const key = new Uint8Array(34)
  const value = new Uint8Array(24)
  new DataView(key.buffer).setUint32(2, account)
  new DataView(value.buffer).setUint32(4, account ^ round)
  value[23] = 1 + round
  return { key, value, previous: undefined }
}

function heightOf(height: number, changes: readonly StateChange[], { root, pages }: AppliedChanges): ExecutedHeight {
  const nothing = new Uint8Array(HASH_BYTES)
  return {
    facts: {
      height,
      blockHash: nothing,
      stateRoot: root,
      rangeRoot: nothing,
      receiptsRoot: nothing,
      term: 0,
      nextSetHash: null,
    },
    range: nothing,
    rangeNodes: [],
    header: null,
    changes,
    pages,
    receipts: [],
    elected: null,
    transactionIds: [],
  }
}

/** How long the machine takes for so many hashes of pairs in one batch. */
function hashingMs(count: number): number {
  const pairs = new Uint8Array(count * 2 * HASH_BYTES)
  const output = new Uint8Array(count * HASH_BYTES)
  // Touched once before, so that the memory is there.
  pairs.fill(1)
  output.fill(1)
  const start = performance.now()
  hashPairs(pairs, output)
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

/** The same pseudo-random numbers in [0, 1) in every run (xorshift32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
