import { SSP, type Token } from '@smartshare/chain'
import { fromHex, parseAddress } from '@smartshare/crypto'
import { z } from 'zod'

// Answers about the market in the types of core/runtime, so that whoever computes with them needs no second set of types.

const id = z.int().min(0)
const integer = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/)
  .transform(BigInt)
const bytes = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform(fromHex)
const address = z.string().length(62).transform(parseAddress)
const token = z.string().transform((text): Token => (text === 'SSP' ? SSP : parseAddress(text)))

export const offerAnswer = z.object({
  offer: id,
  kind: z.literal('storage'),
  state: z.enum(['maturing', 'listed', 'full', 'withdrawn']),
  provider: address,
  token,
  priceGrains: integer,
  pledgeGrains: integer,
  capacityBytes: z.int(),
  usedBytes: z.int(),
  agreements: z.int(),
  sinceHeight: z.int(),
  freeGrains: integer,
  lockedGrains: integer,
  change: z
    .object({
      priceGrains: integer.nullable(),
      pledgeGrains: integer.nullable(),
      capacityBytes: z.int().nullable(),
      takeGrains: integer,
      close: z.boolean(),
    })
    .nullable(),
  region: z.string(),
  peer: z.string(),
  addresses: z.array(z.string()),
})

export const tenderAnswer = z.object({
  tender: id,
  buyer: address,
  object: bytes,
  lots: z.array(z.object({ copyId: bytes, sizeBytes: z.int() })),
  token,
  maxPriceGrains: integer,
  leastPledgeGrains: integer,
  periods: z.int(),
  memo: bytes,
  state: z.enum(['waiting', 'matched']),
  lockedGrains: integer,
  agreements: z.array(id.nullable()),
})

export const agreementAnswer = z.object({
  agreement: id,
  kind: z.literal('storage'),
  state: z.enum(['matched', 'active', 'ended', 'breached', 'cancelled']),
  settled: z.boolean(),
  tender: id,
  lot: z.int(),
  buyer: address,
  provider: address,
  offer: id,
  object: bytes,
  copyId: bytes,
  sizeBytes: z.int(),
  token,
  periodGrains: integer,
  pledgeGrains: integer,
  periods: z.int(),
  segments: z.int(),
  root: bytes.nullable(),
  passed: z.int(),
  missed: z.int(),
  readings: z.int(),
  escrowGrains: integer,
  heldGrains: integer,
  collateralGrains: integer,
  paidGrains: integer,
  feeGrains: integer,
  expectedGrains: integer,
  nextInspection: z
    .object({ inspection: z.int(), fromMs: z.int(), untilMs: z.int(), seed: bytes.nullable() })
    .nullable(),
  activateUntilMs: z.int().nullable(),
})

const page = { next: z.string().nullable(), height: z.int() }
export const offersAnswer = z.object({ items: z.array(offerAnswer), ...page })
export const agreementsAnswer = z.object({ items: z.array(agreementAnswer), ...page })
export const serviceTimeAnswer = z.object({ serviceMs: z.int(), height: z.int() })
