import { z } from 'zod'

// What nodes answer, checked: a node may be wrong or hostile. Amounts become bigint, everything else stays as text.

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const address = z.string().length(62)
const height = z.int().min(0)
/** An integer as decimal text. */
export const decimalAnswer = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/)
  .transform(BigInt)
const integer = decimalAnswer
const signedInteger = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,19})$/)
  .transform(BigInt)
const base64 = z.string()

export const statusAnswer = z.object({
  chainId: hash,
  node: z.string(),
  version: z.string(),
  height,
  final: height,
  hash,
  stateRoot: hash,
  timeMs: z.int(),
  term: z.int(),
  slot: z.int(),
  mode: z.enum(['calm', 'busy']),
  /** Of the last round, in thousandths. */
  load: z.object({ gas: z.int(), missed: z.int(), backlog: z.int() }),
  /** What the node does while the chain is busy, in blocks since its start. */
  following: z.object({
    follows: z.boolean(),
    followed: z.int(),
    sampled: z.int(),
    executed: z.int(),
    waiting: z.int(),
    missed: z.int(),
    lies: z.int(),
  }),
  basePrice: integer,
  supplyGrains: integer,
  protocol: z.object({
    version: z.int(),
    latest: z.int(),
    next: z.object({ version: z.int(), term: z.int() }).nullable(),
  }),
  txPerSecond: z.number(),
  mempoolTransactions: z.int(),
  peers: z.int(),
  healthy: z.boolean(),
  problem: z.string().nullable(),
})
/** Where the chain and the node that answered stand. */
export type ChainStatus = z.output<typeof statusAnswer>

export const genesisAnswer = z.object({ encoded: base64 })

const certificateAnswer = z.object({ encoded: base64 })

const headerAnswer = z.object({
  height,
  hash,
  parent: hash,
  term: z.int(),
  slot: z.int(),
  timeMs: z.int(),
  leader: z.int(),
  rootHeight: height,
  stateRoot: hash,
  transactionCount: z.int(),
  gas: z.int(),
  basePrice: integer,
  mode: z.enum(['calm', 'busy']),
  encoded: base64,
})
export type BlockHeader = z.output<typeof headerAnswer>

export const blockAnswer = z.object({
  header: headerAnswer,
  certificate: certificateAnswer.nullable(),
  transactions: z.array(base64),
})

export const historyAnswer = z.object({
  blocks: z.array(
    z.object({
      height,
      hash,
      header: base64,
      skip: z.int(),
      transactions: z.array(base64),
      receipts: z.array(base64),
      whole: z.boolean(),
    }),
  ),
  next: z.object({ height, skip: z.int().min(0) }),
  height,
})
/** Executed blocks as they are stored, and where to go on. */
export type HistoryPage = z.output<typeof historyAnswer>

export const blocksAnswer = z.object({ headers: z.array(headerAnswer), next: height })

const event = z.object({
  from: z.string(),
  name: z.string(),
  data: z.record(z.string(), z.unknown()).nullable(),
  encoded: base64,
})

export const receiptAnswer = z.object({
  transaction: hash,
  status: z.enum(['done', 'failed']),
  gasUsed: z.int(),
  feeGrains: integer,
  payer: address,
  /** How the node came to it. */
  verification: z.enum(['executed', 'sampled', 'followed']),
  events: z.array(event),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type TransactionReceipt = z.output<typeof receiptAnswer>

export const transactionAnswer = z.object({
  state: z.enum(['unknown', 'pending', 'executed']),
  height: height.nullable(),
  index: z.int().nullable(),
  receipt: receiptAnswer.nullable(),
})
export type TransactionState = z.output<typeof transactionAnswer>

export const receiptsAnswer = z.object({ receipts: z.array(receiptAnswer), total: z.int() })

const place = z.object({ height, skip: z.int().min(0) })
const placedEvent = event.extend({ height, transaction: hash, after: place })
/** An event, the transaction that it belongs to, and where to go on after it. */
export type PlacedEvent = z.output<typeof placedEvent>
export const eventsAnswer = z.object({ events: z.array(placedEvent), next: place })

const refusal = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export const submitAnswer = z.object({
  results: z.array(z.union([z.object({ id: hash }), z.object({ error: refusal })])),
})
export type SubmitResult = z.output<typeof submitAnswer>['results'][number]

export const estimateAnswer = z.object({
  gas: z.int(),
  gasLimit: z.int(),
  basePrice: integer,
  maxGasPrice: integer,
  feeGrains: integer,
  highestFeeGrains: integer,
  depositGrains: signedInteger,
})

const policy = z.object({ threshold: z.int(), keys: z.array(hex) })

export const accountAnswer = z.object({
  address,
  height,
  grains: integer,
  reserveGrains: integer,
  withdrawal: z.object({ grains: integer, height }).nullable(),
  nonces: z.array(integer),
  policy: policy.nullable(),
})
export type AccountInfo = z.output<typeof accountAnswer>

export const guardiansAnswer = z.object({
  height,
  rule: z.object({ threshold: z.int(), guardians: z.array(address), delayMs: z.int() }).nullable(),
  approvals: z.array(z.object({ guardian: address, policy })),
  ready: z.object({ policy, timeMs: z.int() }).nullable(),
})
export type AccountGuardians = z.output<typeof guardiansAnswer>

export const locksAnswer = z.object({
  height,
  vesting: z.array(
    z.object({
      lock: z.int(),
      grains: integer,
      claimedGrains: integer,
      freeGrains: integer,
      startMs: z.int(),
      endMs: z.int(),
      cliff: z.boolean(),
    }),
  ),
  unbonding: z.array(z.object({ grains: integer, freeMs: z.int() })),
})
export type AccountLocks = z.output<typeof locksAnswer>

const delegate = z.object({
  address,
  name: z.string(),
  key: hex,
  bondGrains: integer,
  votesGrains: integer,
  commissionThousandths: z.int(),
  seat: z.int().nullable(),
  registeredHeight: height,
  jailedUntilMs: z.int().nullable(),
  bannedTerm: z.int().nullable(),
})
export const delegateAnswer = delegate
export type DelegateInfo = z.output<typeof delegateAnswer>
export const delegatesAnswer = z.object({ height, delegates: z.array(delegate.extend({ rank: z.int() })) })

export const voterAnswer = z.object({
  stakeGrains: integer,
  ballot: z.array(address),
  countedGrains: integer,
  maturingGrains: integer,
  renewedTerm: z.int(),
  fullUntilTerm: z.int(),
  endTerm: z.int(),
  rewardsGrains: integer,
  term: z.int(),
  height,
})
export type VoterInfo = z.output<typeof voterAnswer>

export const termAnswer = z.object({
  term: z.int(),
  startHeight: height,
  height,
  seats: z.array(
    z.object({
      address,
      name: z.string().nullable(),
      blocks: z.int(),
      earnedGrains: integer,
      sinceTerm: z.int().min(0),
    }),
  ),
  next: z.array(address).nullable(),
})
export type TermInfo = z.output<typeof termAnswer>

export const electionAnswer = z.object({
  height,
  election: z
    .object({
      term: z.int(),
      done: z.boolean(),
      seats: z.array(z.object({ address, name: z.string().nullable(), backingGrains: integer })),
    })
    .nullable(),
})

export const evidenceAnswer = z.object({
  reporter: address.nullable(),
  cure: z.string().nullable(),
  pending: z.array(
    z.object({
      kind: z.enum(['votes', 'certificates', 'commitments']),
      term: z.int(),
      slot: z.int().nullable(),
      job: z.int().nullable(),
      standing: z.enum(['open', 'early']),
      accused: z.array(z.object({ address, name: z.string().nullable() })),
      attempts: z.int(),
      transaction: hash.nullable(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
      encoded: base64,
    }),
  ),
})

export const proofAnswer = z.object({
  chainId: hash,
  key: hex,
  value: hex.nullable(),
  proof: base64,
  height,
  header: headerAnswer,
  certificate: certificateAnswer,
})

export const executedProofAnswer = z.object({ term: z.int().min(0), rootHeight: height, proof: base64 })

export const handOverAnswer = z.object({
  term: z.int(),
  members: z.array(z.object({ address, key: hex })),
  header: headerAnswer,
  certificate: certificateAnswer,
})
