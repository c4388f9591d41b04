// Token transfers per second in one EVM in JavaScript, without signatures, network or disk.
// Every transfer is one `evm.runCall` with its checkpoint, as a transaction has; balances are checked at the end.
// Prints one line: {"simple_per_s":…,"merkle_per_s":…}
import { readFileSync } from 'node:fs'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Caches, MerkleStateManager, SimpleStateManager } from '@ethereumjs/statemanager'
import {
  Account,
  Address,
  bigIntToBytes,
  bytesToBigInt,
  concatBytes,
  hexToBytes,
  setLengthLeft,
} from '@ethereumjs/util'
import solc from 'solc'

/** Few, because the simple state manager copies all accounts and slots at every call. */
const ACCOUNTS = 32
const SHARE = 1_000_000_000n
const SECONDS = 5
const WARM_UP = 500
/** After so many transfers the Merkle tries and their root are brought up to date, as at the end of a block. */
const BLOCK = 100
const GAS_LIMIT = 10_000_000n
const HARDFORK = Hardfork.Prague

function compile() {
  const input = {
    language: 'Solidity',
    sources: { 'token.sol': { content: readFileSync(new URL('token.sol', import.meta.url), 'utf8') } },
    settings: {
      evmVersion: HARDFORK,
      optimizer: { enabled: true, runs: 1_000_000 },
      outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.methodIdentifiers'] } },
    },
  }
  const { errors, contracts } = JSON.parse(solc.compile(JSON.stringify(input)))
  if (errors?.length) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const { bytecode, methodIdentifiers } = contracts['token.sol'].Token.evm
  const selector = (signature) => hexToBytes(`0x${methodIdentifiers[signature]}`)
  return {
    code: hexToBytes(`0x${bytecode.object}`),
    transfer: selector('transfer(address,uint256)'),
    balanceOf: selector('balanceOf(address)'),
  }
}

/** Encodes a value for the ABI: 32 bytes, big-endian. */
const word = (value) => setLengthLeft(typeof value === 'bigint' ? bigIntToBytes(value) : value.bytes, 32)
const token = compile()
/** Above the addresses of precompiled contracts. */
const accounts = Array.from(
  { length: ACCOUNTS },
  (_, i) => new Address(setLengthLeft(bigIntToBytes(BigInt(i + 4096)), 20)),
)

/** One EVM with the token in it, and what every account must hold. */
class Chain {
  expected = new Array(ACCOUNTS).fill(SHARE)
  sent = 0

  static async make(common, stateManager) {
    const chain = new Chain()
    chain.state = stateManager
    chain.evm = await createEVM({ common, stateManager })
    for (const address of accounts) await stateManager.putAccount(address, new Account())
    const supply = word(SHARE * BigInt(ACCOUNTS))
    chain.contract = (await chain.call(accounts[0], undefined, concatBytes(token.code, supply))).createdAddress
    for (const account of accounts.slice(1)) await chain.pay(accounts[0], account, SHARE)
    return chain
  }

  /** One call as a transaction of its own: what it warmed and touched is forgotten at its end. */
  async call(caller, to, data) {
    const result = await this.evm.runCall({ caller, to, data, gasLimit: GAS_LIMIT })
    await this.evm.journal.cleanup()
    this.state.originalStorageCache.clear()
    const error = result.execResult.exceptionError
    if (error) throw new Error(error.error)
    return result
  }

  async pay(from, to, amount) {
    const { execResult } = await this.call(from, this.contract, concatBytes(token.transfer, word(to), word(amount)))
    const paid = bytesToBigInt(execResult.returnValue) === 1n && execResult.logs.length === 1
    if (!paid) throw new Error('a transfer did not pay')
  }

  /** The next transfer of the course, and the end of a block where one is due. */
  async next() {
    const from = this.sent % ACCOUNTS
    // Odd steps, so that nobody pays themselves, and amounts that do not come out even.
    const to = (from * 7 + 3) % ACCOUNTS
    const amount = BigInt(1 + (this.sent % 7))
    await this.pay(accounts[from], accounts[to], amount)
    this.expected[from] -= amount
    this.expected[to] += amount
    this.sent++
    if (this.sent % BLOCK === 0 && this.state instanceof MerkleStateManager) {
      await this.state.flush()
      await this.state.getStateRoot()
    }
  }

  /** Refuses a figure of a machine that does not do the work. */
  async check() {
    for (const [i, account] of accounts.entries()) {
      const { execResult } = await this.call(account, this.contract, concatBytes(token.balanceOf, word(account)))
      const held = bytesToBigInt(execResult.returnValue)
      if (held !== this.expected[i]) throw new Error(`account ${i} holds ${held}, not ${this.expected[i]}`)
    }
    const refusal = await this.pay(accounts[1], accounts[2], this.expected[1] + 1n).catch((error) => error.message)
    if (refusal !== 'revert') throw new Error('more was paid than there was')
  }
}

async function transfersPerSecond(common, stateManager) {
  const chain = await Chain.make(common, stateManager)
  while (chain.sent < WARM_UP) await chain.next()
  const startMs = performance.now()
  let elapsedMs = 0
  while (elapsedMs < SECONDS * 1000) {
    for (let i = 0; i < BLOCK; i++) await chain.next()
    elapsedMs = performance.now() - startMs
  }
  const perSecond = (chain.sent - WARM_UP) / (elapsedMs / 1000)
  await chain.check()
  return perSecond
}

const common = new Common({ chain: Mainnet, hardfork: HARDFORK })
console.log(
  JSON.stringify({
    simple_per_s: await transfersPerSecond(common, new SimpleStateManager({ common })),
    // With its caches, for without them it makes half as many.
    merkle_per_s: await transfersPerSecond(common, new MerkleStateManager({ common, caches: new Caches() })),
  }),
)
