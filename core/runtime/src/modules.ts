import { accountsModule } from './accounts/accounts.ts'
import { agreements } from './agreements/agreements.ts'
import { beacon } from './beacon/beacon.ts'
import { contracts } from './contracts/contracts.ts'
import { delegates } from './delegates/delegates.ts'
import { evidenceModule } from './evidence/evidence.ts'
import { governance } from './governance/governance.ts'
import { loadModule } from './load/load.ts'
import type { Module } from './module.ts'
import { offers } from './offers/offers.ts'
import { tenders } from './tenders/tenders.ts'
import { tokens } from './tokens/tokens.ts'
import { vesting } from './vesting/vesting.ts'

/** The system modules in the order of their numbers, which is the order of their hooks. */
export const modules: readonly Module[] = [
  accountsModule,
  tokens,
  vesting,
  delegates,
  offers,
  tenders,
  agreements,
  beacon,
  evidenceModule,
  governance,
  contracts,
  loadModule,
]
