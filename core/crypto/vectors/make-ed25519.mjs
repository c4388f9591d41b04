// Prints ed25519.json: odd points and signatures are computed from the curve itself (the ideas are those of
// 'Taming the many EdDSAs', Chalkias, Garillot, Nikolaenko, 2020).
import { createHash } from 'node:crypto'
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { KeyPair, toHex } from '../src/index.ts'
import { caseOf, changed, joined, littleEndian, messageOf, numberOf, printVectors, seedOf } from './print.mjs'

function edwards() {
  const { Point } = ed25519
  const order = Point.Fn.ORDER
  const prime = Point.Fp.ORDER
  const tag = Uint8Array.of(1)
  const cases = []
  const add = (name, key, message, signature, valid) =>
    cases.push(caseOf(name, joined(tag, key), message, signature, valid))

  for (let i = 0; i < 3; i++) {
    const pair = KeyPair.fromSeed('ed25519', seedOf(i))
    cases.push(caseOf(`plain ${i}`, pair.publicKey, messageOf(i), pair.sign(messageOf(i)), true))
  }
  const pair = KeyPair.fromSeed('ed25519', seedOf('edited'))
  const message = messageOf('edited')
  const signature = pair.sign(message)
  const key = pair.publicKey.subarray(1)
  add('other message', key, messageOf('another'), signature, false)
  add('other key', KeyPair.fromSeed('ed25519', seedOf('another')).publicKey.subarray(1), message, signature, false)
  for (const at of [0, 31, 32, 62]) add(`bit flipped in byte ${at}`, key, message, changed(signature, at), false)
  const s = numberOf(Uint8Array.from(signature.subarray(32)).reverse())
  const withS = (value) => joined(signature.subarray(0, 32), littleEndian(value))
  add('S + L, the malleable twin', key, message, withS(s + order), false)
  add('S + 8 L', key, message, withS(s + 8n * order), false)
  add('S = 0', key, message, withS(0n), false)
  cases.push(caseOf('short signature', pair.publicKey, message, signature.subarray(0, 63), false))
  cases.push(caseOf('long signature', pair.publicKey, message, joined(signature, Uint8Array.of(0)), false))
  cases.push(caseOf('no signature', pair.publicKey, message, new Uint8Array(0), false))
  cases.push(caseOf('key without algorithm', key, message, signature, false))
  cases.push(caseOf('unknown algorithm', joined(Uint8Array.of(3), key), message, signature, false))
  cases.push(caseOf('algorithm of P-256', joined(Uint8Array.of(2), key), message, signature, false))
  cases.push(caseOf('long key', joined(pair.publicKey, Uint8Array.of(0)), message, signature, false))

  // Torsion: a = secret, r = nonce, both multiplied by the base point; `torsion` is a point of order 1, 2, 4 or 8.
  const secret = numberOf(seedOf('secret')) % order
  const nonce = numberOf(seedOf('nonce')) % order
  const challenge = (r, a, m) =>
    numberOf(
      Uint8Array.from(
        createHash('sha512')
          .update(joined(r, a, m))
          .digest(),
      ).reverse(),
    ) % order
  const torsion = ED25519_TORSION_SUBGROUP.map((text) => Point.fromHex(text, true))
  const eighth = torsion.find((point) => !point.double().double().is0())
  if (eighth === undefined) throw new Error('no point of order 8')
  const base = Point.BASE

  /** Signs with A and R as given until [k] torsion(A) + torsion(R) vanishes, or does not, as wanted. */
  const mixed = (name, a, r, valid) => {
    for (let i = 0; ; i++) {
      const m = messageOf(`${name} ${i}`)
      const k = challenge(r.toBytes(), a.toBytes(), m)
      const sNow = (nonce + k * secret) % order
      const expected = base.multiplyUnsafe(sNow).subtract(a.multiplyUnsafe(k))
      if (expected.equals(r) === valid) {
        add(name, a.toBytes(), m, joined(r.toBytes(), littleEndian(sNow)), valid)
        return
      }
    }
  }
  const a = base.multiply(secret)
  const r = base.multiply(nonce)
  mixed('A of mixed order, equation holds only with cofactor', a.add(eighth), r, false)
  mixed('A of mixed order, equation holds without cofactor', a.add(eighth), r, true)
  mixed('R of mixed order, equation holds only with cofactor', a, r.add(eighth), false)
  mixed('A and R of mixed order, equation holds only with cofactor', a.add(eighth), r.add(eighth), false)
  mixed('A and R of mixed order, equation holds without cofactor', a.add(eighth), r.add(eighth), true)

  // Small order: for each, a message for which the equation would hold, so that only the rule refuses.
  for (const point of torsion) {
    const name = toHex(point.toBytes()).slice(0, 8)
    for (let i = 0; ; i++) {
      const m = messageOf(`small a ${name} ${i}`)
      const k = challenge(r.toBytes(), point.toBytes(), m)
      if (!point.multiplyUnsafe(k).is0()) continue
      add(`A of small order ${name}, R sound`, point.toBytes(), m, joined(r.toBytes(), littleEndian(nonce)), false)
      break
    }
    const m = messageOf(`small r ${name}`)
    const k = challenge(point.toBytes(), a.toBytes(), m)
    const bySecret = littleEndian((k * secret) % order)
    add(`R of small order ${name}, A sound`, a.toBytes(), m, joined(point.toBytes(), bySecret), false)
    for (let i = 0; ; i++) {
      const both = messageOf(`small both ${name} ${i}`)
      const kBoth = challenge(point.toBytes(), point.toBytes(), both)
      if (!point.multiplyUnsafe(kBoth).add(point).is0()) continue
      add(
        `A and R of small order ${name}, S = 0`,
        point.toBytes(),
        both,
        joined(point.toBytes(), new Uint8Array(32)),
        false,
      )
      break
    }
  }

  // Encodings that are not canonical: y + p, for the y below 19 that lie on the curve, and x = 0 with the sign bit set.
  const encodings = []
  for (let y = 0n; y < 19n; y++) {
    for (const sign of [0, 0x80]) {
      const canonical = littleEndian(y)
      canonical[31] = canonical[31] | sign
      const encoded = littleEndian(y + prime)
      encoded[31] = encoded[31] | sign
      try {
        Point.fromBytes(canonical, true)
      } catch {
        continue
      }
      encodings.push(encoded)
    }
  }
  for (const y of [1n, prime - 1n]) {
    const encoded = littleEndian(y)
    encoded[31] = encoded[31] | 0x80
    encodings.push(encoded)
  }
  for (const encoded of encodings) {
    const name = toHex(encoded)
    const point = Point.fromBytes(encoded, true)
    for (let i = 0; i < 64; i++) {
      const m = messageOf(`encoding ${name} ${i}`)
      const k = challenge(r.toBytes(), encoded, m)
      const signed = joined(r.toBytes(), littleEndian(nonce))
      if (point.isSmallOrder() && !point.multiplyUnsafe(k).is0()) continue
      add(`A not canonical: ${name}`, encoded, m, signed, false)
      break
    }
    const m = messageOf(`encoding r ${name}`)
    const k = challenge(encoded, a.toBytes(), m)
    add(`R not canonical: ${name}`, a.toBytes(), m, joined(encoded, littleEndian((k * secret) % order)), false)
  }
  for (let y = 2n; ; y++) {
    try {
      Point.fromBytes(littleEndian(y))
    } catch {
      add('A not on the curve', littleEndian(y), message, signature, false)
      add('R not on the curve', key, message, joined(littleEndian(y), signature.subarray(32)), false)
      break
    }
  }
  add('everything zero', new Uint8Array(32), message, new Uint8Array(64), false)
  return cases
}

printVectors(edwards())
