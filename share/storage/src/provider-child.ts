// A provider in a process of its own, for tests that kill one: `node provider-child.ts <json>`.
import { join } from 'node:path'
import { LotStore } from './lot-store.ts'
import { ProviderService } from './provider-service.ts'
import { AgreementTable, party, testLink } from './testing.ts'
import { WorkerPool } from './worker-pool.ts'

interface ChildOptions {
  readonly name: string
  readonly folder: string
  readonly buyer: string
  readonly agreement: number
  readonly sizeBytes: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions
const { keys, address } = party(options.name)
const chain = new AgreementTable()
chain.set({
  agreement: options.agreement,
  buyer: party(options.buyer).address,
  provider: address,
  sizeBytes: options.sizeBytes,
})
const link = await testLink(options.name)
const pool = new WorkerPool(1)
const store = await LotStore.open({ folder: join(options.folder, 'lots'), quotaBytes: 2 ** 40, pool })
const log = (message: string, details: unknown): void => console.error(message, JSON.stringify(details))
await new ProviderService({ link, chain, store, signer: keys, account: address, log }).start()
console.log(JSON.stringify({ peer: link.peerId, addresses: link.addresses }))
