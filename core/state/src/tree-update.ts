import { SmartshareError } from '@smartshare/codec'
import { HASH_BYTES, type Hash, sha256, tagPrefix } from '@smartshare/crypto'
import { HashPlan, WORDS } from './hash-plan.ts'
import { PageBatch } from './page-batch.ts'
import { leafMark, PATH_BITS } from './proof.ts'
import { checkKey, checkValue, MOST_KEY_BYTES, type StateChange } from './state-reader.ts'
import {
  BRANCH_HEAD_BYTES,
  BRANCH_WORDS,
  BUCKET_HEAD_BYTES,
  bucketBytes,
  bucketHead,
  checkBranch,
  childName,
  digitAt,
  FANOUT,
  isBranch,
  leavesIn,
  MOST_BUCKET_LEAVES,
  MOST_PAGE_DEPTH,
  PAGE_LEVELS,
  type PageName,
  pageText,
  ROOT_PAGE,
  writeBranchHead,
} from './tree-page.ts'

/** Most changes in one run: bounds its memory to about 150 MB. `StateTree` cuts larger sets. */
export const MOST_CHANGES_PER_RUN = 65_536
/** So many planned hashes are computed before more are planned: their slots are still in the processor's cache. */
const PAIRS_PER_FLUSH = 4096
/** The inner and the outer hash of leaves come before all levels of the tree. */
const OUTER_LEAF_LEVEL = PATH_BITS
const INNER_LEAF_LEVEL = PATH_BITS + 1
/** A leaf of a bucket in slots: path, hash of the value, hash of the leaf. */
const LEAF_SLOTS = 3
/** A changed leaf: the same and the mark that its last hash needs beside it. */
const CHANGE_SLOTS = 4
/** Room for the number of a change beside 32 bits of its path in an exactly represented number. */
const SORT_STEP = 2 ** 20
const SMALL_MESSAGE_BYTES = HASH_BYTES + MOST_KEY_BYTES

/**
 * The bytes of a page by its name; undefined if there is none. Valid until the next call. `isBucket` tells what the page is,
 * as far as that is known before.
 */
export type ReadPage = (name: PageName, isBucket: boolean | undefined) => Uint8Array | undefined
export type TreeChange = Pick<StateChange, 'key' | 'value'>

/** Instead of a number of leaves. */
const GONE = 0
const BRANCH = -1

/** Branches lie in the arena as in their pages, the nodes in slots 2 … 15 and the head before them. */
const HEAD_WORDS = BRANCH_HEAD_BYTES / 4
/** From the word of slot 0 of a branch to the first of its eight counts of keys below. */
const COUNTS_AT = 2 * WORDS - FANOUT

/**
 * Adapts the tree to a set of changed keys: walks down to the buckets in the order of paths, puts old and new leaves
 * together, and plans on the way back which nodes to hash. What hangs below a finished branch is hashed and written
 * out as soon as there is enough of it for a batch.
 */
export class TreeUpdate {
  readonly #plan = new HashPlan(OUTER_LEAF_LEVEL)
  readonly #message = new Uint8Array(SMALL_MESSAGE_BYTES)
  /** Beginnings of `#message` by length. */
  readonly #messages: (Uint8Array | undefined)[] = []
  #digests = 0
  #read: ReadPage = () => undefined
  // What becomes of each page: where its leaves or its nodes 0 … 15 begin, and how many leaves or what instead.
  readonly #draftNames: PageName[] = []
  readonly #draftSlots: number[] = []
  readonly #draftLeaves: number[] = []
  #written = new PageBatch()
  readonly #below = new Float64Array(2 * FANOUT)
  /** Changed leaves by path. */
  #order: number[] = []
  /** Of these the deleted ones. */
  readonly #deleted = new Set<number>()
  /** Keys in the subtree that the last call of `#update` or `#build` finished. */
  #count = 0

  /** Hashes computed since the beginning: nodes, leaves, paths and values. */
  get hashes(): number {
    return this.#plan.hashes + this.#digests
  }

  /**
   * Returns the new root and the number of keys, and adds every page that differs to `written`. At least one change, at
   * most `MOST_CHANGES_PER_RUN`, no key twice (`STATE_TREE_CHANGES`). Every page that is replaced is read before.
   */
  run(read: ReadPage, changes: readonly TreeChange[], written: PageBatch): { root: Hash; count: number } {
    this.#read = read
    this.#written = written
    try {
      const root = this.#plan.allocate(1)
      this.#takeChanges(changes)
      this.#update(ROOT_PAGE, 0, 0, this.#order.length, root, undefined)
      this.#flush()
      return {
        root: this.#plan.bytes.slice(root * HASH_BYTES, (root + 1) * HASH_BYTES),
        count: this.#count,
      }
    } finally {
      this.#read = () => undefined
      this.#plan.clear()
      this.#clearDrafts()
      this.#written = new PageBatch()
      this.#order = []
      this.#deleted.clear()
    }
  }

  #takeChanges(changes: readonly TreeChange[]): void {
    if (changes.length > MOST_CHANGES_PER_RUN) {
      throw new SmartshareError('STATE_TREE_CHANGES', 'Too many changes for one run', { count: changes.length })
    }
    const plan = this.#plan
    const keyPrefix = tagPrefix('state/key')
    const valuePrefix = tagPrefix('state/value')
    const mark = leafMark()
    const first = plan.allocate(CHANGE_SLOTS * changes.length)
    const sorted = new Float64Array(changes.length)
    for (let i = 0; i < changes.length; i += 1) {
      const { key, value } = changes[i] as TreeChange
      checkKey(key)
      const slot = first + CHANGE_SLOTS * i
      const path = this.#digest(keyPrefix, key)
      plan.bytes.set(path, slot * HASH_BYTES)
      if (value === null) {
        this.#deleted.add(slot)
      } else {
        checkValue(value)
        plan.bytes.set(this.#digest(valuePrefix, value), (slot + 1) * HASH_BYTES)
        plan.bytes.set(mark, (slot + 3) * HASH_BYTES)
      }
      const start =
        (path[0] as number) * 0x100_0000 +
        (((path[1] as number) << 16) | ((path[2] as number) << 8) | (path[3] as number))
      sorted[i] = start * SORT_STEP + i
    }
    sorted.sort()
    const order = new Array<number>(changes.length).fill(0)
    for (let i = 0; i < sorted.length; i += 1) {
      // `| 0` makes it a small integer again, and so keeps all lists of slots lists of small integers.
      const slot = first + CHANGE_SLOTS * (((sorted[i] as number) % SORT_STEP) | 0)
      // Sorted by 32 bits so far: the few that agree in them find their place by all bits.
      let at = i
      while (at > 0 && this.#compare(order[at - 1] as number, slot, 0) > 0) {
        order[at] = order[at - 1] as number
        at -= 1
      }
      order[at] = slot
      if (at > 0 && this.#compare(order[at - 1] as number, slot, 0) === 0) {
        throw new SmartshareError('STATE_TREE_CHANGES', 'A key is changed twice in one set of changes')
      }
    }
    this.#order = order
  }

  #digest(prefix: Uint8Array, content: Uint8Array): Hash {
    this.#digests += 1
    const length = HASH_BYTES + content.length
    let message: Uint8Array
    if (length <= SMALL_MESSAGE_BYTES) {
      message = this.#messages[length] ??= this.#message.subarray(0, length)
    } else {
      message = new Uint8Array(length)
    }
    message.set(prefix)
    message.set(content, HASH_BYTES)
    return sha256(message)
  }

  /** Applies the changes `low` … `high` − 1 of the order to one page; its hash goes to `target`, its keys to `#count`. */
  #update(
    name: PageName,
    depth: number,
    low: number,
    high: number,
    target: number,
    isBucket: boolean | undefined,
  ): void {
    const page = this.#read(name, isBucket)
    if (page === undefined || !isBranch(page)) {
      const count = page === undefined ? 0 : leavesIn(page)
      const leaves = page === undefined ? 0 : this.#loadLeaves(page, count)
      const merged = this.#merge(leaves, count, low, high, depth >> 3)
      this.#build(name, depth, merged, this.#count, target, page !== undefined)
      return
    }
    checkBranch(page)
    const nodes = this.#plan.allocate(2 * FANOUT)
    this.#plan.bytes.set(page, (nodes + 2) * HASH_BYTES - BRANCH_HEAD_BYTES)
    const counts = nodes * WORDS + COUNTS_AT
    const firstDraft = this.#draftNames.length
    const order = this.#order
    let dirty = 0
    for (let start = low; start < high; ) {
      const digit = digitAt(this.#plan.bytes, (order[start] as number) * HASH_BYTES, depth)
      let end = start + 1
      while (end < high && digitAt(this.#plan.bytes, (order[end] as number) * HASH_BYTES, depth) === digit) end += 1
      const isBucket = (this.#plan.words[counts + digit] as number) <= MOST_BUCKET_LEAVES
      this.#update(childName(name, digit), depth + PAGE_LEVELS, start, end, nodes + FANOUT + digit, isBucket)
      this.#plan.words[counts + digit] = this.#count
      dirty |= 1 << digit
      start = end
    }
    let total = 0
    for (let digit = 0; digit < FANOUT; digit += 1) total += this.#plan.words[counts + digit] as number
    if (total > MOST_BUCKET_LEAVES) this.#branch(name, depth, nodes, dirty, target)
    else this.#build(name, depth, this.#fold(name, counts, firstDraft, total), total, target, true)
  }

  /** Puts the leaves of all children of a shrunken branch in a row. They are buckets: together they have 16 at most. */
  #fold(name: PageName, counts: number, firstDraft: number, total: number): number {
    const plan = this.#plan
    const leaves = plan.allocate(LEAF_SLOTS * total)
    let to = leaves
    for (let digit = 0; digit < FANOUT; digit += 1) {
      const count = plan.words[counts + digit] as number
      if (count === 0) continue
      const child = childName(name, digit)
      let draft = this.#draftNames.indexOf(child, firstDraft)
      if (draft < 0) {
        const page = this.#read(child, true)
        if (page === undefined) {
          throw new SmartshareError('STATE_TREE_PAGE', 'A page of the state tree is missing', { name: pageText(child) })
        }
        draft = this.#addDraft(child, this.#loadLeaves(page, leavesIn(page)), count)
      }
      const slot = this.#draftSlots[draft] as number
      plan.copy(slot, to, LEAF_SLOTS * count)
      // Hashes of leaves that changed in this run come only later.
      for (let i = 2; i < LEAF_SLOTS * count; i += LEAF_SLOTS) plan.copyLater(slot + i, to + i)
      this.#draftLeaves[draft] = GONE
      to += LEAF_SLOTS * count
    }
    return leaves
  }

  /** Makes the page of `count` leaves in a row from slot `leaves` on; `existed`: there is a page of this name. */
  #build(name: PageName, depth: number, leaves: number, count: number, target: number, existed: boolean): void {
    if (count <= MOST_BUCKET_LEAVES) {
      this.#count = count
      if (count > 0 || existed) this.#addDraft(name, leaves, count)
      this.#hashLeaves(leaves, count, depth, target)
      return
    }
    if (depth >= MOST_PAGE_DEPTH) {
      throw new SmartshareError('STATE_TREE_DEPTH', 'The state tree is deeper than hashes can make it', { depth })
    }
    const nodes = this.#plan.allocate(2 * FANOUT)
    writeBranchHead(this.#plan.bytes, (nodes + 2) * HASH_BYTES - BRANCH_HEAD_BYTES)
    let start = 0
    for (let digit = 0; digit < FANOUT; digit += 1) {
      let end = start
      while (end < count && digitAt(this.#plan.bytes, (leaves + LEAF_SLOTS * end) * HASH_BYTES, depth) === digit) {
        end += 1
      }
      const child = childName(name, digit)
      const from = leaves + LEAF_SLOTS * start
      this.#build(child, depth + PAGE_LEVELS, from, end - start, nodes + FANOUT + digit, false)
      this.#plan.words[nodes * WORDS + COUNTS_AT + digit] = end - start
      start = end
    }
    this.#branch(name, depth, nodes, 2 ** FANOUT - 1, target)
  }

  /** Plans the upper nodes of a branch whose children with a bit in `dirty` are new. */
  #branch(name: PageName, depth: number, nodes: number, dirty: number, target: number): void {
    const plan = this.#plan
    const below = this.#below
    const counts = nodes * WORDS + COUNTS_AT
    for (let digit = 0; digit < FANOUT; digit += 1) below[FANOUT + digit] = plan.words[counts + digit] as number
    let changed = dirty << FANOUT
    for (let node = FANOUT - 1; node >= 1; node -= 1) {
      const left = 2 * node
      const count = (below[left] as number) + (below[left + 1] as number)
      below[node] = count
      if (((changed >> left) & 3) === 0) continue
      changed |= 1 << node
      const slot = node === 1 ? target : nodes + node
      if (count === 0) plan.zero(slot)
      // A subtree with one key is that key's leaf, wherever it stands.
      else if (count === 1) plan.copyLater(nodes + (below[left] === 1 ? left : left + 1), slot)
      else plan.pair(depth + (node >= 4 ? 2 : node >= 2 ? 1 : 0), nodes + left, slot)
    }
    this.#addDraft(name, nodes, BRANCH)
    this.#count = below[1] as number
    // No branch is left on the way to this one that could still become a bucket and need the drafts of its children.
    if (plan.planned >= PAIRS_PER_FLUSH) this.#flush()
  }

  /** Plans the subtree of `count` sorted leaves from slot `leaves` on, hanging at `depth`. */
  #hashLeaves(leaves: number, count: number, depth: number, target: number): void {
    if (count === 0) {
      this.#plan.zero(target)
      return
    }
    if (count === 1) {
      this.#plan.copyLater(leaves + 2, target)
      return
    }
    let left = 0
    while (left < count && this.#bit(leaves + LEAF_SLOTS * left, depth) === 0) left += 1
    const pair = this.#plan.allocate(2)
    this.#hashLeaves(leaves, left, depth + 1, pair)
    this.#hashLeaves(leaves + LEAF_SLOTS * left, count - left, depth + 1, pair + 1)
    this.#plan.pair(depth, pair, target)
  }

  /**
   * Old leaves, `count` of them from slot `old` on, and the changes `low` … `high` − 1, merged by path: in a new row, or in
   * the old one if only values change. Their number goes to `#count`. Paths agree before byte `fromByte`.
   */
  #merge(old: number, count: number, low: number, high: number, fromByte: number): number {
    const end = old + LEAF_SLOTS * count
    let hits = 0
    let sets = 0
    for (let i = low, at = old; i < high; i += 1) {
      const change = this.#order[i] as number
      let order = -1
      while (at < end) {
        order = this.#compare(at, change, fromByte)
        if (order >= 0) break
        at += LEAF_SLOTS
      }
      if (order === 0 && at < end) {
        hits += 1
        at += LEAF_SLOTS
      }
      if (this.#deleted.size === 0 || !this.#deleted.has(change)) sets += 1
    }
    this.#count = count - hits + sets
    const inPlace = hits === high - low && sets === hits
    const merged = inPlace ? old : this.#plan.allocate(LEAF_SLOTS * this.#count)
    let to = merged
    let at = old
    for (let i = low; i < high; i += 1) {
      const change = this.#order[i] as number
      let from = at
      let order = -1
      while (at < end) {
        order = this.#compare(at, change, fromByte)
        if (order >= 0) break
        at += LEAF_SLOTS
      }
      if (!inPlace && at > from) this.#plan.copy(from, to, at - from)
      to += at - from
      from = at
      if (order === 0 && at < end) at += LEAF_SLOTS
      if (this.#deleted.size > 0 && this.#deleted.has(change)) continue
      this.#plan.copy(change, to, 2)
      this.#plan.pair(INNER_LEAF_LEVEL, change, change + 2)
      this.#plan.pair(OUTER_LEAF_LEVEL, change + 2, to + 2)
      to += LEAF_SLOTS
    }
    if (!inPlace && end > at) this.#plan.copy(at, to, end - at)
    return merged
  }

  /** Copies a bucket into slots and returns the first leaf. */
  #loadLeaves(page: Uint8Array, count: number): number {
    // One slot more in front takes up the head, so that the page is copied in one piece.
    const first = this.#plan.allocate(1 + LEAF_SLOTS * count) + 1
    this.#plan.bytes.set(page, first * HASH_BYTES - BUCKET_HEAD_BYTES)
    return first
  }

  #bit(leaf: number, depth: number): number {
    return ((this.#plan.bytes[leaf * HASH_BYTES + (depth >> 3)] as number) >> (7 - (depth & 7))) & 1
  }

  #compare(a: number, b: number, fromByte: number): number {
    const bytes = this.#plan.bytes
    for (let i = fromByte; i < HASH_BYTES; i += 1) {
      const difference = (bytes[a * HASH_BYTES + i] as number) - (bytes[b * HASH_BYTES + i] as number)
      if (difference !== 0) return difference
    }
    return 0
  }

  #addDraft(name: PageName, slot: number, leaves: number): number {
    this.#draftSlots.push(slot)
    this.#draftLeaves.push(leaves)
    return this.#draftNames.push(name) - 1
  }

  #clearDrafts(): void {
    this.#draftNames.length = 0
    this.#draftSlots.length = 0
    this.#draftLeaves.length = 0
  }

  /** Hashes what is planned and writes the pages that are finished. */
  #flush(): void {
    this.#plan.run()
    let total = 0
    for (const leaves of this.#draftLeaves) {
      if (leaves !== GONE) total += leaves === BRANCH ? BRANCH_WORDS : bucketBytes(leaves) / 4
    }
    this.#written.beginChunk(total)
    for (let draft = 0; draft < this.#draftNames.length; draft += 1) {
      const name = this.#draftNames[draft] as PageName
      const slot = this.#draftSlots[draft] as number
      const leaves = this.#draftLeaves[draft] as number
      if (leaves === GONE) {
        this.#written.addGone(name)
      } else if (leaves === BRANCH) {
        const { words, at } = this.#written.add(name, BRANCH_WORDS)
        this.#plan.copyOut((slot + 2) * WORDS - HEAD_WORDS, BRANCH_WORDS, words, at)
      } else {
        const { words, at } = this.#written.add(name, bucketBytes(leaves) / 4)
        words[at] = bucketHead(leaves)
        this.#plan.copyOut(slot * WORDS, LEAF_SLOTS * leaves * WORDS, words, at + 1)
      }
    }
    this.#clearDrafts()
  }
}
