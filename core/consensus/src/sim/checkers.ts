import {
  type Certificate,
  contradict,
  convictedSeats,
  type DelegateSet,
  type EvidenceScheme,
  FINAL,
  NOTAR,
  PROPOSE,
  SKIP,
  type StatementEvidence,
  type Vote,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import type { Effect, Message } from '../events.ts'

/** What the checkers need to know of a node. */
export interface Watched {
  readonly name: string
}

export interface CheckerOptions {
  readonly chainId: Uint8Array
  readonly scheme: EvidenceScheme
  /** Names of nodes that do not do what they should. */
  readonly traitors: ReadonlySet<string>
  /** Their addresses in hexadecimal. */
  readonly traitorDelegates: ReadonlySet<string>
}

interface Statements {
  propose: Uint8Array | null
  notar: Uint8Array | null
  final: Uint8Array | null
  skip: boolean
}

/** Watches every effect of honest nodes, over all their restarts, and writes down what must never happen. */
export class Checkers {
  readonly violations: string[] = []
  finalBlocks = 0
  reproposals = 0
  evidence = 0
  /** Fewest seats that two conflicting certificates convict; null while there are none. */
  convicted: number | null = null
  /** Addresses of all whom evidence convicts, in hexadecimal. */
  readonly convictedDelegates = new Set<string>()
  readonly #finals: { hash: Uint8Array; parent: Uint8Array }[] = []
  readonly #statements = new Map<string, Statements>()
  readonly #ownSeats = new Map<string, number | null>()
  readonly #certificates = new Map<string, Certificate>()
  readonly #options: CheckerOptions
  readonly #sets = new Map<number, DelegateSet>()

  constructor(options: CheckerOptions) {
    this.#options = options
  }

  get height(): number {
    return this.#finals.length
  }

  watch(node: Watched, effect: Effect): void {
    if (effect.type === 'term') {
      const { set } = effect.start
      this.#ownSeats.set(`${node.name}/${set.term}`, effect.seat)
      this.#sets.set(set.term, set)
    }
    if (effect.type === 'final') this.#watchFinal(node, effect)
    else if (effect.type === 'send') this.#watchMessage(node, effect.message)
    else if (effect.type === 'evidence') {
      this.evidence += 1
      this.#convict(effect.evidence)
    } else if (effect.type === 'misbehaviour' && !this.#options.traitors.has(effect.peer)) {
      this.#violate(`${node.name} reports the honest ${effect.peer} for ${effect.code}`)
    }
  }

  /** Agreement: one block per height over all honest nodes, each on the one below. */
  #watchFinal(node: Watched, effect: Extract<Effect, { type: 'final' }>): void {
    const { header } = effect.block
    const { hash } = effect
    const known = this.#finals[header.height - 1]
    if (known !== undefined) {
      if (!equalBytes(known.hash, hash))
        this.#violate(`${node.name} has another final block at height ${header.height}`)
      return
    }
    const below = this.#finals[header.height - 2]
    if (header.height > 1 && below === undefined)
      this.#violate(`${node.name} jumps to the final height ${header.height}`)
    if (below !== undefined && !equalBytes(below.hash, header.parent)) {
      this.#violate(`${node.name}: the final block at ${header.height} does not stand on the one below`)
    }
    this.#finals[header.height - 1] = { hash, parent: header.parent }
    this.finalBlocks += 1
  }

  #watchMessage(node: Watched, message: Message): void {
    if (message.type === 'votes') for (const vote of message.votes) this.#watchVote(node, vote)
    const certificates =
      message.type === 'certificates' || message.type === 'proposal'
        ? message.certificates
        : message.type === 'page'
          ? message.page.certificates
          : []
    for (const certificate of certificates) this.#watchCertificate(certificate)
  }

  /** What a delegate may never sign, over the whole run with all restarts. */
  #watchVote(node: Watched, vote: Vote): void {
    // Votes of others are passed on too.
    if (this.#ownSeats.get(`${node.name}/${vote.term}`) !== vote.seat) return
    const key = `${vote.term}/${vote.slot}/${vote.seat}`
    let said = this.#statements.get(key)
    if (said === undefined) {
      said = { propose: null, notar: null, final: null, skip: false }
      this.#statements.set(key, said)
    }
    if (vote.kind === PROPOSE) said.propose = this.#one(node, vote, 'Propose', said.propose)
    if (vote.kind === NOTAR) said.notar = this.#one(node, vote, 'Notar', said.notar)
    if (vote.kind === FINAL) said.final = this.#one(node, vote, 'Final', said.final)
    if (vote.kind === SKIP) said.skip = true
    if (said.skip && said.final !== null) {
      this.#violate(`${node.name} sends Skip and Final of seat ${vote.seat} for ${vote.term}/${vote.slot}`)
    }
  }

  #one(node: Watched, vote: Vote, name: string, before: Uint8Array | null): Uint8Array {
    if (name === 'Propose') this.reproposals += before === null ? 1 : 0
    if (before !== null && !equalBytes(before, vote.value)) {
      this.#violate(`${node.name} sends two ${name} of seat ${vote.seat} for ${vote.term}/${vote.slot}`)
    }
    return vote.value
  }

  /** Evidence that an honest node found convicts somebody, and nobody who is honest. Gives how many seats. */
  #convict(evidence: StatementEvidence): number {
    const { term, slot } = evidence.first
    const { chainId, scheme, traitorDelegates } = this.#options
    try {
      const set = this.#sets.get(term)!
      const seats = convictedSeats(evidence, { chainId, set, scheme })
      for (const seat of seats) {
        const delegate = toHex(set.members[seat]!.address)
        this.convictedDelegates.add(delegate)
        if (!traitorDelegates.has(delegate)) this.#violate(`evidence convicts an honest seat in ${term}/${slot}`)
      }
      return seats.length
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
      this.#violate(`evidence of ${term}/${slot} convicts nobody: ${error.code}`)
      return 0
    }
  }

  /**
   * Two certificates that contradict each other convict at least 2q − n seats: those in both bitmaps, of which none is
   * honest. Notar and Final for two blocks cannot both be, either, but an honest delegate may be in both.
   */
  #watchCertificate(certificate: Certificate): void {
    const { term, slot, kind, value } = certificate
    const key = `${term}/${slot}/${kind}`
    if (this.#certificates.has(key) && equalBytes(this.#certificates.get(key)!.value, value)) return
    for (const other of [NOTAR, SKIP, FINAL]) {
      const known = this.#certificates.get(`${term}/${slot}/${other}`)
      if (known === undefined || !excludeEachOther(known, certificate)) continue
      if (contradict(known, certificate)) {
        const seats = this.#convict({ kind: 'certificates', first: known, second: certificate })
        this.convicted = Math.min(this.convicted ?? seats, seats)
      }
      this.#violate(`certificates ${known.kind} and ${kind} contradict each other in ${term}/${slot}`)
    }
    this.#certificates.set(key, certificate)
  }

  #violate(text: string): void {
    if (this.violations.length < 20 && !this.violations.includes(text)) this.violations.push(text)
  }

  /** Hash of the final block at a height, for reports. */
  nameOf(height: number): string {
    const final = this.#finals[height - 1]
    return final === undefined ? '-' : toHex(final.hash).slice(0, 8)
  }

  fail(text: string): void {
    this.#violate(text)
  }
}

/** True if not both can be while less than a third are traitors. */
function excludeEachOther(a: Certificate, b: Certificate): boolean {
  if (a.kind === SKIP || b.kind === SKIP) return a.kind !== b.kind && (a.kind === FINAL || b.kind === FINAL)
  return !equalBytes(a.value, b.value)
}
