export { cureOf, errorCatalogue, errorPage } from '@smartshare/codec/errors'
export type { Abi, AbiJson } from '@smartshare/runtime'
export { AgentClient, type AgentClientOptions, type AgentRequest } from './agent/agent-client.ts'
export {
  type AgentAnswer,
  type AgentParams,
  type AgentQuery,
  type AgentRouteName,
  type AgentRoutes,
  agentRoutes,
  MAX_QUOTED,
  PAIRING_KEY,
  PAIRING_TOKEN,
} from './agent/routes.ts'
export type {
  AgentAgreement,
  AgentFailure,
  AgentObject,
  AgentObjectDetail,
  AgentPlace,
  AgentQuote,
  AgentRemoval,
  AgentStatusAnswer,
  AgentTicket,
  AgentUpload,
} from './agent/shapes.ts'
export { Client, type ClientOptions } from './client.ts'
export {
  type CallMoney,
  type CallOptions,
  Contract,
  type ContractCall,
  type ContractEvent,
  type EventOptions,
} from './contracts/contract.ts'
export { generateClient } from './contracts/generate-client.ts'
export type { ContractValue } from './contracts/native-value.ts'
export { type PublishOptions, publishCall, publishedAddress } from './contracts/publish.ts'
export { IndexerClient, type IndexerClientOptions } from './indexer/indexer-client.ts'
export {
  DEFAULT_INDEX_PAGE,
  type IndexerAnswer,
  type IndexerParams,
  type IndexerQuery,
  type IndexerRoute,
  type IndexerRouteName,
  type IndexerRoutes,
  indexerRoutes,
  MAX_CHART_POINTS,
  MAX_EXPORT_ROWS,
  MAX_INDEX_PAGE,
} from './indexer/routes.ts'
export * as indexerShapes from './indexer/shapes.ts'
export {
  type BalanceProofFile,
  type CheckedBalance,
  checkBalance,
  type ProofOptions,
  type ProvenBalance,
  proveBalance,
  verifyBalanceProof,
} from './proof/balance-proof.ts'
export { checkContract, checkContractEntry, checkEntry, type ProvenContractEntry } from './proof/contract-proof.ts'
export type { ProvenInclusion } from './proof/inclusion-proof.ts'
export { type CheckedReceipt, checkReceipt } from './proof/receipt-proof.ts'
export { genesisState, type HandOverAnswer, handOverRecord, Trust } from './proof/trust.ts'
export type {
  AccountGuardians,
  AccountInfo,
  AccountLocks,
  BlockHeader,
  ChainStatus,
  DelegateInfo,
  HistoryPage,
  PlacedEvent,
  SubmitResult,
  TermInfo,
  TransactionReceipt,
  TransactionState,
  VoterInfo,
} from './rpc/answers.ts'
export { base64OfBytes, bytesOfBase64 } from './rpc/base64.ts'
export type { ContractEntry, ContractInfo, ContractJob, ContractSummary } from './rpc/contract-answers.ts'
export type { ContractClient, ContractSource } from './rpc/contract-client.ts'
export type { ProposalInfo } from './rpc/governance-client.ts'
export type { AgreementsQuery, MarketClient } from './rpc/market-client.ts'
export { type EventQuery, RpcClient } from './rpc/rpc-client.ts'
export type { Holding, TokenAnswer, TokenClient } from './rpc/token-client.ts'
export type { RpcCall, RpcOutcome, TransportOptions } from './rpc/transport.ts'
export {
  findToken,
  parseUnits,
  type SignedPermit,
  SSP_UNIT,
  signPermit,
  type TokenUnit,
  unitsText,
} from './tokens.ts'
export {
  type Approval,
  approve,
  approvedTransaction,
  mergeApprovals,
  proposer,
  type ReadCall,
  readApproval,
} from './transactions/approval.ts'
export { callOf, calls } from './transactions/calls.ts'
export type { FinalTransaction } from './transactions/fate.ts'
export type { Sender, SendOptions, SentTransaction } from './transactions/sender.ts'
export {
  type FeeEstimate,
  type Network,
  type Placement,
  type SignedTransaction,
  TransactionBuilder,
  type TransactionRequest,
} from './transactions/transaction-builder.ts'
export { DEFAULT_COST, keyFileAddress, LEAST_COST, openWallet, sealWallet } from './wallet/key-file.ts'
export { type SignedMessage, signMessage, verifyMessage } from './wallet/message.ts'
export { keySigner, type LateSigner, passkeySigner, policySigner, type Signer } from './wallet/signer.ts'
export { type Account, randomBytes, Wallet, type WalletSecret } from './wallet/wallet.ts'
