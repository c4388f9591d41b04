import { type MessagePort, workerData } from 'node:worker_threads'
import { ContractEngine, chainIdOf, decodeGenesis } from '@smartshare/runtime'
import { ChainStore } from '@smartshare/store'
import { tellLoaded } from '../store-thread.ts'
import { checkBlocks } from './check-block.ts'
import type { CheckOrder, CheckReply, CheckRequest } from './check-messages.ts'

// Executes blocks that were followed, on the state on disk: reads of one turn of the loop all see the same commit.
const { stateFolder, genesis: encoded, protocolVersion, port } = workerData as CheckOrder & { port: MessagePort }
const genesis = decodeGenesis(encoded)
const rules = {
  ...{ genesis, chainId: chainIdOf(genesis), latestVersion: protocolVersion },
  engine: new ContractEngine(),
}
const store = ChainStore.open(stateFolder)
tellLoaded()

port.on('message', (request: CheckRequest) => {
  let reply: CheckReply
  try {
    store.refresh()
    reply = checkBlocks(store, request, rules)
  } catch (error) {
    reply = { type: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  port.postMessage(reply)
})
