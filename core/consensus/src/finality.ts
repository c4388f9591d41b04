import type { Certificate } from '@smartshare/chain'
import { keepFinalCertificate } from './certificates.ts'
import { stricter } from './compact.ts'
import { EVIDENCE_SLOTS } from './config.ts'
import { emitDurable, log } from './outbox.ts'
import { type Entry, type Instance, isTerminal, type State } from './state.ts'
import { pathTo, prune } from './tree.ts'

/**
 * Makes the highest block final that has a Final certificate and all its ancestors. True if there was one.
 * One that does not stand on the last final block is never final: the certificates of the slots between convict who signed.
 */
export function finalize(state: State, instance: Instance): boolean {
  let best: { entry: Entry; certificate: Certificate } | null = null
  for (const [key, certificate] of instance.finals) {
    const entry = instance.entries.get(key)
    if (entry === instance.tip && isTerminal(instance, entry)) instance.over = { terminal: certificate, entry }
    if (entry?.connected !== true || entry.height <= (best?.entry.height ?? instance.tip.height)) continue
    best = { entry, certificate }
  }
  if (best === null) return false
  makeFinal(state, instance, best.entry, best.certificate)
  return true
}

function makeFinal(state: State, instance: Instance, tip: Entry, certificate: Certificate): void {
  const path = pathTo(instance, tip)
  if (path === null) {
    instance.finals.delete(tip.key)
    return
  }
  for (const entry of path) {
    const own = instance.finals.get(entry.key) ?? null
    if (own !== null) keepFinalCertificate(state, entry.height, own)
    emitDurable(state, { type: 'final', hash: entry.hash, block: entry.block!, certificate: own })
    entry.block = null
  }
  instance.tip = tip
  instance.finalSlot = certificate.slot
  instance.deltaMs = state.config.deltaMs
  instance.certifiedSlot = Math.max(instance.certifiedSlot, certificate.slot)
  state.floor = stricter(state.floor, { term: instance.term, slot: certificate.slot + 1, silentUntilMs: 0 })
  log(state, { type: 'floor', ...state.floor })
  prune(instance)
  for (const slot of instance.slots.values()) {
    if (slot.slot > instance.finalSlot) continue
    slot.candidates.length = 0
    if (slot.slot <= instance.finalSlot - EVIDENCE_SLOTS) instance.slots.delete(slot.slot)
  }
  instance.version += 1
  if (isTerminal(instance, tip)) instance.over = { terminal: certificate, entry: tip }
}

/** Restores a final block from the node's own log, with its Final certificate if it is there. */
export function restoreFinal(instance: Instance, entry: Entry, certificate: Certificate | undefined): void {
  entry.connected = true
  entry.certified = true
  entry.block = null
  instance.tip = entry
  instance.finalSlot = certificate?.slot ?? entry.slot
  if (!isTerminal(instance, entry)) return
  if (certificate !== undefined) instance.over = { terminal: certificate, entry }
  // Somebody still has the certificate that ends the term: it must not count as old when it comes.
  else instance.finalSlot = entry.slot - 1
}
