import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { bls, toHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  certificatesHash,
  decodeAttestation,
  encodeAttestation,
  NO_VALUE,
  quarantineHash,
  quarantineStatementHash,
} from './index.ts'
import { SAMPLE_CHAIN_ID, SAMPLE_SUBJECT, sampleAttestation, sampleQuarantine, sampleSet } from './samples.ts'

const root = new Uint8Array(32).fill(1)
const one = sampleQuarantine([0, 1, 3], 4)

describe('a quarantine', () => {
  it('is what its attestations add up to, for one chain and one term', () => {
    const keys = [0, 1, 3].map((seat) => sampleSet(4).members[seat]!.key)
    const holds = (chainId: Uint8Array, subject = SAMPLE_SUBJECT) =>
      bls.verifyAggregate(keys, quarantineStatementHash(chainId, subject), one.signature)
    expect(holds(SAMPLE_CHAIN_ID)).toBe(true)
    expect(holds(root)).toBe(false)
    for (const change of [{ term: 4 }, { height: 1 }, { block: root }, { index: 2 }, { transactionId: root }]) {
      expect(holds(SAMPLE_CHAIN_ID, { ...SAMPLE_SUBJECT, ...change })).toBe(false)
    }
  })

  it('is covered by the header, in its order, and a block without any names its root certificate as before', () => {
    const other = { ...one, index: 2 }
    expect(certificatesHash(root, [])).toEqual(root)
    const hashes = [[one], [other], [one, other], [other, one]].map((all) => toHex(certificatesHash(root, all)))
    expect(new Set([...hashes, toHex(certificatesHash(NO_VALUE, [one]))]).size).toBe(5)
  })

  it('has attestations that are read as they were written, or not at all', () => {
    const encoded = encodeAttestation(sampleAttestation(2))
    expect(decodeAttestation(encoded)).toEqual(sampleAttestation(2))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => {
        expect(() => decodeAttestation(junk)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^CODEC_/) }),
        )
      }),
    )
  })

  it('has the bytes of the vectors, so that other implementations can be checked against them', () => {
    const path = new URL('../vectors/quarantine.json', import.meta.url)
    const computed = {
      chainId: toHex(SAMPLE_CHAIN_ID),
      statement: toHex(quarantineStatementHash(SAMPLE_CHAIN_ID, SAMPLE_SUBJECT)),
      attestation: toHex(encodeAttestation(sampleAttestation(2))),
      quarantine: { bitmap: toHex(one.bitmap), signature: toHex(one.signature), hash: toHex(quarantineHash(one)) },
      certificatesHash: toHex(certificatesHash(root, [one])),
    }
    // A new file is written only where none is: to change a format, delete the file and say why in the commit.
    if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(computed, null, 2)}\n`)
    expect(computed).toEqual(JSON.parse(readFileSync(path, 'utf8')))
  })
})
