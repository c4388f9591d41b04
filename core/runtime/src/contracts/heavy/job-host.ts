import type { ChainEvent } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { StateJournal } from '@smartshare/state'
import { GasMeter } from '../../gas.ts'
import { type BlockFacts, Host, type JobView } from '../../host.ts'
import { mapKey } from '../../keys.ts'
import type { Parameters } from '../../parameters.ts'
import type { ContractEngine } from '../engine.ts'
import type { Job, Run } from './jobs.ts'
import { MOST_JOB_EVENT_BYTES, MOST_JOB_EVENTS, MOST_JOB_WRITES, MOST_JOB_WRITTEN_BYTES } from './result.ts'

/** What a job needs beside itself and the state. */
export interface JobSurroundings {
  readonly chainId: Uint8Array
  readonly parameters: Parameters
  readonly engine: ContractEngine
}

/** The host of a heavy job: facts of the block that ordered it, and bounds of what can be packed. */
export class JobHost extends Host {
  override readonly job: JobView
  /** Most bytes of every entry that was ever written: what is taken back counts too. */
  private readonly written = new Map<string, number>()
  private writtenBytes = 0

  constructor(journal: StateJournal, job: Job, run: Run, { chainId, parameters, engine }: JobSurroundings) {
    super(journal, factsOf(chainId, job), parameters, engine)
    this.job = { grains: run.balance + job.value }
    this.actor = { sender: job.caller, floorGrains: 0n, calls: 1 }
    this.gas = new GasMeter(job.gas)
  }

  override set(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    this.noteWrite(key, key.length + value.length)
    return super.set(key, value)
  }

  override delete(key: Uint8Array): Uint8Array | undefined {
    this.noteWrite(key, key.length)
    return super.delete(key)
  }

  /** Throws HEAVY_SIZE: what a job says must fit into the receipt of whoever packs it. */
  override pushEvent(event: ChainEvent): void {
    const sizeBytes = this.eventBytes + event.data.length
    if (this.events.length >= MOST_JOB_EVENTS || sizeBytes > MOST_JOB_EVENT_BYTES) {
      throw new SmartshareError('HEAVY_SIZE', 'the events and payments of a heavy call are too many or too large')
    }
    super.pushEvent(event)
  }

  private noteWrite(key: Uint8Array, sizeBytes: number): void {
    const text = mapKey(key)
    const before = this.written.get(text)
    if (before !== undefined && before >= sizeBytes) return
    const writtenBytes = this.writtenBytes + sizeBytes - (before ?? 0)
    const entries = this.written.size + (before === undefined ? 1 : 0)
    // A program may catch this and try again: so nothing is noted that is not written.
    if (entries > MOST_JOB_WRITES || writtenBytes > MOST_JOB_WRITTEN_BYTES) {
      throw new SmartshareError('HEAVY_SIZE', 'a heavy call writes too many entries, or too large ones')
    }
    this.written.set(text, sizeBytes)
    this.writtenBytes = writtenBytes
  }
}

function factsOf(chainId: Uint8Array, { term, height, timeMs, seed, price }: Job): BlockFacts {
  return { chainId, term, height, timeMs, accumulator: seed, basePrice: price, slot: 0, leader: 0 }
}
