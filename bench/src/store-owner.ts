// The owner of the `store` bench, in a process of its own so that its memory is its own: stores a file, reads it back.
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client, openWallet } from '@smartshare/client'
import { memoryForOwner, openOwner, type StorageOwner } from '@smartshare/storage'

/** What the bench asks for: `bytes` is how often `path` is stored, or small objects of that many bytes. */
export interface OwnerTask {
  readonly dir: string
  readonly rpc: readonly string[]
  readonly path: string
  readonly copies: number
  /** Objects stored side by side, all from the same file. */
  readonly objects: number
  readonly atOnce: number
  /** Whether the (only) object is read back. */
  readonly back: boolean
}

export interface OwnerResult {
  readonly putMs: number
  readonly getMs: number
  readonly peakMib: number
}

const TERMS = { name: 'bench', periods: 100, maxPriceGrains: 10n ** 9n }
const task = JSON.parse(process.argv[2] ?? '{}') as OwnerTask
const password = readFileSync(join(task.dir, 'wallets', 'password'), 'utf8').trim()
const wallet = await openWallet(readFileSync(join(task.dir, 'wallets', 'owner.json'), 'utf8'), password)
const client = await Client.connect({ rpc: task.rpc, ws: task.rpc.map((url) => `${url.replace('http', 'ws')}/ws`) })
const { owner, close } = await openOwner({
  client,
  account: wallet.account(),
  folder: join(task.dir, 'puts'),
  memory: memoryForOwner(),
})

const startMs = performance.now()
const objects = await storeAll(owner)
const putMs = performance.now() - startMs
const getMs = task.back ? await readBack(owner, objects[0] as Uint8Array) : 0
const result: OwnerResult = { putMs, getMs, peakMib: process.resourceUsage().maxRSS / 1024 }
console.log(JSON.stringify(result))
for (const object of objects) await owner.remove(object)
await close()
client.close()

async function storeAll(to: StorageOwner): Promise<Uint8Array[]> {
  const stored: Uint8Array[] = []
  let left = task.objects
  const work = async (): Promise<void> => {
    for (; left > 0; ) {
      left--
      stored.push((await to.put({ path: task.path }, { ...TERMS, copies: task.copies })).object)
    }
  }
  await Promise.all(Array.from({ length: task.atOnce }, work))
  return stored
}

async function readBack(from: StorageOwner, object: Uint8Array): Promise<number> {
  const back = `${task.path}.back`
  const beginMs = performance.now()
  await from.getFile(object, back)
  const tookMs = performance.now() - beginMs
  if ((await digest(back)) !== (await digest(task.path))) throw new Error('other bytes came back')
  rmSync(back)
  return tookMs
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
