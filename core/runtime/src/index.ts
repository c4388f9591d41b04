export type { LuaValue } from '@smartshare/lvm'
export { type Account, accountKey, getAccount, nextNonce } from './accounts/account.ts'
export { type GuardianRule, type Guardianship, getGuardianship, MAX_GUARDIANS } from './accounts/guardians.ts'
export { checkAdmission } from './admission.ts'
export type { KeySignatures } from './agreements/agreements.ts'
export { inspectedSegments } from './agreements/inspection.ts'
export { type InspectionProof, joinProofs, verifyInspection } from './agreements/inspection-proof.ts'
export {
  type AgreementState,
  type AgreementView,
  agreementById,
  agreementsOfBuyer,
  agreementsOfProvider,
  MAX_AGREEMENTS_PER_PAGE,
  type NextInspection,
  type TenderView,
  tenderById,
  type ViewTime,
} from './agreements/queries.ts'
export { storageReceiptHash } from './agreements/receipt.ts'
export { EARLY_END_PERIODS } from './agreements/settlement.ts'
export { serviceTime } from './beacon/beacon.ts'

export {
  type Abi,
  type AbiEvent,
  type AbiMethod,
  type AbiParameter,
  abiType,
  decodeAbi,
  decodeParameters,
  encodeParameters,
  METHOD_KINDS,
  type MethodKind,
  typeParts,
} from './contracts/abi.ts'
export {
  type AbiJson,
  eventToJson,
  parametersFromJson,
  resultToJson,
  valueFromJson,
  valueToJson,
} from './contracts/abi-json.ts'
export { callView } from './contracts/call.ts'
export { contractStateKey, entriesOf } from './contracts/contract-state.ts'
export { codeHashOf, settleDeposit } from './contracts/contracts.ts'
export { ContractEngine, MAX_LOAD_GAS } from './contracts/engine.ts'
export {
  commitCall,
  isOpening,
  JOB_STATES,
  type JobState,
  jobState,
  openCall,
  witnessesOf,
} from './contracts/heavy/attest.ts'
export { attestationOf, findRun, getJob, type Job, jobsFrom, queueOf, runningJobs } from './contracts/heavy/jobs.ts'
export { highestFeeOf } from './contracts/heavy/queue.ts'
export { commitmentTo, decodeResult, encodeResult, type JobResult, resultHash } from './contracts/heavy/result.ts'
export { runJob } from './contracts/heavy/run-job.ts'
export {
  type Contract,
  type ContractCode,
  contractCount,
  contractKey,
  contractsFrom,
  decodeContract,
  findContract,
  getCode,
  getContract,
  MAX_SOURCE_BYTES,
} from './contracts/registry.ts'
export { tools as contractTools } from './contracts/tools.ts'
export { decodeValue } from './contracts/value-codec.ts'
export type { ContractWatch, WatchedWrite } from './contracts/watch.ts'
export { type ElectionView, lastElection } from './delegates/election.ts'
export { BACKING_PER_BOND } from './delegates/elimination.ts'
export { jailOf, releaseCall } from './delegates/jail.ts'
export { leastAttack, seatsFor } from './delegates/prices.ts'
export { banOf } from './delegates/punishment.ts'
export { type VoterView, voterView } from './delegates/queries.ts'
export { delegateByName, getDelegate, ranked, unbondingOf } from './delegates/registry.ts'
export { commissionOf } from './delegates/rewards.ts'
export { currentTerm, nextSet, type Term } from './delegates/term.ts'
export { judgeEvidence, reportCall } from './evidence/evidence.ts'
export { type ExecutedBlock, executeBlock, type OrderedBlock, type TransactionWatch } from './execute-block.ts'
export { GAS, GasMeter } from './gas.ts'
export { type BlockSummary, Gate, highestFee, summarise } from './gate.ts'
export { chainIdOf, decodeGenesis, encodeGenesis, firstSet, type Genesis, SPLIT, writeGenesis } from './genesis.ts'
export { changeable, type ParameterChange } from './governance/changeable.ts'
export {
  getProposal,
  type Proposal,
  type ProposalState,
  proposalCount,
  proposalState,
} from './governance/proposals.ts'
export { checkKnown, LATEST_VERSION, type Rules, rulesOf, storedRules } from './governance/rules.ts'
export { Host } from './host.ts'
export { intrinsicGas } from './intrinsic-gas.ts'
export { mapKey } from './keys.ts'
export { highestLoad, type Load, loadOf, modeOf } from './load/load.ts'
export { type Method, type Module, resolveCall } from './module.ts'
export { modules } from './modules.ts'
export { collateralFor, LEAST_ROOM_BYTES, MAX_ADDRESSES, periodPrice, STORAGE } from './offers/offer.ts'
export type { Page, PageOptions } from './offers/page.ts'
export {
  MAX_OFFERS_PER_PAGE,
  type OfferState,
  type OfferView,
  offerById,
  offerOfProvider,
  offersInBook,
} from './offers/queries.ts'
export { type Parameters, type PresetName, presets } from './parameters.ts'
export { nextBasePrice } from './price.ts'
export { runCall } from './run-call.ts'
export {
  type Demand,
  ID_BYTES,
  type Lot,
  MAX_EXCLUDED,
  MAX_LOT_BYTES,
  MAX_LOTS,
  MAX_PERIODS,
  MAX_SEALED_BYTES,
  wholePrice,
} from './tenders/tender.ts'
export { allowanceOf, type Permit, permitHash, permitNonce } from './tokens/allowances.ts'
export { mintable, ROLES, type Role } from './tokens/coin-methods.ts'
export {
  allHoldings,
  holdingKey,
  holdingPage,
  isFrozen,
  MAX_CAP,
  MAX_TOKENS_PER_PAGE,
  releaseToken,
  spendToken,
  type TokenInfo,
  tokenBalanceOf,
  tokenInfo,
  tokenPage,
} from './tokens/coins.ts'
export type { TokenDraft } from './tokens/issue.ts'
export { allBalances, balanceKey, balanceOf, MAX_PAYMENTS, pools } from './tokens/tokens.ts'
export { type Lock, locksOf, vestedGrains } from './vesting/vesting.ts'
