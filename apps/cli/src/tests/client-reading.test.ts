import { type BalanceProofFile, type BlockHeader, Client, callOf, calls, verifyBalanceProof } from '@smartshare/client'
import { sha256, toHex } from '@smartshare/crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'

const START = 10n ** 14n
const alice = accountOf('alice')
const bob = accountOf('bob')
const GIB = 2 ** 30

let network: LocalNetwork

afterEach(async () => {
  await network.close()
})

async function take<T>(from: AsyncGenerator<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const one of from) {
    taken.push(one)
    if (taken.length === count) break
  }
  return taken
}

describe('a client that listens', () => {
  it('hears of every block once and in order, also of those made while its node was away', async () => {
    network = await LocalNetwork.start()
    const client = await network.client()
    const heard: BlockHeader[] = []
    const listening = (async () => {
      for await (const header of client.blocks({ from: 1 })) {
        heard.push(header)
        if (heard.length === 60) break
      }
    })()
    await expect.poll(() => heard.length).toBeGreaterThan(5)
    await network.restart()
    await listening
    expect(heard.map(({ height }) => height)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
  })

  it('hears without WebSocket too', async () => {
    network = await LocalNetwork.start()
    const client = await network.client({ ws: [] })
    const heights = (await take(client.blocks({ from: 3 }), 10)).map(({ height }) => height)
    expect(heights).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it('reads the events of an account once and in order, and goes on where it stopped', async () => {
    network = await LocalNetwork.start()
    const client = await network.client()
    const sender = client.sender(alice)
    const query = { height: 1, from: 'tokens', name: 'transfer', address: bob.text }
    const reading = take(client.events(query), 4)
    for (const amount of [1n, 2n, 3n, 4n, 5n]) await sender.send({ calls: [calls.transfer(bob.address, amount)] })
    const events = await reading
    expect(events.map(({ data }) => data?.amount)).toEqual(['1', '2', '3', '4'])
    const rest = await take(client.events({ ...query, ...events[2]!.after }), 2)
    expect(rest.map(({ data }) => data?.amount)).toEqual(['4', '5'])
  })

  it('ends its walks when it is closed', async () => {
    network = await LocalNetwork.start({ isStill: true })
    const client = await network.client()
    const walk = take(client.blocks(), 1)
    client.close()
    expect(await walk).toEqual([])
    await expect(client.rpc.status()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  })
})

describe('a proof of a balance', () => {
  const terms = { termBlocks: 10, electionBlock: 5 }

  it('is believed for the chain id alone, also in later terms', async () => {
    network = await LocalNetwork.start({ isStill: true, parameters: terms })
    const client = await network.client()
    const chainId = toHex(client.chainId)
    await expect(client.proveBalance(bob.text)).rejects.toMatchObject({ code: 'RPC_NOT_READY' })
    for (let i = 0; i < 40; i++) network.node.makeBlock()
    const proven = await client.proveBalance(bob.text)
    expect(proven).toMatchObject({ address: bob.text, grains: START, height: 39 })
    expect(proven.proof.handOvers.length).toBeGreaterThanOrEqual(2)
    const file = JSON.parse(JSON.stringify(proven.proof))
    expect(verifyBalanceProof(file, chainId).grains).toBe(START)
    // Nobody was given anything: the proof shows that there is no such entry.
    const nobody = await client.proveBalance(accountOf('nobody').text)
    expect(verifyBalanceProof(JSON.parse(JSON.stringify(nobody.proof)), chainId).grains).toBe(0n)
  })

  it('fails when anything in it was changed', async () => {
    network = await LocalNetwork.start({ isStill: true, parameters: terms })
    const client = await network.client()
    const chainId = toHex(client.chainId)
    for (let i = 0; i < 14; i++) network.node.makeBlock()
    const { proof } = await client.proveBalance(bob.text)
    const older = await (async () => {
      network.node.makeBlock()
      return (await client.proveBalance(bob.text)).proof
    })()
    const flipped = (text: string, at: number) => {
      const bytes = Buffer.from(text, 'base64')
      bytes[at % bytes.length]! ^= 1
      return bytes.toString('base64')
    }
    const [handOver] = proof.handOvers
    const changed: [string, unknown][] = [
      ['more money', { ...proof, grains: `${START + 1n}` }],
      ['no money', { ...proof, grains: '0' }],
      ['another account', { ...proof, address: alice.text }],
      ['another height', { ...proof, height: proof.height + 1 }],
      ['another header', { ...proof, header: older.header }],
      ['another certificate', { ...proof, certificate: older.certificate }],
      ['no hand-over', { ...proof, handOvers: [] }],
      ['a hand-over twice', { ...proof, handOvers: [handOver, handOver] }],
      ['another set', { ...proof, handOvers: [{ ...handOver, members: handOver!.members.slice(1) }] }],
      ['another kind', { ...proof, kind: 'something' }],
      ['something more', { ...proof, extra: 1 }],
      ['nothing', null],
      ...(['header', 'certificate', 'proof', 'genesis'] as const).flatMap((part) =>
        [1, 40, 77, 200, 333].map((at): [string, unknown] => [
          `${part} ${at}`,
          { ...proof, [part]: flipped(proof[part], at) },
        ]),
      ),
    ]
    for (const [what, file] of changed) {
      expect(
        codeOf(() => verifyBalanceProof(file as BalanceProofFile, chainId)),
        what,
      ).toMatch(/^(PROOF|LIGHT|CODEC|ADDRESS)_/)
    }
    expect(codeOf(() => verifyBalanceProof(proof, '00'.repeat(32)))).toBe('PROOF_OTHER_CHAIN')
  })
})

describe('trust', () => {
  const FORTNIGHT_MS = 14 * 86_400_000
  const terms = { termBlocks: 10, electionBlock: 5 }

  it('in genesis ends after a fortnight, and what was learned since is as good', async () => {
    const genesisTimeMs = Date.now() - FORTNIGHT_MS + 60_000
    network = await LocalNetwork.start({ isStill: true, parameters: terms, genesisTimeMs })
    for (let i = 0; i < 40; i++) network.node.makeBlock()
    const client = await network.client()
    const { trust, proof } = await client.proveBalance(bob.text)
    expect(trust.term).toBeGreaterThanOrEqual(2)
    const nowMs = genesisTimeMs + FORTNIGHT_MS + 1
    const chainId = toHex(client.chainId)
    expect(codeOf(() => verifyBalanceProof(proof, chainId, { nowMs }))).toBe('LIGHT_TRUST_EXPIRED')
    expect(verifyBalanceProof(proof, chainId, { nowMs, trust }).grains).toBe(START)
    expect(codeOf(() => verifyBalanceProof(proof, chainId, { nowMs, trust, maxAgeMs: 1000 }))).toBe('LIGHT_STALE')
    expect(codeOf(() => verifyBalanceProof(proof, chainId, { trust, leastHeight: 41 }))).toBe('LIGHT_STALE')
    const other = { ...trust, chainId: new Uint8Array(32) }
    expect(codeOf(() => verifyBalanceProof(proof, chainId, { trust: other }))).toBe('PROOF_OTHER_CHAIN')
    expect(codeOf(() => verifyBalanceProof(proof, chainId, { nowMs: genesisTimeMs - 3_600_000 }))).toBe('LIGHT_FUTURE')
  })

  it('that a client begins with also serves what it asks about earlier', async () => {
    network = await LocalNetwork.start({ isStill: true, parameters: terms })
    const { node } = network
    const client = await network.client()
    const sent = await client.sender(alice).send({ calls: [calls.transfer(bob.address, 1n)] })
    for (let i = 0; i < 40; i++) node.makeBlock()
    const { trust } = await client.proveBalance(bob.text)
    expect(trust.term).toBeGreaterThanOrEqual(2)
    expect(await client.proveInclusion(sent.id)).toMatchObject({ height: 1 })
    const later = network.keep(await Client.connect({ rpc: [network.server.url], trust }))
    expect((await later.proveBalance(bob.text)).grains).toBe(START + 1n)
    // Its delegates are not those whom the later client knows.
    await expect(later.proveInclusion(sent.id)).rejects.toMatchObject({ code: 'LIGHT_STALE' })
  })
})

describe('a proof of inclusion', () => {
  it('shows that a transaction is final, and fails for a node that lies', async () => {
    network = await LocalNetwork.start({ isStill: true, parameters: { termBlocks: 10, electionBlock: 5 } })
    const { node } = network
    const client = await network.client()
    for (let i = 0; i < 25; i++) node.makeBlock()
    const sender = client.sender(alice)
    const sent = await sender.send({ calls: [calls.transfer(bob.address, 1n)] })
    await expect(client.proveInclusion(sent.id)).rejects.toMatchObject({ code: 'RPC_NOT_FOUND' })
    const { height } = node.makeBlock()
    expect(await client.proveInclusion(sent.id)).toMatchObject({ id: sent.id, height, index: 0 })

    const truth = node.block.bind(node)
    const other = await truth(height - 1)
    const lies: Record<string, (asked: number) => ReturnType<typeof truth>> = {
      'no transactions': async (asked) => ({ ...(await truth(asked))!, transactions: [] }),
      'the certificate of another block': async (asked) => ({
        ...(await truth(asked))!,
        certificate: other!.certificate!,
      }),
      'another header': async (asked) => {
        const found = (await truth(asked))!
        return { ...found, header: { ...found.header, timeMs: found.header.timeMs + 1 } }
      },
      'no certificate at all': async (asked) => {
        const { certificate: _certificate, ...found } = (await truth(asked))!
        return found
      },
    }
    for (const [what, lie] of Object.entries(lies)) {
      node.block = lie
      const error = await client.proveInclusion(sent.id).catch((thrown) => thrown)
      expect([what, error.code]).toEqual([what, expect.stringMatching(/^(PROOF_|RPC_INTERNAL)/)])
    }
    node.block = truth
    // A block without a certificate of its own is final by the next one that has one.
    node.makeBlock()
    node.block = async (asked) => {
      const found = await truth(asked)
      if (asked !== height || found === undefined) return found
      const { certificate: _certificate, ...bare } = found
      return bare
    }
    expect(await client.proveInclusion(sent.id)).toMatchObject({ height })
  })
})

describe('the market through a client', () => {
  it('shows offers, tenders and agreements in the types of the chain', async () => {
    network = await LocalNetwork.start()
    const client = await network.client()
    const { market } = client.rpc
    const post = {
      ...{ kind: 1, region: 'test', token: 0, priceGrains: 1_000_000n, pledgeGrains: null, capacityBytes: 10 * GIB },
      ...{ peer: 'peer', addresses: ['/ip4/127.0.0.1/tcp/21000'], collateralGrains: 10n ** 10n },
    }
    await client.sender(bob).sendAndWait({ calls: [callOf('offers', 'post', post)] })
    const offer = await market.offerOfProvider(bob.text)
    expect(offer).toMatchObject({ provider: bob.address, priceGrains: 1_000_000n, addresses: post.addresses, token: 0 })
    expect(await market.offer(offer!.offer)).toMatchObject({ offer: offer!.offer })
    await expect.poll(async () => (await market.offer(offer!.offer))?.state).toBe('listed')
    expect((await take(market.offers(), 1)).map((one) => one.offer)).toEqual([offer!.offer])

    const id = (name: string) => sha256(new TextEncoder().encode(name)).slice(0, 16)
    const object = id('object')
    const demand = {
      ...{ object, lots: [{ copyId: id('copy'), sizeBytes: GIB }], token: 0 },
      ...{ maxPriceGrains: 2_000_000n, leastPledgeGrains: 0n },
      ...{ periods: 10, exclude: [], memo: Uint8Array.of(1, 2, 3) },
    }
    const { height } = await client.sender(alice).sendAndWait({ calls: [callOf('tenders', 'post', demand)] })
    const [matched] = await take(client.events({ height, from: 'agreements', name: 'matched' }), 1)
    expect(matched?.data).toMatchObject({ buyer: alice.text, provider: bob.text, object: toHex(object) })
    const agreement = await market.agreement(matched?.data?.agreement as number)
    expect(agreement).toMatchObject({ state: 'matched', buyer: alice.address, object, copyId: id('copy'), root: null })
    expect(await market.tender(agreement!.tender)).toMatchObject({ memo: Uint8Array.of(1, 2, 3), agreements: [0] })
    for (const query of [{ buyer: alice.text }, { buyer: alice.text, object }, { provider: bob.text }]) {
      expect((await take(market.agreements(query), 1)).map((one) => one.agreement)).toEqual([agreement!.agreement])
    }
    const none: unknown[] = []
    for await (const one of market.agreements({ buyer: bob.text })) none.push(one)
    expect(none).toEqual([])
    expect([await market.agreement(77), await market.tender(77), await market.offer(77)]).toEqual(
      Array(3).fill(undefined),
    )
    expect(await market.serviceTime(Date.now())).toBeGreaterThan(0)
  })
})

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing was thrown'
}
