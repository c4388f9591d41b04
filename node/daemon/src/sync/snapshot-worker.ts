import { type MessagePort, workerData } from 'node:worker_threads'
import { SmartshareError } from '@smartshare/codec'
import { ChainStore, nodeDisk, SnapshotFolder, writeChunks } from '@smartshare/store'
import { type SnapshotOrder, type SnapshotReport, VIEW_OPEN } from './snapshot-order.ts'

// Writes the chunks of one snapshot beside the executor, which goes on as soon as the view of the state is open.
const { stateFolder, snapshotFolder, height, opened, port } = workerData as SnapshotOrder & { port: MessagePort }

async function write(): Promise<SnapshotReport> {
  const store = ChainStore.open(stateFolder)
  try {
    const view = store.view()
    Atomics.store(opened, 0, VIEW_OPEN)
    Atomics.notify(opened, 0)
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

try {
  port.postMessage(await write())
} catch (error) {
  const known = SmartshareError.is(error) ? error : new SmartshareError('INTERNAL', String(error))
  port.postMessage({ type: 'snapshotFailed', height, error: known.toPlain() } satisfies SnapshotReport)
}
port.close()
