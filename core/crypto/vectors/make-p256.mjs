// Prints p256.json.
import { p256 } from '@noble/curves/nist.js'
import { KeyPair, sha256 } from '../src/index.ts'
import { bigEndian, caseOf, changed, joined, messageOf, numberOf, printVectors, seedOf } from './print.mjs'

function nist() {
  const order = p256.Point.Fn.ORDER
  const prime = p256.Point.Fp.ORDER
  const cases = []
  for (let i = 0; i < 3; i++) {
    const pair = KeyPair.fromSeed('p256', seedOf(i))
    cases.push(caseOf(`plain ${i}`, pair.publicKey, messageOf(i), pair.sign(messageOf(i)), true))
  }
  const pair = KeyPair.fromSeed('p256', seedOf('edited'))
  const key = pair.publicKey
  const message = messageOf('edited')
  const signature = pair.sign(message)
  const r = numberOf(signature.subarray(0, 32))
  const s = numberOf(signature.subarray(32))
  const pairOf = (rValue, sValue) => joined(bigEndian(rValue), bigEndian(sValue))
  const add = (name, keyBytes, signed, valid = false) => cases.push(caseOf(name, keyBytes, message, signed, valid))
  cases.push(caseOf('other message', key, messageOf('another'), signature, false))
  add('other key', KeyPair.fromSeed('p256', seedOf('another')).publicKey, signature)
  add('the same point with the other sign', changed(key, 1, 1), signature)
  for (const at of [0, 31, 32, 63]) add(`bit flipped in byte ${at}`, key, changed(signature, at))
  add('high s, the malleable twin', key, pairOf(r, order - s))
  add('r = 0', key, pairOf(0n, s))
  add('s = 0', key, pairOf(r, 0n))
  add('r = n', key, pairOf(order, s))
  add('s = n', key, pairOf(r, order))
  add('s + n', key, pairOf(r, (s + order) % (1n << 256n)))
  add('everything zero', key, new Uint8Array(64))
  add('everything ff', key, new Uint8Array(64).fill(0xff))
  add('s just above n / 2', key, pairOf(r, (order >> 1n) + 1n))
  add('short signature', key, signature.subarray(0, 63))
  add('long signature', key, joined(signature, Uint8Array.of(0)))
  add('DER signature', key, p256.Signature.fromBytes(signature).toBytes('der'))
  add('key without algorithm', key.subarray(1), signature)
  add('algorithm of Ed25519', joined(Uint8Array.of(1), key.subarray(1)), signature)
  add('uncompressed key', joined(Uint8Array.of(2), p256.Point.fromBytes(key.subarray(1)).toBytes(false)), signature)
  add('key with first byte 4', joined(Uint8Array.of(2, 4), key.subarray(2)), signature)
  add('key with first byte 0', joined(Uint8Array.of(2, 0), key.subarray(2)), signature)
  add('the identity as a key', joined(Uint8Array.of(2, 0), new Uint8Array(32)), signature)
  add('x of the key is p', joined(Uint8Array.of(2, 2), bigEndian(prime)), signature)
  for (let x = 1n; ; x++) {
    try {
      p256.Point.fromBytes(joined(Uint8Array.of(2), bigEndian(x)))
    } catch {
      add('key not on the curve', joined(Uint8Array.of(2, 2), bigEndian(x)), signature)
      break
    }
  }
  // x + p for a small x on the curve: the same point, written otherwise.
  for (let x = 5n; ; x++) {
    try {
      p256.Point.fromBytes(joined(Uint8Array.of(2), bigEndian(x)))
      add('x of the key plus p', joined(Uint8Array.of(2, 2), bigEndian(x + prime)), signature)
      break
    } catch {}
  }

  // s of exactly n / 2 is the largest that is allowed: choose s and r, and recover the key that fits.
  const half = order >> 1n
  const digest = numberOf(sha256(message)) % order
  const nonce = numberOf(seedOf('half')) % order
  const point = p256.Point.BASE.multiply(nonce)
  const rHalf = point.toAffine().x % order
  const inverse = p256.Point.Fn.inv(rHalf)
  for (const [name, sHalf, valid] of [
    ['s = (n - 1) / 2, the largest allowed', half, true],
    ['s = (n + 1) / 2, the smallest refused', half + 1n, false],
  ]) {
    const secret = p256.Point.Fn.mul(inverse, p256.Point.Fn.sub(p256.Point.Fn.mul(sHalf, nonce), digest))
    const owner = joined(Uint8Array.of(2), p256.Point.BASE.multiply(secret).toBytes(true))
    add(name, owner, pairOf(rHalf, sHalf), valid)
  }
  return cases
}

printVectors(nist())
