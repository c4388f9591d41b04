import {
  ADDRESS_BYTES,
  accusedSeats,
  checkEvidencePair,
  convictedSeats,
  type DelegateSet,
  decodeEvidence,
  signersOfEvidence,
} from '@smartshare/chain'
import { array, bytes, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'
import { pastSet } from '../delegates/past-sets.ts'
import { banOf, punish } from '../delegates/punishment.ts'
import { currentTerm } from '../delegates/term.ts'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'

/** Module number of evidence. */
const EVIDENCE = 9
const MAX_EVIDENCE_BYTES = 2048
/** Most seats that one piece of evidence can convict. */
const MAX_CONVICTED = 256
/** Work of the two signatures, and of each key that a certificate adds up when no term has used it lately. */
const TWO_SIGNATURES_GAS = 300_000
const KEY_GAS = 8_000

const convictedEvent = {
  target: EVIDENCE,
  name: 'convicted',
  schema: record({
    term: uint(),
    slot: uint(),
    delegates: array(fixedBytes(ADDRESS_BYTES), MAX_CONVICTED, 1),
    reporter: fixedBytes(ADDRESS_BYTES),
  }),
} satisfies EventKind<unknown>

/**
 * `evidence.report`: convicts delegates who signed what no honest delegate signs (docs/spec/chain.md, "Punishment"). The
 * cheapest checks come first; signatures are looked at only if somebody would be convicted for the first time.
 */
const report: Method<{ evidence: Uint8Array }> = {
  id: 1,
  name: 'report',
  arguments: record({ evidence: bytes(MAX_EVIDENCE_BYTES, 1) }),
  gas: TWO_SIGNATURES_GAS,
  check({ evidence }) {
    checkEvidencePair(decodeEvidence(evidence).evidence)
  },
  execute(host, args, sender) {
    const { chainId, evidence } = decodeEvidence(args.evidence)
    if (!equalBytes(chainId, host.block.chainId)) {
      throw new SmartshareError('EVIDENCE_FORK', 'the evidence is of another network')
    }
    const { term, slot } = evidence.first
    const set = setOf(host, term)
    const addressOf = (seat: number) => set.members[seat]!.address
    const isNew = (of: Uint8Array) => banOf(host, of) === undefined
    if (!accusedSeats(evidence, set).map(addressOf).some(isNew)) {
      throw new SmartshareError('EVIDENCE_REPEATED', 'everybody whom this convicts is convicted already')
    }
    host.gas.charge(KEY_GAS * signersOfEvidence(evidence, set.members.length))
    const found = convictedSeats(evidence, { chainId, set, scheme: bls })
    const delegates = found.map(addressOf).filter(isNew)
    punish(host, { term, seats: set.members.length, convicted: delegates }, sender)
    host.emit(convictedEvent, { term, slot, delegates, reporter: sender })
  },
}

export const evidenceModule: Module = { id: EVIDENCE, name: 'evidence', methods: [report], events: [convictedEvent] }

/** The set by which evidence of a term is judged. Throws EVIDENCE_TERM or EVIDENCE_OLD. */
function setOf(host: Host, term: number): DelegateSet {
  const current = currentTerm(host)
  if (term === current.term) return { term, members: current.members }
  if (term > current.term) throw new SmartshareError('EVIDENCE_TERM', `the chain is in term ${current.term}`)
  const past = pastSet(host, term)
  if (past === undefined || host.block.timeMs > past.endMs + host.parameters.evidenceMs) {
    throw new SmartshareError('EVIDENCE_OLD', `the time in which evidence of term ${term} convicts is over`)
  }
  return { term, members: past.members }
}
