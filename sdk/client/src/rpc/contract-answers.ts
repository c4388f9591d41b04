import { type Abi, JOB_STATES, METHOD_KINDS } from '@smartshare/runtime'
import { z } from 'zod'
import { decimalAnswer } from './answers.ts'

const address = z.string().length(62)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const parameter = z.object({ name: z.string(), type: z.string() })

const abiAnswer: z.ZodType<Abi> = z.object({
  methods: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(METHOD_KINDS),
      inputs: z.array(parameter),
      output: z.string().nullable(),
      reentrant: z.boolean(),
      heavy: z.object({ gas: z.int(), deposit: decimalAnswer, guard: z.string().nullable() }).nullable(),
    }),
  ),
  events: z.array(z.object({ name: z.string(), fields: z.array(parameter) })),
})

const summary = {
  address,
  name: z.string(),
  publisher: address,
  version: z.int(),
  codeHash: hash,
  paused: z.boolean(),
}

export const contractAnswer = z.object({
  ...summary,
  height: z.int(),
  metadata: z.string(),
  sizeBytes: z.int(),
  grains: decimalAnswer,
  upgrade: z.object({ by: address, delayMs: z.int() }).nullable(),
  pauser: address.nullable(),
  announced: z.object({ codeHash: hash, fromMs: z.int() }).nullable(),
  abi: abiAnswer,
})
/** A contract: what it offers, and its rules. */
export type ContractInfo = z.output<typeof contractAnswer>

export const sourceAnswer = z.object({ version: z.int(), codeHash: hash, source: z.string() })
export const contractsAnswer = z.object({
  height: z.int(),
  total: z.int(),
  contracts: z.array(z.object({ number: z.int(), ...summary })),
})
/** A contract as it stands in the list of all. */
export type ContractSummary = z.output<typeof contractsAnswer>['contracts'][number]

export const viewAnswer = z.object({ height: z.int(), result: z.unknown(), gasUsed: z.int() })
export const entriesAnswer = z.object({
  height: z.int(),
  entries: z.array(z.object({ raw: hex, name: z.string(), key: z.unknown(), value: z.unknown() })),
  next: hex.nullable(),
})
/** An entry of a contract's state; key and value as values of the type any. */
export type ContractEntry = z.output<typeof entriesAnswer>['entries'][number]
export const jobsAnswer = z.object({
  height: z.int(),
  jobs: z.array(
    z.object({
      job: z.int(),
      contract: address,
      caller: address,
      method: z.string(),
      state: z.enum(JOB_STATES),
      gas: z.int(),
      highestFeeGrains: decimalAnswer,
      depositGrains: decimalAnswer,
      valueGrains: decimalAnswer,
      orderedHeight: z.int(),
      orderedMs: z.int(),
      run: z
        .object({
          beganHeight: z.int(),
          deadlineHeight: z.int(),
          term: z.int(),
          seats: z.int(),
          commits: z.int(),
          opens: z.int(),
          openHeight: z.int().nullable(),
        })
        .nullable(),
    }),
  ),
  next: z.int().nullable(),
})
/** A heavy call that is not done. */
export type ContractJob = z.output<typeof jobsAnswer>['jobs'][number]
export const checkAnswer = z.object({ abi: abiAnswer, loadGas: z.int() })
