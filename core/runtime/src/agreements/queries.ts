import type { Token } from '@smartshare/chain'
import { concatBytes } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { seedAfter, serviceTime, timeOfService } from '../beacon/beacon.ts'
import { type Page, type PageOptions, pageOf } from '../offers/page.ts'
import { getTender, type Tender } from '../tenders/tender.ts'
import {
  ACTIVE,
  type Agreement,
  BREACHED,
  CANCELLED,
  ENDED,
  getAgreement,
  idsOfBuyer,
  idsOfProvider,
  MATCHED,
} from './agreement.ts'
import { accrue, inspectionStart, isBroken, isOver } from './inspection.ts'

export const MAX_AGREEMENTS_PER_PAGE = 200

export type AgreementState = 'matched' | 'active' | 'ended' | 'breached' | 'cancelled'

const STATES: Readonly<Record<number, AgreementState>> = {
  [MATCHED]: 'matched',
  [ACTIVE]: 'active',
  [ENDED]: 'ended',
  [BREACHED]: 'breached',
  [CANCELLED]: 'cancelled',
}

/** An inspection that is open or comes next. Times are wall-clock ms, as far as the chain does not stall before them. */
export interface NextInspection {
  readonly inspection: number
  /** Opens; may be answered from the first block after it that fixes the seed. */
  readonly fromMs: number
  /** Closes: an answer must be in a block before it. */
  readonly untilMs: number
  /** Null until it is fixed. */
  readonly seed: Uint8Array | null
}

/** An agreement as it stands at a time, with what has come true by then though nobody settled it. */
export interface AgreementView
  extends Pick<
    Agreement,
    | 'tender'
    | 'lot'
    | 'buyer'
    | 'provider'
    | 'offer'
    | 'object'
    | 'copyId'
    | 'sizeBytes'
    | 'token'
    | 'periodGrains'
    | 'pledgeGrains'
    | 'periods'
    | 'segments'
    | 'root'
    | 'passed'
    | 'missed'
    | 'escrowGrains'
    | 'heldGrains'
    | 'collateralGrains'
    | 'paidGrains'
    | 'feeGrains'
  > {
  readonly agreement: number
  readonly kind: 'storage'
  /** With what time has brought: `breached` or `ended` also if it is not settled yet. */
  readonly state: AgreementState
  /** False if `settle` would change the record. */
  readonly settled: boolean
  /** Inspections that were passed. */
  readonly readings: number
  /** What the buyer pays if the provider passes all that is to come: paid, fee, held back and the periods left. */
  readonly expectedGrains: bigint
  /** Only of active agreements. */
  readonly nextInspection: NextInspection | null
  /** When anybody may cancel; only of matched ones. Wall-clock ms. */
  readonly activateUntilMs: number | null
}

/** When a list of agreements is looked at: wall-clock ms, and the network's parameter. */
export interface ViewTime {
  readonly timeMs: number
  readonly activationMs: number
}

/**
 * An agreement at a wall-clock time (ms): that of the last block, or the present one. Undefined when it never was or is
 * forgotten.
 */
export function agreementById(reader: StateReader, id: number, at: ViewTime): AgreementView | undefined {
  const stored = getAgreement(reader, id)
  if (stored === undefined) return undefined
  const clockMs = serviceTime(reader, at.timeMs)
  const accrued = stored.state === ACTIVE ? accrue(stored, clockMs) : stored
  const { state: _state, periodMs: _period, windowMs: _window, matchedMs, startMs: _start, next, ...rest } = accrued
  const state = derivedState(accrued)
  const periodsLeft = state === ACTIVE || state === MATCHED ? Math.max(0, accrued.periods - next) : 0
  return {
    ...rest,
    agreement: id,
    kind: 'storage',
    state: STATES[state]!,
    settled: accrued === stored,
    readings: accrued.passed,
    expectedGrains:
      accrued.paidGrains + accrued.feeGrains + accrued.heldGrains + accrued.periodGrains * BigInt(periodsLeft),
    nextInspection: state === ACTIVE ? nextInspection(reader, accrued) : null,
    activateUntilMs: state === MATCHED ? timeOfService(reader, matchedMs + at.activationMs) : null,
  }
}

function derivedState(agreement: Agreement): number {
  if (agreement.state !== ACTIVE) return agreement.state
  if (isBroken(agreement)) return BREACHED
  return isOver(agreement) ? ENDED : ACTIVE
}

function nextInspection(reader: StateReader, agreement: Agreement): NextInspection {
  const from = inspectionStart(agreement, agreement.next)
  return {
    inspection: agreement.next,
    fromMs: timeOfService(reader, from),
    untilMs: timeOfService(reader, from + agreement.windowMs),
    seed: seedAfter(reader, from) ?? null,
  }
}

/** A buyer's agreements, by object; with `object` those of one object. Throws QUERY_CURSOR. */
export function agreementsOfBuyer(
  reader: StateReader,
  buyer: Uint8Array,
  at: ViewTime,
  options: PageOptions & { object?: Uint8Array } = {},
): Page<AgreementView> {
  const { object } = options
  const prefix = object === undefined ? buyer : concatBytes(buyer, object)
  const read = (bounded: { limit: number; after?: Uint8Array }) => idsOfBuyer(reader, prefix, bounded)
  return pageOf(prefix, options, MAX_AGREEMENTS_PER_PAGE, read, (id) => agreementById(reader, id, at)!)
}

/** A provider's agreements, oldest first. Throws QUERY_CURSOR. */
export function agreementsOfProvider(
  reader: StateReader,
  provider: Uint8Array,
  at: ViewTime,
  options: PageOptions = {},
): Page<AgreementView> {
  const read = (bounded: { limit: number; after?: Uint8Array }) => idsOfProvider(reader, provider, bounded)
  return pageOf(provider, options, MAX_AGREEMENTS_PER_PAGE, read, (id) => agreementById(reader, id, at)!)
}

/** What a buyer asked for, with its sealed memo and what became of it. */
export interface TenderView {
  readonly tender: number
  readonly buyer: Uint8Array
  readonly object: Uint8Array
  readonly lots: Tender['demand']['lots']
  readonly token: Token
  readonly maxPriceGrains: bigint
  readonly leastPledgeGrains: bigint
  readonly periods: number
  readonly memo: Uint8Array
  readonly state: 'waiting' | 'matched'
  readonly lockedGrains: bigint
  /** The agreement of each lot, null where no offer was found; empty while it waits. */
  readonly agreements: (number | null)[]
}

/** A tender by its id; undefined if it never was, if it found no offer, or if its agreements are forgotten. */
export function tenderById(reader: Pick<StateReader, 'get'>, id: number): TenderView | undefined {
  const tender = getTender(reader, id)
  if (tender === undefined) return undefined
  const { buyer, demand, lockedGrains, agreements } = tender
  const { object, lots, token, maxPriceGrains, leastPledgeGrains, periods, memo } = demand
  const state = agreements === null ? 'waiting' : 'matched'
  return {
    tender: id,
    buyer,
    object,
    lots,
    token,
    maxPriceGrains,
    leastPledgeGrains,
    periods,
    memo,
    state,
    lockedGrains,
    agreements: agreements ?? [],
  }
}
