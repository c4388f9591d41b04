export type {
  AccountInfo,
  AccountLocks,
  BlockHeader,
  ChainStatus,
  DelegateInfo,
  PlacedEvent,
  SubmitResult,
  TermInfo,
  TransactionReceipt,
  TransactionState,
  VoterInfo,
} from './rpc/answers.ts'
export { type EventQuery, RpcClient } from './rpc/rpc-client.ts'
export type { RpcCall, RpcOutcome, TransportOptions } from './rpc/transport.ts'
export { DEFAULT_COST, keyFileAddress, LEAST_COST, openWallet, sealWallet } from './wallet/key-file.ts'
export { keySigner, policySigner, type Signer } from './wallet/signer.ts'
export { type Account, randomBytes, Wallet, type WalletSecret } from './wallet/wallet.ts'
