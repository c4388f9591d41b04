import { mkdirSync, realpathSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { type Command, startChild, stopChildren } from './children.ts'
import { FILES, portOf, rpcUrl, type Seat, seatsOf, webUrl } from './layout.ts'
import { lockNetwork } from './network-lock.ts'
import { checkOptions, DEFAULT_OPTIONS, type DevnetOptions, flagOf } from './options.ts'
import { checkPorts } from './ports.ts'
import { isRunning } from './process-mark.ts'
import { type Progress, waitForFinal, waitForHealth, waitForServices } from './ready.ts'
import { type DevnetRecord, readDevnet, type StartedProcess, writeDevnet, writeNetwork } from './records.ts'
import { checkGenesis, isWhole, makeNetwork } from './set-up.ts'
import { moveSettings, writeWebSettings } from './settings.ts'
import { type DevnetStatus, devnetStatus } from './status.ts'

/** What cannot change once a network is there: it is part of its genesis. */
const FIXED_OPTIONS = ['delegates', 'providers', 'slotMs'] as const

export interface UpRequest {
  readonly dir: string
  /** What was asked for; what is not said comes from the network in `dir`, or from the defaults. */
  readonly options: Partial<DevnetOptions>
  /** How the `smartshare` command is called; processes of the network are commands of it. */
  readonly program: Command
  readonly progress: Progress
  /** Stops starting, and what was started. */
  readonly signal?: AbortSignal
  /** Longest time without any step forward; two minutes if not said. */
  readonly standstillMs?: number
}

/**
 * Sets up, starts or resumes the local network in `dir`: starts what does not run, and returns when final blocks are
 * made and every service answers. What was running before is left alone; if starting fails, what this call has
 * started is stopped again. Processes live on when the caller ends.
 *
 * Throws DEVNET_OPTION, DEVNET_FOLDER_IN_USE, DEVNET_LOCKED, DEVNET_VERSION, DEVNET_RECORD, DEVNET_INCOMPLETE,
 * DEVNET_OTHER_GENESIS, DEVNET_RUNNING, PORT_IN_USE, DEVNET_SPAWN, DEVNET_PROCESS_ENDED, DEVNET_TIMEOUT, DEVNET_INTERRUPTED.
 */
export async function devnetUp(request: UpRequest): Promise<DevnetStatus> {
  checkOptions(request.options)
  mkdirSync(request.dir, { recursive: true })
  const dir = realpathSync(request.dir)
  const lock = await lockNetwork(dir)
  try {
    if (isWhole(dir)) await startMissing(dir, await resume(dir, request), request)
    else await startNew(dir, request)
    return await devnetStatus(dir)
  } finally {
    await lock.release()
  }
}

async function startNew(dir: string, request: UpRequest): Promise<void> {
  request.progress('making a network: keys, genesis, settings')
  const { record, finish } = await makeNetwork(dir, { ...DEFAULT_OPTIONS, ...definedOnly(request.options) })
  await startMissing(dir, record, request, finish)
}

async function resume(dir: string, { options, progress }: UpRequest): Promise<DevnetRecord> {
  const record = readDevnet(dir)
  for (const name of FIXED_OPTIONS) {
    const asked = options[name]
    if (asked === undefined || asked === record.options[name]) continue
    throw new SmartshareError(
      'DEVNET_OTHER_GENESIS',
      `the network in ${dir} was made with ${flagOf(name)} ${record.options[name]}, not ${asked}`,
      { dir, option: name, made: record.options[name], asked },
    )
  }
  checkGenesis(dir, record)
  const { basePort = record.options.basePort, indexers = record.options.indexers } = options
  const changed = { ...record.options, basePort, indexers }
  if (basePort === record.options.basePort && indexers === record.options.indexers) return record
  if (record.processes.some(isRunning)) {
    const { basePort: port, indexers: count } = record.options
    throw new SmartshareError(
      'DEVNET_RUNNING',
      `the network in ${dir} runs, on ports from ${port} and with --indexers ${count}`,
      { dir, basePort: port, indexers: count },
    )
  }
  const moved = { ...record, options: changed, processes: [] }
  if (basePort === record.options.basePort) return moved
  progress(`moving to ports from ${basePort}`)
  await moveSettings(dir, moved.options, moved.chainId)
  writeNetwork(dir, 'local', moved.chainId, moved.options)
  writeDevnet(dir, moved)
  return moved
}

/** `finish` completes a new network once its first blocks are final: sealing wallets would hold them up. */
async function startMissing(
  dir: string,
  record: DevnetRecord,
  request: UpRequest,
  finish?: () => Promise<void>,
): Promise<void> {
  const { progress, program, signal, standstillMs } = request
  const seats = seatsOf(dir, record.options)
  const running = new Map(record.processes.filter(isRunning).map((child) => [child.name, child]))
  const missing = seats.filter(({ name }) => !running.has(name))
  await checkPorts(missing)
  // Each time: a network that an earlier version made has none.
  writeWebSettings(dir, record.options, record.chainId)
  const started: StartedProcess[] = []
  const start = (kind: Seat['kind']) => {
    const wanted = missing.filter((seat) => seat.kind === kind)
    if (wanted.length > 0) progress(`starting ${wanted.map(({ name }) => name).join(' ')}`)
    for (const seat of wanted) {
      signal?.throwIfAborted()
      mkdirSync(seat.dir, { recursive: true })
      const child = startChild(seat, [...program, ...wordsOf(seat, inKind)])
      started.push(child)
      running.set(child.name, child)
      // At once: a process that is not on record could not be stopped if we were killed now.
      writeDevnet(dir, { ...record, processes: [...running.values()] })
    }
  }
  const inKind = (kind: Seat['kind']) => seats.filter((seat) => seat.kind === kind)
  const watch = { seats, running, progress, ...(signal && { signal }), ...(standstillMs && { standstillMs }) }
  try {
    // One after the other, so that the first blocks do not wait for the providers' start on a small machine.
    start('delegate')
    const delegates = inKind('delegate')
    await waitForFinal(delegates, finish === undefined ? undefined : 0, watch)
    // Both to their end, also when one fails: nothing may still be written when we return.
    const outcomes = await Promise.allSettled([waitForHealth(delegates, watch), finish?.()])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    start('web')
    start('provider')
    start('indexer')
    start('agent')
    await waitForServices(inKind('provider'), watch)
  } catch (error) {
    await stopChildren(started)
    writeDevnet(dir, { ...record, processes: [...running.values()].filter((child) => !started.includes(child)) })
    throw signal?.aborted ? new SmartshareError('DEVNET_INTERRUPTED', 'starting was interrupted', {}, error) : error
  }
}

/** The command of a process, called in its own folder. */
function wordsOf(seat: Seat, inKind: (kind: Seat['kind']) => readonly Seat[]): string[] {
  const words = {
    delegate: () => ['node', '--config', FILES.node],
    provider: () => ['agent', 'up', '--dir', '.'],
    web: () => ['web', '--config', FILES.webSettings],
    indexer: () => {
      const nodes = inKind('delegate').map(rpcUrl).join(',')
      return ['indexer', '--node', nodes, '--dir', FILES.data, '--port', `${portOf(seat, 'status')}`]
    },
    agent: () => {
      const apps = inKind('web').map(webUrl).join(',')
      return ['agent', 'serve', '--dir', '..', '--app', apps, '--port', `${portOf(seat, 'status')}`]
    },
  }
  return words[seat.kind]()
}

function definedOnly(options: Partial<DevnetOptions>): Partial<DevnetOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
