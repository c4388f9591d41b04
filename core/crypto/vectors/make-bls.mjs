// Prints bls.json, with @noble/curves and node:crypto alone.
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { toHex } from '../src/index.ts'
import { changed, joined, messageOf, printVectors, seedOf, tagged } from './print.mjs'

const { G1, G2, longSignatures: scheme } = bls12_381
const SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const POSSESSION_SUITE = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const ORDER = G1.Point.Fn.ORDER
const PRIME = G1.Point.Fp.ORDER
const cases = []

/** 48 bytes big-endian with the three flag bits: compressed, infinity, sign. */
const withFlags = (x, flags) => {
  const bytes = Uint8Array.from(Buffer.from(x.toString(16).padStart(96, '0'), 'hex'))
  bytes[0] |= flags
  return bytes
}
/** The library encodes no point outside the subgroup, so this does. */
const encodeG2 = (point) => {
  const { x, y } = point.toAffine()
  const isLarger = (y.c1 || y.c0) > PRIME / 2n
  return joined(withFlags(x.c1, isLarger ? 0xa0 : 0x80), withFlags(x.c0, 0))
}
const secretOf = (name) => {
  const secret = seedOf(name)
  secret[0] &= 0x3f
  return secret
}
const publicKeyOf = (secret) => scheme.getPublicKey(secret).toBytes()
const signBy = (secret, message, suite = SUITE) => scheme.sign(scheme.hash(message, suite), secret).toBytes()
const sum = (signatures) => scheme.aggregateSignatures(signatures).toBytes()
const verify = (name, publicKey, message, signature, valid) =>
  cases.push({
    kind: 'verify',
    name,
    publicKey: toHex(publicKey),
    message: toHex(message),
    signature: toHex(signature),
    valid,
  })
const aggregate = (name, publicKeys, message, signature, valid) =>
  cases.push({
    kind: 'aggregate',
    name,
    publicKeys: publicKeys.map(toHex),
    message: toHex(message),
    signature: toHex(signature),
    valid,
  })
const possession = (name, publicKey, proof, valid) =>
  cases.push({ kind: 'possession', name, publicKey: toHex(publicKey), proof: toHex(proof), valid })
const secretCase = (name, secret, valid) =>
  cases.push({
    kind: 'secret',
    name,
    secret: toHex(secret),
    ...(valid && { publicKey: toHex(publicKeyOf(secret)) }),
    valid,
  })
const bigEndian = (value) => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))

const secret = secretOf('bls 0')
const key = publicKeyOf(secret)
const message = messageOf('bls')
const signature = signBy(secret, message)
const infinityKey = withFlags(0n, 0xc0)
const infinitySignature = joined(infinityKey, new Uint8Array(48))

secretCase('1', bigEndian(1n), true)
secretCase('the order less 1', bigEndian(ORDER - 1n), true)
secretCase('0', bigEndian(0n), false)
secretCase('the order', bigEndian(ORDER), false)
secretCase('the order and 1', bigEndian(ORDER + 1n), false)
secretCase('all ff', new Uint8Array(32).fill(255), false)
secretCase('31 bytes', secret.subarray(1), false)
secretCase('33 bytes', joined(new Uint8Array(1), secret), false)

verify('plain', key, message, signature, true)
verify('other message', key, messageOf('bls other'), signature, false)
verify('other key', publicKeyOf(secretOf('bls 1')), message, signature, false)
verify('signature with the other sign', key, message, changed(signature, 0, 0x20), false)
verify('key with the other sign', changed(key, 0, 0x20), message, signature, false)
verify('both with the other sign', changed(key, 0, 0x20), message, changed(signature, 0, 0x20), true)
verify('identity as a key', infinityKey, message, signature, false)
verify('identity as a signature', key, message, infinitySignature, false)
verify('identity as both', infinityKey, message, infinitySignature, false)
verify('identity with the sign bit', withFlags(0n, 0xe0), message, infinitySignature, false)
verify('identity with another bit set', changed(infinityKey, 47), message, infinitySignature, false)
verify('key without the bit of compression', changed(key, 0, 0x80), message, signature, false)
verify('signature without the bit of compression', key, message, changed(signature, 0, 0x80), false)
verify('key with the bit of infinity', changed(key, 0, 0x40), message, signature, false)
verify('uncompressed key', scheme.getPublicKey(secret).toBytes(false), message, signature, false)
verify('short key', key.subarray(0, 47), message, signature, false)
verify('long key', joined(key, Uint8Array.of(0)), message, signature, false)
verify('short signature', key, message, signature.subarray(0, 95), false)
verify('long signature', key, message, joined(signature, Uint8Array.of(0)), false)
verify('everything zero', new Uint8Array(48), message, new Uint8Array(96), false)
verify('x of the key is p', withFlags(PRIME, 0x80), message, signature, false)
verify('x of the signature is p', key, message, joined(withFlags(PRIME, 0x80), signature.subarray(48)), false)
verify(
  'second half of x of the signature is p',
  key,
  message,
  joined(signature.subarray(0, 48), withFlags(PRIME, 0)),
  false,
)
verify('signature of another suite', key, message, signBy(secret, message, POSSESSION_SUITE), false)

// x + p where that still fits in 381 bits: the same point, written otherwise.
for (let x = 0n, found = 0; found < 1; x++) {
  try {
    G1.Point.fromBytes(withFlags(x, 0x80)).assertValidity()
  } catch (error) {
    if (!/torsion|subgroup|prime/.test(String(error))) continue
  }
  verify(`x of the key is ${x} + p`, withFlags(x + PRIME, 0x80), message, signature, false)
  found++
}
// Points that are on the curve and outside the subgroup, and none at all.
for (let x = 0n, on = 0, off = 0; on < 2 || off < 1; x++) {
  const fp = G1.Point.Fp
  const square = fp.add(fp.pow(x, 3n), 4n)
  const isOn = fp.eql(fp.pow(square, (PRIME - 1n) / 2n), fp.ONE)
  if (isOn && on < 2) {
    const point = G1.Point.fromAffine({ x, y: fp.sqrt(square) })
    if (point.isTorsionFree()) continue
    verify(`key outside the subgroup, x = ${x}`, withFlags(x, 0x80), message, signature, false)
    aggregate(`a key outside the subgroup, x = ${x}`, [key, withFlags(x, 0x80)], message, signature, false)
    on++
  }
  if (!isOn && off < 1) {
    verify(`key not on the curve, x = ${x}`, withFlags(x, 0x80), message, signature, false)
    off++
  }
}
for (let x = 0n, on = 0, off = 0; on < 2 || off < 1; x++) {
  const fp = G2.Point.Fp
  const x2 = fp.fromBigTuple([x, 1n])
  const square = fp.add(fp.mul(fp.sqr(x2), x2), fp.fromBigTuple([4n, 4n]))
  let y
  try {
    y = fp.sqrt(square)
  } catch {
    if (off++ < 1)
      verify(
        `signature not on the curve, x = ${x} + u`,
        key,
        message,
        joined(withFlags(1n, 0x80), withFlags(x, 0)),
        false,
      )
    continue
  }
  if (on >= 2 || G2.Point.fromAffine({ x: x2, y }).isTorsionFree()) continue
  verify(
    `signature outside the subgroup, x = ${x} + u`,
    key,
    message,
    joined(withFlags(1n, 0x80), withFlags(x, 0)),
    false,
  )
  on++
}
// A sound signature shifted by a point of the cofactor's order: only the subgroup check can tell.
{
  const fp = G2.Point.Fp
  for (let x = 5n; ; x++) {
    const x2 = fp.fromBigTuple([x, 1n])
    let y
    try {
      y = fp.sqrt(fp.add(fp.mul(fp.sqr(x2), x2), fp.fromBigTuple([4n, 4n])))
    } catch {
      continue
    }
    // multiplyUnsafe reduces nothing: [r] of any point leaves its part outside the subgroup.
    const point = G2.Point.fromAffine({ x: x2, y })
    let part = G2.Point.ZERO
    for (const bit of ORDER.toString(2)) {
      part = part.double()
      if (bit === '1') part = part.add(point)
    }
    if (part.is0()) continue
    verify(
      'signature plus a point outside the subgroup',
      key,
      message,
      encodeG2(G2.Point.fromBytes(signature).add(part)),
      false,
    )
    break
  }
}

const secrets = Array.from({ length: 7 }, (_, i) => secretOf(`bls ${i}`))
const keys = secrets.map(publicKeyOf)
const signatures = secrets.map((each) => signBy(each, message))
aggregate('one key', keys.slice(0, 1), message, signatures[0], true)
aggregate('seven keys', keys, message, sum(signatures), true)
aggregate('seven keys in another order', [...keys].reverse(), message, sum(signatures), true)
aggregate('a key and its signature twice', [keys[0], keys[0]], message, sum([signatures[0], signatures[0]]), true)
aggregate('other message', keys, messageOf('bls other'), sum(signatures), false)
aggregate('a signature missing', keys, message, sum(signatures.slice(1)), false)
aggregate('a signature more', keys.slice(1), message, sum(signatures), false)
aggregate('no keys', [], message, signature, false)
aggregate('no keys, identity', [], message, infinitySignature, false)
const opposite = changed(keys[0], 0, 0x20)
aggregate('keys that cancel out, identity', [keys[0], opposite], message, infinitySignature, false)
aggregate('keys that cancel out', [keys[0], opposite], message, signature, false)
aggregate('identity among the keys', [keys[0], infinityKey], message, signatures[0], false)

const proof = signBy(secret, tagged('possession', key))
possession('plain', key, proof, true)
possession('of another key', keys[1], proof, false)
possession('a signature over the key', key, signBy(secret, key), false)
possession('the proof of the IETF draft', key, signBy(secret, key, POSSESSION_SUITE), false)
possession('identity', infinityKey, infinitySignature, false)
possession('identity as proof', key, infinitySignature, false)
possession('short proof', key, proof.subarray(1), false)
possession('flipped', key, changed(proof, 0, 0x20), false)
printVectors(cases)
