import { join } from 'node:path'
import type { Evidence } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { concatBytes, equalBytes, formatAddress, KeyPair, sha256, toHex } from '@smartshare/crypto'
import { currentTerm, jailOf, judgeEvidence, type Parameters, releaseCall, reportCall } from '@smartshare/runtime'
import type { Logger } from 'pino'
import type { CommittedState, PendingEvidence } from '../api.ts'
import type { NodeConfig } from '../config.ts'
import { AccountCaller, type CallerParts, EVIDENCE_LANE } from './account-caller.ts'
import { EvidenceFile, MAX_PENDING_EVIDENCE } from './evidence-file.ts'

const EVIDENCE_FILE = 'evidence.cbor'
/** Evidence looked at after each block, in turn: judging reads a set of delegates. */
const JUDGED_PER_BLOCK = 8
/** Each node waits for its turn to report, so many blocks apart, so that not all of them pay for the same report. */
const BLOCKS_PER_TURN = 2
/** Reports of one piece of evidence before a person has to look at it. */
const MOST_ATTEMPTS = 5
/** Blocks after a refusal before the next try. */
const RETRY_BLOCKS = 20

export interface WatcherParts {
  readonly log: Logger
  readonly chainId: Uint8Array
  readonly parameters: Pick<Parameters, 'evidenceMs'>
  readonly file: EvidenceFile
  readonly state: () => CommittedState
  /** Sends reports; null if the operator named no account for it. */
  readonly caller: AccountCaller | null
  /** Address of this node's delegate. */
  readonly delegate: Uint8Array | null
}

interface Held {
  readonly evidence: Evidence
  standing: 'open' | 'early'
  accused: readonly Uint8Array[]
  attempts: number
  transaction: Uint8Array | null
  error: SmartshareError | null
  /** Height from which this node may report it. */
  dueHeight: number
}

/** The watcher of a node, with its file in the node's folder and the account that the node's settings name. */
export function watchEvidence({
  config,
  log,
  delegate,
  ...node
}: CallerParts['node'] & {
  readonly config: NodeConfig
  readonly log: Logger
  /** Address of the own delegate. */
  readonly delegate: Uint8Array | null
}): EvidenceWatcher {
  const { chainId } = node
  const { accountSeed, dataDir } = config
  return new EvidenceWatcher({
    log,
    chainId,
    parameters: node.genesis.record.parameters,
    file: new EvidenceFile(join(dataDir, EVIDENCE_FILE), chainId),
    state: node.state,
    caller:
      accountSeed === null
        ? null
        : new AccountCaller({ keys: KeyPair.fromSeed('ed25519', accountSeed), lane: EVIDENCE_LANE, node }),
    delegate,
  })
}

/**
 * Keeps what was seen of traitors until the chain has convicted them, whoever reports it, and reports it by itself
 * if it has an account for that. It also lets its own delegate out of jail as soon as that may leave: who runs this is back.
 */
export class EvidenceWatcher {
  private readonly parts: WatcherParts
  private readonly held = new Map<string, Held>()
  private working: Promise<void> | undefined
  /** Contradictions that were found since the start. */
  seen = 0
  private releaseHeight = 0

  constructor(parts: WatcherParts) {
    this.parts = parts
  }

  get count(): number {
    return this.held.size
  }

  /** After a restart: what was seen before. A damaged file is forgotten, for evidence is no promise of this node. */
  async recall(): Promise<void> {
    try {
      for (const evidence of await this.parts.file.read()) this.hold(evidence)
    } catch (error) {
      this.parts.log.error({ err: error }, 'the evidence seen before the restart is lost')
    }
  }

  /** Takes what was found; one piece for each seat and term is enough. */
  take(evidence: Evidence): void {
    this.seen += 1
    this.parts.log.warn({ evidence: nameOf(evidence), kind: evidence.kind }, 'a delegate contradicted itself')
    if (this.hold(evidence)) this.save()
  }

  /** A block is executed and on disk: forgets what is done, and reports what is due. */
  onBlock(): void {
    if (this.working !== undefined || (this.held.size === 0 && this.parts.caller === null)) return
    this.working = this.work()
      .catch((error: unknown) => this.parts.log.error({ err: error }, 'evidence could not be looked at'))
      .finally(() => {
        this.working = undefined
      })
  }

  list(): { reporter: Uint8Array | null; pending: PendingEvidence[] } {
    return { reporter: this.parts.caller?.address ?? null, pending: [...this.held.values()] }
  }

  /** Ends when what is under way and all writes have ended. */
  async stop(): Promise<void> {
    await this.working
    await this.parts.file.settled()
  }

  private hold(evidence: Evidence): boolean {
    const name = nameOf(evidence)
    if (this.held.has(name)) return false
    if (this.held.size >= MAX_PENDING_EVIDENCE) {
      this.parts.log.error({ name }, 'too much evidence is held: this is dropped')
      return false
    }
    const held: Held = {
      evidence,
      standing: 'early',
      accused: [],
      attempts: 0,
      transaction: null,
      error: null,
      dueHeight: 0,
    }
    this.held.set(name, held)
    return this.judge(name, held)
  }

  /** What a report of it would meet now; false if it is of no use any more, and forgotten. */
  private judge(name: string, held: Held): boolean {
    const { parameters, state } = this.parts
    const { reader, timeMs, height } = state()
    const { standing, convicted } = judgeEvidence(reader, held.evidence, timeMs, parameters)
    if (standing === 'done' || standing === 'over') {
      this.held.delete(name)
      this.parts.log.info({ evidence: name, standing }, 'evidence is settled')
      return false
    }
    if (standing === 'open' && held.dueHeight === 0) {
      const turns = currentTerm(reader).members.length
      held.dueHeight = height + this.turnOf(name, turns) * BLOCKS_PER_TURN
    }
    held.standing = standing
    held.accused = convicted
    return true
  }

  /** Another one on every node, and for every piece of evidence. */
  private turnOf(name: string, turns: number): number {
    const { caller } = this.parts
    if (caller === null) return 0
    const draw = sha256(concatBytes(caller.address, new TextEncoder().encode(name)))
    return new DataView(draw.buffer, draw.byteOffset).getUint32(0) % turns
  }

  private async work(): Promise<void> {
    const before = this.held.size
    const turn = [...this.held].slice(0, JUDGED_PER_BLOCK)
    for (const [name, held] of turn) {
      if (!this.judge(name, held)) continue
      // To the end of the row.
      this.held.delete(name)
      this.held.set(name, held)
    }
    if (this.held.size !== before) this.save()
    const { caller, state } = this.parts
    if (caller === null || !caller.isFree) return
    const { height } = state()
    if (await this.leaveJail(caller, height)) return
    const due = [...this.held].find(
      ([, held]) => held.standing === 'open' && held.attempts < MOST_ATTEMPTS && held.dueHeight <= height,
    )
    if (due !== undefined) await this.report(caller, due, height)
  }

  private async report(caller: AccountCaller, [name, held]: [string, Held], height: number): Promise<void> {
    const { log, chainId } = this.parts
    held.dueHeight = height + RETRY_BLOCKS
    try {
      held.transaction = await caller.send(reportCall(chainId, held.evidence))
      held.attempts += 1
      held.error = null
      log.warn({ evidence: name, accused: held.accused.map(formatAddress), tx: toHex(held.transaction) }, 'reported')
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
      held.error = error
      log.error({ evidence: name, err: error }, 'evidence could not be reported')
    }
  }

  /** True if it sent a release. */
  private async leaveJail(caller: AccountCaller, height: number): Promise<boolean> {
    const { delegate, state, log } = this.parts
    if (delegate === null || height < this.releaseHeight || !equalBytes(delegate, caller.address)) return false
    const { reader, timeMs } = state()
    const jail = jailOf(reader, delegate)
    if (jail === undefined || timeMs < jail.freeMs) return false
    this.releaseHeight = height + RETRY_BLOCKS
    try {
      await caller.send(releaseCall())
      log.info('the delegate leaves jail')
      return true
    } catch (error) {
      if (!SmartshareError.is(error)) throw error
      log.error({ err: error }, 'the delegate could not leave jail')
      return false
    }
  }

  private save(): void {
    const { file, log } = this.parts
    const evidence = [...this.held.values()].map((held) => held.evidence)
    file.write(evidence).catch((error: unknown) => log.error({ err: error }, 'evidence could not be kept on disk'))
  }
}

/** Whom and when it convicts: by votes one seat of a term, by certificates all who are in both, by commitments one delegate. */
function nameOf({ kind, first }: Evidence): string {
  if (kind === 'commitments') return `job ${first.job} by ${formatAddress(first.transaction.from)}`
  return kind === 'votes' ? `seat ${first.seat} of term ${first.term}` : `slot ${first.slot} of term ${first.term}`
}
