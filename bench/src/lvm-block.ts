import { type Call, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS } from '@smartshare/chain'
import { addressOfContract } from '@smartshare/crypto'
import { textBytes } from '@smartshare/lvm'
import { encodeParameters, presets } from '@smartshare/runtime'
import { callOf } from '@smartshare/runtime/testing'
import { BlockRig, type RanBlock } from './block-rig.ts'
import { CALLED, FILLED, type HostileKind, INSIDE, LARGE, OUTSIDE, OUTSIDE_SOURCE } from './lvm-block-kinds.ts'

const PUBLISHER = 'publisher'
const SENDERS = 1_000
const GRAINS = 10n ** 14n
const RUNS = 2
/** A block is full if at least this part of its gas was used. */
const FULL = 0.9
/** Bytes of a block that are not transactions. */
const BLOCK_MARGIN_BYTES = 4_096
const COLD_CONTRACTS = 40

/** The processor time of a block that is full of one kind of work. */
export interface FullBlock {
  readonly name: string
  readonly executeMs: number
  readonly commitMs: number
}

const parameters = { ...presets.main, leastSeats: 1 }
const { maxBlockGas, maxTransactionGas } = parameters
const perBlock = Math.floor(maxBlockGas / maxTransactionGas)
export const SLOT_MS = parameters.slotMs

/**
 * Blocks of the main network that are full of one hostile kind of work each, executed as a node does, with receipts, state and
 * root. Takes some two minutes.
 */
export async function* fullBlocks(): AsyncGenerator<FullBlock> {
  const senders = Array.from({ length: SENDERS }, (_, i) => `sender ${i}`)
  const rig = new BlockRig([PUBLISHER, ...senders], GRAINS, parameters)
  try {
    const contracts = new Contracts(rig)
    const outside = contracts.setUp()
    for (const kind of OUTSIDE) {
      yield best(kind.name, kind.ends ? endingBlocks(rig, outside, kind) : () => endlessBlock(rig, outside, kind))
    }
    yield* smallTransactions(rig, senders, contracts)
    yield coldContracts(rig, contracts)
    for (const kind of INSIDE) {
      const contract = contracts.publish(kind.source)
      yield best(kind.name, () => endlessBlock(rig, contract, kind))
    }
  } finally {
    await rig.close()
  }
}

/** The quickest of a few runs, because other programs of the machine only make it slower. */
function best(name: string, run: () => RanBlock): FullBlock {
  const runs = Array.from({ length: RUNS }, run)
  const of = (field: 'executeMs' | 'commitMs') => Math.min(...runs.map((block) => block[field]))
  return { name, executeMs: of('executeMs'), commitMs: of('commitMs') }
}

function checkFull(name: string, block: RanBlock): RanBlock {
  const gas = block.receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0)
  const error = block.receipts.find((receipt) => receipt.error !== null)?.error
  // Whoever uses all memory up ends before the gas does.
  if (gas >= FULL * maxBlockGas || error?.code === 'CONTRACT_MEMORY') return block
  throw new Error(`a block of “${name}” used only ${gas} gas: ${error?.code} ${error?.message}`)
}

function endlessBlock(rig: BlockRig, contract: Uint8Array, { name, method }: HostileKind): RanBlock {
  const call = callOfContract(contract, method)
  const transactions = Array.from({ length: perBlock }, () => rig.transaction(PUBLISHER, [call], maxTransactionGas))
  return checkFull(name, rig.run(transactions))
}

/** Blocks of as many rounds as their gas allows. */
function endingBlocks(rig: BlockRig, contract: Uint8Array, { name, method }: HostileKind): () => RanBlock {
  let next = 1
  const transaction = (rounds: number) => {
    const call = callOfContract(contract, method, [BigInt(next), BigInt(next + rounds - 1)])
    next += rounds
    return rig.transaction(PUBLISHER, [call], maxTransactionGas)
  }
  // Half of a limit is paid in any case: what a round costs shows beyond that.
  let rounds = 25
  let gas = 0
  while (gas <= maxTransactionGas / 2) {
    rounds *= 2
    gas = rig.runWell([transaction(rounds)]).receipts[0]!.gasUsed
  }
  const most = Math.floor((rounds * maxTransactionGas * 0.97) / gas)
  return () => checkFull(name, rig.runWell(Array.from({ length: perBlock }, () => transaction(most))))
}

/** Blocks of as many small transactions as fit. */
function* smallTransactions(rig: BlockRig, senders: readonly string[], contracts: Contracts): Generator<FullBlock> {
  const address = (i: number) => rig.chain.account(senders[i % senders.length]!).address
  const pay = (i: number) => callOf('tokens', 'transfer', { to: address(i + 7), token: 0, amount: 1n, memo: null })
  const payMany = (i: number) => {
    const payments = Array.from({ length: 256 }, (_, k) => ({ to: address(i + k + 1), amount: 1n }))
    return callOf('tokens', 'transferMany', { token: 0, payments, memo: null })
  }
  const empty = contracts.publish("abi.method('nothing()', function() end)")
  const kinds: Record<string, (i: number) => Call[]> = {
    transfers: (i) => [pay(i)],
    'transfers of many calls': (i) => Array.from({ length: 16 }, (_, k) => pay(i + k)),
    'payments to many': (i) => [payMany(i)],
    'transfers that fail': (i) => [
      callOf('tokens', 'transfer', { to: address(i), token: 0, amount: 10n ** 17n, memo: null }),
    ],
    'calls of a contract that does nothing': () => [callOfContract(empty, 'nothing')],
    'calls of nobody': (i) => [callOfContract(address(i), 'nothing')],
  }
  for (const [name, calls] of Object.entries(kinds)) {
    const limit = tightLimit(rig, senders[0]!, () => calls(0))
    yield best(name, () => {
      const transactions = []
      let sizeBytes = BLOCK_MARGIN_BYTES
      let gas = 0
      for (let i = 0; transactions.length < MAX_BLOCK_TRANSACTIONS; i++) {
        const from = senders[i % senders.length]!
        const transaction = rig.transaction(from, calls(i), limit)
        sizeBytes += transaction.wire.length + 5
        gas += limit
        if (sizeBytes > MAX_BLOCK_BYTES || gas > maxBlockGas) {
          rig.takeBack(from)
          break
        }
        transactions.push(transaction)
      }
      return rig.run(transactions)
    })
  }
}

/** The least gas limit that suffices. */
function tightLimit(rig: BlockRig, from: string, calls: () => Call[]): number {
  let limit = maxTransactionGas
  for (;;) {
    const { gasUsed } = rig.run([rig.transaction(from, calls(), limit)]).receipts[0]!
    if (gasUsed > Math.ceil(limit / 2)) return gasUsed + 100
    limit = gasUsed
  }
}

/** Contracts that no memory holds yet, each of which takes much to load. */
function coldContracts(rig: BlockRig, contracts: Contracts): FullBlock {
  const addresses = Array.from({ length: COLD_CONTRACTS }, (_, i) => {
    const source = `local t = {} for i = 1, 7400 do t[i] = 'k' .. i + ${i} end abi.method('nothing()', function() end)`
    return contracts.publish(source)
  })
  const name = 'contracts that are not loaded'
  return best(name, () => {
    rig.forgetContracts()
    const limit = Math.floor(maxBlockGas / COLD_CONTRACTS)
    const call = (address: Uint8Array) => rig.transaction(PUBLISHER, [callOfContract(address, 'nothing')], limit)
    return checkFull(name, rig.run(addresses.map(call)))
  })
}

function callOfContract(contract: Uint8Array, method: string, integers: readonly bigint[] = []): Call {
  const inputs = integers.map((_, i) => ({ name: `p${i}`, type: 'integer' }))
  return { target: contract, method, arguments: encodeParameters(inputs, integers), funds: [] }
}

/** Publishes contracts of one account, each in a block of its own. */
class Contracts {
  private readonly rig: BlockRig
  private count = 0

  constructor(rig: BlockRig) {
    this.rig = rig
  }

  publish(source: string): Uint8Array {
    const call = callOf('contracts', 'publish', {
      ...{ name: 'hostile', source: textBytes(source), metadata: '', upgrade: null, pauser: null },
      ...{ arguments: null, value: 0n },
    })
    this.rig.runWell([this.rig.transaction(PUBLISHER, [call], maxTransactionGas)])
    return addressOfContract(this.rig.chain.account(PUBLISHER).address, this.count++)
  }

  /** The contract of all kinds that reach outside, with money, entries and others to call. */
  setUp(): Uint8Array {
    const { rig } = this
    const others = [this.publish(CALLED), this.publish(LARGE)]
    const contract = this.publish(OUTSIDE_SOURCE)
    const inputs = others.map((_, i) => ({ name: `p${i}`, type: 'address' }))
    const funds: Call['funds'] = [{ token: 0, amount: 10n ** 12n }]
    const setUp = { target: contract, method: 'setUp', arguments: encodeParameters(inputs, others), funds }
    rig.runWell([rig.transaction(PUBLISHER, [setUp], maxTransactionGas)])
    const step = 10_000
    for (let from = 1; from <= FILLED; from += step) {
      const fill = callOfContract(contract, 'fill', [BigInt(from), BigInt(from + step - 1)])
      rig.runWell([rig.transaction(PUBLISHER, [fill], maxTransactionGas)])
    }
    return contract
  }
}
