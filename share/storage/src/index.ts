export type { Activation, AgreementReader, OwnerChain, StorageAgreement } from './chain.ts'
export { ChainClient, ChainReader } from './chain-client.ts'
export type { GetOptions, GetProgress } from './get-object.ts'
export { OwnerKeys } from './keys.ts'
export type { LotReceipt } from './lot-folder.ts'
export { type LotEntry, LotStore } from './lot-store.ts'
export { defaultPeriods, lockedGrains, type MarketPrice, marketPrice } from './market-price.ts'
export { MAX_NAME_BYTES, type ObjectMetadata } from './memo.ts'
export type { ObjectReader } from './object-reader.ts'
export { type OpenOwnerOptions, openOwner } from './open-owner.ts'
export {
  MAX_COPIES,
  type OwnerOptions,
  type PutRequest,
  type PutSource,
  StorageOwner,
  type StoredObject,
} from './owner.ts'
export { ProviderService, type TransferCounters } from './provider-service.ts'
export type { PutProgress } from './put-object.ts'
export type { AccountSigner } from './session.ts'
export { copyBytesOf, MAX_OBJECT_BYTES } from './sizes.ts'
export { memoryForOwner, memoryForProvider } from './tune-heap.ts'
export { WorkerPool } from './worker-pool.ts'
