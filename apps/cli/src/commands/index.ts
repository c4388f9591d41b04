import type { Command } from 'commander'
import { addAgent } from './agent.ts'
import { addAgreements } from './agreements.ts'
import { addBalance } from './balance.ts'
import { addBlock } from './block.ts'
import { addConfig } from './config.ts'
import { addContract } from './contract/index.ts'
import { addDelegates } from './delegates.ts'
import { addDevnet } from './devnet.ts'
import { addGet } from './get.ts'
import { addGovernance } from './governance.ts'
import { addGuardians } from './guardians.ts'
import { addIndexer } from './indexer.ts'
import { addLs } from './ls.ts'
import { addNode } from './node.ts'
import { addProof } from './proof.ts'
import { addPut } from './put.ts'
import { addRm } from './rm.ts'
import { addRounds } from './rounds.ts'
import { addSend } from './send.ts'
import { addSigner } from './signer.ts'
import { addRestore, addSnapshot } from './snapshot.ts'
import { addStatus } from './status.ts'
import { addToken } from './token.ts'
import { addTx } from './tx.ts'
import { addVesting } from './vesting.ts'
import { addVote } from './vote.ts'
import { addWallet } from './wallet.ts'
import { addWeb } from './web.ts'

/** Every command adds itself to the program, in the order of the help. */
export const commands: readonly ((program: Command) => void)[] = [
  ...[addDevnet, addNode, addSigner, addSnapshot, addRestore, addIndexer, addStatus, addWeb],
  ...[addAgent, addPut, addGet, addLs, addRm, addAgreements],
  ...[addWallet, addGuardians, addBalance, addSend, addToken, addTx, addBlock],
  ...[addContract],
  ...[addDelegates, addVote, addGovernance, addVesting, addRounds, addProof, addConfig],
]
