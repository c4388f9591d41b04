import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { bls, fromHex, sign, toHex, verify } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bitmapOf,
  certificateHash,
  decodeBlock,
  decodeCertificate,
  decodeHeader,
  decodeReceipt,
  decodeSet,
  decodeVote,
  encodeBlock,
  encodeCertificate,
  encodeHeader,
  encodeReceipt,
  encodeSet,
  encodeTransaction,
  encodeVote,
  FINAL,
  headerHash,
  parseTransaction,
  quorum,
  receiptHash,
  seatsOf,
  setHash,
  signatureClaims,
  statementHash,
  transactionId,
  transactionsRoot,
} from './index.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleBody,
  sampleCertificate,
  sampleHeader,
  sampleKeys,
  sampleQuarantine,
  sampleSet,
  sampleVote,
  signedBy,
} from './samples.ts'

const alice = sampleKeys(1)
const chip = sampleKeys(2, 'p256')

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    return SmartshareError.is(error) ? error.code : String(error)
  }
}

describe('transaction', () => {
  it('of a transfer is at most 200 bytes', () => {
    expect(signedBy(alice, sampleBody(alice)).length).toBeLessThanOrEqual(200)
  })

  it('carries signatures over its id by the keys that it claims', () => {
    for (const keys of [alice, chip]) {
      const parsed = parseTransaction(signedBy(keys, sampleBody(keys)), SAMPLE_CHAIN_ID)
      expect(parsed.id).toEqual(transactionId(parsed.body, SAMPLE_CHAIN_ID))
      for (const { key, signature } of signatureClaims(parsed)) expect(verify(key, parsed.id, signature)).toBe(true)
    }
  })

  it('has the same id whoever signs it', () => {
    const body = sampleBody(alice)
    const forged = {
      body,
      senderAuth: [{ key: null, signature: sign(sampleKeys(9), new Uint8Array(32)) }],
      payerAuth: [],
    }
    const parsed = parseTransaction(encodeTransaction(forged), SAMPLE_CHAIN_ID)
    expect(parsed.id).toEqual(parseTransaction(signedBy(alice, body), SAMPLE_CHAIN_ID).id)
  })

  it('names its payer, and asks for the signatures of both', () => {
    const address = parseTransaction(signedBy(chip, sampleBody(chip)), SAMPLE_CHAIN_ID).from
    const body = sampleBody(alice, { feePayer: address })
    const id = transactionId(body, SAMPLE_CHAIN_ID)
    const wire = encodeTransaction({
      body,
      senderAuth: [{ key: null, signature: sign(alice, id) }],
      payerAuth: [{ key: chip.publicKey, signature: sign(chip, id) }],
    })
    const parsed = parseTransaction(wire, SAMPLE_CHAIN_ID)
    expect(parsed.payer).toEqual(address)
    expect(signatureClaims(parsed).map(({ key }) => toHex(key))).toEqual([alice, chip].map((k) => toHex(k.publicKey)))
  })

  it.each([
    ['another chain', () => signedBy(alice, sampleBody(alice, { chain: new Uint8Array(8) })), 'TX_OTHER_CHAIN'],
    ['a tip above the highest price', () => signedBy(alice, sampleBody(alice, { tipGasPrice: 101n })), 'TX_FORM'],
    ['no calls', () => signedBy(alice, sampleBody(alice)).map((byte, i) => (i === 64 ? 0x80 : byte)), 'CODEC'],
    [
      'no signature of its sender',
      () => encodeTransaction({ body: sampleBody(alice), senderAuth: [], payerAuth: [] }),
      'TX_FORM',
    ],
    [
      'a key twice',
      () => {
        const auth = { key: alice.publicKey, signature: new Uint8Array(64) }
        const body = sampleBody(alice, { sender: new Uint8Array(32) })
        return encodeTransaction({ body, senderAuth: [auth, auth], payerAuth: [] })
      },
      'TX_FORM',
    ],
    [
      'a public key of no known algorithm',
      () => {
        const body = sampleBody(alice, { sender: new Uint8Array(33).fill(9) })
        return encodeTransaction({ body, senderAuth: [{ key: null, signature: new Uint8Array(64) }], payerAuth: [] })
      },
      'TX_FORM',
    ],
    [
      'payer signatures without a payer',
      () => {
        const auth = { key: null, signature: new Uint8Array(64) }
        return encodeTransaction({ body: sampleBody(alice), senderAuth: [auth], payerAuth: [auth] })
      },
      'TX_FORM',
    ],
    ['more bytes than allowed', () => new Uint8Array(131_073), 'TX_TOO_LARGE'],
  ])('with %s is refused', (_, make, code) => {
    expect(codeOf(() => parseTransaction(make() as Uint8Array, SAMPLE_CHAIN_ID))).toMatch(code)
  })

  it('survives any damage of its bytes with a coded error or as another transaction', () => {
    const wire = signedBy(alice, sampleBody(alice))
    fc.assert(
      fc.property(fc.nat(wire.length - 1), fc.nat(255), fc.nat(wire.length), (at, byte, cut) => {
        const damaged = wire.slice(0, cut)
        if (at < damaged.length) damaged[at] = byte
        try {
          const parsed = parseTransaction(damaged, SAMPLE_CHAIN_ID)
          expect(encodeTransaction(parsed)).toEqual(damaged)
        } catch (error) {
          expect(SmartshareError.is(error)).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('votes and certificates', () => {
  const value = headerHash(sampleHeader())

  it('need n − ⌊(n − 1) / 3⌋ seats to decide', () => {
    expect([1, 2, 3, 4, 7, 21, 99].map(quorum)).toEqual([1, 2, 3, 3, 5, 15, 67])
  })

  it('keep their seats in a bitmap that has one form only', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(98)), (seats) => {
        expect(seatsOf(bitmapOf(seats, 99), 99)).toEqual([...seats].sort((a, b) => a - b))
      }),
    )
    expect(seatsOf(Uint8Array.of(0b1_0000), 4)).toBeUndefined()
    expect(seatsOf(Uint8Array.of(1, 0), 4)).toBeUndefined()
  })

  it('add up to one signature that the set can be held to', () => {
    const set = sampleSet(4)
    const certificate = sampleCertificate([0, 2, 3], 4, value)
    const statement = { chainId: SAMPLE_CHAIN_ID, term: 3, slot: 41, kind: FINAL, value }
    const keys = [0, 2, 3].map((seat) => set.members[seat]!.key)
    expect(bls.verifyAggregate(keys, statementHash(statement), certificate.signature)).toBe(true)
    const other = statementHash({ ...statement, chainId: new Uint8Array(32) })
    expect(bls.verifyAggregate(keys, other, certificate.signature)).toBe(false)
  })
})

describe('decoders', () => {
  const header = sampleHeader()
  const value = headerHash(header)
  const certificate = sampleCertificate([0, 1, 2], 4, value)
  const block = {
    header,
    proposal: new Uint8Array(96).fill(7),
    rootCertificate: certificate,
    transactions: [signedBy(alice, sampleBody(alice)), signedBy(chip, sampleBody(chip))],
    quarantines: [sampleQuarantine([0, 1, 3], 4)],
  }
  const receipt = {
    transactionId: value,
    status: 0,
    gasUsed: 2_500,
    feeGrains: 25_000n,
    payer: new Uint8Array(32).fill(8),
    events: [{ target: 2, name: 'transfer', data: Uint8Array.of(1, 2, 3) }],
    error: null,
  }
  const kinds: [string, Uint8Array, (bytes: Uint8Array) => Uint8Array][] = [
    ['header', encodeHeader(header), (bytes) => encodeHeader(decodeHeader(bytes))],
    ['block', encodeBlock(block), (bytes) => encodeBlock(decodeBlock(bytes))],
    ['vote', encodeVote(sampleVote(1, value)), (bytes) => encodeVote(decodeVote(bytes))],
    ['certificate', encodeCertificate(certificate), (bytes) => encodeCertificate(decodeCertificate(bytes))],
    ['set', encodeSet(sampleSet(4)), (bytes) => encodeSet(decodeSet(bytes))],
    ['receipt', encodeReceipt(receipt), (bytes) => encodeReceipt(decodeReceipt(bytes))],
  ]

  it.each(kinds)('of a %s take back exactly what was written', (_, encoded, again) => {
    expect(again(encoded)).toEqual(encoded)
  })

  it.each(kinds)(
    'of a %s answer damage with a coded error or read the one value of those bytes',
    (_, encoded, again) => {
      fc.assert(
        fc.property(fc.nat(encoded.length - 1), fc.nat(255), (at, byte) => {
          const damaged = encoded.slice()
          damaged[at] = byte
          try {
            expect(again(damaged)).toEqual(damaged)
          } catch (error) {
            expect(SmartshareError.is(error)).toBe(true)
          }
        }),
        { numRuns: 500 },
      )
    },
  )

  it.each(kinds)('of a %s refuse arbitrary bytes', (_, __, again) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => {
        expect(codeOf(() => again(junk))).toMatch(/^CODEC_|none/)
      }),
    )
  })
})

describe('vectors', () => {
  const path = new URL('../vectors/chain.json', import.meta.url)
  const header = sampleHeader()
  const value = headerHash(header)
  const wires = [signedBy(alice, sampleBody(alice)), signedBy(chip, sampleBody(chip, { emptying: true, lane: 3 }))]
  const certificate = sampleCertificate([0, 2, 3], 4, value)
  const receipt = encodeReceipt({
    transactionId: value,
    status: 1,
    gasUsed: 2_500,
    feeGrains: 25_000n,
    payer: new Uint8Array(32).fill(8),
    events: [],
    error: { code: 'TOKENS_BALANCE', message: 'not enough' },
  })
  const computed = {
    chainId: toHex(SAMPLE_CHAIN_ID),
    transactions: wires.map((wire) => {
      const parsed = parseTransaction(wire, SAMPLE_CHAIN_ID)
      return { wire: toHex(wire), id: toHex(parsed.id), from: toHex(parsed.from), payer: toHex(parsed.payer) }
    }),
    transactionsRoot: toHex(transactionsRoot(wires)),
    header: { encoded: toHex(encodeHeader(header)), hash: toHex(value) },
    set: { encoded: toHex(encodeSet(sampleSet(4))), hash: toHex(setHash(sampleSet(4))) },
    vote: { encoded: toHex(encodeVote(sampleVote(2, value))) },
    certificate: { encoded: toHex(encodeCertificate(certificate)), hash: toHex(certificateHash(certificate)) },
    receipt: { encoded: toHex(receipt), hash: toHex(receiptHash(receipt)) },
  }

  it('hold, so that other implementations can be checked against them', () => {
    // A new file is written only where none is: to change a format, delete the file and say why in the commit.
    if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(computed, null, 2)}\n`)
    const stored = JSON.parse(readFileSync(path, 'utf8'))
    expect(computed).toEqual(stored)
    expect(decodeHeader(fromHex(stored.header.encoded))).toEqual(header)
  })
})
