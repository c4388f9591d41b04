import {
  ADDRESS_BYTES,
  accusedSeats,
  type Call,
  checkEvidencePair,
  convictedSeats,
  type DelegateSet,
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  MAX_EVIDENCE_BYTES,
  signersOfEvidence,
} from '@smartshare/chain'
import { array, bytes, encode, fixedBytes, optional, record, SmartshareError, uint } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { getAccount, mayAct } from '../accounts/account.ts'
import { forgetCommitment } from '../contracts/heavy/attest.ts'
import { pastSet } from '../delegates/past-sets.ts'
import { banOf, punish } from '../delegates/punishment.ts'
import { currentTerm } from '../delegates/term.ts'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'
import type { Parameters } from '../parameters.ts'

/** Module number of evidence. */
const EVIDENCE = 9
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
    /** Of statements of consensus. */
    slot: optional(uint()),
    /** Of commitments: the heavy call. */
    job: optional(uint()),
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
    const { term } = evidence.first
    const { standing, set, convicted } = judgeEvidence(host, evidence, host.block.timeMs, host.parameters)
    if (standing === 'early') throw new SmartshareError('EVIDENCE_TERM', `the chain has not come to term ${term}`)
    if (standing === 'over') {
      throw new SmartshareError('EVIDENCE_OLD', `the time in which evidence of term ${term} convicts is over`)
    }
    if (standing === 'done') {
      throw new SmartshareError('EVIDENCE_REPEATED', 'everybody whom this convicts is convicted already')
    }
    host.gas.charge(KEY_GAS * signersOfEvidence(evidence, set.members.length))
    convictedSeats(evidence, { chainId, set, scheme: bls })
    if (evidence.kind === 'commitments') checkSigners(host, evidence)
    punish(host, { term, seats: set.members.length, convicted }, sender)
    if (evidence.kind === 'commitments') {
      for (const of of convicted) forgetCommitment(host, evidence.first.job, of)
      host.emit(convictedEvent, { term, slot: null, job: evidence.first.job, delegates: convicted, reporter: sender })
    } else {
      host.emit(convictedEvent, { term, slot: evidence.first.slot, job: null, delegates: convicted, reporter: sender })
    }
  },
}

/** Whether the keys that signed commitments act for the delegate. Throws EVIDENCE_SIGNATURE. */
function checkSigners(host: Host, { first, second }: Extract<Evidence, { kind: 'commitments' }>): void {
  for (const { from, body, senderAuth } of [first.transaction, second.transaction]) {
    if (mayAct(getAccount(host, from), from, body.sender, senderAuth)) continue
    throw new SmartshareError('EVIDENCE_SIGNATURE', 'these keys do not act for the delegate')
  }
}

/** The call that reports evidence of this network. */
export function reportCall(chainId: Uint8Array, evidence: Evidence): Call {
  const args = encode(report.arguments, { evidence: encodeEvidence(chainId, evidence) })
  return { target: EVIDENCE, method: report.id, arguments: args, funds: [] }
}

export const evidenceModule: Module = { id: EVIDENCE, name: 'evidence', methods: [report], events: [convictedEvent] }

/** What a report of evidence would meet at a state, signatures aside. */
export interface EvidenceJudgement {
  /** It would convict; its term has not begun; its time is over; all whom it would convict are convicted already. */
  readonly standing: 'open' | 'early' | 'over' | 'done'
  /** The set of its term; of no members unless `standing` is open or done. */
  readonly set: DelegateSet
  /** Delegates whom it would convict for the first time. */
  readonly convicted: Uint8Array[]
}

/** Judges evidence at a state whose block has a time (ms since the Unix epoch). Throws EVIDENCE_PAIR or EVIDENCE_SEATS. */
export function judgeEvidence(
  reader: Pick<StateReader, 'get'>,
  evidence: Evidence,
  timeMs: number,
  { evidenceMs }: Pick<Parameters, 'evidenceMs'>,
): EvidenceJudgement {
  const { term } = evidence.first
  const current = currentTerm(reader)
  const nobody = { set: { term, members: [] }, convicted: [] }
  if (term > current.term) return { standing: 'early', ...nobody }
  const past = term === current.term ? { members: current.members, endMs: timeMs } : pastSet(reader, term)
  if (past === undefined || timeMs > past.endMs + evidenceMs) return { standing: 'over', ...nobody }
  const set = { term, members: past.members }
  const accused = accusedSeats(evidence, set).map((seat) => set.members[seat]!.address)
  const convicted = accused.filter((of) => banOf(reader, of) === undefined)
  return { standing: convicted.length === 0 ? 'done' : 'open', set, convicted }
}
