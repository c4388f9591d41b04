import {
  type Block,
  bitmapOf,
  type DelegateSet,
  decodeAttestation,
  encodeAttestation,
  headerHash,
  parseTransaction,
  type Quarantine,
  type QuarantineAttestation,
  quarantineStatementHash,
  quorum,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, equalBytes, toHex } from '@smartshare/crypto'
import type { Logger } from 'pino'
import type { Place } from '../execution/progress.ts'
import type { Signer } from '../signer/key-signer.ts'
import { isSignedBy, names } from './quarantine-rules.ts'

/** Who waits says it again: others may have missed it, or not had the block yet. */
const REPEAT_MS = 2_000
/** Attestations kept of one seat; a machine stands still at one transaction at a time. */
const MOST_OF_A_SEAT = 4

export interface QuarantineParts {
  readonly chainId: Uint8Array
  readonly log: Logger
  /** Signs for the delegate; null for a node that only follows. */
  readonly signer: Pick<Signer, 'address' | 'attest'> | null
  /** Delegates of the running term. */
  readonly set: () => DelegateSet
  /** A final block above the last named root; undefined for one that is not final here, or long past. */
  readonly blockAt: (height: number) => Block | undefined
  /** Height that the last final block names as executed: up to it nothing is quarantined any more. */
  readonly settledHeight: () => number
  /** Says something to all peers. */
  readonly send: (attestation: Uint8Array) => void
}

/**
 * Collects what delegates say of transactions that killed their machines, says what the own machine died of, and gives blocks
 * the certificates (docs/spec/chain.md, "Quarantine").
 */
export class QuarantineWatcher {
  private readonly parts: QuarantineParts
  /** By seat, those of the running term. */
  private readonly attestations = new Map<number, QuarantineAttestation[]>()
  private own: Place | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(parts: QuarantineParts) {
    this.parts = parts
  }

  /** The own machine was killed twice by a transaction: says so until it is quarantined, or settled otherwise. */
  killed(place: Place): void {
    const { log } = this.parts
    log.error({ ...place }, 'a transaction killed the executor twice: execution waits for its quarantine')
    this.own = place
    clearInterval(this.timer)
    this.timer = setInterval(() => this.sayAgain(), REPEAT_MS)
    this.sayAgain()
  }

  /** Takes an attestation of a peer; true if it is new and to be passed on. Throws NETWORK_ATTESTATION for a false one, CODEC_*. */
  take(encoded: Uint8Array): boolean {
    const { chainId, log } = this.parts
    const attestation = decodeAttestation(Uint8Array.from(encoded))
    const set = this.parts.set()
    const block = this.parts.blockAt(attestation.height)
    // Of another term, settled, or not final here yet: who waits says it again.
    if (attestation.term !== set.term || attestation.height <= this.parts.settledHeight() || block === undefined) {
      return false
    }
    if (this.isKnown(attestation)) return false
    if (!names(attestation, block, chainId)) throw falseOne('of what is no transaction of that block')
    if (!isSignedBy(attestation, chainId, set)) throw falseOne('that its seat did not sign')
    this.keep(attestation)
    const { height, index, seat } = attestation
    log.warn({ height, index, seat, count: this.count(attestation) }, 'a delegate attests that a transaction killed it')
    return true
  }

  /** The certificates at hand: those transactions that a quorum of the running term attests. */
  certificates(): Quarantine[] {
    const set = this.parts.set()
    this.forgetOld(set)
    const seats = set.members.length
    const all = [...this.attestations.values()].flat()
    const byTransaction = Map.groupBy(all, ({ transactionId }) => toHex(transactionId))
    return [...byTransaction.values()].flatMap((same) => {
      if (same.length < quorum(seats)) return []
      const { seat: _, signature: __, ...subject } = same[0]!
      const signature = bls.aggregate(same.map((one) => one.signature))
      const bitmap = bitmapOf(
        same.map(({ seat }) => seat),
        seats,
      )
      return [{ ...subject, bitmap, signature }]
    })
  }

  /** A final block quarantines a transaction: what was said of later ones was said of a state that no longer holds. */
  noteQuarantine({ height, index }: Place): void {
    for (const [seat, said] of this.attestations) {
      this.attestations.set(
        seat,
        said.filter((one) => one.height < height),
      )
    }
    if (this.own?.height === height && this.own.index === index) this.rest()
  }

  /** A block is executed, or was followed although it kills this machine: then execution waits no more. */
  noteExecuted(height: number): void {
    if (this.own !== undefined && height >= this.own.height) this.rest()
  }

  /** Why execution waits, for people; undefined while it does not. */
  get problem(): string | undefined {
    const { own } = this
    if (own === undefined) return undefined
    const needed = quorum(this.parts.set().members.length)
    const { code, message } = new SmartshareError(
      'EXECUTION_WAITS',
      `transaction ${own.index} of block ${own.height} killed the executor twice; ${this.count(own)} of ${needed} attestations for its quarantine`,
    )
    return `${code}: ${message}`
  }

  /** Attestations at hand of a transaction. */
  private count({ height, index }: Place): number {
    this.forgetOld(this.parts.set())
    return [...this.attestations.values()].flat().filter((one) => one.height === height && one.index === index).length
  }

  stop(): void {
    this.rest()
  }

  private rest(): void {
    this.own = undefined
    clearInterval(this.timer)
  }

  private sayAgain(): void {
    this.attest().catch((error: unknown) => this.parts.log.error({ err: error }, 'a quarantine could not be attested'))
  }

  private async attest(): Promise<void> {
    const { own } = this
    const { chainId, send, signer } = this.parts
    if (own === undefined || signer === null) return
    const { members, term } = this.parts.set()
    const seat = members.findIndex(({ address }) => equalBytes(address, signer.address))
    const block = this.parts.blockAt(own.height)
    const wire = block?.transactions[own.index]
    if (seat < 0 || block === undefined || wire === undefined) return
    const { id: transactionId } = parseTransaction(wire, chainId)
    const subject = { term, ...own, block: headerHash(block.header), transactionId }
    const known = this.attestations.get(seat)?.find((one) => equalBytes(one.transactionId, transactionId))
    const attestation =
      known?.term === term ? known : { ...subject, seat, signature: await signer.attest({ ...subject }) }
    // Meanwhile it may have been quarantined, or a new term may have begun.
    if (this.own !== own || this.parts.set().term !== term) return
    this.keep(attestation)
    send(encodeAttestation(attestation))
  }

  private isKnown({ seat, signature, ...subject }: QuarantineAttestation): boolean {
    this.forgetOld(this.parts.set())
    const hash = quarantineStatementHash(this.parts.chainId, subject)
    const said = this.attestations.get(seat) ?? []
    return said.some(({ seat: _, signature: known, ...other }) => {
      return equalBytes(known, signature) && equalBytes(quarantineStatementHash(this.parts.chainId, { ...other }), hash)
    })
  }

  private keep(attestation: QuarantineAttestation): void {
    const { seat, transactionId } = attestation
    const said = this.attestations.get(seat) ?? []
    const others = said.filter((one) => !equalBytes(one.transactionId, transactionId))
    this.attestations.set(seat, [...others, attestation].slice(-MOST_OF_A_SEAT))
  }

  private forgetOld({ term }: DelegateSet): void {
    const settled = this.parts.settledHeight()
    for (const [seat, said] of this.attestations) {
      const rest = said.filter((one) => one.term === term && one.height > settled)
      if (rest.length === 0) this.attestations.delete(seat)
      else this.attestations.set(seat, rest)
    }
  }
}

function falseOne(what: string): SmartshareError {
  return new SmartshareError('NETWORK_ATTESTATION', `a peer passed on an attestation ${what}`)
}
