import { type Certificate, contradict, FINAL, NOTAR, SKIP } from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import { MAX_FINAL_CERTIFICATES, MAX_PAGE_CERTIFICATES } from './config.ts'
import type { Recipient } from './events.ts'
import { emit, emitDurable, log, reportPeer } from './outbox.ts'
import { verifyCertificate } from './signing.ts'
import { certificateOf, type Entry, type Instance, type SlotState, type State, slotOf } from './state.ts'
import { certifyHash } from './tree.ts'

/** Takes a certificate of this term from a peer; false if it was known, useless or wrong. */
export function receiveCertificate(state: State, instance: Instance, certificate: Certificate, peer: string): boolean {
  const { slot, kind, value } = certificate
  if (slot <= instance.finalSlot) {
    convictLate(state, instance, certificate, peer)
    return receiveLateFinal(state, instance, certificate)
  }
  const known = certificateOf(instance.slots.get(slot), kind)
  if (known !== null && equalBytes(known.value, value)) return false
  if (!verifyCertificate(state.config, instance.start.set, certificate)) {
    reportPeer(state, peer, 'CONSENSUS_BAD_CERTIFICATE')
    return false
  }
  // What is old was passed on by others long ago: whoever lacks it asks.
  const passOn = kind === FINAL || slot >= instance.slot - 1
  return acceptCertificate(state, instance, certificate, passOn)
}

/** Takes a certificate that is known to be right: formed here, checked, or from the own log. */
export function acceptCertificate(
  state: State,
  instance: Instance,
  certificate: Certificate,
  passOn: boolean,
): boolean {
  const { slot: at, kind, value } = certificate
  const slot = slotOf(instance, at)
  convict(state, slot, certificate)
  if (certificateOf(slot, kind) !== null) return false
  if (kind === NOTAR) {
    slot.notar = certificate
    instance.notarized.push(at)
  } else if (kind === SKIP) slot.skip = certificate
  else {
    slot.final = certificate
    instance.finals.set(toHex(value), certificate)
  }
  for (const tally of slot.tallies) if (tally.kind === kind) tally.done = true
  if (kind !== SKIP) certifyHash(state, instance, value)
  instance.certifiedSlot = Math.max(instance.certifiedSlot, at)
  instance.version += 1
  instance.news.push({ certificate, passOn })
  return true
}

/** A known certificate of the slot whose signers, as far as they signed the new one too, are convicted by both. */
function contradictionOf(slot: SlotState, certificate: Certificate): Certificate | undefined {
  if (slot.contradicted) return undefined
  const known = [slot.notar, slot.skip, slot.final].filter((held) => held !== null)
  return known.find((held) => contradict(held, certificate))
}

function convict(state: State, slot: SlotState, certificate: Certificate): void {
  const first = contradictionOf(slot, certificate)
  if (first === undefined) return
  slot.contradicted = true
  emit(state, { type: 'evidence', evidence: { kind: 'certificates', first, second: certificate } })
}

/** A certificate for a slot that is final can only convict, while the slot is kept. */
function convictLate(state: State, instance: Instance, certificate: Certificate, peer: string): void {
  const slot = instance.slots.get(certificate.slot)
  if (slot === undefined || contradictionOf(slot, certificate) === undefined) return
  if (verifyCertificate(state.config, instance.start.set, certificate)) convict(state, slot, certificate)
  else reportPeer(state, peer, 'CONSENSUS_BAD_CERTIFICATE')
}

/** A Final certificate for a block that is final through a descendant: roots can be named by it. */
function receiveLateFinal(state: State, instance: Instance, certificate: Certificate): boolean {
  if (certificate.kind !== FINAL) return false
  for (let at: Entry | null = instance.tip; at !== null && at.slot >= certificate.slot; at = at.parent) {
    if (!equalBytes(at.hash, certificate.value) || state.finalCertificates.has(at.height)) continue
    if (!verifyCertificate(state.config, instance.start.set, certificate)) return false
    keepFinalCertificate(state, at.height, certificate)
    log(state, { type: 'certificate', certificate })
    return true
  }
  return false
}

/** Remembers a Final certificate, so that a header may name this height as executed. */
export function keepFinalCertificate(state: State, height: number, certificate: Certificate): void {
  const { finalCertificates } = state
  finalCertificates.set(height, certificate)
  if (finalCertificates.size <= MAX_FINAL_CERTIFICATES) return
  for (const oldest of finalCertificates.keys()) {
    finalCertificates.delete(oldest)
    break
  }
}

/** Logs what came in this step and passes each certificate on once. */
export function publishNews(state: State, instance: Instance): void {
  if (instance.news.length === 0) return
  const forAll: Certificate[] = []
  const forDelegates: Certificate[] = []
  for (const { certificate, passOn } of instance.news) {
    log(state, { type: 'certificate', certificate })
    if (passOn) (certificate.kind === FINAL ? forAll : forDelegates).push(certificate)
  }
  instance.news = []
  sendCertificates(state, 'delegates', forDelegates)
  sendCertificates(state, 'all', forAll)
}

/** Sends certificates in messages of at most a page. */
export function sendCertificates(state: State, to: Recipient, certificates: readonly Certificate[]): void {
  for (let at = 0; at < certificates.length; at += MAX_PAGE_CERTIFICATES) {
    const part = certificates.slice(at, at + MAX_PAGE_CERTIFICATES)
    emitDurable(state, { type: 'send', to, message: { type: 'certificates', certificates: part } })
  }
}
