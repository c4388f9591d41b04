import { ADDRESS_BYTES, tokenSchema } from '@smartshare/chain'
import { amount, fixedBytes, record, uint } from '@smartshare/codec'
import { equalBytes, mulDiv } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import { vacate } from '../offers/offer.ts'
import { releaseToken } from '../tokens/coins.ts'
import { pools, release } from '../tokens/tokens.ts'
import { AGREEMENTS, type Agreement, BREACHED, CANCELLED, closeAgreement, ENDED, saveAgreement } from './agreement.ts'
import { isBroken, isOver } from './inspection.ts'

const THOUSAND = 1000n
/** The protocol's part of what a provider is paid, in thousandths; all of it goes to the mining pool for now. */
const FEE_THOUSANDTHS = 30n
/** Part of a period's price that is paid only at the end. */
const HELD_THOUSANDTHS = 100n
/** Repair costs the price of this many periods. */
const REPAIR_PERIODS = 2n
/** Price of ending early, in periods. */
export const EARLY_END_PERIODS = 7n
/** Part of the collateral for who makes a breach visible. */
const BOUNTY_THOUSANDTHS = 10n

const least = (a: bigint, b: bigint) => (a < b ? a : b)
const part = (grains: bigint, thousandths: bigint) => mulDiv(grains, thousandths, THOUSAND)

/** What becomes of the collateral where nobody failed: nothing is taken of it. */
const NO_BREACH = { compensationGrains: 0n, bountyGrains: 0n, forfeitGrains: 0n }

/** An inspection was passed and its period paid (the one at the end of the term pays none by itself). */
const passedEvent = {
  target: AGREEMENTS,
  name: 'passed',
  schema: record({
    agreement: uint(),
    inspection: uint(),
    provider: fixedBytes(ADDRESS_BYTES),
    token: tokenSchema,
    paidGrains: amount,
    feeGrains: amount,
    heldGrains: amount,
  }),
} satisfies EventKind<unknown>

export const settlementEvents = [passedEvent]

/** Pays the provider out of the pool, less the fee, in the token of the agreement. */
function pay(
  host: Host,
  { token, provider }: Agreement,
  grossGrains: bigint,
): { paidGrains: bigint; feeGrains: bigint } {
  const feeGrains = part(grossGrains, FEE_THOUSANDTHS)
  const paidGrains = grossGrains - feeGrains
  releaseToken(host, token, pools.agreements, provider, paidGrains)
  releaseToken(host, token, pools.agreements, pools.mining, feeGrains)
  return { paidGrains, feeGrains }
}

function withPay(agreement: Agreement, paid: { paidGrains: bigint; feeGrains: bigint }): Agreement {
  return {
    ...agreement,
    paidGrains: agreement.paidGrains + paid.paidGrains,
    feeGrains: agreement.feeGrains + paid.feeGrains,
  }
}

/** A right answer to the next inspection: its period is paid, a part of it held back; the last one ends the agreement. */
export function pass(host: Host, id: number, agreement: Agreement): void {
  const inspection = agreement.next
  const passed = { ...agreement, next: inspection + 1, passed: agreement.passed + 1 }
  const { token, provider } = agreement
  const about = { agreement: id, inspection, provider, token }
  if (inspection === agreement.periods) {
    host.emit(passedEvent, { ...about, paidGrains: 0n, feeGrains: 0n, heldGrains: 0n })
    end(host, id, passed, agreement.heldGrains, 0n)
    return
  }
  const price = agreement.periodGrains
  const heldGrains = part(price, HELD_THOUSANDTHS)
  const paid = pay(host, agreement, price - heldGrains)
  host.emit(passedEvent, { ...about, ...paid, heldGrains })
  saveAgreement(host, id, {
    ...withPay(passed, paid),
    escrowGrains: agreement.escrowGrains - price,
    heldGrains: agreement.heldGrains + heldGrains,
  })
}

/**
 * Draws the consequence of what time has brought: a breach after too many misses, the end after the last inspection.
 * Returns whether the agreement is closed by it. `watcher` is who makes it visible, for the bounty.
 */
export function concludeIfDue(host: Host, id: number, accrued: Agreement, watcher: Uint8Array | null): boolean {
  if (isBroken(accrued)) breach(host, id, accrued, watcher)
  else if (isOver(accrued)) end(host, id, accrued, 0n, accrued.heldGrains)
  else return false
  return true
}

/**
 * The provider failed: unused escrow and, out of the collateral, the cost of repair go to the buyer, a bounty to the watcher
 * (unless it is the provider), all else to the mining pool: nobody gains more by a breach than was lost.
 */
export function breach(host: Host, id: number, agreement: Agreement, watcher: Uint8Array | null): void {
  const { provider, buyer, token, collateralGrains, escrowGrains, heldGrains, pledgeGrains } = agreement
  const compensationGrains = least(REPAIR_PERIODS * pledgeGrains, collateralGrains)
  const rest = collateralGrains - compensationGrains
  const isRewarded = watcher !== null && !equalBytes(watcher, provider)
  const bountyGrains = isRewarded ? least(part(collateralGrains, BOUNTY_THOUSANDTHS), rest) : 0n
  const forfeitGrains = rest - bountyGrains
  releaseToken(host, token, pools.agreements, buyer, escrowGrains)
  releaseToken(host, token, pools.agreements, pools.mining, heldGrains)
  release(host, pools.agreements, buyer, compensationGrains)
  if (watcher !== null) release(host, pools.agreements, watcher, bountyGrains)
  release(host, pools.agreements, pools.mining, forfeitGrains)
  vacate(host, agreement.offer, agreement, 0n)
  closeAgreement(host, id, agreement, BREACHED, {
    refundGrains: escrowGrains,
    providerGrains: 0n,
    poolGrains: heldGrains,
    compensationGrains,
    bountyGrains,
    forfeitGrains,
  })
}

/**
 * The buyer ends an active agreement before its term: the provider gets what was held back and the price of some of the
 * periods that are left; missed periods stay unpaid.
 */
export function endEarly(host: Host, id: number, agreement: Agreement): void {
  const { periods, next, periodGrains, escrowGrains, heldGrains } = agreement
  const penalty = least(EARLY_END_PERIODS, BigInt(periods - next)) * periodGrains
  end(host, id, { ...agreement, escrowGrains: escrowGrains - penalty }, heldGrains + penalty, 0n)
}

/**
 * The agreement is over: what the provider earned goes to it, less the fee; what it forfeits (held back, but the last
 * inspection was missed) to the mining pool; the price of unpaid periods to the buyer, the collateral to the offer.
 */
function end(host: Host, id: number, agreement: Agreement, earnedGrains: bigint, forfeitedGrains: bigint): void {
  const { buyer, token, escrowGrains, collateralGrains } = agreement
  const paid = pay(host, agreement, earnedGrains)
  releaseToken(host, token, pools.agreements, pools.mining, forfeitedGrains)
  releaseToken(host, token, pools.agreements, buyer, escrowGrains)
  vacate(host, agreement.offer, agreement, collateralGrains)
  closeAgreement(host, id, withPay(agreement, paid), ENDED, {
    ...NO_BREACH,
    refundGrains: escrowGrains,
    providerGrains: paid.paidGrains,
    poolGrains: paid.feeGrains + forfeitedGrains,
  })
}

/** The agreement never became active: everything goes back. */
export function cancel(host: Host, id: number, agreement: Agreement): void {
  releaseToken(host, agreement.token, pools.agreements, agreement.buyer, agreement.escrowGrains)
  vacate(host, agreement.offer, agreement, agreement.collateralGrains)
  closeAgreement(host, id, agreement, CANCELLED, {
    ...NO_BREACH,
    refundGrains: agreement.escrowGrains,
    providerGrains: 0n,
    poolGrains: 0n,
  })
}
