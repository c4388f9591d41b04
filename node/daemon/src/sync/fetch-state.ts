import { firstState } from '@smartshare/light'
import type { Link } from '@smartshare/link'
import { firstSet, type Genesis } from '@smartshare/runtime'
import type { OpenedStore } from '@smartshare/store'
import type { Logger } from 'pino'
import type { NodeConfig } from '../config.ts'
import { isStateSyncUnderWay, StateSync, type StateSyncProgress } from './state-sync.ts'

const REPORT_MS = 2_000

export interface FetchOrder {
  readonly config: NodeConfig
  readonly log: Logger
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly folder: OpenedStore
  readonly link: Link
  /** Stops it; what was fetched stays. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: StateSyncProgress) => void) | undefined
}

/**
 * Before a node starts: fetches the state if it is to begin with a snapshot, or had begun to. True if the folder has to be opened
 * again. Throws as `StateSync.run`.
 */
export async function fetchState(order: FetchOrder): Promise<boolean> {
  const { config, log, genesis, chainId, folder, link, signal = new AbortController().signal } = order
  const { dataDir, sync } = config
  const isNew = folder.state.height === undefined && folder.blocks.lastHeight === undefined
  if (!(await isStateSyncUnderWay(dataDir)) && !(isNew && sync.mode === 'state')) return false
  link.keepConnected(config.p2p.peers)
  let toldMs = 0
  const trust = sync.trust ?? firstState(chainId, firstSet(genesis), genesis.timeMs)
  const parts = { link, log, genesis, chainId, dataDir, folder, trust, isDelegate: config.delegate !== null, signal }
  const stateSync = new StateSync({
    ...parts,
    onProgress: (progress) => {
      order.onProgress?.(progress)
      if (progress.chunks < progress.totalChunks && performance.now() - toldMs < REPORT_MS) return
      toldMs = performance.now()
      log.info(progress, 'fetching the state')
    },
  })
  return stateSync.run()
}
