import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import { firstSet } from '@smartshare/runtime'
import type { Logger } from 'pino'
import type { Database } from '../database/database.ts'
import { Batch, genesisStatements, type Place } from '../rows/batch.ts'
import { type FinalBlock, PERIODS } from '../rows/block-rows.ts'
import { addressText } from '../rows/texts.ts'
import { Turns } from '../rows/turns.ts'
import type { Source } from './source.ts'

/** Pauses between two looks for new blocks, and after something failed. */
const POLL_MS = 250
const RETRY_MS = 2_000
/** Transactions and events in one transaction of the database: questions wait no longer than writing it takes. */
const MAX_BATCH_ITEMS = 2_000
/** Blocks behind the node from which on we say that we rebuild. */
const REBUILDING_BLOCKS = 100

/** Where the index stands. */
export interface IndexState {
  readonly chainId: string
  readonly name: string
  readonly height: number
  readonly timeMs: number
  readonly transactions: number
  readonly events: number
}

/** Brings final blocks of a node into the database, in their order, each exactly once. */
export class Follower {
  readonly #database: Database
  readonly #source: Source
  readonly #log: Logger
  readonly #batchItems: number
  #turns: Turns | undefined
  #place: Place | undefined
  #state: IndexState | undefined
  #problem: { code: string; message: string } | null = null
  #isMet = false

  /** `batchItems`: transactions and events that are written together. */
  constructor(database: Database, source: Source, log: Logger, batchItems = MAX_BATCH_ITEMS) {
    this.#batchItems = batchItems
    this.#database = database
    this.#source = source
    this.#log = log
  }

  /** Undefined as long as the database is empty. */
  get state(): IndexState | undefined {
    return this.#state
  }

  /** Why it does not go on. */
  get problem(): { readonly code: string; readonly message: string } | null {
    return this.#problem
  }

  /** Latest executed block of the node; null until it was reached. */
  get nodeHeight(): number | null {
    return this.#isMet ? this.#source.height : null
  }

  get phase(): 'starting' | 'rebuilding' | 'following' | 'waiting' {
    if (this.#problem !== null) return 'waiting'
    if (this.#state === undefined || !this.#isMet) return 'starting'
    return this.#source.height - this.#state.height > REBUILDING_BLOCKS ? 'rebuilding' : 'following'
  }

  /** Follows until `signal`. Throws INDEX_CHAIN if the database or the node is of another network: going on would mix them. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#isMet) await this.meet()
        const moved = await this.step()
        this.#problem = null
        if (!moved) await pause(POLL_MS, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#noteProblem(error)
        await pause(RETRY_MS, signal)
      }
    }
  }

  /** Goes on to what is the node's latest block at the end, and ends. Throws whatever keeps it from that. */
  async catchUp(signal: AbortSignal, onProgress: (height: number, of: number) => void): Promise<void> {
    await this.meet()
    for (;;) {
      signal.throwIfAborted()
      const moved = await this.step((height) => onProgress(height, this.#source.height))
      if (!moved) return
    }
  }

  /** Reads where the database stands, and begins it where it is empty. Throws INDEX_CHAIN, RPC_*, INDEX_DATABASE. */
  async meet(): Promise<void> {
    const { record, chainId } = await this.#source.genesis()
    await this.#source.checkChain()
    if (!(await this.load())) {
      const turns = Turns.first(
        chainId,
        firstSet(record).members.map(({ address }) => address),
      )
      await this.#database.apply(genesisStatements(record, turns))
      await this.load()
    }
    if (this.#state?.chainId !== toHex(chainId)) {
      throw new SmartshareError('INDEX_CHAIN', 'the database is of another network than the node', {
        database: this.#state?.chainId ?? '',
        node: toHex(chainId),
      })
    }
    this.#turns = Turns.from(chainId, this.#turnsText)
    this.#isMet = true
  }

  #turnsText = ''

  /** Reads where the database stands; false if it is empty. */
  async load(): Promise<boolean> {
    const [row] = await this.#database.query('SELECT * FROM progress')
    if (row === undefined) return false
    this.#place = { height: Number(row.height), hash: `${row.hash}` }
    this.#turnsText = `${row.turns}`
    this.#state = {
      ...{ chainId: `${row.chain_id}`, name: `${row.name}`, height: Number(row.height), timeMs: Number(row.time_ms) },
      ...{ transactions: Number(row.transactions), events: Number(row.events) },
    }
    return true
  }

  /** Fetches what follows and writes it; false if there was nothing. */
  async step(onWritten: (height: number) => void = () => undefined): Promise<boolean> {
    const place = this.#place
    if (place === undefined) throw new SmartshareError('INDEX_STARTING', 'the index has not begun')
    const blocks = await this.#source.blocks(place.height + 1)
    if (blocks.length === 0) return false
    const abiOf = await this.#source.abisFor(blocks)
    for (const group of groupsOf(blocks, this.#batchItems)) {
      const batch = new Batch(this.#place!, this.#turns!, await this.#payersOf(group))
      for (const block of group) batch.add(block, abiOf)
      await this.#database.apply(batch.statements())
      const { height, hash } = batch.place
      this.#place = { height, hash }
      const before = this.#state!
      this.#state = {
        ...before,
        height,
        timeMs: batch.timeMs,
        transactions: before.transactions + batch.transactions,
        events: before.events + batch.events,
      }
      onWritten(height)
      // The embedded database works in this thread and would let no question in before all is written.
      await nextTurn()
    }
    return true
  }

  async #payersOf(blocks: readonly FinalBlock[]): Promise<Map<string, bigint>> {
    const payers = new Set(blocks.flatMap(({ transactions }) => transactions.map(({ payer }) => addressText(payer))))
    if (payers.size === 0) return new Map()
    const rows = await this.#database.query(
      `SELECT account, units FROM holdings WHERE token = 'SSP' AND account = ANY($1::text[])`,
      [[...payers]],
    )
    const known = new Map([...payers].map((payer) => [payer, 0n]))
    for (const { account, units } of rows) known.set(`${account}`, BigInt(`${units}`))
    return known
  }

  #noteProblem(error: unknown): void {
    if (SmartshareError.is(error) && error.code === 'INDEX_CHAIN') throw error
    const code = SmartshareError.is(error) ? error.code : 'INDEX_BROKEN'
    const message = (error as Error).message
    if (this.#problem?.code !== code) this.#log.error({ err: error, code }, 'the index cannot go on for now')
    this.#problem = { code, message }
    // What was not written is gone: the database says where to go on.
    this.#isMet = false
  }
}

/** Blocks that are written together: not too many, and of one hour, at whose end is kept what pools hold. */
function groupsOf(blocks: readonly FinalBlock[], batchItems: number): FinalBlock[][] {
  const groups: FinalBlock[][] = []
  let items = Number.POSITIVE_INFINITY
  let hour = -1
  for (const block of blocks) {
    const own = hourOf(block)
    if (items >= batchItems || own !== hour) {
      groups.push([])
      items = 0
      hour = own
    }
    groups.at(-1)!.push(block)
    items += block.receipts.reduce((sum, { events }) => sum + events.length + 1, 0)
  }
  return groups
}

function hourOf({ header }: FinalBlock): number {
  return Math.floor(header.timeMs / PERIODS.hour)
}

async function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  await delay(timeMs, undefined, { signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
}
