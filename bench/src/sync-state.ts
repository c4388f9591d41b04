import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RangeAccumulator, sha256 } from '@smartshare/crypto'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { StateTree } from '@smartshare/state'
import {
  ChainStore,
  checkChunk,
  type ExecutedFacts,
  MAX_CHUNK_BYTES,
  nodeDisk,
  partsOf,
  readChunk,
  SnapshotFolder,
  writeChunks,
} from '@smartshare/store'
import type { Report } from './report.ts'

const ACCOUNTS = 1_000_000
const BATCH = 50_000
const REQUESTS = 4
const PROTOCOL = '/smartshare/bench-chunks/1'
const HEIGHT = 1
const nothing = new Uint8Array(32)
const text = new TextEncoder()

/**
 * A snapshot of a million accounts: taken beside a running store, and fetched over a link, every chunk checked and made durable,
 * and loaded into another store. Both ends run in this one process.
 */
export async function benchStateSync(report: Report): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  const links: Link[] = []
  try {
    const source = ChainStore.open(join(home, 'source'))
    const facts = fill(source)
    let startMs = performance.now()
    const view = source.view()
    const taken = new SnapshotFolder(nodeDisk, join(home, 'taken'))
    const depths = await writeChunks(nodeDisk, await taken.begin(HEIGHT), view)
    view.end()
    report({ bench: 'sync', metric: 'snapshot_1m_accounts', unit: 's', value: (performance.now() - startMs) / 1000 })
    await source.close()

    const [server, asker] = [await linkOf('server'), await linkOf('asker')]
    links.push(server, asker)
    const limits = { maxResponseBytes: MAX_CHUNK_BYTES }
    await server.handle(
      PROTOCOL,
      async (index) => (await taken.chunk(HEIGHT, Buffer.from(index).readUInt32BE()))!,
      limits,
    )
    await asker.dial(server.addresses[0]!)

    startMs = performance.now()
    const fetched = new SnapshotFolder(nodeDisk, join(home, 'fetched'))
    await fetched.begin(HEIGHT)
    const parts = partsOf(depths)
    let next = 0
    const work = async () => {
      while (next < parts.length) {
        const index = next++
        const asked = Buffer.alloc(4)
        asked.writeUInt32BE(index)
        const chunk = await asker.request(server.peerId, PROTOCOL, asked, limits)
        checkChunk(facts.stateRoot, parts[index]!, chunk)
        await fetched.writeChunk(HEIGHT, index, chunk)
      }
    }
    await Promise.all(Array.from({ length: REQUESTS }, work))
    const target = ChainStore.open(join(home, 'target'))
    await target.load(entriesOf(fetched, parts.length), () => ({
      facts,
      range: RangeAccumulator.empty.append(nothing),
      header: { header: nothing, certificate: null },
      sets: [],
    }))
    report({ bench: 'sync', metric: 'state_sync_1m_accounts', unit: 's', value: (performance.now() - startMs) / 1000 })
    await target.close()
  } finally {
    await Promise.all(links.map((link) => link.close()))
    rmSync(home, { recursive: true, force: true })
  }
}

function fill(store: ChainStore): ExecutedFacts {
  const tree = new StateTree(store.pages, { undoHeights: 0 })
  let facts: ExecutedFacts | undefined
  for (let from = 0; from < ACCOUNTS; from += BATCH) {
    const changes = Array.from({ length: BATCH }, (_, i) => ({
      key: Buffer.concat([Uint8Array.of(1, 1), sha256(text.encode(`account ${from + i}`))]),
      value: new Uint8Array(40).fill(1 + (i % 200)),
      previous: undefined,
    }))
    const height = from / BATCH
    const { root, pages } = tree.applyChanges(changes, height)
    facts = {
      height: HEIGHT,
      blockHash: nothing,
      stateRoot: root,
      rangeRoot: nothing,
      receiptsRoot: nothing,
      term: 0,
      nextSetHash: null,
    }
    const rest = { range: nothing, rangeNodes: [], header: null, receipts: [], elected: null, transactionIds: [] }
    store.commit([{ facts, changes, pages, ...rest }], 0)
    tree.committed(height)
  }
  return facts!
}

async function* entriesOf(folder: SnapshotFolder, count: number) {
  for (let index = 0; index < count; index++) yield readChunk((await folder.chunk(HEIGHT, index))!).entries
}

function linkOf(name: string): Promise<Link> {
  return createLink({
    privateKeySeed: sha256(text.encode(name)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
  })
}
