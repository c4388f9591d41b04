import { type Block, type Certificate, FINAL, headerHash } from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import { acceptCertificate, keepFinalCertificate } from './certificates.ts'
import { highestFloor } from './compact.ts'
import type { LogRecord, StartEvent } from './events.ts'
import { restoreFinal } from './finality.ts'
import { log } from './outbox.ts'
import { addCandidate } from './proposals.ts'
import { restoreVotes } from './register.ts'
import { enterSlot } from './slots.ts'
import { type Instance, type State, slotOf } from './state.ts'
import { beginTerm } from './terms.ts'
import { insert } from './tree.ts'

/** Takes up where the log ends. What the log holds was verified before it was written. */
export function recover(state: State, event: StartEvent): void {
  state.executedHeight = event.executedHeight
  state.oldVotes = recordsOf(event.records, 'vote').map(({ vote }) => vote)
  const instance = beginTerm(state, event.term)
  restoreFloor(state, event)
  const blocks = recordsOf(event.records, 'block').map(({ block }) => block)
  restoreFinals(state, instance, event, blocks)
  for (const block of blocks) restoreBlock(state, instance, block)
  for (const { certificate } of recordsOf(event.records, 'certificate')) {
    restoreCertificate(state, instance, certificate)
  }
  // They are in the log, and others have them.
  instance.news = []
  restoreVotes(state, instance)
  enterSlot(state, instance, Math.max(instance.certifiedSlot, instance.finalSlot) + 1)
  restoreProposal(state, instance, blocks)
  // Before the crash it may have signed what nobody received: it says it at once.
  instance.rebroadcastAtMs = state.nowMs
}

function recordsOf<T extends LogRecord['type']>(records: readonly LogRecord[], type: T) {
  return records.filter((record): record is Extract<LogRecord, { type: T }> => record.type === type)
}

/** The highest floor of the log; a lost log is a floor above every term that may have begun before now. */
function restoreFloor(state: State, event: StartEvent): void {
  const known = highestFloor(event.records)
  if (known !== null) state.floor = { term: known.term, slot: known.slot, silentUntilMs: known.silentUntilMs }
  if (event.voteLogIntact) return
  // A term whose base is later than this began after the loss, however far the clocks of delegates drift apart.
  state.floor.silentUntilMs = state.nowMs + state.config.driftMs + 1
  log(state, { type: 'floor', ...state.floor })
}

function restoreFinals(state: State, instance: Instance, event: StartEvent, blocks: readonly Block[]): void {
  const certificates = new Map<string, Certificate>()
  for (const { certificate } of recordsOf(event.records, 'certificate')) {
    if (certificate.kind === FINAL) certificates.set(toHex(certificate.value), certificate)
  }
  const last = event.finals.at(-1)
  if (last === undefined) return
  // Only the last one's named root matters: a child may name it again.
  const lastHash = headerHash(last)
  const named = blocks.find(({ header }) => equalBytes(headerHash(header), lastHash))?.rootCertificate ?? null
  let parent = instance.tip
  for (const header of event.finals) {
    const body = { rootCertificate: named, transactions: [], quarantines: [] }
    const block: Block = { header, proposal: new Uint8Array(0), ...body }
    const entry = insert(state, instance, block, header === last ? lastHash : headerHash(header), true)
    instance.children.clear()
    entry.parent = parent
    const own = certificates.get(entry.key)
    if (own !== undefined) keepFinalCertificate(state, entry.height, own)
    restoreFinal(instance, entry, own)
    parent = entry
  }
  instance.entries.clear()
  instance.entries.set(instance.tip.key, instance.tip)
}

function restoreBlock(state: State, instance: Instance, block: Block): void {
  const { term, height } = block.header
  const hash = headerHash(block.header)
  if (term !== instance.term || height <= instance.tip.height || instance.entries.has(toHex(hash))) return
  insert(state, instance, block, hash, true)
}

function restoreCertificate(state: State, instance: Instance, certificate: Certificate): void {
  if (certificate.term !== instance.term || certificate.slot <= instance.finalSlot) return
  acceptCertificate(state, instance, certificate, false)
}

/** The own block of the current slot goes out again instead of another. */
function restoreProposal(state: State, instance: Instance, blocks: readonly Block[]): void {
  const slot = slotOf(instance, instance.slot)
  const { propose } = slot.own
  if (propose === null) return
  const block = blocks.find(({ header }) => equalBytes(headerHash(header), propose))
  if (block === undefined) return
  const { leader, slot: first } = block.header
  const phase = block.header.rootHeight <= state.executedHeight ? 'valid' : 'checked'
  const again = first !== instance.slot
  const candidate = { key: toHex(propose), hash: propose, leader: again ? instance.seat! : leader, again, peer: null }
  addCandidate(slot, candidate, again ? 'waiting' : phase)
}
