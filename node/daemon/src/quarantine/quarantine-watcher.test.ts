import {
  type Block,
  bitmapOf,
  encodeAttestation,
  headerHash,
  parseTransaction,
  type QuarantineAttestation,
  quarantineStatementHash,
} from '@smartshare/chain'
import { bls, sha256 } from '@smartshare/crypto'
import { callOf, TestChain } from '@smartshare/runtime/testing'
import pino from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { QuarantineWatcher } from './quarantine-watcher.ts'

const chain = new TestChain({ accounts: ['alice', 'bob'] })
const { chainId } = chain
const secrets = [0, 1, 2, 3].map((seat) => bls.secretFromSeed(sha256(Uint8Array.of(seat))))
const members = secrets.map((secret, seat) => ({ address: sha256(Uint8Array.of(9, seat)), key: bls.publicKey(secret) }))

/** A final block of each height with two transactions. */
function blockAt(height: number): Block | undefined {
  if (height < 1 || height > 8) return undefined
  const call = callOf('tokens', 'transfer', { to: chain.account('bob').address, token: 0, amount: 1n, memo: null })
  const transactions = [0, 1].map((i) => chain.transaction('alice', [call], { nonce: BigInt(2 * height + i) }).wire)
  const header = { ...chain.head, height, transactionCount: 2 }
  return { header, proposal: new Uint8Array(96), rootCertificate: null, transactions, quarantines: [] }
}

function attestation(seat: number, height: number, index = 0, changes: Partial<QuarantineAttestation> = {}) {
  const block = blockAt(height)!
  const { id: transactionId } = parseTransaction(block.transactions[index]!, chainId)
  const subject = { term: 2, height, block: headerHash(block.header), index, transactionId, ...changes }
  const signature = bls.sign(secrets[seat]!, quarantineStatementHash(chainId, subject))
  return { ...subject, seat, signature, ...changes }
}

const open: QuarantineWatcher[] = []
afterEach(() => {
  for (const watcher of open.splice(0)) watcher.stop()
})

/** The watcher of a node, by default of one that only follows. */
function watch(seat?: number) {
  const place = { settled: 3, term: 2 }
  const sent: Uint8Array[] = []
  const signer = seat === undefined ? null : { address: members[seat]!.address, attest: attestBy(secrets[seat]!) }
  const watcher = new QuarantineWatcher({
    ...{ chainId, signer, blockAt, log: pino({ level: 'silent' }) },
    set: () => ({ term: place.term, members }),
    settledHeight: () => place.settled,
    send: (attestation) => sent.push(attestation),
  })
  open.push(watcher)
  const take = (one: QuarantineAttestation) => watcher.take(encodeAttestation(one))
  return { watcher, place, sent, take }
}

function attestBy(secret: Uint8Array) {
  return async (subject: Parameters<typeof quarantineStatementHash>[1]) =>
    bls.sign(secret, quarantineStatementHash(chainId, subject))
}

describe('attestations', () => {
  it('are passed on once, and those of a quorum are a certificate', () => {
    const { watcher, take } = watch()
    expect([take(attestation(0, 5)), take(attestation(0, 5)), take(attestation(2, 5))]).toEqual([true, false, true])
    expect(watcher.certificates()).toEqual([])
    expect(take(attestation(3, 5, 1))).toBe(true)
    expect(watcher.certificates()).toEqual([])
    expect(take(attestation(3, 5))).toBe(true)
    const [certificate] = watcher.certificates()
    expect(certificate).toMatchObject({ term: 2, height: 5, index: 0, bitmap: bitmapOf([0, 2, 3], 4) })
    const keys = [0, 2, 3].map((seat) => members[seat]!.key)
    expect(bls.verifyAggregate(keys, quarantineStatementHash(chainId, certificate!), certificate!.signature)).toBe(true)
  })

  it('that are forged or of no such transaction are held against whoever passed them on', () => {
    const { take, watcher } = watch()
    const good = attestation(1, 5)
    take(good)
    const wrong: QuarantineAttestation[] = [
      { ...good, seat: 2 },
      { ...good, seat: 4 },
      { ...good, signature: attestation(1, 5, 1).signature },
      { ...good, signature: new Uint8Array(96) },
      { ...attestation(1, 6), index: 1 },
      attestation(1, 6, 0, { index: 7 }),
      attestation(1, 6, 0, { block: chainId }),
      attestation(1, 6, 0, { transactionId: chainId }),
    ]
    for (const one of wrong) expect(() => take(one)).toThrow(expect.objectContaining({ code: 'NETWORK_ATTESTATION' }))
    const otherChain = quarantineStatementHash(new Uint8Array(32), good)
    const foreign = { ...good, seat: 0, signature: bls.sign(secrets[0]!, otherChain) }
    expect(() => take(foreign)).toThrow(expect.objectContaining({ code: 'NETWORK_ATTESTATION' }))
    expect(() => watcher.take(Uint8Array.of(1, 2, 3))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^CODEC_/) }),
    )
    expect(watcher.certificates()).toEqual([])
  })

  it('of other terms, settled heights and blocks that are not final here are left alone', () => {
    const { take, place, watcher } = watch()
    expect(take(attestation(0, 5, 0, { term: 1 }))).toBe(false)
    expect(take(attestation(0, 3))).toBe(false)
    expect(take({ ...attestation(0, 5), height: 9 })).toBe(false)
    for (const seat of [0, 1, 2]) expect(take(attestation(seat, 5))).toBe(true)
    expect(watcher.certificates()).toHaveLength(1)
    place.term = 3
    expect(watcher.certificates()).toEqual([])
    place.term = 2
    for (const seat of [0, 1, 2]) take(attestation(seat, 5))
    place.settled = 5
    expect(watcher.certificates()).toEqual([])
  })

  it('count for nothing that stands after a transaction that is quarantined', () => {
    const { take, watcher } = watch()
    for (const seat of [0, 1, 2]) take(attestation(seat, 6))
    watcher.noteQuarantine({ height: 5, index: 0 })
    expect(watcher.certificates()).toEqual([])
  })

  it('are few of one seat, however many it signs', () => {
    const { take, watcher } = watch()
    for (const seat of [0, 1, 2]) for (const height of [4, 5, 6, 7, 8]) take(attestation(seat, height))
    expect(watcher.certificates().map(({ height }) => height)).toEqual([5, 6, 7, 8])
  })
})

describe('a node whose machine was killed', () => {
  it('attests it for the delegate, and says what it waits for', async () => {
    const { watcher, sent, take } = watch(1)
    expect(watcher.problem).toBeUndefined()
    watcher.killed({ height: 5, index: 1 })
    await expect.poll(() => sent.length).toBeGreaterThan(0)
    expect(sent[0]).toEqual(encodeAttestation(attestation(1, 5, 1)))
    expect(watcher.problem).toMatch(/EXECUTION_WAITS.*1 of 3/)
    take(attestation(0, 5, 1))
    expect(watcher.problem).toContain('2 of 3')
    watcher.noteQuarantine({ height: 5, index: 1 })
    expect(watcher.problem).toBeUndefined()
  })

  it('attests it anew in the next term', async () => {
    const { watcher, sent, place } = watch(1)
    watcher.killed({ height: 5, index: 1 })
    await expect.poll(() => sent.length).toBe(1)
    place.term = 3
    await expect.poll(() => sent.length, { timeout: 30_000 }).toBeGreaterThan(1)
    expect(sent.at(-1)).toEqual(encodeAttestation(attestation(1, 5, 1, { term: 3 })))
  })

  it('attests nothing without a seat', async () => {
    const { watcher, sent } = watch()
    watcher.killed({ height: 5, index: 1 })
    expect(watcher.problem).toContain('EXECUTION_WAITS')
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toEqual([])
  })
})
