import { SmartshareError } from '@smartshare/codec'
import { type DataProof, SEGMENT_BYTES } from '@smartshare/crypto'
import { type AgreementView, type InspectionProof, joinProofs } from '@smartshare/runtime'
import type { LotStore } from '@smartshare/storage'
import type { Log } from './log.ts'

/** With less chance than this to pass an inspection, a damaged lot is given up at once. */
const LEAST_CHANCE = 0.5
const HASH_BYTES = 32

/** Opens segments of a lot from the disk; each reads one block of 64 KiB. Damage is looked into, see `answerDamaged`. */
export async function proveLot(
  store: LotStore,
  log: Log,
  view: AgreementView,
  segments: readonly number[],
  onDamage: () => void,
): Promise<InspectionProof> {
  try {
    return joinProofs(view.sizeBytes, await store.prove(view.agreement, segments))
  } catch (error) {
    // What cannot be read may come back (a disk that is not mounted yet): that is tried again, or missed.
    if (!SmartshareError.is(error, 'DATA_DAMAGED') && !SmartshareError.is(error, 'STORAGE_DAMAGED')) throw error
    onDamage()
    return answerDamaged(store, log, view, segments, error)
  }
}

/**
 * The disk holds other bytes than the receipt says, and wrong bytes stay wrong. Where there is no fair chance to pass, the
 * provider says so by an empty answer: it loses no more than by silence, and the buyer can repair three periods earlier.
 * Throws `cause` while luck may still help.
 */
async function answerDamaged(
  store: LotStore,
  log: Log,
  { agreement, sizeBytes }: AgreementView,
  segments: readonly number[],
  cause: unknown,
): Promise<InspectionProof> {
  const { blocks, damagedBlocks } = await store.scrub(agreement)
  log.error({ agreement, blocks, damagedBlocks, err: cause }, 'a lot is damaged')
  if (damagedBlocks === 0) return joinProofs(sizeBytes, await store.prove(agreement, segments))
  const chance = (1 - damagedBlocks / blocks) ** segments.length
  if (chance >= LEAST_CHANCE) throw cause
  log.error({ agreement, chance }, 'the lot is beyond saving: its breach is admitted')
  return emptyAnswer(sizeBytes, segments)
}

/** An answer of the right form that proves nothing. */
function emptyAnswer(sizeBytes: number, segments: readonly number[]): InspectionProof {
  const depth = Math.ceil(Math.log2(Math.max(1, Math.ceil(sizeBytes / SEGMENT_BYTES))))
  const proofs = segments.map(
    (segmentIndex): DataProof => ({
      segmentIndex,
      segment: new Uint8Array(SEGMENT_BYTES),
      siblings: Array.from({ length: depth }, () => new Uint8Array(HASH_BYTES)),
    }),
  )
  return joinProofs(sizeBytes, proofs)
}
