import {
  bitmapOf,
  encodeCertificate,
  encodeHeader,
  FINAL,
  type Header,
  headerHash,
  quorum,
  statementHash,
} from '@smartshare/chain'
import { encode, u64 } from '@smartshare/codec'
import { bls, sha256 } from '@smartshare/crypto'
import { encodeEntryProof, firstState, verifyEntry } from '@smartshare/light'
import { balanceKey } from '@smartshare/runtime'
import { encodeProof, type PageName, StateTree } from '@smartshare/state'
import { beside, type Report } from './report.ts'

const SEATS = 99
const ACCOUNTS = 1_000_000
const ACCOUNTS_AT_ONCE = 50_000
const PROOFS = 200
const WARM_UP_PROOFS = 20
/** A proof must fit into this, bytes. */
const MOST_BYTES = 2048
const NOW_MS = 1_790_000_000_000

/**
 * Proofs of balances among a million accounts, certified by 67 of 99 delegates: how long they are, and how long a light
 * client takes to check one. Beside it: the check of the certificate's signature alone.
 */
export async function benchLight(report: Report): Promise<void> {
  const chainId = digest('chain')
  const secrets = Array.from({ length: SEATS }, (_, seat) => bls.secretFromSeed(digest(`delegate ${seat}`)))
  const members = secrets.map((secret, seat) => ({ address: digest(`seat ${seat}`), key: bls.publicKey(secret) }))
  const tree = treeOfAccounts()
  const header = headerOver(chainId, tree.root)
  const value = headerHash(header)
  const { term, slot } = header
  const seats = members.map((_, seat) => seat).slice(0, quorum(SEATS))
  const message = statementHash({ chainId, term, slot, kind: FINAL, value })
  const signature = bls.aggregate(seats.map((seat) => bls.sign(secrets[seat] as Uint8Array, message)))
  const certificate = { term, slot, kind: FINAL as typeof FINAL, value, bitmap: bitmapOf(seats, SEATS), signature }
  const certified = { header: encodeHeader(header), certificate: encodeCertificate(certificate) }
  const state = firstState(chainId, { term: 0, members }, NOW_MS)
  const keys = seats.map((seat) => (members[seat] as { key: Uint8Array }).key)

  const sizes: number[] = []
  const took: number[] = []
  const signatures: number[] = []
  for (let i = 0; i < WARM_UP_PROOFS + PROOFS; i++) {
    const account = (i * 4_999) % ACCOUNTS
    const key = balanceKey(addressOf(account))
    const proof = encodeEntryProof({ ...certified, value: grainsOf(account), path: encodeProof(tree.prove(key)) })
    const startMs = performance.now()
    verifyEntry(state, proof, key, { nowMs: NOW_MS })
    const checkedMs = performance.now()
    if (!bls.verifyAggregate(keys, message, signature)) throw new Error('the certificate does not hold')
    if (i < WARM_UP_PROOFS) continue
    sizes.push(proof.length)
    took.push(checkedMs - startMs)
    signatures.push(performance.now() - checkedMs)
  }
  const bytes = { bench: 'light', unit: 'bytes' }
  report(beside({ ...bytes, metric: 'proof_bytes', value: median(sizes) }, 'the bound', MOST_BYTES))
  report({ ...bytes, metric: 'proof_bytes_most', value: Math.max(...sizes) })
  const figure = { bench: 'light', metric: 'verify_ms', unit: 'ms', value: median(took) }
  report(beside(figure, 'the signature of 67 delegates alone', median(signatures)))
}

function treeOfAccounts(): StateTree {
  const pages = new Map<PageName, Uint8Array>()
  const tree = new StateTree({ get: (name) => pages.get(name) })
  for (let first = 0; first < ACCOUNTS; first += ACCOUNTS_AT_ONCE) {
    const changes = Array.from({ length: ACCOUNTS_AT_ONCE }, (_, i) => ({
      key: balanceKey(addressOf(first + i)),
      value: grainsOf(first + i),
    }))
    for (const { name, bytes } of tree.applyChanges(changes).pages) {
      if (bytes === null) pages.delete(name)
      else pages.set(name, Uint8Array.from(bytes))
    }
    tree.committed(tree.height)
  }
  return tree
}

function headerOver(chainId: Uint8Array, stateRoot: Uint8Array): Header {
  const some = digest('some')
  return {
    ...{ version: 1, chainId, term: 0, slot: 40_001, height: 40_000, parent: some, timeMs: NOW_MS, leader: 7 },
    ...{ reveal: new Uint8Array(96), accumulator: some, rootHeight: 39_998, stateRoot, rangeRoot: some },
    ...{ certificateHash: some, transactionsRoot: some, transactionCount: 4_000, gas: 40_000_000, basePrice: 10n },
    ...{ mode: 0, nextSet: null },
  }
}

const digest = (name: string) => sha256(new TextEncoder().encode(name))
const addressOf = (account: number) => digest(`account ${account}`)
const grainsOf = (account: number) => encode(u64, 10n ** 12n + BigInt(account))

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}
