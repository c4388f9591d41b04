export { ChainStore, type ExecutedFacts, type ExecutedHeight } from './chain-store.ts'
