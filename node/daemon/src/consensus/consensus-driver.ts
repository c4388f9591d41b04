import type { Block, Certificate, Evidence } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import {
  type ConsensusConfig,
  createConsensus,
  type Effect,
  type Event,
  type LogRecord,
  type Page,
  type SignRequest,
  type StartEvent,
  step,
  type TermStart,
} from '@smartshare/consensus'
import type { Logger } from 'pino'
import type { BlockMaker } from '../blocks/block-maker.ts'
import type { Network } from '../peers/network.ts'
import { isRefusal, type Signer } from '../signer/key-signer.ts'

/** Where consensus keeps what it learned: what depends on it is not sent before it is on disk. */
export interface ConsensusLog {
  append(records: readonly LogRecord[]): Promise<void>
}

export interface DriverParts {
  readonly config: ConsensusConfig
  readonly log: Logger
  readonly records: ConsensusLog
  /** Signs for the delegate; null for a node that only follows. */
  readonly signer: Pick<Signer, 'sign'> | null
  readonly network: () => Network
  readonly maker: BlockMaker
  readonly now: () => number
  readonly onFinal: (hash: Uint8Array, block: Block, certificate: Certificate | null) => void
  /** Resolves when every final block told so far is on disk: what consensus writes next relies on it after a restart. */
  readonly finalsDurable: () => Promise<unknown>
  readonly onTerm: (start: TermStart, seat: number | null) => void
  readonly onEvidence: (evidence: Evidence) => void
  /** A page of final blocks from the block log; undefined if there is none to give. */
  readonly page: (term: number, fromHeight: number) => Promise<Page | undefined>
  /** Something is wrong with this node itself: it must not go on. */
  readonly onFatal: (error: unknown) => void
}

/** `Omit` for each kind of event, so that the driver alone adds the time. */
type Untimed<E> = E extends Event ? Omit<E, 'nowMs'> : never

/** Gives the pure consensus a body: feeds it events one at a time and carries out its effects in their order. */
export class ConsensusDriver {
  private readonly parts: DriverParts
  readonly state: ReturnType<typeof createConsensus>
  private timer: NodeJS.Timeout | undefined
  private stopped = false
  /** Messages that came while consensus was not started yet are of no use. */
  private started = false
  private working = false
  private writing: Promise<void> = Promise.resolve()
  private readonly queue: Untimed<Event>[] = []

  constructor(parts: DriverParts) {
    this.parts = parts
    this.state = createConsensus(parts.config)
  }

  start(event: Untimed<StartEvent>): void {
    this.started = true
    this.dispatch(event)
  }

  /** Takes an event; those that come while effects are carried out wait until all of these are done. */
  dispatch(event: Untimed<Event>): void {
    if (this.stopped || !this.started) return
    this.queue.push(event)
    if (this.working) return
    this.working = true
    try {
      for (let next = this.queue.shift(); next !== undefined && !this.stopped; next = this.queue.shift()) {
        const effects = step(this.state, { ...next, nowMs: this.parts.now() } as Event)
        for (const effect of effects) this.carryOut(effect)
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.working = false
    }
  }

  /** Resolves when nothing of what was to be written is under way; after `stop` nothing more follows. */
  async idle(): Promise<void> {
    // What failed has been told already.
    await this.writing.catch(() => undefined)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private carryOut(effect: Effect): void {
    const { parts } = this
    parts.log.trace({ effect: effect.type }, 'effect')
    switch (effect.type) {
      case 'persist':
        this.persist(effect.records).then(
          () => this.dispatch({ type: 'persisted', ticket: effect.ticket }),
          (error: unknown) => this.fail(error),
        )
        return
      case 'send':
        parts.network().send(effect.to, effect.message)
        return
      case 'sign':
        void this.sign(effect.request)
        return
      case 'validate':
        void this.validate(effect)
        return
      case 'build':
        this.build(effect)
        return
      case 'final':
        parts.onFinal(effect.hash, effect.block, effect.certificate)
        return
      case 'term':
        parts.onTerm(effect.start, effect.seat)
        return
      case 'timer':
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.dispatch({ type: 'tick' }), Math.max(0, effect.atMs - parts.now()))
        return
      case 'request':
        parts.network().sendToAny(effect.peer, { type: 'ask', ask: effect.ask })
        return
      case 'serve':
        parts.page(effect.term, effect.fromHeight).then(
          (page) => page && parts.network().send({ peer: effect.peer }, { type: 'page', page }),
          (error: unknown) => this.fail(error),
        )
        return
      case 'evidence':
        parts.onEvidence(effect.evidence)
        return
      case 'misbehaviour':
        parts.log.warn({ peer: effect.peer, code: effect.code }, 'peer misbehaves')
        parts.network().punish(effect.peer, effect.code)
        return
    }
  }

  private async persist(records: readonly LogRecord[]): Promise<void> {
    const before = this.writing
    this.writing = (async () => {
      // One after the other, in the order in which they were told.
      await before
      await this.parts.finalsDurable()
      await this.parts.records.append(records)
    })()
    return this.writing
  }

  private async sign(request: SignRequest): Promise<void> {
    const { signer, log } = this.parts
    let signature: Uint8Array | null = null
    try {
      if (signer !== null) signature = await signer.sign(request)
    } catch (error) {
      if (!isRefusal(error)) {
        this.fail(error)
        return
      }
      log.info({ ...request, value: undefined, code: error.code }, 'not signed')
    }
    this.dispatch({ type: 'signed', request, signature })
  }

  private async validate(effect: Extract<Effect, { type: 'validate' }>): Promise<void> {
    const { hash, block, ancestors } = effect
    try {
      const verdict = await this.parts.maker.validate(hash, block, ancestors)
      this.dispatch({ type: 'validated', hash, verdict })
    } catch (error) {
      if (isNotThereYet(error)) {
        this.dispatch({ type: 'validated', hash, verdict: 'later' })
        return
      }
      if (!isFaultOfBlock(error)) {
        this.fail(error)
        return
      }
      const { height, slot } = block.header
      this.parts.log.warn({ height, slot, code: error.code, why: error.message }, 'block is invalid')
      this.dispatch({ type: 'validated', hash, verdict: 'invalid' })
    }
  }

  private build(effect: Extract<Effect, { type: 'build' }>): void {
    try {
      this.dispatch({ type: 'proposalReady', slot: effect.slot, ...this.parts.maker.build(effect) })
    } catch (error) {
      if (!isNotThereYet(error)) throw error
      this.parts.log.info({ slot: effect.slot, why: error.message }, 'no proposal')
    }
  }

  private fail(error: unknown): void {
    if (this.stopped) return
    this.stop()
    this.parts.onFatal(error)
  }
}

/** What a proposer did wrong, as against what is wrong with this node. */
function isFaultOfBlock(error: unknown): error is SmartshareError {
  return SmartshareError.is(error) && /^(BLOCK|TX|CODEC)_/.test(error.code)
}

/** What this node lacks for now and will have: an executed root or an ancestor. */
function isNotThereYet(error: unknown): error is SmartshareError {
  return SmartshareError.is(error, 'NODE_ROOT_UNKNOWN') || SmartshareError.is(error, 'NODE_ANCESTOR_UNKNOWN')
}
