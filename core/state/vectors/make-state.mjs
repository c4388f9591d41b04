// Prints state.json: trees, roots and proofs built plainly from the definition, with node:crypto and cborg.
import { createHash } from 'node:crypto'
import { encode } from 'cborg'

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
const tagged = (tag, content) => sha256(sha256(Buffer.from(`smartshare/${tag}`)), content)
const mark = sha256(Buffer.from('smartshare/state/leaf'))
const empty = Buffer.alloc(32)
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bitOf = (path, depth) => (path[depth >> 3] >> (7 - (depth & 7))) & 1

const leafOf = ([key, value]) => {
  const path = tagged('state/key', key)
  const valueHash = tagged('state/value', value)
  return { path, valueHash, hash: sha256(sha256(path, valueHash), mark) }
}
const rootOf = (leaves, depth = 0) => {
  if (leaves.length < 2) return leaves[0]?.hash ?? empty
  const side = (bit) => leaves.filter(({ path }) => bitOf(path, depth) === bit)
  return sha256(rootOf(side(0), depth + 1), rootOf(side(1), depth + 1))
}
/** Siblings from the root down, and the leaf at the end of the way, if there is one. */
const walk = (leaves, path) => {
  const siblings = []
  let rest = leaves
  while (rest.length > 1) {
    const bit = bitOf(path, siblings.length)
    const aside = rest.filter((leaf) => bitOf(leaf.path, siblings.length) !== bit)
    rest = rest.filter((leaf) => bitOf(leaf.path, siblings.length) === bit)
    siblings.push(rootOf(aside, siblings.length + 1))
  }
  return { siblings, end: rest[0] }
}
const proofOf = (siblings, other) => {
  const bitmap = Buffer.alloc(Math.ceil(siblings.length / 8))
  siblings.forEach((sibling, depth) => {
    if (!sibling.equals(empty)) bitmap[depth >> 3] |= 0x80 >> (depth & 7)
  })
  const present = siblings.filter((sibling) => !sibling.equals(empty))
  return { bitmap, siblings: Buffer.concat(present), other: other ? [other.path, other.valueHash] : null }
}
const encoded = ({ bitmap, siblings, other }) => encode([bitmap, siblings, other])

const cases = []
const text = (name) => Buffer.from(name)
/** Keys whose paths share their first `bits` bits. */
const closeKeys = (bits, count) => {
  const groups = new Map()
  for (let i = 0; ; i += 1) {
    const key = text(`close ${i}`)
    const prefix = hex(tagged('state/key', key).subarray(0, bits / 8))
    const group = groups.get(prefix) ?? []
    groups.set(prefix, group)
    if (group.push(key) === count) return group
  }
}
const many = (count) => Array.from({ length: count }, (_, i) => [text(`key ${i}`), text(`value ${i}`)])
const close = closeKeys(16, 3)
const states = {
  empty: [],
  'one key': [[Buffer.of(0), Buffer.of(0)]],
  'two keys': many(2),
  'twenty keys': many(20),
  'keys that meet only after 16 bits': [...many(5), ...close.map((key) => [key, text('close')])],
  'longest key and a longer value': [...many(3), [Buffer.alloc(255, 7), Buffer.alloc(1000, 9)]],
}
for (const [name, entries] of Object.entries(states)) {
  const root = rootOf(entries.map(leafOf))
  cases.push({ kind: 'root', name, entries: entries.map(([key, value]) => [hex(key), hex(value)]), root: hex(root) })
}

const proofCase = (name, root, key, value, proof, valid) =>
  cases.push({
    kind: 'proof',
    name,
    root: hex(root),
    key: hex(key),
    value: value === null ? null : hex(value),
    proof: hex(proof),
    valid,
  })
for (const [name, entries] of Object.entries(states)) {
  const leaves = entries.map(leafOf)
  const root = rootOf(leaves)
  for (const [key, value] of [entries[0], entries.at(-1)].filter((entry) => entry !== undefined)) {
    const { siblings } = walk(leaves, tagged('state/key', key))
    proofCase(`${name}: present`, root, key, value, encoded(proofOf(siblings, null)), true)
  }
  const absent = new Set()
  for (let i = 0; i < 200; i += 1) {
    const key = text(`absent ${i}`)
    const { siblings, end } = walk(leaves, tagged('state/key', key))
    const kind = end === undefined ? 'absent, empty place' : 'absent, another leaf'
    if (absent.has(kind)) continue
    absent.add(kind)
    proofCase(`${name}: ${kind}`, root, key, null, encoded(proofOf(siblings, end)), true)
  }
}
{
  const entries = states['twenty keys']
  const leaves = entries.map(leafOf)
  const root = rootOf(leaves)
  const [key, value] = entries[7]
  const path = tagged('state/key', key)
  const { siblings } = walk(leaves, path)
  const good = proofOf(siblings, null)
  const wrong = (name, change, of = { key, value, root }) =>
    proofCase(name, of.root ?? root, of.key ?? key, of.value === undefined ? value : of.value, change, false)
  const own = leafOf(entries[7])
  wrong('other value', encoded(good), { value: text('value 8') })
  wrong('other key', encoded(good), { key: text('key 8') })
  wrong('other root', encoded(good), { root: sha256(text('root')) })
  wrong('present key said to be absent', encoded(good), { value: null })
  wrong('present key said to be absent, by its own leaf', encoded({ ...good, other: [own.path, own.valueHash] }), {
    value: null,
  })
  wrong('a leaf that is not on the path', encoded({ ...good, other: [own.path, own.valueHash] }), {
    key: text('absent'),
    value: null,
  })
  wrong('a leaf too many', encoded({ ...good, other: [own.path, own.valueHash] }))
  wrong('a sibling missing', encoded({ ...good, siblings: good.siblings.subarray(32) }))
  wrong('half a sibling', encoded({ ...good, siblings: good.siblings.subarray(16) }))
  wrong('bitmap with a zero byte at its end', encoded({ ...good, bitmap: Buffer.concat([good.bitmap, Buffer.of(0)]) }))
  wrong(
    'an empty sibling written out',
    encoded({
      ...good,
      bitmap: Buffer.concat([good.bitmap, Buffer.of(0x80)]),
      siblings: Buffer.concat([good.siblings, empty]),
    }),
  )
  wrong('one element too few', encode([good.bitmap, good.siblings]))
  wrong('bytes after the end', Buffer.concat([encoded(good), Buffer.of(0)]))
  wrong('no proof at all', Buffer.alloc(0))
  const top = walk(leaves, path)
  wrong('a node above as the leaf', encoded(proofOf(top.siblings.slice(0, -1), null)))
  const lost = walk(leaves, tagged('state/key', text('absent 3')))
  proofCase(
    'absent, with the value hash of the other leaf changed',
    root,
    text('absent 3'),
    null,
    encoded(proofOf(lost.siblings, { path: (lost.end ?? own).path, valueHash: tagged('state/value', text('x')) })),
    false,
  )
}
{
  const startsWith = (bits, path) => [...bits].every((bit, depth) => bitOf(path, depth) === Number(bit))
  /** Siblings down to the part, or to where at most one leaf is left; without empty ones at the end. */
  const walkTo = (leaves, bits) => {
    const siblings = []
    let rest = leaves
    while (rest.length > 1 && siblings.length < bits.length) {
      const depth = siblings.length
      const side = (bit) => rest.filter(({ path }) => bitOf(path, depth) === bit)
      const bit = Number(bits[depth])
      siblings.push(rootOf(side(1 - bit), depth + 1))
      rest = side(bit)
    }
    while (siblings.at(-1)?.equals(empty)) siblings.pop()
    const alone = rest.length === 1 && !startsWith(bits, rest[0].path) ? rest[0] : null
    return proofOf(siblings, alone)
  }
  const partCase = (name, root, bits, entries, proof, valid) =>
    cases.push({
      kind: 'part',
      name,
      root: hex(root),
      bits,
      entries: entries.map((entry) => entry.map(hex)),
      proof: hex(encoded(proof)),
      valid,
    })
  for (const [name, entries] of Object.entries(states)) {
    const leaves = entries.map(leafOf)
    const root = rootOf(leaves)
    const within = (bits) =>
      entries
        .filter((entry) => startsWith(bits, leafOf(entry).path))
        .sort((a, b) => Buffer.compare(leafOf(a).path, leafOf(b).path))
    for (const bits of ['', '0', '01', '110', '10110', '0000000000000001']) {
      const own = within(bits)
      const proof = walkTo(leaves, bits)
      partCase(`${name}: part ${bits || 'of everything'}`, root, bits, own, proof, true)
      if (own.length > 0)
        partCase(`${name}: part ${bits || 'of everything'} with a key hidden`, root, bits, own.slice(1), proof, false)
      if (own.length > 1)
        partCase(`${name}: part ${bits || 'of everything'} out of order`, root, bits, own.toReversed(), proof, false)
    }
  }
}
console.log(`[\n${cases.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]`)
