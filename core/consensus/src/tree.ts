import {
  type Block,
  certificateHash,
  certificatesHash,
  headerHash,
  NO_VALUE,
  transactionsRoot,
} from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import { MAX_BLOCKS_AHEAD } from './config.ts'
import { latestBefore, orderOfRound, seedOfRound } from './order.ts'
import { log } from './outbox.ts'
import { type Entry, type Gap, type Instance, type Key, notarOf, type ParentChoice, type State } from './state.ts'

/** Orders of turns kept; competing branches need one each. */
const MAX_ORDERS = 64

/** True if the body is the one that the header commits to. */
export function bodyMatches(block: Block): boolean {
  const { header, rootCertificate, transactions, quarantines } = block
  const named = rootCertificate === null ? NO_VALUE : certificateHash(rootCertificate)
  return (
    transactions.length === header.transactionCount &&
    equalBytes(certificatesHash(named, quarantines), header.certificateHash) &&
    equalBytes(transactionsRoot(transactions), header.transactionsRoot)
  )
}

/** Puts a block whose body matches into the tree. */
export function insert(state: State, instance: Instance, block: Block, hash: Uint8Array, logged = false): Entry {
  const { header } = block
  const key = toHex(hash)
  const entry: Entry = {
    key,
    hash,
    parentKey: toHex(header.parent),
    slot: header.slot,
    height: header.height,
    timeMs: header.timeMs,
    accumulator: header.accumulator,
    rootHeight: header.rootHeight,
    stateRoot: header.stateRoot,
    rangeRoot: header.rangeRoot,
    rootCertificate: block.rootCertificate,
    nextSet: header.nextSet,
    block,
    parent: null,
    connected: false,
    certified: false,
    logged,
  }
  instance.entries.set(key, entry)
  instance.version += 1
  entry.parent = instance.entries.get(entry.parentKey) ?? null
  const siblings = instance.children.get(entry.parentKey)
  if (siblings === undefined) instance.children.set(entry.parentKey, [entry])
  else siblings.push(entry)
  connect(instance, entry)
  if (instance.wanted.has(key)) certifyEntry(state, instance, entry)
  return entry
}

/** Marks the entry and all that stands on it as connected if its parent is. */
function connect(instance: Instance, entry: Entry): void {
  const queue = [entry]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const { parent } = at
    at.connected = parent?.connected === true && parent.height >= instance.tip.height
    for (const child of instance.children.get(at.key) ?? []) {
      child.parent = at
      queue.push(child)
    }
  }
}

/** A certificate for the entry or a descendant exists: it and its ancestors are trusted, and its parent wanted if missing. */
function certifyEntry(state: State, instance: Instance, from: Entry): void {
  for (let entry: Entry | null = from; entry !== null && !entry.certified; entry = entry.parent) {
    entry.certified = true
    instance.wanted.delete(entry.key)
    instance.version += 1
    if (!entry.logged && entry.block !== null) {
      entry.logged = true
      log(state, { type: 'block', block: entry.block })
    }
    if (entry.parent === null && entry.height > instance.tip.height + 1) {
      instance.wanted.set(entry.parentKey, entry.block!.header.parent)
    }
  }
}

/** Notes that a hash is certified: what is known of it becomes trusted, else it is wanted. */
export function certifyHash(state: State, instance: Instance, hash: Uint8Array): void {
  const key = toHex(hash)
  const entry = instance.entries.get(key)
  if (entry === undefined) instance.wanted.set(key, hash)
  else certifyEntry(state, instance, entry)
}

/** Takes a block that a peer sent because it is certified; ignores what nobody asked for. True if it was of use. */
export function takeWanted(state: State, instance: Instance, block: Block): boolean {
  if (block.header.term !== instance.term) return false
  const hash = headerHash(block.header)
  const key = toHex(hash)
  if (!instance.wanted.has(key) || instance.entries.has(key)) return false
  if (block.header.height > instance.tip.height + MAX_BLOCKS_AHEAD || !bodyMatches(block)) return false
  insert(state, instance, block, hash)
  return true
}

/** The seat whose turn a slot is, for a proposal on `parent` (for a re-proposal: the block itself). */
export function leaderOf(instance: Instance, parent: Entry, slot: number): number {
  const { leaderMemo } = instance
  if (leaderMemo !== null && leaderMemo.parent === parent && leaderMemo.slot === slot) return leaderMemo.seat
  const { seats, term, start, orders } = instance
  const round = Math.floor(slot / seats)
  const seed = seedOfRound(parent, start.seed, round, seats)
  const key = `${round}/${toHex(seed)}`
  let order = orders.get(key)
  if (order === undefined) {
    if (orders.size >= MAX_ORDERS) orders.clear()
    order = orderOfRound(seed, term, round, seats)
    orders.set(key, order)
  }
  const seat = order[slot % seats]!
  instance.leaderMemo = { parent, slot, seat }
  return seat
}

/** True if every slot strictly between the two has a Skip certificate. */
export function gapsSkipped(instance: Instance, after: number, before: number): boolean {
  return firstGap(instance, after, before) === null
}

/** The first slot strictly between the two without a Skip certificate; null if there is none. */
export function firstGap(instance: Instance, after: number, before: number): number | null {
  for (let slot = Math.max(after, instance.finalSlot) + 1; slot < before; slot++) {
    if (!instance.slots.get(slot)?.skip) return slot
  }
  return null
}

/** Slot of the latest certificate below `before` that notarizes `entry`; null if there is none. */
export function notarizedSlot(instance: Instance, entry: Entry, before: number): number | null {
  if (entry === instance.tip) return instance.finalSlot
  for (let slot = before - 1; slot >= entry.slot; slot--) {
    const certificate = notarOf(instance.slots.get(slot))
    if (certificate !== null && equalBytes(certificate.value, entry.hash)) return slot
  }
  return null
}

/**
 * The notarized block that a leader of `slot` extends: the one of the highest slot that is known with all ancestors and
 * from which on every slot is skipped. If something is missing, `gap` is the lowest slot whose certificate is wanted.
 */
export function bestParent(instance: Instance, slot: number): ParentChoice | Gap {
  const { parentMemo, version } = instance
  if (parentMemo !== null && parentMemo.slot === slot && parentMemo.version === version) return parentMemo.choice
  const choice = findParent(instance, slot)
  instance.parentMemo = { slot, version, choice }
  return choice
}

function findParent(instance: Instance, slot: number): ParentChoice | Gap {
  let gap: number | null = null
  for (let at = slot - 1; at > instance.finalSlot; at--) {
    const state = instance.slots.get(at)
    const certificate = notarOf(state)
    const entry = certificate === null ? undefined : instance.entries.get(toHex(certificate.value))
    if (entry?.connected === true) return gap === null ? { entry, slot: at } : { gap }
    // Pages ascend, so it is the lowest missing slot that is asked for.
    if (!state?.skip) gap = at
  }
  return gap === null ? { entry: instance.tip, slot: instance.finalSlot } : { gap }
}

/**
 * Blocks above the last final one up to `entry`, ascending. Null if the entry does not stand on the last final block,
 * which takes more traitors than a quorum can bear.
 */
export function pathTo(instance: Instance, entry: Entry): Entry[] | null {
  const path: Entry[] = []
  let at: Entry | null = entry
  for (; at !== null && at !== instance.tip; at = at.parent) path.push(at)
  return at === null ? null : path.reverse()
}

/** Forgets votes for a slot long past, and proposals that nobody certified: if one is yet, it is asked for. */
export function forgetProposals(instance: Instance, at: number): void {
  const slot = instance.slots.get(at)
  if (slot === undefined) return
  slot.tallies.length = 0
  for (const { key } of slot.candidates.splice(0)) {
    const entry = instance.entries.get(key)
    if (entry === undefined || entry.certified) continue
    instance.entries.delete(key)
    const siblings = instance.children.get(entry.parentKey)?.filter((other) => other !== entry) ?? []
    if (siblings.length === 0) instance.children.delete(entry.parentKey)
    else instance.children.set(entry.parentKey, siblings)
    for (const child of instance.children.get(key) ?? []) {
      child.parent = null
      child.connected = false
    }
  }
}

/** Forgets everything that the new tip made superfluous. */
export function prune(instance: Instance): void {
  const { tip, entries, children, wanted, finals, finalSlot } = instance
  const isOld = (entry: Entry) => entry !== tip && (entry.slot <= finalSlot || entry.height <= tip.height)
  for (const [key, entry] of entries) if (isOld(entry)) entries.delete(key)
  for (const [parent, held] of children) {
    const left = held.filter((child) => !isOld(child))
    if (left.length === 0) children.delete(parent)
    else children.set(parent, left)
  }
  for (const [key, certificate] of finals) if (certificate.slot <= finalSlot) finals.delete(key)
  wanted.clear()
  for (const slot of instance.slots.values()) {
    if (slot.slot <= finalSlot) continue
    const certificate = notarOf(slot)
    if (certificate !== null) want(instance, toHex(certificate.value), certificate.value)
  }
  for (const entry of entries.values()) {
    if (entry.certified && entry.parent === null && entry.height > tip.height + 1) {
      want(instance, entry.parentKey, entry.block!.header.parent)
    }
  }
  trim(instance)
}

function want(instance: Instance, key: Key, hash: Uint8Array): void {
  if (!instance.entries.has(key)) instance.wanted.set(key, hash)
}

/** Cuts the chain of final blocks behind the last one that an order of turns can still depend on. */
function trim(instance: Instance): void {
  const { tip, seats } = instance
  const round = Math.floor(tip.slot / seats)
  const oldest = latestBefore(tip, Math.max(0, (round - 1) * seats))
  oldest.parent = null
}
