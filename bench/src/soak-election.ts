import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Header } from '@smartshare/chain'
import { TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { executeBlock, lastElection, type Parameters, presets, writeGenesis } from '@smartshare/runtime'
import { simulatedPopulation } from '@smartshare/runtime/comparison'
import { TestChain, writeBallots, writeCandidates } from '@smartshare/runtime/testing'
import { type StateChange, StateJournal } from '@smartshare/state'
import { ChainStore } from '@smartshare/store'
import { quantile } from './transfer.ts'

// `npm run soak:election -- --ballots 1000000 --names 10 --blocks 3000`: what the count of an election adds to blocks,
// with so many voters who name so many of 300 candidates, most of them differently, and the state on disk (LMDB, durable
// after every block; without the state tree, whose cost per changed key `npm run bench -- root` tells). Blocks hold
// nothing else.

const WRITTEN_AT_ONCE = 100_000
const CANDIDATES = 300

const { values } = parseArgs({
  options: {
    ballots: { type: 'string', default: '1000000' },
    names: { type: 'string', default: '10' },
    blocks: { type: 'string', default: '3000' },
  },
})
const ballots = Number(values.ballots)
const names = Number(values.names)
const blocks = Number(values.blocks)
const parameters: Parameters = {
  ...presets.main,
  ...{ voteMaturityTerms: 0, freezeBlock: 1, electionBlock: 2, termBlocks: Number.MAX_SAFE_INTEGER },
}
const chain = new TestChain({ parameters })
const folder = mkdtempSync(join(tmpdir(), 'smartshare-election-'))
const store = ChainStore.open(folder)
const nothing = new Uint8Array(32)
let height = -1
try {
  durably((journal) => writeGenesis(journal, chain.genesis))
  const grains = (TOTAL_SUPPLY_GRAINS * 65n) / 100n
  const shape = { candidates: CANDIDATES, ballots, names, grains, bondPart: 2n * BigInt(CANDIDATES) }
  const voters = simulatedPopulation({ ...shape, halves: 1 }, 'soak')
  durably((journal) => writeCandidates(journal, voters.candidates, grains / BigInt(2 * CANDIDATES)))
  for (let at = 0; at < ballots; at += WRITTEN_AT_ONCE) {
    durably((journal) => writeBallots(journal, voters.ballots.slice(at, at + WRITTEN_AT_ONCE), parameters))
  }
  console.log(`${ballots} ballots of ${names} names for ${CANDIDATES} candidates are written`)
  count()
} finally {
  await store.close()
  rmSync(folder, { recursive: true })
}

/** Blocks without transactions, each executed and made durable, until the count is done or enough were made. */
function count(): void {
  const executed: number[] = []
  const committed: number[] = []
  const changed: number[] = []
  const begin = height
  let header: Header = { ...chain.head, height: begin }
  while (executed.length < blocks && lastElection(store.state)?.isDone !== true) {
    header = { ...header, slot: header.slot + 1, height: height + 1, timeMs: header.timeMs + parameters.slotMs }
    const startMs = performance.now()
    const journal = new StateJournal(store.state)
    const block = { hash: nothing, header, rootCertificate: null, transactions: [] }
    const { changes } = executeBlock(journal, block, parameters)
    const executedMs = performance.now()
    write(changes)
    executed.push(executedMs - startMs)
    committed.push(performance.now() - executedMs)
    changed.push(changes.length)
  }
  const isDone = lastElection(store.state)?.isDone === true
  console.log(`${executed.length} blocks, the count is ${isDone ? 'done' : 'not done yet'}`)
  const line = (name: string, all: readonly number[]) =>
    console.log(
      `${name}: median ${quantile(all, 0.5).toFixed(1)}, p99 ${quantile(all, 0.99).toFixed(1)}, most ${quantile(all, 1).toFixed(1)}`,
    )
  line('ms to execute a block', executed)
  line('ms to make it durable', committed)
  line('changed keys', changed)
}

/** What `act` changes, durable as a height of its own. */
function durably(act: (journal: StateJournal) => void): void {
  const journal = new StateJournal(store.state)
  act(journal)
  write(journal.changes())
}

function write(changes: readonly StateChange[]): void {
  height++
  const roots = { blockHash: nothing, stateRoot: nothing, rangeRoot: nothing, receiptsRoot: nothing }
  const facts = { height, ...roots, term: 0, nextSetHash: null }
  const parts = { pages: [], receipts: [], rangeNodes: [], transactionIds: [] }
  store.commit([{ facts, range: nothing, header: null, elected: null, changes, ...parts }], height)
}
