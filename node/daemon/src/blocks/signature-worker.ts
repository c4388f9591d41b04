import { parentPort } from 'node:worker_threads'
import { unpack } from '@smartshare/codec'
import { verify } from '@smartshare/crypto'

/** Checks signatures: a message holds [key, signature, message] three by three; the answer has one byte for each. */
parentPort?.on('message', (packed: Uint8Array) => {
  const parts = unpack(packed)
  const good = new Uint8Array(parts.length / 3)
  for (let i = 0; i < good.length; i++) {
    good[i] = verify(parts[3 * i]!, parts[3 * i + 2]!, parts[3 * i + 1]!) ? 1 : 0
  }
  parentPort?.postMessage(good, [good.buffer])
})
