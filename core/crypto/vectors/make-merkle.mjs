// Prints merkle.json: trees built plainly, node by node, with node:crypto and cborg.
import { createHash } from 'node:crypto'
import { encode } from 'cborg'
import { toHex } from '../src/index.ts'
import { changed, joined, messageOf, printVectors, tagged } from './print.mjs'

const sha256 = (...parts) =>
  Uint8Array.from(
    createHash('sha256')
      .update(joined(...parts))
      .digest(),
  )
const zero = new Uint8Array(32)
const cases = []

/** All levels of the tree over the leaves, padded to a power of two. */
function levelsOf(leaves) {
  let size = 1
  while (size < leaves.length) size *= 2
  const levels = [[...leaves, ...Array(size - leaves.length).fill(zero)]]
  while (levels.at(-1).length > 1) {
    const below = levels.at(-1)
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => sha256(below[2 * i], below[2 * i + 1])))
  }
  return levels
}
const rootOf = (count, levels, tag = 'list') => tagged(tag, encode(count), levels.at(-1)[0])
const siblingsOf = (levels, index) => levels.slice(0, -1).map((nodes, level) => nodes[(index >> level) ^ 1])

const listCase = (name, root, leaf, index, count, siblings, valid) =>
  cases.push({
    kind: 'list',
    name,
    root: toHex(root),
    leaf: toHex(leaf),
    index,
    count,
    siblings: siblings.map(toHex),
    valid,
  })
cases.push({ kind: 'list root', leaves: [], root: toHex(rootOf(0, [[zero]])) })
for (const count of [1, 2, 3, 4, 5, 8, 9]) {
  const leaves = Array.from({ length: count }, (_, i) => messageOf(`leaf ${i}`))
  const levels = levelsOf(leaves)
  const root = rootOf(count, levels)
  cases.push({ kind: 'list root', leaves: leaves.map(toHex), root: toHex(root) })
  for (const index of new Set([0, count - 1])) {
    listCase(`leaf ${index} of ${count}`, root, leaves[index], index, count, siblingsOf(levels, index), true)
  }
}
{
  const leaves = Array.from({ length: 5 }, (_, i) => messageOf(`leaf ${i}`))
  const levels = levelsOf(leaves)
  const root = rootOf(5, levels)
  const siblings = siblingsOf(levels, 2)
  const wrong = (name, { leaf = leaves[2], index = 2, count = 5, path = siblings, top = root }) =>
    listCase(name, top, leaf, index, count, path, false)
  wrong('other root', { top: messageOf('root') })
  wrong('other leaf', { leaf: leaves[3] })
  wrong('other index', { index: 3 })
  wrong('other count with as many levels', { count: 6 })
  wrong('count with more levels', { count: 9 })
  wrong('index at the count', { index: 5, leaf: zero, path: siblingsOf(levels, 5) })
  wrong('index that is a multiple of the tree further', { index: 10 })
  wrong('negative index', { index: -6 })
  wrong('index that is no integer', { index: 2.5 })
  wrong('a sibling missing', { path: siblings.slice(0, 2) })
  wrong('a sibling more', { path: [...siblings, zero] })
  wrong('a sibling changed', { path: [changed(siblings[0], 5), ...siblings.slice(1)] })
  wrong('a short sibling', { path: [siblings[0].subarray(1), ...siblings.slice(1)] })
  wrong('a node as a leaf', { leaf: levels[1][1], index: 1, path: siblings.slice(1) })
  wrong('a long leaf', { leaf: joined(leaves[2], Uint8Array.of(0)) })
  wrong('the top as the root', { top: levels.at(-1)[0] })
}

const content = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 251)
const segmentsOf = (bytes) =>
  Array.from({ length: Math.ceil(bytes.length / 64) }, (_, i) => {
    const segment = new Uint8Array(64)
    segment.set(bytes.subarray(64 * i, 64 * i + 64))
    return segment
  })
const dataCase = (name, root, sizeBytes, segmentIndex, segment, siblings, valid) =>
  cases.push({
    kind: 'data',
    name,
    root: toHex(root),
    sizeBytes,
    segmentIndex,
    segment: toHex(segment),
    siblings: siblings.map(toHex),
    valid,
  })
for (const size of [0, 1, 63, 64, 65, 128, 129, 1000, 65_535, 65_536, 65_537, 200_000]) {
  const segments = segmentsOf(content(size))
  const levels = levelsOf(segments.map((segment) => sha256(segment)))
  const root = rootOf(size, levels, 'data')
  // Byte i of the content is (7 i + ⌊i / 256⌋) mod 251.
  cases.push({ kind: 'data root', sizeBytes: size, root: toHex(root) })
  for (const index of new Set([0, segments.length - 1])) {
    if (size > 0)
      dataCase(`segment ${index} of ${size} bytes`, root, size, index, segments[index], siblingsOf(levels, index), true)
  }
}
{
  const segments = segmentsOf(content(300))
  const levels = levelsOf(segments.map((segment) => sha256(segment)))
  const root = rootOf(300, levels, 'data')
  const siblings = siblingsOf(levels, 4)
  dataCase('other size with as many segments', root, 301, 4, segments[4], siblings, false)
  dataCase('other segment', root, 300, 4, segments[3], siblings, false)
  dataCase('other index', root, 300, 3, segments[4], siblings, false)
  dataCase('segment of 44 bytes, not padded', root, 300, 4, segments[4].subarray(0, 44), siblings, false)
  dataCase('segment of padding', root, 300, 5, new Uint8Array(64), siblingsOf(levels, 5), false)
  dataCase('a sibling missing', root, 300, 4, segments[4], siblings.slice(1), false)
  dataCase('no data', rootOf(0, [[zero]], 'data'), 0, 0, new Uint8Array(64), [], false)
}

const peaksOf = (leaves) => {
  const peaks = []
  let rest = leaves
  for (let level = 31; level >= 0; level--) {
    if (rest.length < 2 ** level) continue
    peaks.push({ levels: levelsOf(rest.slice(0, 2 ** level)), first: leaves.length - rest.length, level })
    rest = rest.slice(2 ** level)
  }
  return peaks
}
const rangeRoot = (count, peaks) => tagged('range', encode([count, peaks]))
const rangeCase = (name, root, leaf, index, count, siblings, peaks, valid) =>
  cases.push({
    kind: 'range',
    name,
    root: toHex(root),
    leaf: toHex(leaf),
    index,
    count,
    siblings: siblings.map(toHex),
    peaks: peaks.map(toHex),
    valid,
  })
const top = (peak) => peak.levels.at(-1)[0]
for (const count of [0, 1, 2, 3, 4, 7, 8, 11]) {
  const leaves = Array.from({ length: count }, (_, i) => messageOf(`block ${i}`))
  const peaks = peaksOf(leaves)
  const root = rangeRoot(count, peaks.map(top))
  cases.push({ kind: 'range root', leaves: leaves.map(toHex), root: toHex(root) })
  for (const peak of peaks) {
    const others = peaks.filter((other) => other !== peak).map(top)
    for (const index of new Set([peak.first, peak.first + 2 ** peak.level - 1])) {
      const siblings = siblingsOf(peak.levels, index - peak.first)
      rangeCase(`leaf ${index} of ${count}`, root, leaves[index], index, count, siblings, others, true)
    }
  }
}
{
  const leaves = Array.from({ length: 11 }, (_, i) => messageOf(`block ${i}`))
  const peaks = peaksOf(leaves)
  const root = rangeRoot(11, peaks.map(top))
  const siblings = siblingsOf(peaks[0].levels, 5)
  const others = peaks.slice(1).map(top)
  const wrong = (name, { leaf = leaves[5], index = 5, count = 11, path = siblings, rest = others, to = root }) =>
    rangeCase(name, to, leaf, index, count, path, rest, false)
  wrong('other leaf', { leaf: leaves[4] })
  wrong('other index', { index: 4 })
  wrong('other count with the same peaks', { count: 13 })
  wrong('other count', { count: 12 })
  wrong('index at the count', { index: 11 })
  wrong('index in another peak', { index: 8 })
  wrong('negative index', { index: -3 })
  wrong('a sibling missing', { path: siblings.slice(1) })
  wrong('a sibling more', { path: [...siblings, siblings[0]] })
  wrong('a peak missing', { rest: others.slice(1) })
  wrong('a peak more', { rest: [...others, others[0]] })
  wrong('peaks exchanged', { rest: [...others].reverse() })
  wrong('a long sibling', { path: [joined(siblings[0], Uint8Array.of(0)), ...siblings.slice(1)] })
  wrong('a peak as a leaf', { leaf: others[0], index: 8, path: [], rest: [top(peaks[0]), others[1]] })
  wrong('other root', { to: messageOf('root') })
}
printVectors(cases)
