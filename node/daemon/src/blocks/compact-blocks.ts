import {
  type Block,
  HASH_BYTES,
  headerHash,
  MAX_BLOCK_TRANSACTIONS,
  MAX_TRANSACTION_BYTES,
  transactionsRoot,
  wireHash,
} from '@smartshare/chain'
import { array, bytes, decode, encode, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { decodeMessage, encodeMessage, type Message } from '@smartshare/consensus'
import { equalBytes } from '@smartshare/crypto'
import { mapKey } from '@smartshare/runtime'
import { SHORT_ID_BYTES } from './mempool.ts'

// A leader's block names its transactions instead of carrying them: nearly all of them lie in every mempool already
// (docs/spec/bytes.md §8, docs/decisions/014-network-under-attack.md).

/** A header, a certificate, the certificates that go with a proposal, and what encloses them. */
const MAX_SHELL_BYTES = 32 * 1024
/** Own blocks whose transactions can still be asked for, and blocks of others that can be given again without asking. */
const MOST_KEPT_BLOCKS = 4
/** Once for what is missing, and once for all if what came together was wrong. */
const MOST_ANSWERS = 2
/** Of all peers: more need not be remembered, since each costs at most what the whole block would. */
const MOST_ANSWERED_PEERS = 1_024

const compactSchema = record({
  /** The proposal without transactions. */
  proposal: bytes(MAX_SHELL_BYTES),
  shortIds: bytes(MAX_BLOCK_TRANSACTIONS * SHORT_ID_BYTES),
})
const missingSchema = record({
  block: fixedBytes(HASH_BYTES),
  indexes: array(uint(MAX_BLOCK_TRANSACTIONS - 1), MAX_BLOCK_TRANSACTIONS),
})
const bodiesSchema = record({
  block: fixedBytes(HASH_BYTES),
  transactions: array(bytes(MAX_TRANSACTION_BYTES), MAX_BLOCK_TRANSACTIONS),
})

type Proposal = Extract<Message, { type: 'proposal' }>

/** What comes of what a peer sent: a whole proposal, something to ask the peer for, or nothing. */
export type Taken = { readonly proposal: Proposal } | { readonly ask: Uint8Array } | undefined

/** The side of the leader: names the transactions of its block, and gives those that somebody lacks. */
export class CompactSender {
  private readonly sent = new Map<string, { block: Block; answers: Map<string, number> }>()

  /** The compact form of a proposal. */
  encode(message: Proposal): Uint8Array {
    const { block } = message
    const { transactions } = block
    const key = mapKey(headerHash(block.header))
    if (!this.sent.has(key)) keep(this.sent, key, { block, answers: new Map() })
    const shortIds = new Uint8Array(transactions.length * SHORT_ID_BYTES)
    for (const [i, wire] of transactions.entries()) shortIds.set(shortIdOf(wire), i * SHORT_ID_BYTES)
    const proposal = encodeMessage({ ...message, block: { ...block, transactions: [] } })
    return encode(compactSchema, { proposal, shortIds })
  }

  /** The transactions that `peer` lacks; undefined if it asks too often or for what is long past. Throws CODEC_*, NETWORK_COMPACT. */
  answer(peer: string, encoded: Uint8Array): Uint8Array | undefined {
    const { block: hash, indexes } = decode(missingSchema, encoded)
    const found = this.sent.get(mapKey(hash))
    if (found === undefined) return undefined
    const { block, answers } = found
    const before = answers.get(peer) ?? 0
    if (before >= MOST_ANSWERS || (before === 0 && answers.size >= MOST_ANSWERED_PEERS)) return undefined
    answers.set(peer, before + 1)
    let least = 0
    const transactions = indexes.map((index) => {
      const wire = block.transactions[index]
      // Ascending, so that nobody is asked for one thing many times.
      if (wire === undefined || index < least) throw compactFault('asks for transactions that the block does not have')
      least = index + 1
      return wire
    })
    return encode(bodiesSchema, { block: hash, transactions })
  }
}

interface Unfinished {
  readonly message: Proposal
  readonly hash: Uint8Array
  readonly shortIds: Uint8Array
  readonly wires: (Uint8Array | undefined)[]
  /** Indexes that were asked for. */
  asked: readonly number[]
}

/** The side of all others: puts the block together from the mempool, and asks the leader for what is not there. */
export class CompactReceiver {
  private readonly lookUp: (shortId: Uint8Array) => Uint8Array | undefined
  /** One per peer: a leader has one block at a time. */
  private readonly unfinished = new Map<string, Unfinished>()
  private readonly whole = new Map<string, readonly Uint8Array[]>()
  /** Since the start: blocks put together without asking, those for which some were asked, and those asked for whole. */
  readonly counts = { complete: 0, partly: 0, whole: 0 }

  /** `lookUp`: a transaction of the mempool by the first bytes of its wire hash. */
  constructor(lookUp: (shortId: Uint8Array) => Uint8Array | undefined) {
    this.lookUp = lookUp
  }

  /** Takes a compact proposal. Throws CODEC_*, NETWORK_COMPACT. */
  take(peer: string, encoded: Uint8Array): Taken {
    const { proposal: inner, shortIds } = decode(compactSchema, encoded)
    const message = decodeMessage(inner)
    if (message.type !== 'proposal' || message.block.transactions.length > 0) throw compactFault('is no compact block')
    const { header } = message.block
    if (shortIds.length !== header.transactionCount * SHORT_ID_BYTES) throw compactFault('names another number of them')
    const hash = headerHash(header)
    const known = this.whole.get(mapKey(hash))
    if (known !== undefined) return { proposal: withBody(message, known) }
    const wires = Array.from({ length: header.transactionCount }, (_, i) => this.lookUp(idAt(shortIds, i)))
    const asked = wires.flatMap((wire, i) => (wire === undefined ? [i] : []))
    const unfinished: Unfinished = { message, hash, shortIds, wires, asked }
    const before = this.unfinished.get(peer)
    if (asked.length === 0) {
      this.unfinished.delete(peer)
      return this.finish(peer, unfinished)
    }
    // A leader says its block again when nothing moves: the answer to the first ask is still to come.
    if (before !== undefined && equalBytes(before.hash, hash)) return undefined
    return this.askFor(peer, unfinished, asked)
  }

  /** Takes what was asked for. Throws CODEC_*, NETWORK_COMPACT. */
  takeBodies(peer: string, encoded: Uint8Array): Taken {
    const { block, transactions } = decode(bodiesSchema, encoded)
    const unfinished = this.unfinished.get(peer)
    // An answer that comes late is no fault.
    if (unfinished === undefined || !equalBytes(unfinished.hash, block)) return undefined
    this.unfinished.delete(peer)
    const { asked, wires, shortIds } = unfinished
    if (transactions.length !== asked.length) throw compactFault('is not what was asked for')
    for (const [at, index] of asked.entries()) {
      const wire = transactions[at]!
      if (!equalBytes(shortIdOf(wire), idAt(shortIds, index))) throw compactFault('is not what was asked for')
      wires[index] = wire
    }
    return this.finish(peer, unfinished)
  }

  /** The peer is gone. */
  forget(peer: string): void {
    this.unfinished.delete(peer)
  }

  private finish(peer: string, unfinished: Unfinished): Taken {
    const { message, hash, asked } = unfinished
    const { transactionsRoot: root, transactionCount } = message.block.header
    const wires = unfinished.wires as Uint8Array[]
    if (equalBytes(transactionsRoot(wires), root)) {
      if (asked.length === 0) this.counts.complete++
      else if (asked.length === transactionCount) this.counts.whole++
      else this.counts.partly++
      keep(this.whole, mapKey(hash), wires)
      return { proposal: withBody(message, wires) }
    }
    // All are the leader's own: it lied about the block. Otherwise two transactions may share a short id, so all are asked for.
    if (asked.length === transactionCount) throw compactFault('does not have the transactions that it names')
    return this.askFor(
      peer,
      unfinished,
      wires.map((_, i) => i),
    )
  }

  private askFor(peer: string, unfinished: Unfinished, asked: readonly number[]): Taken {
    this.unfinished.set(peer, { ...unfinished, asked })
    return { ask: encode(missingSchema, { block: unfinished.hash, indexes: [...asked] }) }
  }
}

function withBody(message: Proposal, transactions: readonly Uint8Array[]): Proposal {
  return { ...message, block: { ...message.block, transactions: [...transactions] } }
}

function shortIdOf(wire: Uint8Array): Uint8Array {
  return wireHash(wire).subarray(0, SHORT_ID_BYTES)
}

function idAt(shortIds: Uint8Array, index: number): Uint8Array {
  return shortIds.subarray(index * SHORT_ID_BYTES, (index + 1) * SHORT_ID_BYTES)
}

/** Adds, and lets the oldest go above the bound. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MOST_KEPT_BLOCKS && oldest !== undefined) map.delete(oldest)
}

function compactFault(what: string): SmartshareError {
  return new SmartshareError('NETWORK_COMPACT', `what a peer sent of a compact block ${what}`)
}
