import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { StoreThread } from './store-thread.ts'

/** A thread that takes a while to load, notes that it has, and then goes on for ever. */
const SLOW = `
const { parentPort, workerData } = require('node:worker_threads')
Atomics.wait(workerData, 1, 0, 200)
Atomics.store(workerData, 0, 1)
parentPort.postMessage('loaded')
for (;;) ;`

it('is ended in the middle of its work, but not while it loads', async () => {
  const word = new Int32Array(new SharedArrayBuffer(8))
  const thread = new StoreThread(new Worker(SLOW, { eval: true, workerData: word }))
  await thread.end()
  expect(word[0]).toBe(1)
})

it('need not have loaded if it ended by itself', async () => {
  await new StoreThread(new Worker('', { eval: true })).end()
})
