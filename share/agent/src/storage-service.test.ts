import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@smartshare/crypto'
import { createLink, type Link } from '@smartshare/link'
import { OwnerKeys, StorageOwner, WorkerPool } from '@smartshare/storage'
import { silentLog } from './log.ts'
import { checkService, type ServiceFixture } from './service-compliance.ts'
import { StorageService } from './storage-service.ts'
import { EventfulChain } from './testing-chain.ts'

/** Storage over real links and files; what it keeps comes from an owner who puts an object. */
async function open(): Promise<ServiceFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'smartshare-service-'))
  const pool = new WorkerPool(1)
  const chain = new EventfulChain(['provider', 'buyer'])
  const { keys, address } = chain.chain.account('provider')
  const links: Link[] = []
  return {
    async make() {
      const seed = sha256(new TextEncoder().encode(`${dir} ${links.length}`))
      const link = await createLink({ privateKeySeed: seed, listen: ['/ip4/127.0.0.1/tcp/0'], localNetwork: true })
      links.push(link)
      return new StorageService({
        dir,
        capacityBytes: 2 ** 30,
        token: 'SSP',
        priceGrains: 1_000_000n,
        pledgeGrains: 1_000_000n,
        region: 'test',
        link,
        chain,
        signer: keys,
        account: address,
        pool,
        log: silentLog,
      })
    },
    async keepSomething() {
      const [link] = links.slice(-1) as [Link]
      chain.offer('provider', { peer: link.peerId, addresses: link.addresses })
      const buyer = chain.chain.account('buyer')
      const own = await createLink({ privateKeySeed: new Uint8Array(32).fill(9), listen: [], localNetwork: true })
      links.push(own)
      const owner = new StorageOwner({
        link: own,
        chain: chain.owner(buyer),
        signer: buyer.keys,
        keys: new OwnerKeys(new Uint8Array(32)),
        pool,
        folder: join(dir, 'puts'),
      })
      async function* content() {
        yield new Uint8Array(1_000)
      }
      const terms = { name: '', copies: 1, periods: 5, maxPriceGrains: 2_000_000n }
      const { agreements } = await owner.put({ stream: content() }, terms)
      return agreements[0]!.agreement
    },
    async close() {
      await Promise.all(links.map((link) => link.close()))
      await pool.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

checkService('storage', open)
