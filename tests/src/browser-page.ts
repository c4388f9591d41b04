// What a web page does with the client. browser.test.ts bundles this file, serves it, and calls the steps by their names.
import {
  Client,
  calls,
  checkBalance,
  genesisState,
  openWallet,
  sealWallet,
  Trust,
  verifyBalanceProof,
  Wallet,
} from '@smartshare/client'
import { parseAddress, toHex } from '@smartshare/crypto'

type Proof = Awaited<ReturnType<Client['proveBalance']>>['proof']
type Urls = Parameters<typeof Client.connect>[0]

/** Age from which the page takes no block for the latest. */
const MAX_AGE_MS = 60_000

let client: Client
let own: Wallet

/** What `attempt` gives, or the code of the error that it ends with. */
async function codeOr(attempt: () => Promise<string>): Promise<string> {
  try {
    return await attempt()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** The code of the error that `attempt` ends with, or `none`. */
function codeOf(attempt: () => unknown): Promise<string> {
  return codeOr(async () => {
    await attempt()
    return 'none'
  })
}

/** The same base64 text with one bit of the middle of its content turned over. */
function damaged(text: string): string {
  const bytes = [...atob(text)].map((character) => character.charCodeAt(0))
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] as number) ^ 1
  return btoa(String.fromCharCode(...bytes))
}

const steps = {
  /** The code with which connecting fails. */
  tryToConnect: (urls: Urls) => codeOf(() => Client.connect(urls)),

  /** Connects, and listens to blocks until the first one is heard of. */
  async connect(urls: Urls) {
    client = await Client.connect(urls)
    void (async () => {
      for await (const _ of client.blocks());
    })()
    return toHex(client.chainId)
  },

  /** Makes a wallet, and what a person keeps of it; forgets it, and opens the key file again. */
  async makeWallet(password: string) {
    const made = Wallet.create()
    const keyFile = await sealWallet(made, password)
    own = await openWallet(keyFile, password)
    return {
      address: made.account().text,
      opened: own.account().text,
      keyFile,
      withOtherPassword: await codeOf(() => openWallet(keyFile, `${password} `)),
    }
  },

  /** Pays the page's own wallet from a key file that was made elsewhere. */
  async fund(keyFile: string, password: string, grains: string) {
    const from = (await openWallet(keyFile, password)).account()
    await client.sender(from).sendAndWait({ calls: [calls.transfer(own.account().address, BigInt(grains))] })
  },

  /** Pays from the page's own wallet; only news over the WebSocket may tell that the payment is final. */
  async pay(to: string, grains: string) {
    const request = { calls: [calls.transfer(parseAddress(to), BigInt(grains))] }
    const { fetch } = globalThis
    globalThis.fetch = (input, init) =>
      String(init?.body).includes('"chain_transaction"')
        ? Promise.reject(new TypeError('the test lets nobody ask'))
        : fetch(input, init)
    try {
      const { id, height, receipt } = await client.sender(own.account()).sendAndWait(request, {
        // Subscribed before the node has the transaction, so that its news cannot come too early.
        onSigned: (transaction) => void client.follow(transaction),
      })
      return { id, height, status: receipt.status, feeGrains: String(receipt.feeGrains) }
    } finally {
      globalThis.fetch = fetch
    }
  },

  async balance(address: string) {
    return String((await client.rpc.account(address)).grains)
  },

  /** The proof of a balance in a state that is not older than the block of a height. */
  async prove(address: string, height: number): Promise<Proof> {
    for await (const _ of client.blocks()) {
      const proven = await client.proveBalance(address)
      if (proven.height >= height) return proven.proof
    }
    throw new Error('the client was closed')
  },

  /** Checks the balance that a node shows, as a light client does that knows the chain id alone: its grains, or the code of the lie. */
  async checkNode(address: string, chainId: string, leastHeight = 0) {
    return await codeOr(async () => {
      const trust = new Trust(genesisState(client.genesis))
      if (toHex(trust.chainId) !== chainId) return 'another network'
      const rules = { nowMs: Date.now(), leastHeight, maxAgeMs: MAX_AGE_MS }
      return String((await checkBalance(client.rpc, trust, address, rules)).grains)
    })
  },

  /** What a proof from anybody shows. */
  verify(proof: Proof, chainId: string) {
    return String(verifyBalanceProof(proof, chainId).grains)
  },

  /**
   * The codes with which proofs are refused in which one thing is not true. `other` has another balance: a proof that an
   * account is absent also holds for some more that are, those that would stand at the same empty place of the tree.
   */
  async refusals(proof: Proof, chainId: string, other: string) {
    const changes: Record<string, Partial<Proof>> = {
      grains: { grains: String(BigInt(proof.grains) + 1n) },
      absence: { grains: proof.grains === '0' ? '1' : '0' },
      address: { address: other },
      height: { height: proof.height + 1 },
      path: { proof: damaged(proof.proof) },
      header: { header: damaged(proof.header) },
      certificate: { certificate: damaged(proof.certificate) },
      genesis: { genesis: damaged(proof.genesis) },
    }
    const codes: Record<string, string> = {}
    for (const [name, change] of Object.entries(changes)) {
      codes[name] = await codeOf(() => verifyBalanceProof({ ...proof, ...change }, chainId))
    }
    return codes
  },

  /** Publishes a contract from the page's own wallet, calls it with money, hears its event, and asks and proves what it holds. */
  async contract(source: string, note: string) {
    const { address } = await client.publishContract(own.account(), { name: 'page', source })
    const contract = client.contract(address)
    const called = await contract.call(own.account(), 'put', [note], { value: 5n })
    let heard = ''
    for await (const { data } of contract.events('Put', { from: called.height })) {
      heard = String(data?.note)
      break
    }
    for await (const _ of client.blocks()) {
      const { isPresent, value, height } = await contract.proveEntry('held', note)
      if (height >= called.height) return { heard, asked: String(await contract.view('of', note)), isPresent, value }
    }
    throw new Error('the client was closed')
  },

  /** Where a final block holds a transaction, shown by the block's certificate. */
  async proveInclusion(id: string) {
    const { height, index } = await client.proveInclusion(id)
    return { height, index }
  },
}

export type Steps = typeof steps

Object.assign(globalThis, { steps })
