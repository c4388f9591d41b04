// What tests of the market do again and again: offers, tenders, data with their trees, receipts, proofs.
import { SSP, type Token } from '@smartshare/chain'
import { type DataProof, DataTreeBuilder, equalBytes, sha256 } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { allAgreements } from './agreements/agreement.ts'
import { inspectedSegments } from './agreements/inspection.ts'
import { type InspectionProof, joinProofs } from './agreements/inspection-proof.ts'
import { agreementById } from './agreements/queries.ts'
import { storageReceiptHash } from './agreements/receipt.ts'
import { allOffers, STORAGE } from './offers/offer.ts'
import { allTenders, type Demand } from './tenders/tender.ts'
import { callOf, type TestAccount, type TestChain } from './testing.ts'

export const GIB = 2 ** 30
const utf8 = new TextEncoder()

/** 16 bytes for a name. */
export const idOf = (name: string): Uint8Array => sha256(utf8.encode(name)).slice(0, 16)

/** Bytes that look random, the same for a name every time. */
export function dataOf(name: string, sizeBytes: number): Uint8Array {
  const data = new Uint8Array(sizeBytes)
  for (let at = 0, block = sha256(utf8.encode(name)); at < sizeBytes; at += block.length, block = sha256(block)) {
    data.set(block.subarray(0, sizeBytes - at), at)
  }
  return data
}

export const postOffer = (
  offer: Partial<{
    token: Token
    priceGrains: bigint
    pledgeGrains: bigint | null
    capacityBytes: number
    collateralGrains: bigint
  }> = {},
) =>
  callOf('offers', 'post', {
    kind: STORAGE,
    region: 'test',
    token: 0,
    priceGrains: 1_000_000n,
    pledgeGrains: null,
    capacityBytes: 10 * GIB,
    peer: 'peer',
    addresses: ['/ip4/127.0.0.1/tcp/21000'],
    collateralGrains: 10n ** 10n,
    ...offer,
  })

export const postTender = (demand: Partial<Demand> = {}) =>
  callOf('tenders', 'post', {
    object: idOf('object'),
    lots: [{ copyId: idOf('copy 0'), sizeBytes: GIB }],
    token: 0,
    maxPriceGrains: 2_000_000n,
    leastPledgeGrains: 0n,
    periods: 10,
    exclude: [],
    memo: new Uint8Array(0),
    ...demand,
  })

/** Makes empty blocks until an offer posted in the last one takes part in matching. */
export function mature(chain: TestChain): void {
  for (let i = 1; i < chain.parameters.offerMaturityBlocks; i++) chain.makeBlock()
}

/** The activation of an agreement: the receipt of `provider` for data of this root. */
export function activation(
  chain: TestChain,
  agreement: number,
  provider: TestAccount,
  { root, sizeBytes }: { root: Uint8Array; sizeBytes: number },
) {
  const signature = provider.keys.sign(storageReceiptHash(chain.chainId, { agreement, root, sizeBytes }))
  const signatures = [{ key: provider.keys.publicKey, signature }]
  return callOf('agreements', 'activate', { agreement, root, sizeBytes, signatures })
}

/** The proof of data that is all in memory. */
export function proofOf(data: Uint8Array, indices: readonly number[]): InspectionProof {
  const tree = new DataTreeBuilder().update(data).finish()
  const proofs = indices.map((index): DataProof => {
    const { offset, length } = tree.blockOf(index)
    return tree.prove(index, data.subarray(offset, offset + length))
  })
  return joinProofs(data.length, proofs)
}

/** The right answer to the inspection of an agreement that is open now. */
export function answer(chain: TestChain, agreement: number, data: Uint8Array) {
  const view = viewOf(chain, agreement)
  const { inspection, seed } = view.nextInspection!
  const indices = inspectedSegments(seed!, agreement, inspection, data.length, view.segments)
  return callOf('agreements', 'prove', { agreement, inspection, ...proofOf(data, indices) })
}

export function viewOf(chain: TestChain, agreement: number) {
  return agreementById(chain.state, agreement, {
    timeMs: chain.head.timeMs,
    activationMs: chain.parameters.activationMs,
  })!
}

/** Grains that all records of the market account for; the pool of agreements must hold exactly these. */
export function recordedGrains(reader: StateReader): bigint {
  let sum = recordedUnits(reader, SSP)
  for (const { freeGrains } of allOffers(reader)) sum += freeGrains
  for (const { collateralGrains } of allAgreements(reader)) sum += collateralGrains
  return sum
}

/** What buyers have locked in a token; the pool of agreements holds exactly this of it, and the collateral in SSP. */
export function recordedUnits(reader: StateReader, token: Token): bigint {
  const isOf = (other: Token) => (token === SSP || other === SSP ? token === other : equalBytes(token, other))
  let sum = 0n
  for (const { demand, lockedGrains } of allTenders(reader)) if (isOf(demand.token)) sum += lockedGrains
  for (const one of allAgreements(reader)) if (isOf(one.token)) sum += one.escrowGrains + one.heldGrains
  return sum
}
