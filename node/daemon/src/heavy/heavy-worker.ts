import { type MessagePort, workerData } from 'node:worker_threads'
import { SmartshareError } from '@smartshare/codec'
import {
  ContractEngine,
  chainIdOf,
  currentTerm,
  decodeGenesis,
  encodeResult,
  resultHash,
  rulesOf,
  runJob,
  runningJobs,
} from '@smartshare/runtime'
import { ChainStore } from '@smartshare/store'
import { tellLoaded } from '../store-thread.ts'
import type { HeavyOrder, HeavyReply, HeavyRequest } from './heavy-messages.ts'

// Computes heavy calls on the state on disk: what they read of it does not change before they are certified.
const { stateFolder, genesis: encoded, port } = workerData as HeavyOrder & { port: MessagePort }
/** Most jobs that run on a network at once are far fewer. */
const MOST_JOBS = 1_000
const genesis = decodeGenesis(encoded)
const chainId = chainIdOf(genesis)
const engine = new ContractEngine()
const store = ChainStore.open(stateFolder)
tellLoaded()

function compute(job: number): HeavyReply {
  store.refresh()
  const { state } = store
  const running = runningJobs(state, MOST_JOBS).find(({ number }) => number === job)
  if (running === undefined) return { type: 'gone', job }
  const { parameters } = rulesOf(state, currentTerm(state).term, genesis.parameters)
  const result = runJob(state, job, { chainId, parameters, engine })
  return { type: 'result', job, hash: resultHash(job, running.run.contract, result), result: encodeResult(result) }
}

port.on('message', ({ job }: HeavyRequest) => {
  try {
    port.postMessage(compute(job))
  } catch (error) {
    const message = SmartshareError.is(error) ? `${error.code}: ${error.message}` : String(error)
    port.postMessage({ type: 'failed', job, message } satisfies HeavyReply)
  }
})
