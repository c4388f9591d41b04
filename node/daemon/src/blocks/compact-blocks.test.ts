import { type Block, NO_VALUE, transactionsRoot, wireHash } from '@smartshare/chain'
import type { Message } from '@smartshare/consensus'
import { sha256 } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompactReceiver, CompactSender, type Taken } from './compact-blocks.ts'
import { SHORT_ID_BYTES } from './mempool.ts'

type Proposal = Extract<Message, { type: 'proposal' }>
const utf8 = new TextEncoder()
const wireOf = (name: string) => sha256(utf8.encode(name))
const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function proposalOf(transactions: readonly Uint8Array[], changes: Partial<Block['header']> = {}): Proposal {
  const header: Block['header'] = {
    version: 1,
    chainId: NO_VALUE,
    term: 0,
    slot: 1,
    height: 1,
    parent: NO_VALUE,
    timeMs: 1,
    leader: 0,
    reveal: new Uint8Array(96),
    accumulator: NO_VALUE,
    rootHeight: 0,
    stateRoot: NO_VALUE,
    rangeRoot: NO_VALUE,
    certificateHash: NO_VALUE,
    transactionsRoot: transactionsRoot(transactions),
    transactionCount: transactions.length,
    gas: 0,
    basePrice: 10n,
    mode: 0,
    nextSet: null,
    ...changes,
  }
  const block: Block = {
    header,
    proposal: new Uint8Array(96),
    rootCertificate: null,
    transactions: [...transactions],
    quarantines: [],
  }
  return { type: 'proposal', block, certificates: [] }
}

/** A mempool of these transactions; `lies` puts another transaction under the name of one. */
function receiverWith(wires: readonly Uint8Array[], lies = new Map<string, Uint8Array>()) {
  const held = new Map(wires.map((wire) => [keyOf(wireHash(wire).subarray(0, SHORT_ID_BYTES)), wire]))
  return new CompactReceiver((id) => lies.get(keyOf(id)) ?? held.get(keyOf(id)))
}

const askOf = (taken: Taken) => (taken !== undefined && 'ask' in taken ? taken.ask : undefined)
const proposalIn = (taken: Taken) => (taken !== undefined && 'proposal' in taken ? taken.proposal : undefined)
const fault = expect.objectContaining({ code: 'NETWORK_COMPACT' })

describe('a compact block', () => {
  it('is put together from the mempool, whatever of it is there, with one ask at most', () => {
    const cases = fc.record({ held: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }) })
    fc.assert(
      fc.property(cases, ({ held }) => {
        const wires = held.map((_, i) => wireOf(`tx ${i}`))
        const message = proposalOf(wires)
        const sender = new CompactSender()
        const receiver = receiverWith(wires.filter((_, i) => held[i]))
        const compact = sender.encode(message)
        expect(compact.length).toBeLessThan(700 + wires.length * SHORT_ID_BYTES)
        const first = receiver.take('leader', compact)
        const ask = askOf(first)
        expect(ask === undefined).toBe(held.every(Boolean))
        const answer = ask === undefined ? undefined : sender.answer('receiver', ask)
        const taken = answer === undefined ? first : receiver.takeBodies('leader', answer)
        expect(proposalIn(taken)).toEqual(message)
        // The same again needs no mempool any more.
        expect(proposalIn(receiver.take('leader', compact))).toEqual(message)
      }),
      { numRuns: 40 },
    )
  })

  it('is asked for whole when two transactions share a short id, and then taken', () => {
    const wires = [wireOf('a'), wireOf('b')]
    const message = proposalOf(wires)
    const sender = new CompactSender()
    const shortId = keyOf(wireHash(wires[0]!).subarray(0, SHORT_ID_BYTES))
    const receiver = receiverWith(wires, new Map([[shortId, wireOf('another with this short id')]]))
    const ask = askOf(receiver.take('leader', sender.encode(message)))
    const answer = sender.answer('receiver', ask!)
    expect(proposalIn(receiver.takeBodies('leader', answer!))).toEqual(message)
    expect(receiver.counts).toEqual({ complete: 0, partly: 0, whole: 1 })
  })

  it('of a leader that lies about its transactions is a fault of the leader', () => {
    const wires = [wireOf('a'), wireOf('b')]
    const sender = new CompactSender()
    const receiver = receiverWith([])
    const lie = proposalOf(wires, { transactionsRoot: transactionsRoot([wireOf('c'), wireOf('d')]) })
    const ask = askOf(receiver.take('leader', sender.encode(lie)))
    const answer = sender.answer('receiver', ask!)
    expect(() => receiver.takeBodies('leader', answer!)).toThrow(fault)
    const miscounted = proposalOf(wires, { transactionCount: 3 })
    expect(() => receiver.take('leader', sender.encode(miscounted))).toThrow(fault)
    // Other transactions than those that were named.
    const message = proposalOf(wires)
    const asked = askOf(receiver.take('leader', sender.encode(message)))
    const other = new CompactSender()
    other.encode(message)
    const wrong = other.answer('receiver', asked!)!.slice()
    wrong[wrong.length - 1]! ^= 1
    expect(() => receiver.takeBodies('leader', wrong)).toThrow(fault)
  })

  it('is answered to each peer so often that nobody can make the leader send it again and again', () => {
    const wires = [wireOf('a'), wireOf('b')]
    const sender = new CompactSender()
    const receiver = receiverWith([])
    const ask = askOf(receiver.take('leader', sender.encode(proposalOf(wires))))!
    expect([1, 2, 3, 4].map(() => sender.answer('greedy', ask) !== undefined)).toEqual([true, true, false, false])
    expect(sender.answer('other', ask)).toBeDefined()
    for (let slot = 2; slot < 8; slot++) sender.encode(proposalOf(wires, { slot }))
    expect(sender.answer('late', ask)).toBeUndefined()
  })

  it('is nothing to which an answer belongs that nobody asked for, or that comes late', () => {
    const wires = [wireOf('a')]
    const message = proposalOf(wires)
    const sender = new CompactSender()
    const receiver = receiverWith([])
    const ask = askOf(receiver.take('leader', sender.encode(message)))!
    const answer = sender.answer('receiver', ask)!
    expect(receiver.takeBodies('somebody else', answer)).toBeUndefined()
    receiver.forget('leader')
    expect(receiver.takeBodies('leader', answer)).toBeUndefined()
  })

  it('that comes again while an answer is on its way is not asked for twice, nor is the answer a fault', () => {
    const wires = [wireOf('a'), wireOf('b'), wireOf('c')]
    const message = proposalOf(wires)
    const sender = new CompactSender()
    const held = new Map<string, Uint8Array>()
    const receiver = new CompactReceiver((id) => held.get(keyOf(id)))
    const compact = sender.encode(message)
    const ask = askOf(receiver.take('leader', compact))!
    // More has come by gossip meanwhile.
    for (const wire of wires.slice(0, 2)) held.set(keyOf(wireHash(wire).subarray(0, SHORT_ID_BYTES)), wire)
    expect(receiver.take('leader', compact)).toBeUndefined()
    expect(proposalIn(receiver.takeBodies('leader', sender.answer('receiver', ask)!))).toEqual(message)
    const other = new CompactReceiver((id) => held.get(keyOf(id)))
    const late = askOf(other.take('leader', compact))!
    for (const wire of wires) held.set(keyOf(wireHash(wire).subarray(0, SHORT_ID_BYTES)), wire)
    expect(proposalIn(other.take('leader', compact))).toEqual(message)
    expect(other.takeBodies('leader', sender.answer('other', late)!)).toBeUndefined()
  })
})
