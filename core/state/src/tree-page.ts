import { SmartshareError } from '@smartshare/codec'
import { HASH_BYTES } from '@smartshare/crypto'

// How the tree lies in pages. A page is named by where its subtree hangs: 1 for the root, then one octal digit for
// each three levels. A subtree with at most 16 keys is one *bucket*: its leaves, sorted by path. A larger one is a
// *branch*: the hashes of its upper three levels, and eight pages below. So the pages depend on the keys alone, never on
// the order of their writing, and a page sorts beside its parent on disk.

/** Levels of the tree in one branch page. */
export const PAGE_LEVELS = 3
/** Pages below a branch. */
export const FANOUT = 8
/** A subtree with more keys than this is a branch. */
export const MOST_BUCKET_LEAVES = 16
/** Sixteen keys never share so many bits of SHA-256; deeper means a bug or a broken hash. */
export const MOST_PAGE_DEPTH = 240

/**
 * Name of a page: the octal number 1ddd… with a digit for each three levels; far down, where numbers are no longer exact,
 * the same digits as a string. Numbers are what maps look up fastest.
 */
export type PageName = number | string

/** Name of the page at the root. */
export const ROOT_PAGE: PageName = 1

/** Names from here on have their children named by strings. */
const MOST_PARENT_NUMBER = 2 ** 48

const BUCKET = 1
const BRANCH = 2
const HEAD_BYTES = 4
/** A leaf in a bucket: path, hash of the value, hash of the leaf. */
export const LEAF_BYTES = 3 * HASH_BYTES
/** Kind and number of leaves. */
export const BUCKET_HEAD_BYTES = HEAD_BYTES
/** A branch: how many keys are in each of the eight pages below, 32 bits each, in the byte order of the machine. */
export const BRANCH_HEAD_BYTES = HEAD_BYTES + 4 * FANOUT
/** Then the hashes of the nodes 2 … 15, numbered like a heap: 1 is the page's own root, i has the children 2i, 2i + 1. */
const BRANCH_HASHES = 2 * FANOUT - 2
export const BRANCH_BYTES = BRANCH_HEAD_BYTES + BRANCH_HASHES * HASH_BYTES
export const BRANCH_WORDS = BRANCH_BYTES / 4

export function childName(name: PageName, digit: number): PageName {
  if (typeof name === 'string') return name + digit
  return name < MOST_PARENT_NUMBER ? name * FANOUT + digit : name.toString(FANOUT) + digit
}

/** The name in octal digits: ASCII, at most 86 of them. A page sorts right before those below it. */
export function pageText(name: PageName): string {
  return typeof name === 'string' ? name : name.toString(FANOUT)
}

export function bucketBytes(leaves: number): number {
  return BUCKET_HEAD_BYTES + leaves * LEAF_BYTES
}

/** Bytes of the page that begins at `at`. */
export function pageBytes(memory: Uint8Array, at: number): number {
  return memory[at] === BRANCH ? BRANCH_BYTES : bucketBytes(memory[at + 1] as number)
}

export function isBranch(page: Uint8Array): boolean {
  return page[0] === BRANCH
}

/** Leaves in a bucket. Throws `STATE_TREE_PAGE` if the page is not one. */
export function leavesIn(page: Uint8Array): number {
  const count = page[1] as number
  if (page[0] !== BUCKET || count < 1 || count > MOST_BUCKET_LEAVES || page.length !== bucketBytes(count)) damaged(page)
  return count
}

/** Keys in each of the eight pages below a branch. */
export function countsBelow(page: Uint8Array): number[] {
  const view = new Uint32Array(page.slice(HEAD_BYTES, BRANCH_HEAD_BYTES).buffer)
  return Array.from(view)
}

/** Throws `STATE_TREE_PAGE` unless the page has the form of a branch. */
export function checkBranch(page: Uint8Array): void {
  if (page[0] !== BRANCH || page.length !== BRANCH_BYTES) damaged(page)
}

const headBytes = new Uint8Array(HEAD_BYTES)
const headWord = new Int32Array(headBytes.buffer)

/** The head of a bucket, as a word of the machine. */
export function bucketHead(leaves: number): number {
  headBytes[0] = BUCKET
  headBytes[1] = leaves
  return headWord[0] as number
}

/** True if a page that begins with this word is a branch. */
export function isBranchHead(word: number): boolean {
  headWord[0] = word
  return headBytes[0] === BRANCH
}

export function writeBranchHead(target: Uint8Array, at: number): void {
  target[at] = BRANCH
  target.fill(0, at + 1, at + HEAD_BYTES)
}

/** The octal digit of a path at `depth` (a multiple of three), where `at` is the path's first byte. */
export function digitAt(paths: Uint8Array, at: number, depth: number): number {
  const byte = at + (depth >> 3)
  return ((((paths[byte] as number) << 8) | (paths[byte + 1] as number)) >> (13 - (depth & 7))) & 7
}

function damaged(page: Uint8Array): never {
  throw new SmartshareError('STATE_TREE_PAGE', 'A page of the state tree is damaged', {
    kind: page[0] ?? -1,
    sizeBytes: page.length,
  })
}
