// Prints light.json: states, hand-overs and proofs built plainly from the definitions, with @noble/curves, node:crypto and cborg.
import { createHash } from 'node:crypto'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { encode } from 'cborg'

const { longSignatures: scheme } = bls12_381
const SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const DAY_MS = 86_400_000
const NOW_MS = 1_790_000_000_000
const NOTAR = 0
const FINAL = 2

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
const tagged = (tag, ...parts) => sha256(sha256(Buffer.from(`smartshare/${tag}`)), ...parts)
const text = (name) => Buffer.from(name)
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const hashOf = (name) => sha256(text(name))
const flip = (bytes, at = 0, by = 1) => {
  const copy = Buffer.from(bytes)
  copy[at < 0 ? copy.length + at : at] ^= by
  return copy
}
const EMPTY = Buffer.alloc(32)
const chainId = hashOf('chain')
const otherChainId = hashOf('another chain')

// Delegates.
const secretOf = (name) => flip(hashOf(`delegate ${name}`), 0, hashOf(`delegate ${name}`)[0])
const memberOf = (name) => ({
  secret: secretOf(name),
  member: [hashOf(`address ${name}`), Buffer.from(scheme.getPublicKey(secretOf(name)).toBytes())],
})
const [ann, ben, cat, dan, eve, fay, gus, hal] = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal'].map(memberOf)
const setA = [ann, ben, cat, dan]
const setB = [cat, eve, ann, ben]
const strangers = [fay, gus, hal, eve]
const membersOf = (set) => set.map(({ member }) => member)
const setHash = (term, set) => tagged('set', encode([term, membersOf(set)]))

// State tree (bytes.md §7).
const mark = sha256(text('smartshare/state/leaf'))
const bitOf = (path, depth) => (path[depth >> 3] >> (7 - (depth & 7))) & 1
const leafOf = ([key, value]) => {
  const path = tagged('state/key', key)
  const valueHash = tagged('state/value', value)
  return { path, valueHash, hash: sha256(sha256(path, valueHash), mark) }
}
const rootOf = (leaves, depth = 0) => {
  if (leaves.length < 2) return leaves[0]?.hash ?? EMPTY
  const side = (bit) => leaves.filter(({ path }) => bitOf(path, depth) === bit)
  return sha256(rootOf(side(0), depth + 1), rootOf(side(1), depth + 1))
}
const pathTo = (leaves, key) => {
  const path = tagged('state/key', key)
  const siblings = []
  let rest = leaves
  while (rest.length > 1) {
    const depth = siblings.length
    const aside = rest.filter((leaf) => bitOf(leaf.path, depth) !== bitOf(path, depth))
    rest = rest.filter((leaf) => bitOf(leaf.path, depth) === bitOf(path, depth))
    siblings.push(rootOf(aside, depth + 1))
  }
  const bitmap = Buffer.alloc(Math.ceil(siblings.length / 8))
  for (const [depth, sibling] of siblings.entries())
    if (!sibling.equals(EMPTY)) bitmap[depth >> 3] |= 0x80 >> (depth & 7)
  const [end] = rest
  const other = end === undefined || end.path.equals(path) ? null : [end.path, end.valueHash]
  return { bitmap, siblings: siblings.filter((sibling) => !sibling.equals(EMPTY)), other }
}
const pathBytes = ({ bitmap, siblings, other }) => encode([bitmap, Buffer.concat(siblings), other])
const balanceKey = (name) => Buffer.concat([Buffer.of(2, 1), hashOf(`account ${name}`)])
const entries = Array.from({ length: 40 }, (_, i) => [
  balanceKey(i),
  Buffer.from(encode(1_000_000_007n * BigInt(i + 1))),
])
const leaves = entries.map(leafOf)
const stateRoot = rootOf(leaves)

// Lists and the range of what was executed (bytes.md §6).
const levelsOf = (nodes) => {
  let size = 1
  while (size < nodes.length) size *= 2
  const levels = [[...nodes, ...Array(size - nodes.length).fill(EMPTY)]]
  while (levels.at(-1).length > 1) {
    const below = levels.at(-1)
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => sha256(below[2 * i], below[2 * i + 1])))
  }
  return levels
}
const siblingsOf = (levels, index) => levels.slice(0, -1).map((nodes, level) => nodes[(index >> level) ^ 1])
const listRoot = (levels, count) => tagged('list', encode(count), levels.at(-1)[0])
const receipts = Array.from({ length: 5 }, (_, i) =>
  Buffer.from(encode([hashOf(`transaction ${i}`), 0, 2500 + i, 25_000, hashOf('payer'), [], null])),
)
const receiptLevels = levelsOf(receipts.map((receipt) => tagged('receipt', receipt)))
const COUNT = 11
const executed = Array.from({ length: COUNT }, (_, height) => [
  height,
  height === 0 ? chainId : hashOf(`block ${height}`),
  height === COUNT - 1 ? stateRoot : hashOf(`state ${height}`),
  height === 5 ? listRoot(receiptLevels, receipts.length) : hashOf(`receipts ${height}`),
])
const executedLeaves = executed.map((record) => tagged('executed', encode(record)))
const peaks = []
for (let level = 31, first = 0; level >= 0; level--) {
  if (COUNT - first < 2 ** level) continue
  peaks.push({ first, levels: levelsOf(executedLeaves.slice(first, first + 2 ** level)) })
  first += 2 ** level
}
const top = ({ levels }) => levels.at(-1)[0]
const rangeRoot = tagged('range', encode([COUNT, peaks.map(top)]))
const rangePath = (height) => {
  const peak = peaks.filter(({ first }) => first <= height).at(-1)
  return { siblings: siblingsOf(peak.levels, height - peak.first), peaks: peaks.filter((one) => one !== peak).map(top) }
}

// Headers and certificates (bytes.md §8).
const FIELDS = [
  ...['version', 'chainId', 'term', 'slot', 'height', 'parent', 'timeMs', 'leader', 'reveal', 'accumulator'],
  ...['rootHeight', 'stateRoot', 'rangeRoot', 'certificateHash', 'transactionsRoot', 'transactionCount', 'gas'],
  ...['basePrice', 'mode', 'nextSet'],
]
const plain = {
  ...{ version: 1, chainId, term: 3, slot: 41, height: 13, parent: hashOf('parent'), timeMs: NOW_MS - 5000, leader: 2 },
  ...{ reveal: Buffer.alloc(96, 9), accumulator: hashOf('accumulator'), rootHeight: COUNT - 1, stateRoot, rangeRoot },
  ...{ certificateHash: hashOf('certificate'), transactionsRoot: hashOf('list'), transactionCount: 2, gas: 10_000 },
  ...{ basePrice: 10, mode: 0, nextSet: setHash(4, setB) },
}
const headerOf = (changes = {}) => {
  const fields = { ...plain, ...changes }
  return Buffer.from(encode(FIELDS.map((name) => fields[name])))
}
const certificateOf = (header, options = {}) => {
  const { set = setA, seats = [0, 2, 3], term = 3, slot = 41, kind = FINAL, id = chainId, of = set.length } = options
  const value = tagged('header', header)
  const message = tagged('vote', encode([id, term, slot, kind, value]))
  const parts = seats.map((seat) => scheme.sign(scheme.hash(message, SUITE), set[seat].secret))
  const bitmap = Buffer.alloc(Math.ceil(of / 8))
  for (const seat of seats) bitmap[seat >> 3] |= 1 << (seat & 7)
  return [term, slot, kind, value, bitmap, Buffer.from(scheme.aggregateSignatures(parts).toBytes())]
}
const stateOf = (changes = {}) => {
  const known = {
    version: 1,
    chainId,
    term: 3,
    height: 2,
    blockHash: hashOf('block 2'),
    timeMs: NOW_MS - DAY_MS,
    set: setA,
  }
  const {
    version,
    chainId: id,
    term,
    height,
    blockHash,
    timeMs,
    set,
    members = membersOf(set),
  } = { ...known, ...changes }
  return Buffer.from(encode([version, id, term, height, blockHash, timeMs, members]))
}

const header = headerOf()
const certificate = certificateOf(header)
const cases = []
const add = (kind, name, content) => cases.push({ kind, name, nowMs: NOW_MS, ...content })
const sealed = (parts, more) => Buffer.from(encode([1, ...parts, ...more]))
const state = hex(stateOf())
const after = { height: 13, blockHash: tagged('header', header), timeMs: plain.timeMs }

// Hand-overs.
const handOver = ({ to = header, by = certificate, members = [2, eve.member, 0, 1], version = 1 } = {}) =>
  hex(encode([version, to, Buffer.from(encode(by)), members]))
const seated = hex(stateOf({ ...after, term: 4, set: setB }))
add('hand-over', 'to a set with one new delegate', { state, proof: handOver(), result: seated })
add('hand-over', 'that spells out the whole set', {
  state,
  proof: handOver({ members: membersOf(setB) }),
  result: seated,
})
add('hand-over', 'in the last millisecond of the trust period', {
  state: hex(stateOf({ timeMs: NOW_MS - 14 * DAY_MS })),
  proof: handOver(),
  result: seated,
})
const badHandOver = (name, error, content) => add('hand-over', name, { state, proof: handOver(), error, ...content })
badHandOver('after the trust period', 'LIGHT_TRUST_EXPIRED', {
  state: hex(stateOf({ timeMs: NOW_MS - 14 * DAY_MS - 1 })),
})
badHandOver('to a forged set', 'PROOF_SET', { proof: handOver({ members: membersOf(strangers) }) })
badHandOver('to the set in another order', 'PROOF_SET', { proof: handOver({ members: [0, eve.member, 2, 1] }) })
badHandOver('to a set without one', 'PROOF_SET', { proof: handOver({ members: [2, eve.member, 0] }) })
badHandOver('that names a seat that is none', 'PROOF_SET', { proof: handOver({ members: [2, eve.member, 0, 4] }) })
badHandOver('to nobody', 'PROOF_FORM', { proof: handOver({ members: [] }) })
badHandOver('of another version', 'PROOF_FORM', { proof: handOver({ version: 2 }) })
badHandOver('of too many bytes', 'PROOF_FORM', { proof: { zeros: 24_577 } })
badHandOver('from the set after', 'LIGHT_STALE', { state: hex(stateOf({ term: 4, set: setB })) })
badHandOver('from the set before', 'PROOF_TERM', { state: hex(stateOf({ term: 2 })) })
{
  const to = headerOf({ nextSet: null })
  badHandOver('by a header that names no set', 'PROOF_SET', { proof: handOver({ to, by: certificateOf(to) }) })
}
{
  const to = headerOf({ nextSet: setHash(5, setB) })
  badHandOver('to the set of the term after', 'PROOF_SET', { proof: handOver({ to, by: certificateOf(to) }) })
}
{
  const to = headerOf({ nextSet: setHash(4, strangers) })
  const by = certificateOf(to, { set: strangers })
  badHandOver('that a forged set signed for itself', 'PROOF_SIGNATURE', {
    proof: handOver({ to, by, members: membersOf(strangers) }),
  })
}

// Certificates, shown on proofs of a balance.
const [key, value] = entries[7]
const path = pathTo(leaves, key)
const entry = ({ to = header, by = certificate, what = value, way = pathBytes(path), version = 1, kind = 0 } = {}) =>
  hex(encode([version, kind, to, Buffer.from(encode(by)), what, way]))
const found = { key: hex(key), value: hex(value), height: COUNT - 1, result: hex(stateOf(after)) }
add('entry', 'a balance', { state, proof: entry(), ...found })
{
  const slot = 44
  const by = certificateOf(header, { slot })
  add('entry', 'certified in a later slot, as a last block proposed again is', {
    state,
    proof: entry({ by }),
    ...found,
  })
}
add('entry', 'of a block below the latest that was checked', {
  ...{ state: hex(stateOf({ height: 20, timeMs: NOW_MS })), proof: entry(), ...found },
  result: hex(stateOf({ height: 20, timeMs: NOW_MS })),
})
const absentKeys = ['absent', 'nobody', 'gone'].map(balanceKey)
for (const [i, absent] of absentKeys.entries()) {
  const way = pathBytes(pathTo(leaves, absent))
  add('entry', `no balance of account ${i}`, {
    ...{ state, proof: entry({ what: null, way }), key: hex(absent), value: null },
    ...{ height: COUNT - 1, result: hex(stateOf(after)) },
  })
}
const bad = (name, error, content = {}) =>
  add('entry', name, { state, key: hex(key), proof: entry(), error, ...content })
bad('after the trust period', 'LIGHT_TRUST_EXPIRED', { state: hex(stateOf({ timeMs: NOW_MS - 14 * DAY_MS - 1 })) })
bad('more than a minute ahead of the clock', 'LIGHT_FUTURE', { nowMs: plain.timeMs - 60_001 })
bad('below the height that is asked for', 'LIGHT_STALE', { leastHeight: 14 })
bad('older than is asked for', 'LIGHT_STALE', { maxAgeMs: 4999 })
bad('beside another block of its height', 'LIGHT_FORK', { state: hex(stateOf({ height: 13 })) })
const codeOfField = { version: 'PROOF_FORM', chainId: 'PROOF_OTHER_CHAIN', term: 'LIGHT_STALE' }
for (const name of FIELDS) {
  const old = plain[name]
  const changed = typeof old === 'number' ? old + (old % 2 === 0 ? 1 : -1) : flip(old)
  bad(`header with another ${name}`, codeOfField[name] ?? 'PROOF_CERTIFICATE', {
    proof: entry({ to: headerOf({ [name]: changed }) }),
  })
}
bad('header of a later term', 'PROOF_TERM', { proof: entry({ to: headerOf({ term: 4 }) }) })
const withPart = (at, part) => certificate.map((old, i) => (i === at ? part : old))
bad('certificate of another term', 'PROOF_CERTIFICATE', { proof: entry({ by: withPart(0, 4) }) })
bad('certificate of a slot before', 'PROOF_CERTIFICATE', { proof: entry({ by: withPart(1, 40) }) })
bad('certificate of a slot that was not signed', 'PROOF_SIGNATURE', { proof: entry({ by: withPart(1, 42) }) })
bad('certificate called Notar', 'PROOF_CERTIFICATE', { proof: entry({ by: withPart(2, NOTAR) }) })
bad('certificate of another value', 'PROOF_CERTIFICATE', { proof: entry({ by: withPart(3, flip(certificate[3])) }) })
bad('bitmap with one vote more', 'PROOF_SIGNATURE', { proof: entry({ by: withPart(4, Buffer.of(0b1111)) }) })
bad('bitmap with one vote less', 'PROOF_QUORUM', { proof: entry({ by: withPart(4, Buffer.of(0b1001)) }) })
bad('bitmap with other voters', 'PROOF_SIGNATURE', { proof: entry({ by: withPart(4, Buffer.of(0b1011)) }) })
bad('bitmap with a seat that is none', 'PROOF_QUORUM', { proof: entry({ by: withPart(4, Buffer.of(0b11101)) }) })
bad('bitmap of two bytes', 'PROOF_QUORUM', { proof: entry({ by: withPart(4, Buffer.of(0b1101, 0)) }) })
bad('signature with one bit turned', 'PROOF_SIGNATURE', { proof: entry({ by: withPart(5, flip(certificate[5], 50)) }) })
const identity = Buffer.concat([Buffer.of(0xc0), Buffer.alloc(95)])
bad('signature that is the identity', 'PROOF_SIGNATURE', { proof: entry({ by: withPart(5, identity) }) })
bad('a Notar certificate that is real', 'PROOF_CERTIFICATE', {
  proof: entry({ by: certificateOf(header, { kind: NOTAR }) }),
})
bad('Notar votes that are called Final', 'PROOF_SIGNATURE', {
  proof: entry({ by: certificateOf(header, { kind: NOTAR }).map((part, i) => (i === 2 ? FINAL : part)) }),
})
bad('too few signers', 'PROOF_QUORUM', { proof: entry({ by: certificateOf(header, { seats: [0, 3] }) }) })
bad('votes for another chain', 'PROOF_SIGNATURE', { proof: entry({ by: certificateOf(header, { id: otherChainId }) }) })
bad('signed by a forged set', 'PROOF_SIGNATURE', { proof: entry({ by: certificateOf(header, { set: strangers }) }) })
{
  const to = headerOf({ chainId: otherChainId })
  bad('a proof of another chain', 'PROOF_OTHER_CHAIN', {
    proof: entry({ to, by: certificateOf(to, { id: otherChainId }) }),
  })
}
// What is wrong with what the client keeps.
bad('state of another chain', 'PROOF_OTHER_CHAIN', { state: hex(stateOf({ chainId: otherChainId })) })
bad('state of the term after', 'LIGHT_STALE', { state: hex(stateOf({ term: 4 })) })
bad('state of the term before', 'PROOF_TERM', { state: hex(stateOf({ term: 2 })) })
bad('state with a key that is another', 'PROOF_SIGNATURE', { state: hex(stateOf({ set: [hal, ben, cat, dan] })) })
bad('state with keys exchanged', 'PROOF_SIGNATURE', { state: hex(stateOf({ set: [ben, ann, cat, dan] })) })
bad('state with a key that is no point', 'PROOF_SIGNATURE', {
  state: hex(
    stateOf({ members: membersOf(setA).map(([address, at], i) => [address, i === 0 ? flip(at, 0, 0x80) : at]) }),
  ),
})
bad('state of another version', 'LIGHT_STATE', { state: hex(stateOf({ version: 2 })) })
bad('state without delegates', 'LIGHT_STATE', { state: hex(stateOf({ members: [] })) })
bad('state that is cut', 'LIGHT_STATE', { state: state.slice(0, -2) })
bad('state of too many bytes', 'LIGHT_STATE', { state: { zeros: 24_577 } })

// Paths of the state.
const wayWith = (changes) => pathBytes({ ...path, ...changes })
const [first, second, ...others] = path.siblings
bad('more money', 'PROOF_STATE', { proof: entry({ what: flip(value, -1) }) })
bad('no money', 'PROOF_STATE', { proof: entry({ what: null }) })
bad('of another account', 'PROOF_STATE', { key: hex(entries[8][0]) })
bad('of a key that is empty', 'PROOF_STATE', { key: '' })
bad('path with a sibling changed', 'PROOF_STATE', {
  proof: entry({ way: wayWith({ siblings: [flip(first), second, ...others] }) }),
})
bad('path with siblings exchanged', 'PROOF_STATE', {
  proof: entry({ way: wayWith({ siblings: [second, first, ...others] }) }),
})
bad('path that is cut', 'PROOF_FORM', {
  proof: entry({ way: wayWith({ siblings: [first, second, ...others.slice(0, -1)] }) }),
})
bad('path with a bit of the bitmap turned', 'PROOF_FORM', {
  proof: entry({ way: wayWith({ bitmap: flip(path.bitmap, 0, 0x80) }) }),
})
bad('path with another leaf beside a value', 'PROOF_STATE', {
  proof: entry({ way: wayWith({ other: [hashOf('a'), hashOf('b')] }) }),
})
{
  const absent = pathTo(leaves, absentKeys[0])
  const way = pathBytes({ ...absent, other: [tagged('state/key', absentKeys[0]), hashOf('b')] })
  bad('absence by the leaf of the key itself', 'PROOF_STATE', {
    proof: entry({ what: null, way }),
    key: hex(absentKeys[0]),
  })
}
bad('an empty value', 'PROOF_FORM', { proof: entry({ what: Buffer.alloc(0) }) })
bad('another version', 'PROOF_FORM', { proof: entry({ version: 2 }) })
bad('another kind of proof', 'PROOF_FORM', { proof: entry({ kind: 1 }) })
bad('a byte more', 'PROOF_FORM', { proof: `${entry()}00` })
bad('a byte less', 'PROOF_FORM', { proof: entry().slice(0, -2) })
bad('too many bytes', 'PROOF_FORM', { proof: { zeros: 73_729 } })

// What was executed, and receipts.
const rangeProof = (height, { record = executed[height], ...changes } = {}) => {
  const { siblings, peaks: rest } = { ...rangePath(height), ...changes }
  return [header, Buffer.from(encode(certificate)), record, siblings, rest]
}
const executedProof = (height, changes) => hex(sealed([1], rangeProof(height, changes)))
for (const height of [0, 5, 7, 8, 10]) {
  const [, blockHash, root, receiptsRoot] = executed[height]
  add('executed', `height ${height} of ${COUNT}`, {
    ...{ state, height, proof: executedProof(height), result: hex(stateOf(after)) },
    executed: { blockHash: hex(blockHash), stateRoot: hex(root), receiptsRoot: hex(receiptsRoot) },
  })
}
const badRange = (name, changes, height = 5) =>
  add('executed', name, { state, height, proof: executedProof(5, changes), error: 'PROOF_EXECUTED' })
badRange('at another height than is asked for', {}, 4)
badRange('called another height', { record: executed[5].with(0, 4) }, 4)
badRange('above what was executed', { record: executed[5].with(0, COUNT) }, COUNT)
for (const [at, name] of [
  [1, 'block hash'],
  [2, 'state root'],
  [3, 'receipts root'],
])
  badRange(`with another ${name}`, { record: executed[5].with(at, flip(executed[5][at])) })
{
  const { siblings, peaks: rest } = rangePath(5)
  badRange('with siblings exchanged', { siblings: [siblings[1], siblings[0], siblings[2]] })
  badRange('with a path that is cut', { siblings: siblings.slice(0, -1) })
  badRange('with a sibling more', { siblings: [...siblings, siblings[0]] })
  badRange('with a peak missing', { peaks: rest.slice(1) })
  badRange('with peaks exchanged', { peaks: rest.toReversed() })
}
const receiptProof = (index, changes = {}) => {
  const content = {
    receipt: receipts[index],
    at: index,
    count: receipts.length,
    siblings: siblingsOf(receiptLevels, index),
    ...changes,
  }
  return hex(sealed([2], [...rangeProof(5), content.receipt, content.at, content.count, content.siblings]))
}
for (const index of [0, 3, 4]) {
  add('receipt', `${index} of ${receipts.length}`, {
    ...{ state, height: 5, index, proof: receiptProof(index), result: hex(stateOf(after)) },
    ...{ transactionId: hex(hashOf(`transaction ${index}`)), gasUsed: 2500 + index },
  })
}
const badReceipt = (name, changes, { error = 'PROOF_RECEIPT', index = 3, height = 5 } = {}) =>
  add('receipt', name, { state, height, index, proof: receiptProof(3, changes), error })
badReceipt('changed', { receipt: flip(receipts[3], 40) })
badReceipt('of another transaction', { receipt: receipts[2] })
badReceipt('at another place than is asked for', {}, { index: 2 })
badReceipt('that says another place', { at: 2 }, { index: 2 })
badReceipt('among another number', { count: 6 })
badReceipt('with siblings exchanged', { siblings: siblingsOf(receiptLevels, 3).toReversed() })
badReceipt('with a path that is cut', { siblings: siblingsOf(receiptLevels, 3).slice(1) })
badReceipt('of another height than is asked for', {}, { error: 'PROOF_EXECUTED', height: 6 })
badReceipt('that is empty', { receipt: Buffer.alloc(0) }, { error: 'PROOF_FORM' })

// Two checkpoints.
const older = stateOf({ height: 10, timeMs: NOW_MS - 2000, blockHash: hashOf('block 10') })
const younger = stateOf({ height: 11, timeMs: NOW_MS - 1000, blockHash: hashOf('block 11') })
const agree = (name, one, other, rest) =>
  add('checkpoints', name, { chainId: hex(chainId), one: hex(one), other: hex(other), ...rest })
agree('of two heights: the older counts', younger, older, { result: hex(older) })
agree('that are equal', older, older, { result: hex(older) })
const disagree = (name, other) => agree(name, older, other, { error: 'LIGHT_CHECKPOINT' })
disagree('with different delegates', stateOf({ set: strangers }))
disagree('with delegates in another order', stateOf({ set: [ben, ann, cat, dan] }))
disagree('of different terms', stateOf({ term: 4 }))
disagree('of another chain', stateOf({ chainId: otherChainId }))
disagree('with two blocks of one height', stateOf({ height: 10, timeMs: NOW_MS - 2000 }))
disagree('that contradict each other in time', stateOf({ height: 11, timeMs: NOW_MS - 3000 }))

console.log(`[\n${cases.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]`)
