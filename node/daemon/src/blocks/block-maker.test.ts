import {
  type Block,
  bitmapOf,
  certificatesHash,
  decodeBlock,
  encodeBlock,
  type Header,
  headerHash,
  MODE_BUSY,
  MODE_CALM,
  NO_VALUE,
  parseTransaction,
  type Quarantine,
  quarantineStatementHash,
  transactionsRoot,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, sha256 } from '@smartshare/crypto'
import { LATEST_VERSION, modeOf } from '@smartshare/runtime'
import { callOf, TestChain } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RecentChanges } from '../execution/recent-changes.ts'
import { RecentFacts } from '../execution/recent-facts.ts'
import { BlockMaker } from './block-maker.ts'
import { Mempool } from './mempool.ts'
import { SignaturePool } from './signature-pool.ts'
import { bend, dice } from './test-bend.ts'

let signatures: SignaturePool
beforeAll(() => {
  signatures = new SignaturePool(1)
})
afterAll(() => signatures.close())

const chain = new TestChain({ accounts: ['alice', 'bob'] })
const root = new Uint8Array(32).fill(5)

const secrets = [0, 1, 2, 3].map((seat) => bls.secretFromSeed(sha256(Uint8Array.of(seat))))
const set = {
  term: 0,
  members: secrets.map((secret, seat) => ({ address: new Uint8Array(32).fill(seat), key: bls.publicKey(secret) })),
}
/** Quarantines that every maker has at hand. */
let offered: Quarantine[] = []

/** A maker of its own, as another delegate has one, that executed genesis. */
function makerOf(
  mempool = new Mempool(),
  pool = signatures,
  latestVersion = LATEST_VERSION,
  changes = new RecentChanges(chain.state),
) {
  const facts = new RecentFacts(16)
  const unknown = new Uint8Array(32)
  facts.add({
    height: 0,
    blockHash: chain.chainId,
    stateRoot: root,
    rangeRoot: root,
    receiptsRoot: unknown,
    term: 0,
    nextSetHash: null,
  })
  return new BlockMaker({
    chainId: chain.chainId,
    genesis: chain.parameters,
    latestVersion,
    mempool,
    signatures: pool,
    facts,
    changes,
    catchUp: () => undefined,
    finalBlock: () => undefined,
    set: () => set,
    quarantines: () => offered,
  })
}

function transfer(nonce: number) {
  const call = callOf('tokens', 'transfer', { to: chain.account('bob').address, token: 0, amount: 1n, memo: null })
  return chain.transaction('alice', [call], { nonce: BigInt(nonce), gasLimit: 10_000 })
}

function template(height: number, parent: Uint8Array): Omit<Header, never> {
  return { ...chain.head, height, slot: height, parent, rootHeight: 0 }
}

function buildOn(maker: BlockMaker, height: number, parent: Uint8Array, ancestors: Block[] = []): Block {
  const made = maker.build({ template: template(height, parent), roots: null, nextSet: null, ancestors })
  const { header, transactions, quarantines } = made
  return { header, proposal: new Uint8Array(96), rootCertificate: null, transactions, quarantines }
}

async function verdict(block: Block, ancestors: Block[] = [], maker = makerOf()): Promise<string> {
  try {
    return await maker.validate(headerHash(block.header), block, ancestors)
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('the mode of a block', () => {
  it('is that of the state at its named root, whatever later blocks say', async () => {
    const loaded = new TestChain({ accounts: ['alice', 'bob'], delegates: 4 })
    loaded.makeBlock()
    loaded.head = { ...loaded.head, slot: loaded.head.slot + 6 }
    loaded.makeBlock()
    expect(modeOf(loaded.state)).toBe(MODE_BUSY)
    const busy = makerOf(undefined, undefined, undefined, new RecentChanges(loaded.state))
    const block = buildOn(busy, 1, chain.chainId)
    expect(block.header.mode).toBe(MODE_BUSY)
    expect(await verdict(block, [], busy)).toBe('valid')
    expect(await verdict(block)).toBe('BLOCK_MODE')
    const calm = { ...block, header: { ...block.header, mode: MODE_CALM } }
    expect(await verdict(calm, [], busy)).toBe('BLOCK_MODE')
    // The chain becomes busy with a block after the named root: that is for blocks that name it.
    const later = new RecentChanges(loaded.state)
    const key = Uint8Array.of(12, 1)
    later.apply(1, [{ key, previous: undefined, value: loaded.state.get(key) }])
    const early = makerOf(undefined, undefined, undefined, later)
    expect(await verdict(calm, [], early)).toBe('valid')
    expect(await verdict(block, [], early)).toBe('BLOCK_MODE')
  })
})

describe('the version of the protocol', () => {
  it('must be the one in force, which a maker must know', async () => {
    const block = buildOn(makerOf(), 1, chain.chainId)
    expect(await verdict(block)).toBe('valid')
    expect(await verdict({ ...block, header: { ...block.header, version: 2 } })).toBe('BLOCK_VERSION')
    const tooOld = makerOf(new Mempool(), signatures, 0)
    expect(await verdict(block, [], tooOld)).toBe('PROTOCOL_UNKNOWN')
    expect(() => buildOn(tooOld, 1, chain.chainId)).toThrow(expect.objectContaining({ code: 'PROTOCOL_UNKNOWN' }))
  })
})

describe('the maker of blocks', () => {
  const mempool = new Mempool()
  const leader = makerOf(mempool)
  let first: Block
  let second: Block

  it('makes blocks that every other delegate finds valid, also on top of blocks that are not final', async () => {
    for (let nonce = 0; nonce < 3; nonce++) mempool.add(transfer(nonce))
    first = buildOn(leader, 1, chain.chainId)
    expect(first.transactions).toHaveLength(3)
    expect(await verdict(first)).toBe('valid')
    mempool.add(transfer(3))
    second = buildOn(leader, 2, headerHash(first.header), [first])
    // What stands in the parent is not chosen again, although it still waits in the mempool.
    expect(second.transactions).toEqual([transfer(3).wire])
    expect(await verdict(second, [first])).toBe('valid')
  })

  it('finds a block invalid that repeats, reorders or leaves out a transaction of its lane', async () => {
    const withTransactions = (transactions: Uint8Array[]): Block => {
      const header = {
        ...first.header,
        transactionCount: transactions.length,
        transactionsRoot: transactionsRoot(transactions),
        gas: 10_000 * transactions.length,
      }
      return { ...first, header, transactions }
    }
    const [a, b, c] = first.transactions as [Uint8Array, Uint8Array, Uint8Array]
    expect(await verdict(withTransactions([a, a]))).toBe('TX_NONCE_USED')
    expect(await verdict(withTransactions([b, a, c]))).toBe('TX_NONCE_GAP')
    const onFirst = {
      ...second,
      header: { ...second.header, ...pick(withTransactions([a]).header) },
      transactions: [a],
    }
    expect(await verdict(onFirst, [first])).toBe('TX_NONCE_USED')
  })

  it('finds a block invalid whose header does not fit its contents or its root', async () => {
    const change = (changes: Partial<Header>): Block => ({ ...first, header: { ...first.header, ...changes } })
    expect(await verdict(change({ stateRoot: new Uint8Array(32) }))).toBe('BLOCK_ROOT')
    expect(await verdict(change({ rangeRoot: new Uint8Array(32) }))).toBe('BLOCK_ROOT')
    expect(await verdict(change({ basePrice: 11n }))).toBe('BLOCK_PRICE')
    expect(await verdict(change({ mode: 1 }))).toBe('BLOCK_MODE')
    expect(await verdict(change({ gas: 1 }))).toBe('BLOCK_GAS')
    expect(await verdict(change({ nextSet: new Uint8Array(32) }))).toBe('BLOCK_NEXT_SET')
    expect(await verdict(change({ transactionCount: 2 }))).toBe('BLOCK_COUNT')
    expect(await verdict({ ...first, transactions: first.transactions.slice().reverse() })).toBe('BLOCK_TRANSACTIONS')
  })

  describe('with quarantines', () => {
    /** What these seats attest of a transaction of a block. */
    function quarantine(block: Block, index: number, seats = [0, 1, 3], changes: Partial<Quarantine> = {}): Quarantine {
      const subject = {
        ...{ term: 0, height: block.header.height, block: headerHash(block.header), index },
        transactionId: parseTransaction(block.transactions[index] ?? block.transactions[0]!, chain.chainId).id,
        ...changes,
      }
      const hash = quarantineStatementHash(chain.chainId, subject)
      const signature = bls.aggregate(seats.map((seat) => bls.sign(secrets[seat]!, hash)))
      return { ...subject, bitmap: bitmapOf(seats, 4), signature, ...changes }
    }
    const carrying = (quarantines: Quarantine[]): Block => {
      const block = buildOn(leader, 2, headerHash(first.header), [first])
      const certificateHash = certificatesHash(NO_VALUE, quarantines)
      return { ...block, quarantines, header: { ...block.header, certificateHash } }
    }

    it('carries those at hand whose transactions wait above its named root, once', async () => {
      offered = [
        quarantine(first, 2),
        quarantine(first, 0),
        quarantine(second, 0),
        { ...quarantine(first, 1), term: 1 },
      ]
      const block = buildOn(leader, 2, headerHash(first.header), [first])
      expect(block.quarantines).toEqual([offered[1], offered[0]])
      expect(block.header.certificateHash).toEqual(certificatesHash(chain.head.certificateHash, block.quarantines))
      expect(await verdict(block, [first])).toBe('valid')
      const next = buildOn(leader, 3, headerHash(block.header), [first, block])
      offered = []
      expect(next.quarantines).toEqual([])
      expect(await verdict(next, [first, block])).toBe('valid')
      const repeated = { ...next, quarantines: [quarantine(first, 2)] }
      expect(await verdict(repeated, [first, block])).toBe('BLOCK_QUARANTINE')
    })

    it('is invalid with what is out of order, foreign, settled, or signed by too few or for another chain', async () => {
      const good = quarantine(first, 1)
      expect(await verdict(carrying([good]), [first])).toBe('valid')
      const wrong: Quarantine[][] = [
        [quarantine(first, 2), good],
        [good, good],
        [quarantine(first, 7)],
        [quarantine(first, 1, [0, 1])],
        [quarantine(first, 1, [0, 1, 3], { term: 1 })],
        [quarantine(first, 1, [0, 1, 3], { height: 2 })],
        [quarantine(first, 1, [0, 1, 3], { block: root })],
        [quarantine(first, 1, [0, 1, 3], { transactionId: root })],
        [{ ...good, bitmap: bitmapOf([0, 1, 2], 4) }],
        [{ ...good, bitmap: Uint8Array.of(0xff) }],
        [{ ...good, signature: new Uint8Array(96) }],
      ]
      for (const quarantines of wrong) expect(await verdict(carrying(quarantines), [first])).toBe('BLOCK_QUARANTINE')
    })

    it('lets no later block name a root that it changes', async () => {
      const block = carrying([quarantine(first, 1)])
      const third = buildOn(leader, 3, headerHash(block.header), [first, block])
      const facts = { height: 1, blockHash: headerHash(first.header), stateRoot: root, rangeRoot: root }
      const knowing = makerOf()
      const parts = (knowing as unknown as { parts: { facts: RecentFacts; changes: RecentChanges } }).parts
      parts.facts.add({ ...facts, receiptsRoot: root, term: 0, nextSetHash: null })
      const named = { ...third, header: { ...third.header, rootHeight: 1 } }
      expect(await verdict(named, [first, block], knowing)).toBe('BLOCK_ROOT')
      const order = {
        template: { ...template(3, headerHash(block.header)), rootHeight: 1 },
        roots: null,
        nextSet: null,
      }
      expect(() => knowing.build({ ...order, ancestors: [first, block] })).toThrow(
        expect.objectContaining({ code: 'NODE_ROOT_UNKNOWN' }),
      )
    })
  })

  it('finds a block invalid with a signature that does not hold, and waits for a root that it has not executed', async () => {
    const wire = first.transactions[0]!.slice()
    wire[wire.length - 3]! ^= 1
    const header = { ...first.header, transactionCount: 1, transactionsRoot: transactionsRoot([wire]), gas: 10_000 }
    expect(await verdict({ ...first, header, transactions: [wire] })).toBe('BLOCK_SIGNATURE')
    expect(await verdict({ ...first, header: { ...first.header, rootHeight: 1 } })).toBe('later')
  })

  it('calls no block invalid because later ones became final while its signatures were checked', async () => {
    const later = new TestChain({ accounts: ['alice', 'bob'] })
    let disk = chain.state
    const changes = new RecentChanges({ get: (key) => disk.get(key) })
    const verdictOf = verdict(first, [], makerOf(new Mempool(), signatures, LATEST_VERSION, changes))
    later.makeBlock([transfer(0)])
    disk = later.state
    changes.apply(1, [])
    changes.forget(1)
    expect(await verdictOf).toBe('later')
  })

  it('finds the fault in the block and nowhere else, whatever is bent in it', async () => {
    const codes = new Set<string>()
    for (const [i, rolls] of fc.sample(dice, { numRuns: 3_000, seed: 20_261_120 }).entries()) {
      const [whole, ancestors] = i % 2 === 0 ? [first, []] : [second, [first]]
      const bent = bend(whole, rolls) as Block
      // What a leader may have signed: the header names what is there, so that the rest is looked at too.
      const named = {
        ...bent.header,
        transactionsRoot: transactionsRoot(bent.transactions),
        transactionCount: bent.transactions.length,
      }
      for (const header of [bent.header, named]) {
        let block: Block
        try {
          block = decodeBlock(encodeBlock({ ...bent, header }))
        } catch (error) {
          // What cannot be encoded cannot be proposed.
          expect(SmartshareError.is(error)).toBe(true)
          continue
        }
        codes.add(await verdict(block, ancestors))
      }
    }
    const others = [...codes].filter((code) => !/^(BLOCK|TX|CODEC)_/.test(code))
    expect(others.sort()).toEqual(['NODE_ANCESTOR_UNKNOWN', 'later', 'valid'])
    expect(codes.size).toBeGreaterThan(10)
  })

  it('keeps what it parsed only until later blocks name a root above it', async () => {
    const pool = new SignaturePool(1)
    const checked: number[] = []
    const counting = Object.assign(Object.create(pool) as SignaturePool, {
      check: (transactions: readonly []) => {
        checked.push(transactions.length)
        return pool.check(transactions)
      },
    })
    try {
      const maker = makerOf(new Mempool(), counting)
      const hash = headerHash(first.header)
      await maker.transactionsOf(hash, first)
      await maker.transactionsOf(hash, first)
      maker.forget(0)
      await maker.transactionsOf(hash, first)
      expect(checked).toEqual([3])
      maker.forget(1)
      await maker.transactionsOf(hash, first)
      expect(checked).toEqual([3, 3])
    } finally {
      await pool.close()
    }
  })

  it('checks blocks first, however many transactions wait at the intake', async () => {
    const pool = new SignaturePool(1, 512)
    try {
      const done: string[] = []
      const flood = pool
        .check(Array.from({ length: 512 }, (_, nonce) => transfer(nonce)))
        .then(() => done.push('flood'))
      await expect(pool.check([transfer(0)])).rejects.toMatchObject({ code: 'NODE_BUSY' })
      const block = pool.check([transfer(512)], true).then(() => done.push('block'))
      await Promise.all([flood, block])
      expect(done).toEqual(['block', 'flood'])
    } finally {
      await pool.close()
    }
  })
})

function pick({ transactionCount, transactionsRoot: listed, gas }: Header): Partial<Header> {
  return { transactionCount, transactionsRoot: listed, gas }
}
