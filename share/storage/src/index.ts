export type { AgreementReader, StorageAgreement } from './chain.ts'
