import { amount, type Infer, record, u64, uint } from '@smartshare/codec'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS
const SSP_GRAINS = 100_000_000n

/** Bounds of the parameters by which votes age, in terms. */
export const MAX_MATURITY_TERMS = 7
export const MAX_END_TERMS = 255

/** Every number of a network that is not part of the protocol itself. Fixed in genesis, changed only by governance. */
export const parametersSchema = record({
  /** Least time between two blocks. */
  slotMs: uint(),
  /** How far a block's time may lie ahead of a verifier's clock. */
  maxClockDriftMs: uint(),
  /** Blocks after which a term ends, and the block of a term at whose end the next set is elected. */
  termBlocks: uint(),
  electionBlock: uint(),
  /** Block of a term at whose end votes are frozen for the election, and the steps of counting that a block may take. */
  freezeBlock: uint(),
  electionSteps: uint(1_000_000, 1),
  /** Least stake whose ballot counts: bounds how many different ballots there can be. */
  leastVoteGrains: amount,
  /** Terms in office after which a delegate's pay falls by 2 %, ten times at most. */
  tenureStepTerms: uint(1_000_000, 1),
  /** Terms after which new stake counts; age in terms up to which a vote counts in full, and from which on not at all. */
  voteMaturityTerms: uint(MAX_MATURITY_TERMS),
  voteFullTerms: uint(MAX_END_TERMS),
  voteEndTerms: uint(MAX_END_TERMS, 1),
  /** Least time between two raises of a delegate's commission. */
  commissionRaiseMs: uint(),
  /** Seats of the full set, and the least number with which a new set is accepted. */
  seats: uint(256, 1),
  leastSeats: uint(256, 1),
  /** Gas limits of one transaction, of one block, and of all blocks not yet covered by a named root. */
  maxTransactionGas: uint(),
  maxBlockGas: uint(),
  maxUncoveredGas: uint(),
  /** Most blocks between a block and the root that it names. */
  maxRootLag: uint(),
  /** Farthest a transaction's expiry may lie ahead. */
  maxLifetimeBlocks: uint(),
  /** Base price of gas in grains: bounds, and the load of a block at which it stays as it is. */
  leastBasePrice: u64,
  mostBasePrice: u64,
  targetBlockGas: uint(),
  /** The first grains of a balance that serve as fee reserve by themselves. */
  feeReserveGrains: amount,
  /** Blocks after which a withdrawn explicit reserve may be claimed; longer than maxRootLag. */
  reserveWithdrawalBlocks: uint(),
  /** Least bond of a delegate, and the time that bonds and stakes stay locked after they are withdrawn. */
  leastBondGrains: amount,
  unbondingMs: uint(),
  /** Time after the end of a term in which evidence of it convicts; shorter than the time that bonds stay locked. */
  evidenceMs: uint(),
  /** Part of the bond that a single offender loses, in thousandths; it rises to all if a third offend within so many terms. */
  slashShare: uint(1000),
  slashTerms: uint(64, 1),
  /** Part of what is taken that goes to the reporter, in thousandths; the rest goes to the mining pool. */
  reporterShare: uint(1000),
  /** Who misses more than this part of its turns of a term, in thousandths, is jailed; fewer rounds do not count. */
  jailMissedShare: uint(1000),
  jailLeastRounds: uint(),
  /** Most delegates jailed in one term, the most absent first, and the time after which they may be released. */
  jailMost: uint(256),
  jailMs: uint(),
  /** Share of fees that goes to delegates, in thousandths; the rest goes to the mining pool. */
  delegatesFeeShare: uint(1000),
  /** Part of the mining pool that one block releases to delegates, in 10^-18. */
  blockEmission: u64,
  /** Storage agreements: length of a period, time to answer an inspection, segments opened per period. */
  storagePeriodMs: uint(),
  inspectionWindowMs: uint(),
  inspectionSegments: uint(256, 1),
  /** Time from matching after which anybody may cancel an agreement that is still not active. */
  activationMs: uint(),
  /** Least collateral with which an offer stands in the book. */
  leastOfferGrains: amount,
  /** Blocks after which a new offer takes part in matching. */
  offerMaturityBlocks: uint(),
  /** Length of vesting of the team's and the foundation's grants. */
  teamVestingMs: uint(),
  grantLockMs: uint(),
  /** Whole terms that lie at least between a decision of governance and its activation. */
  upgradeDelayTerms: uint(1_000, 1),
  /** What a byte that a contract stores locks until it is freed. */
  stateByteGrains: amount,
  /** Heavy calls: most gas of one, and of all that wait or run; most that wait for one contract; blocks for a result. */
  heavyMostGas: uint(),
  heavyBacklogGas: uint(),
  heavyQueue: uint(64, 1),
  heavyDeadlineBlocks: uint(),
  /** What issuing a token costs beside its gas; it goes to the mining pool. */
  tokenIssueGrains: amount,
  /** Load of a round in thousandths from which on the mode is busy, and below which a round is calm; so many calm ones end it. */
  busyLoad: uint(1000, 1),
  calmLoad: uint(1000, 1),
  calmRounds: uint(1_000, 1),
})

export type Parameters = Infer<typeof parametersSchema>
export type PresetName = 'main' | 'test' | 'local'

const main: Parameters = {
  slotMs: 2 * SECOND_MS,
  maxClockDriftMs: 5 * SECOND_MS,
  termBlocks: 43_200,
  electionBlock: 40_000,
  // A million different ballots of ten names take about 30,000 blocks to count (`npm run soak:election`).
  freezeBlock: 8_000,
  electionSteps: 5_000,
  // A million different ballots, which lengthen the count to most of a day, lock 1 % of all SSP.
  leastVoteGrains: 100n * SSP_GRAINS,
  // A week: a term is a day.
  tenureStepTerms: 7,
  voteMaturityTerms: 1,
  voteFullTerms: 90,
  voteEndTerms: 180,
  commissionRaiseMs: 28 * DAY_MS,
  seats: 99,
  leastSeats: 21,
  maxTransactionGas: 20_000_000,
  maxBlockGas: 60_000_000,
  maxUncoveredGas: 600_000_000,
  maxRootLag: 64,
  maxLifetimeBlocks: 3_600,
  leastBasePrice: 10n,
  mostBasePrice: 1_000_000n,
  targetBlockGas: 30_000_000,
  feeReserveGrains: 10n * SSP_GRAINS,
  reserveWithdrawalBlocks: 128,
  leastBondGrains: 1_000_000n * SSP_GRAINS,
  unbondingMs: 21 * DAY_MS,
  evidenceMs: 20 * DAY_MS,
  slashShare: 50,
  slashTerms: 7,
  reporterShare: 50,
  jailMissedShare: 500,
  jailLeastRounds: 100,
  jailMost: 5,
  jailMs: DAY_MS,
  delegatesFeeShare: 200,
  // A tenth of the half-life of four years, spread over blocks of two seconds: ln 2 / (4 · 365.25 · 43,200) / 10.
  blockEmission: 1_098_200_000n,
  storagePeriodMs: DAY_MS,
  inspectionWindowMs: 60 * MINUTE_MS,
  inspectionSegments: 66,
  activationMs: 2 * DAY_MS,
  leastOfferGrains: 10n * SSP_GRAINS,
  offerMaturityBlocks: 5,
  teamVestingMs: 365 * DAY_MS,
  grantLockMs: 730 * DAY_MS,
  // Two weeks to update every node.
  upgradeDelayTerms: 14,
  // A kilobyte locks a tenth of an SSP.
  stateByteGrains: 10_000n,
  // A minute of computing, and ten for all together; half an hour for a result.
  heavyMostGas: 6_000_000_000,
  heavyBacklogGas: 60_000_000_000,
  heavyQueue: 8,
  heavyDeadlineBlocks: 900,
  // Little for a vendor; a million symbols would cost a tenth of all SSP.
  tokenIssueGrains: 1_000n * SSP_GRAINS,
  // Prices hold the gas of blocks at half of what fits. A third of all delegates may be away without the chain being loaded.
  busyLoad: 500,
  calmLoad: 350,
  calmRounds: 2,
}

const test: Parameters = {
  ...main,
  termBlocks: 1_800,
  electionBlock: 1_600,
  freezeBlock: 800,
  electionSteps: 20_000,
  leastVoteGrains: SSP_GRAINS,
  leastSeats: 4,
  leastBondGrains: 10_000n * SSP_GRAINS,
  unbondingMs: 60 * MINUTE_MS,
  commissionRaiseMs: 80 * MINUTE_MS,
  evidenceMs: 50 * MINUTE_MS,
  jailLeastRounds: 10,
  jailMs: 30 * MINUTE_MS,
  storagePeriodMs: 60 * MINUTE_MS,
  inspectionWindowMs: 10 * MINUTE_MS,
  activationMs: 2 * 60 * MINUTE_MS,
  leastOfferGrains: SSP_GRAINS,
  tokenIssueGrains: 10n * SSP_GRAINS,
  teamVestingMs: DAY_MS,
  grantLockMs: 2 * DAY_MS,
  upgradeDelayTerms: 6,
}

const local: Parameters = {
  ...test,
  slotMs: 500,
  termBlocks: 600,
  electionBlock: 500,
  freezeBlock: 250,
  leastVoteGrains: 1n,
  leastSeats: 1,
  unbondingMs: 2 * MINUTE_MS,
  // What is staked and voted now shows in the next election.
  voteMaturityTerms: 0,
  commissionRaiseMs: 3 * MINUTE_MS,
  evidenceMs: 100 * SECOND_MS,
  jailLeastRounds: 50,
  jailMs: MINUTE_MS,
  storagePeriodMs: 20 * SECOND_MS,
  inspectionWindowMs: 15 * SECOND_MS,
  inspectionSegments: 40,
  activationMs: 10 * MINUTE_MS,
  offerMaturityBlocks: 2,
  teamVestingMs: 60 * MINUTE_MS,
  grantLockMs: 120 * MINUTE_MS,
  // Two minutes, which is as long as bonds stay locked.
  heavyBacklogGas: 9_000_000_000,
  heavyDeadlineBlocks: 240,
  tokenIssueGrains: SSP_GRAINS,
  // A round of four slots is two seconds.
  calmRounds: 5,
  upgradeDelayTerms: 1,
}

/** Ready sets of parameters: days on the main network are seconds or minutes on a local one. */
export const presets: Readonly<Record<PresetName, Parameters>> = { main, test, local }
