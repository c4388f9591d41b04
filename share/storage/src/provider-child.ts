// A provider in a process of its own, for tests that kill one: `node provider-child.ts <json>`. It asks the parent for
// what is on the chain.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { AgreementReader, StorageAgreement } from './chain.ts'
import { LotStore } from './lot-store.ts'
import { ProviderService } from './provider-service.ts'
import { party, testLink } from './testing.ts'
import { WorkerPool } from './worker-pool.ts'

interface ChildOptions {
  readonly name: string
  readonly folder: string
  readonly chainId: string
}

interface Answer {
  readonly id: string
  readonly value: unknown
}

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions
const open = new Map<string, (value: unknown) => void>()
process.on('message', ({ id, value }: Answer) => {
  open.get(id)?.(value)
  open.delete(id)
})
process.on('disconnect', () => process.exit(0))

function ask<T>(method: 'agreement' | 'mayAct', args: readonly unknown[]): Promise<T> {
  const id = randomUUID()
  return new Promise((resolve) => {
    open.set(id, resolve as (value: unknown) => void)
    process.send?.({ id, method, args })
  })
}

const chain: AgreementReader = {
  chainId: new Uint8Array(Buffer.from(options.chainId, 'hex')),
  agreement: (agreement) => ask<StorageAgreement | undefined>('agreement', [agreement]),
  mayAct: (account, key) => ask<boolean>('mayAct', [account, key]),
}
const { keys, address } = party(options.name)
const link = await testLink(options.name)
const store = await LotStore.open({
  folder: join(options.folder, options.name),
  quotaBytes: 2 ** 40,
  pool: new WorkerPool(1),
})
const log = (message: string, details: unknown): void => {
  if (process.env.DEBUG !== undefined) console.error(message, JSON.stringify(details))
}
await new ProviderService({ link, chain, store, signer: keys, account: address, log }).start()
process.send?.({ ready: { peer: link.peerId, addresses: link.addresses } })
