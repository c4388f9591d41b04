import { type MessagePort, workerData } from 'node:worker_threads'
import { SmartshareError } from '@smartshare/codec'
import { ChainStore, nodeDisk, SnapshotFolder, writeChunks } from '@smartshare/store'
import { tellLoaded } from '../store-thread.ts'
import { ORDERED, type SnapshotOrder, type SnapshotReport, VIEW_OPEN } from './snapshot-order.ts'

// Waits for its order, then writes the chunks of one snapshot beside the executor, which goes on as soon as the view of the
// state is open.
const { stateFolder, snapshotFolder, word, height: ordered, port } = workerData as SnapshotOrder & { port: MessagePort }

async function write(store: ChainStore, height: number): Promise<SnapshotReport> {
  try {
    const view = store.view()
    Atomics.store(word, 0, VIEW_OPEN)
    Atomics.notify(word, 0)
    try {
      if (view.height !== height)
        throw new SmartshareError('STATE_DAMAGED', `the state is at height ${view.height}`, { height })
      const folder = await new SnapshotFolder(nodeDisk, snapshotFolder).begin(height)
      return { type: 'snapshot', height, depths: await writeChunks(nodeDisk, folder, view) }
    } finally {
      view.end()
    }
  } finally {
    await store.close()
  }
}

const store = ChainStore.open(stateFolder)
tellLoaded()
while (Atomics.load(word, 0) < ORDERED) Atomics.wait(word, 0, 0)
const height = ordered[0] as number
try {
  port.postMessage(await write(store, height))
} catch (error) {
  const known = SmartshareError.is(error) ? error : new SmartshareError('INTERNAL', String(error))
  port.postMessage({ type: 'snapshotFailed', height, error: known.toPlain() } satisfies SnapshotReport)
}
port.close()
