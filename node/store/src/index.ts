export { BlockLog, type BlockLogOptions, type LoggedBlock } from './block-log.ts'
export { ChainStore, type ExecutedFacts, type ExecutedHeight } from './chain-store.ts'
export { type Disk, type DiskFile, nodeDisk } from './disk.ts'
export { type OpenedVoteLog, VoteLog } from './vote-log.ts'
