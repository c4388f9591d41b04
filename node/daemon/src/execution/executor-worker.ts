import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { pack, SmartshareError } from '@smartshare/codec'
import { allBalances, decodeGenesis, decodeResult } from '@smartshare/runtime'
import { encodeProof } from '@smartshare/state'
import { ChainStore } from '@smartshare/store'
import { splitFinal } from '../consensus/final-record.ts'
import { SnapshotThread } from '../sync/snapshot-order.ts'
import { BlockExecutor, type Executed } from './block-executor.ts'
import type { ExecutorReply, ExecutorRequest, FollowOrder } from './executor-messages.ts'
import { Progress } from './progress.ts'

// The one thread that owns the state: executes what it is handed in order, and commits when nothing more waits.
const { folder, snapshotFolder, genesis, protocolVersion, port } = workerData as {
  folder: string
  snapshotFolder: string
  genesis: Uint8Array
  protocolVersion: number
  port: MessagePort
}
const nothing = new Uint8Array()
let store: ChainStore | undefined
let executor: BlockExecutor | undefined
/** Not while the node catches up: then terms pass faster than snapshots are written. */
let wantsSnapshots = false
let isTakingSnapshot = false
/** Ready to take the next one. */
let snapshots: SnapshotThread | undefined

function reply(message: ExecutorReply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

function report({ facts, changes, receipts, nextSet }: Executed): void {
  const packedChanges = pack(
    changes.flatMap(({ key, value, previous }) => [key, value ?? nothing, previous ?? nothing]),
  )
  const packedReceipts = pack(receipts)
  reply({ type: 'executed', facts, changes: packedChanges, receipts: packedReceipts, nextSet }, [
    packedChanges.buffer,
    packedReceipts.buffer,
  ])
}

function commit(running: BlockExecutor): void {
  running.commit()
  reply({ type: 'committed', height: running.height })
}

/** Tells of blocks, and takes a snapshot if the last of them ends a term. */
function take(running: BlockExecutor, blocks: readonly Executed[]): void {
  for (const executed of blocks) report(executed)
  if (blocks.at(-1)!.endsTerm && wantsSnapshots && !isTakingSnapshot) {
    commit(running)
    // Usually there long since; not if the one before failed.
    prepareSnapshot()
    isTakingSnapshot = true
    snapshots?.take(running.height)
    snapshots = undefined
    return
  }
  if (running.isFull) commit(running)
}

function follow(running: BlockExecutor, { from, blocks, root }: FollowOrder): void {
  commit(running)
  let followed: Executed[]
  try {
    followed = running.follow(
      blocks.map(({ final, ...rest }) => ({ ...splitFinal(final), ...rest })),
      root,
    )
  } catch (error) {
    if (!SmartshareError.is(error, 'FOLLOW_DIFFERENCE')) throw error
    reply({ type: 'refused', from, why: error.message })
    return
  }
  take(running, followed)
}

function handle(running: BlockExecutor, request: ExecutorRequest): void {
  switch (request.type) {
    case 'execute': {
      const { block, certificate } = splitFinal(request.final)
      take(running, [running.execute(block, certificate)])
      return
    }
    case 'follow':
      follow(running, request.order)
      return
    case 'checked':
      store?.noteChecked(request.heights)
      return
    case 'quarantine':
      quarantine(running, request)
      return
    case 'keepFrom':
      running.keepFrom(request.height)
      return
    case 'prove':
      reply({ type: 'proved', ticket: request.ticket, proof: prove(running, request) })
      return
    case 'result':
      running.takeResult(request.job, decodeResult(request.result))
      return
    case 'prune':
      store?.prune(request.below)
      return
    case 'snapshots':
      wantsSnapshots = request.on
      prepareSnapshot()
      return
    case 'stop':
      return
  }
}

/** Throws EXECUTION_TAKEN_BACK if the block was executed otherwise before. */
function quarantine(running: BlockExecutor, { height, index }: { height: number; index: number }): void {
  if (running.quarantine(height, index)) return
  running.takeBack(height - 1)
  throw new SmartshareError(
    'EXECUTION_TAKEN_BACK',
    `transaction ${index} of block ${height} is quarantined: it is executed again from there`,
    { height, index },
  )
}

function prepareSnapshot(): void {
  if (!wantsSnapshots || isTakingSnapshot || snapshots !== undefined) return
  snapshots = new SnapshotThread({ stateFolder: folder, snapshotFolder }, (told) => {
    isTakingSnapshot = false
    snapshots = undefined
    reply(told)
    // After a failure not before the next term ends: threads that cannot start must not be started without end.
    if (told.type === 'snapshot') prepareSnapshot()
  })
}

function prove(running: BlockExecutor, { key, height }: { key: Uint8Array; height: number }): Uint8Array | null {
  try {
    return encodeProof(running.prove(key, height))
  } catch (error) {
    if (SmartshareError.is(error, 'STATE_HEIGHT_GONE')) return null
    throw error
  }
}

function sumOfBalances({ state }: ChainStore): bigint {
  let grains = 0n
  for (const [, balance] of allBalances(state)) grains += balance
  return grains
}

function fail(error: unknown): void {
  const plain = SmartshareError.is(error)
    ? error.toPlain()
    : {
        code: 'EXECUTOR_FAILED',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        details: {},
      }
  reply({ type: 'failed', error: plain })
  end()
}

/** Lets go of the store, so that it can be opened anew, and of the port, which ends the thread. */
function end(): void {
  wantsSnapshots = false
  const closed = Promise.all([snapshots?.end(), store?.close()])
  store = undefined
  closed
    .catch(() => undefined)
    .then(() => {
      reply({ type: 'stopped' })
      port.close()
    })
}

port.on('message', (first: ExecutorRequest) => {
  if (executor === undefined) return
  try {
    let request: ExecutorRequest | undefined = first
    let executed = false
    while (request !== undefined) {
      if (request.type === 'stop') {
        commit(executor)
        executor = undefined
        end()
        return
      }
      handle(executor, request)
      executed ||= request.type === 'execute' || request.type === 'follow'
      request = receiveMessageOnPort(port)?.message as ExecutorRequest | undefined
    }
    if (executed) commit(executor)
  } catch (error) {
    executor = undefined
    fail(error)
  }
})

try {
  store = ChainStore.open(folder)
  executor = new BlockExecutor(store, decodeGenesis(genesis), protocolVersion, new Progress(folder))
  reply({ type: 'ready', height: executor.height })
  reply({ type: 'supply', grains: sumOfBalances(store) })
} catch (error) {
  fail(error)
}
