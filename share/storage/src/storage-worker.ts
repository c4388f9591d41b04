import { parentPort } from 'node:worker_threads'
import { perform, type TaskRequest } from './tasks.ts'

/** A worker of the pool: does one task after the other. */
parentPort?.on('message', (request: TaskRequest) => {
  const { reply, transfer } = perform(request)
  parentPort?.postMessage(reply, transfer)
})
