import { SSP, type Token } from '@smartshare/chain'
import type { AgentAgreement, AgentFailure, AgentObject } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { cureOf } from '@smartshare/codec/errors'
import { formatAddress, toHex } from '@smartshare/crypto'
import { EARLY_END_PERIODS } from '@smartshare/runtime'
import type { StorageAgreement, StoredObject } from '@smartshare/storage'

const MAX_MESSAGE_CHARACTERS = 500

/** An error as an answer tells it; what nobody foresaw stays in the log. */
export function failureView(error: unknown): AgentFailure {
  const isKnown = SmartshareError.is(error)
  const code = isKnown ? error.code : 'INTERNAL'
  const message = isKnown ? error.message : 'the agent failed: its log says why'
  return { code, message: message.slice(0, MAX_MESSAGE_CHARACTERS), cure: cureOf(code) }
}

/** `periodMs` as the network has it. */
export function objectView({ object, sizeBytes, metadata, agreements }: StoredObject, periodMs: number): AgentObject {
  const views = agreements.map((one) => agreementView(one, periodMs))
  const active = views.filter(({ state }) => state === 'active')
  const ends = active.flatMap(({ endsMs }) => endsMs ?? [])
  const sum = (read: (one: AgentAgreement) => bigint) => views.reduce((total, one) => total + read(one), 0n)
  return {
    object: toHex(object),
    name: metadata?.name ?? null,
    mediaType: metadata?.mediaType ?? null,
    storedMs: metadata?.storedMs ?? null,
    sizeBytes,
    copies: active.length,
    endsMs: ends.length === 0 ? null : Math.min(...ends),
    token: tokenText(agreements[0]?.token ?? SSP),
    paidGrains: sum((one) => one.paidGrains + one.feeGrains),
    lockedGrains: sum((one) => one.escrowGrains + one.heldGrains),
    expectedGrains: sum((one) => one.expectedGrains),
    agreements: views,
  }
}

function agreementView(view: StorageAgreement, periodMs: number): AgentAgreement {
  const { nextInspection: next, periods, periodGrains, escrowGrains, heldGrains } = view
  const startMs = next === null ? null : next.fromMs - next.inspection * periodMs
  return {
    agreement: view.agreement,
    state: view.state,
    provider: formatAddress(view.provider),
    offer: view.offer,
    sizeBytes: view.sizeBytes,
    token: tokenText(view.token),
    ...{ periodGrains, periods, escrowGrains, heldGrains },
    passed: view.readings,
    missed: view.missed,
    nextInspection: next && { inspection: next.inspection, fromMs: next.fromMs, untilMs: next.untilMs },
    startMs,
    endsMs: startMs === null ? null : startMs + periods * periodMs,
    collateralGrains: view.collateralGrains,
    paidGrains: view.paidGrains,
    feeGrains: view.feeGrains,
    expectedGrains: view.expectedGrains,
    ending: endingOf(view),
  }
}

/** docs/spec/storage-agreements.md, "Who pays whom when": `end` and `cancel`. */
function endingOf({ state, nextInspection, periods, periodGrains, escrowGrains, heldGrains }: StorageAgreement) {
  if (state === 'matched') return { costGrains: 0n, returnedGrains: escrowGrains }
  if (state !== 'active' || nextInspection === null) return null
  const left = BigInt(Math.max(0, periods - nextInspection.inspection))
  const penalty = (left < EARLY_END_PERIODS ? left : EARLY_END_PERIODS) * periodGrains
  return { costGrains: heldGrains + penalty, returnedGrains: escrowGrains - penalty }
}

function tokenText(token: Token): string {
  return token === SSP ? 'SSP' : formatAddress(token)
}
