import { genesisTerm, type TermStart } from '@smartshare/consensus'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import { chainIdOf, decodeGenesis, firstSet, type Genesis } from '@smartshare/runtime'
import { type ChainStore, type OpenedStore, openStore } from '@smartshare/store'
import type { Logger } from 'pino'
import type { NodeConfig } from './config.ts'
import { FinalChain } from './consensus/final-chain.ts'
import { RecordLog } from './consensus/record-log.ts'
import { TRANSACTIONS_TOPIC } from './peers/network.ts'
import type { Signer } from './signer/key-signer.ts'
import { openSigner } from './signer/open-signer.ts'
import { type FetchOrder, fetchState } from './sync/fetch-state.ts'
import { segmentBytesOf } from './sync/pruning.ts'

/** What was opened on disk before the node could be put together. */
export interface Opened {
  readonly config: NodeConfig
  readonly log: Logger
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly folder: OpenedStore
  readonly finals: FinalChain
  readonly records: RecordLog
  readonly signer: Signer | null
  readonly link: Link
}

/** Who waits for a start, which takes long when the state is fetched. */
export type StartWatch = Pick<FetchOrder, 'signal' | 'onProgress'>

/** The term with which a network begins; its roots are unknown before the executor has written genesis. */
export function firstTerm(genesis: Genesis, store: Pick<ChainStore, 'facts'>): TermStart {
  const facts = store.facts(0)
  const unknown = new Uint8Array(32)
  return genesisTerm({
    ...{ chainId: chainIdOf(genesis), timeMs: genesis.timeMs, set: firstSet(genesis) },
    stateRoot: facts?.stateRoot ?? unknown,
    rangeRoot: facts?.rangeRoot ?? unknown,
  })
}

/** Opens what a node stands on: its folder, its key, its link and, where it begins with a fetched state, that. */
export async function openNode(config: NodeConfig, log: Logger, watch: StartWatch): Promise<Opened> {
  const genesis = decodeGenesis(config.genesis)
  const chainId = chainIdOf(genesis)
  const segmentBytes = segmentBytesOf(config.pruning)
  const logOptions = segmentBytes === undefined ? { chainId } : { chainId, segmentBytes }
  let folder = await openStore(config.dataDir, logOptions)
  let link: Link | undefined
  let signer: Signer | null = null
  try {
    link = await createLink({
      privateKeySeed: config.linkSeed,
      listen: config.p2p.listen,
      announce: config.p2p.announce ?? [],
      localNetwork: config.localNetwork,
      limits: config.localNetwork ? LOCAL_NETWORK_LIMITS : {},
      gossip: { topics: [TRANSACTIONS_TOPIC] },
      log: (message, details) => log.debug(details, message),
    })
    if (await fetchState({ config, log, genesis, chainId, folder, link, ...watch })) {
      await folder.close()
      folder = await openStore(config.dataDir, logOptions)
    }
    const finals = await FinalChain.open(folder.blocks)
    const records = await RecordLog.open(folder.votes, finals.last?.block.header ?? null)
    // Whoever has run before may have signed.
    const mayHaveSigned = finals.height > 0 || records.recovered.length > 0
    signer = await openSigner(config, { chainId, mayHaveSigned, log })
    return { config, log, genesis, chainId, folder, finals, records, signer, link }
  } catch (error) {
    await link?.close()
    await signer?.close()
    await folder.close()
    throw error
  }
}
