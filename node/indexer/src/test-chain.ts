// A chain on which everything happens that an index keeps, for tests.
import type { Call } from '@smartshare/chain'
import { SSP } from '@smartshare/chain'
import { bls, dataRoot, sha256 } from '@smartshare/crypto'
import { MemoryNode, signed } from '@smartshare/daemon/testing'
import { decodeAbi, encodeParameters, getCode, storageReceiptHash } from '@smartshare/runtime'
import { callOf, type TestAccount, testAccount } from '@smartshare/runtime/testing'

const utf8 = new TextEncoder()
const GIB = 2 ** 30

/** What strangers may write into events: a formula, markup, SQL, signs that turn the direction of text, a character that no database holds. */
export const HOSTILE_KEY = `=HYPERLINK("x")\u202e<script>alert(1)</script>'; DROP TABLE blocks; --\0 "quoted", \r\n lines`

const SOURCE = `
local Put = abi.event('Put(by: address, key: string, amount: amount)')
abi.payable('put(key: string)', function(key) Put(system.caller(), key, system.value()) end)
abi.method('fails()', function() error('no') end)
`

/** Drives a `MemoryNode`: signs with the right nonces, one block for each `block`. */
export class TestMarket {
  readonly node: MemoryNode
  readonly #nonces = new Map<string, bigint>()
  /** `more` is another account of genesis, which makes another network. */
  constructor(more = 'carol') {
    this.node = new MemoryNode({
      accounts: ['alice', 'bob', 'carol', 'provider', 'buyer', more].filter((name, i, all) => all.indexOf(name) === i),
      parameters: { termBlocks: 12, freezeBlock: 3, electionBlock: 6, offerMaturityBlocks: 2 },
    })
  }

  /** What is done after each block. */
  afterBlock: () => Promise<void> = async () => undefined
  contract: Uint8Array | undefined
  token: Uint8Array | undefined

  /** Executes one transaction of `name`, in a block with what else was sent. */
  async send(name: string, ...calls: Call[]): Promise<void> {
    const nonce = this.#nonces.get(name) ?? 0n
    this.#nonces.set(name, nonce + 1n)
    const tx = signed(this.node, testAccount(name), calls, { nonce, gasLimit: 5_000_000 })
    const [outcome] = await this.node.submit([tx.wire])
    if (outcome === undefined || 'error' in outcome) throw new Error(JSON.stringify(outcome))
  }

  async block(name: string, ...calls: Call[]): Promise<void> {
    await this.send(name, ...calls)
    await this.next()
  }

  async next(): Promise<void> {
    this.node.makeBlock()
    await this.afterBlock()
  }

  pay(to: string, grains: bigint, token: typeof SSP | Uint8Array = SSP): Call {
    return callOf('tokens', 'transfer', { to: account(to).address, token, amount: grains, memo: null })
  }

  /** A call of the contract. */
  call(method: string, args: Parameters<typeof encodeParameters>[1], grains = 0n): Call {
    const contract = this.contract!
    const { methods } = decodeAbi(getCode(this.node.state().reader, contract).abi)
    const inputs = methods.find(({ name }) => name === method)?.inputs ?? []
    const funds = grains === 0n ? [] : [{ token: SSP, amount: grains } as const]
    return { target: contract, method, arguments: encodeParameters(inputs, args), funds }
  }

  /** Everything once: payments, a token, a contract, a delegate, votes, an offer, a tender, agreements, a change of term. */
  async everything(): Promise<void> {
    await this.block('alice', this.pay('bob', 5n))
    await this.send('bob', this.pay('carol', 7n))
    await this.block('alice', this.pay('alice', 1n), this.pay('carol', 2n))
    await this.#issue()
    await this.block('alice', this.pay('bob', 40n, this.token!))
    await this.block('bob', this.pay('carol', 15n, this.token!))
    await this.block('alice', callOf('tokens', 'mint', { token: this.token!, to: account('bob').address, amount: 3n }))
    await this.block('alice', callOf('tokens', 'burn', { token: this.token!, amount: 10n }))
    await this.block('bob', this.pay('carol', 1_000_000n, this.token!))
    await this.publish(SOURCE)
    await this.block('bob', this.call('put', [utf8.encode(HOSTILE_KEY)], 9n))
    await this.block('bob', this.call('put', [utf8.encode('second')], 1n))
    await this.block('carol', this.call('fails', []))
    await this.#register()
    // It would be elected, and nobody here has its key.
    await this.block('carol', callOf('delegates', 'retire', {}))
    await this.block('alice', callOf('delegates', 'stake', { amount: 10n ** 9n }))
    await this.#agree()
    // Pay of a whole term, and another set.
    for (let i = 0; i < 30; i++) await this.next()
    await this.block('carol', this.pay('alice', 11n))
  }

  async #issue(): Promise<void> {
    await this.block(
      'alice',
      callOf('tokens', 'issue', {
        ...{ name: `Coin <i>"x"</i>; DROP TABLE tokens`, symbol: 'COIN', decimals: 2, cap: 10n ** 18n, initial: 1000n },
        ...{ schedule: null, metadata: { description: '', uri: '', hash: null } },
        ...{ admin: account('alice').address, minter: account('alice').address, freezer: null },
        ...{ burnable: true, deviceOnlyRewards: false },
      }),
    )
    this.token = this.#keyUnder(2, 4)
  }

  /** Puts a contract on the chain, which `call` then calls. */
  async publish(source: string): Promise<void> {
    await this.block(
      'alice',
      callOf('contracts', 'publish', {
        ...{ name: 'Box', source: utf8.encode(source), metadata: '', value: 0n, upgrade: null, pauser: null },
        arguments: null,
      }),
    )
    this.contract = this.#keyUnder(11, 1)
  }

  async #register(): Promise<void> {
    const secret = bls.secretFromSeed(sha256(utf8.encode('carol')))
    const bond = this.node.genesis.record.parameters.leastBondGrains
    await this.block(
      'carol',
      callOf('delegates', 'register', {
        ...{ name: 'carol-stands', key: bls.publicKey(secret), proof: bls.provePossession(secret), bond },
      }),
    )
  }

  async #agree(): Promise<void> {
    const offer = {
      kind: 1,
      region: 'test',
      token: SSP,
      priceGrains: 1_000_000n,
      pledgeGrains: null,
      peer: HOSTILE_KEY.slice(0, 30),
    }
    const more = { capacityBytes: 10 * GIB, addresses: ['/ip4/127.0.0.1/tcp/21000'], collateralGrains: 10n ** 10n }
    await this.block('provider', callOf('offers', 'post', { ...offer, ...more }))
    for (let i = 0; i < 4; i++) await this.next()
    const lots = [{ copyId: id('copy'), sizeBytes: 4096 }]
    const demand = { object: id('object'), lots, token: SSP, maxPriceGrains: 2_000_000n, leastPledgeGrains: 0n }
    await this.block(
      'buyer',
      callOf('tenders', 'post', { ...demand, periods: 10, exclude: [], memo: new Uint8Array(0) }),
    )
    await this.next()
    const root = dataRoot(new Uint8Array(4096))
    const { keys } = account('provider')
    const receipt = storageReceiptHash(this.node.chainId, { agreement: 0, root, sizeBytes: 4096 })
    const signatures = [{ key: keys.publicKey, signature: keys.sign(receipt) }]
    await this.block('buyer', callOf('agreements', 'activate', { agreement: 0, root, sizeBytes: 4096, signatures }))
    await this.block('buyer', callOf('agreements', 'end', { agreement: 0 }))
  }

  #keyUnder(module: number, table: number): Uint8Array {
    const [entry] = [...this.node.state().reader.range(Uint8Array.of(module, table), Uint8Array.of(module, table + 1))]
    return entry![0].slice(2)
  }
}

export function account(name: string): TestAccount {
  return testAccount(name)
}

function id(name: string): Uint8Array {
  return sha256(utf8.encode(name)).slice(0, 16)
}
