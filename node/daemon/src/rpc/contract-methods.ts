import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import {
  type Abi,
  type AbiMethod,
  balanceOf,
  callView,
  contractCount,
  contractsFrom,
  encodeParameters,
  entriesOf,
  GasMeter,
  getCode,
  getContract,
  MAX_LOAD_GAS,
  MAX_SOURCE_BYTES,
  METHOD_KINDS,
  parametersFromJson,
  resultToJson,
  valueToJson,
} from '@smartshare/runtime'
import { z } from 'zod'
import { abiAt } from './contract-abis.ts'
import { MAX_CONTRACT_PAGE, MAX_STATE_PAGE_BYTES, MAX_VIEW_BYTES, MAX_VIEW_GAS } from './limits.ts'
import { method, type RpcMethod } from './method.ts'
import { onQuestionHost, withMachines } from './question-host.ts'
import * as shapes from './shapes.ts'
import { addressOf, bytesOfBase64 } from './texts.ts'
import { base64 } from './views.ts'

const MAX_NAME = 64
const MAX_ARGUMENTS = 16
/** Hexadecimal of the longest key of a contract: length and bytes of the name, kind and bytes of the key. */
const MAX_KEY_TEXT = 2 * (1 + 32 + 1 + 128)
const NOBODY = new Uint8Array(32)

const parameter = z.object({ name: z.string(), type: z.string() })
const abiShape = z.object({
  methods: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(METHOD_KINDS),
      inputs: z.array(parameter),
      output: z.string().nullable(),
      reentrant: z.boolean().describe('may be called while another call of the contract is under way'),
      heavy: z
        .object({ gas: z.int(), deposit: shapes.grains, guard: z.string().nullable() })
        .nullable()
        .describe('of heavy methods: gas of a job, most that its new bytes may lock, view that lets callers in'),
    }),
  ),
  events: z.array(z.object({ name: z.string(), fields: z.array(parameter) })),
})
/** An ABI as JSON can say it. */
function abiView({ methods, events }: Abi): z.output<typeof abiShape> {
  return {
    methods: methods.map(({ heavy, ...method }) => ({
      ...method,
      heavy: heavy === null ? null : { ...heavy, deposit: `${heavy.deposit}` },
    })),
    events,
  }
}

const contractPage = z.int().min(1).max(MAX_CONTRACT_PAGE).default(MAX_CONTRACT_PAGE)
const json = z.unknown().describe('as JSON: integers as decimal text, bytes in hexadecimal, addresses as text')

const summaryShape = {
  address: shapes.address,
  name: z.string(),
  publisher: shapes.address,
  version: z.int().describe('1, and one more with each upgrade'),
  codeHash: shapes.hash,
  paused: z.boolean(),
}

const get = method({
  name: 'contract_get',
  summary: 'A contract: what it offers, and its rules; CONTRACT_UNKNOWN if there is none at the address',
  params: { address: shapes.address },
  result: z.object({
    ...summaryShape,
    height: shapes.height,
    metadata: z.string(),
    sizeBytes: z.int().describe('of the source'),
    grains: shapes.grains.describe('what it holds'),
    upgrade: z
      .object({ by: shapes.address, delayMs: z.int() })
      .nullable()
      .describe('who may upgrade it, and how long before that must be announced; null: nobody'),
    pauser: shapes.address.nullable().describe('who may pause it; null: nobody'),
    announced: z.object({ codeHash: shapes.hash, fromMs: shapes.timeMs }).nullable(),
    abi: abiShape,
  }),
  weight: 2,
  handle(node, params) {
    const address = addressOf(params.address)
    const { reader, height } = node.state()
    const contract = getContract(reader, address)
    const { name, metadata, source } = getCode(reader, address)
    const { upgrade, pauser, announced } = contract
    return {
      ...{ address: params.address, name, publisher: formatAddress(contract.publisher), version: contract.version },
      codeHash: toHex(contract.codeHash),
      paused: contract.paused,
      height,
      metadata,
      sizeBytes: source.length,
      grains: `${balanceOf(reader, address)}`,
      upgrade: upgrade === null ? null : { by: formatAddress(upgrade.by), delayMs: upgrade.delayMs },
      pauser: pauser === null ? null : formatAddress(pauser),
      announced: announced === null ? null : { codeHash: toHex(announced.codeHash), fromMs: announced.fromMs },
      abi: abiView(abiAt(reader, address, contract.codeHash)),
    }
  },
})

const source = method({
  name: 'contract_source',
  summary: 'The source of a contract; its tagged hash (docs/spec/contracts.md) is `codeHash`',
  params: { address: shapes.address },
  result: z.object({ address: shapes.address, version: z.int(), codeHash: shapes.hash, source: shapes.base64 }),
  weight: 2,
  handle(node, params) {
    const address = addressOf(params.address)
    const { reader } = node.state()
    const { version, codeHash } = getContract(reader, address)
    const code = getCode(reader, address)
    return { address: params.address, version, codeHash: toHex(codeHash), source: base64(code.source) }
  },
})

const list = method({
  name: 'contract_list',
  summary: 'Contracts in the order of their publishing, from number `from` on',
  params: { from: z.int().min(0).default(0), limit: contractPage },
  result: z.object({
    height: shapes.height,
    total: z.int(),
    contracts: z.array(z.object({ number: z.int(), ...summaryShape })).max(MAX_CONTRACT_PAGE),
  }),
  weight: 20,
  handle(node, { from, limit }) {
    const { reader, height } = node.state()
    const contracts = contractsFrom(reader, from, limit).map((address, i) => {
      const { publisher, version, codeHash, paused } = getContract(reader, address)
      return {
        number: from + i,
        address: formatAddress(address),
        name: getCode(reader, address).name,
        publisher: formatAddress(publisher),
        version,
        codeHash: toHex(codeHash),
        paused,
      }
    })
    return { height, total: contractCount(reader), contracts }
  },
})

const view = method({
  name: 'contract_view',
  summary: 'Asks a view of a contract, as if it were called in the next block; changes nothing and costs nothing',
  params: {
    address: shapes.address,
    method: z.string().min(1).max(MAX_NAME),
    args: z
      .union([z.array(z.unknown()).max(MAX_ARGUMENTS), z.record(z.string().max(MAX_NAME), z.unknown())])
      .default([])
      .describe('in their order or by their names, as JSON by the types of the ABI'),
    caller: shapes.address.optional().describe('whom system.caller() names; without it 32 zero bytes'),
  },
  result: z.object({ height: shapes.height, result: json, gasUsed: z.int() }),
  weight: 20,
  handle(node, { address: text, method: name, args, caller }) {
    const to = addressOf(text)
    const from = caller === undefined ? NOBODY : addressOf(caller)
    return onQuestionHost(node, (host, { reader, height }) => {
      const abi = abiAt(reader, to, getContract(reader, to).codeHash)
      const asked = abi.methods.find((candidate) => candidate.name === name)
      if (asked === undefined) throw new SmartshareError('CONTRACT_METHOD', 'the contract has no such method')
      const values = parametersFromJson(asked.inputs, args)
      host.gas = new GasMeter(MAX_VIEW_GAS)
      const result = boundedView(asked, () => callView(host, { to, method: name, args: values, caller: from }))
      return { height, result, gasUsed: host.gas.used }
    })
  },
})

/** The result as JSON. Throws what the view throws, CONTRACT_VIEW_LIMIT in place of GAS_EXHAUSTED. */
function boundedView(asked: AbiMethod, ask: () => ReturnType<typeof callView>): unknown {
  try {
    const value = ask()
    if (asked.output === null) return null
    const encoded = encodeParameters([{ name: 'the result', type: asked.output }], [value])
    if (encoded.length <= MAX_VIEW_BYTES) return resultToJson(asked, value)
  } catch (error) {
    if (!SmartshareError.is(error, 'GAS_EXHAUSTED')) throw error
    throw new SmartshareError('CONTRACT_VIEW_LIMIT', `${asked.name} needs more than ${MAX_VIEW_GAS} gas`)
  }
  throw new SmartshareError('CONTRACT_VIEW_LIMIT', `${asked.name} answers with more than ${MAX_VIEW_BYTES} bytes`)
}

const state = method({
  name: 'contract_state',
  summary: 'What a contract stores, in the order of keys; `next` is the key after which the next page begins',
  params: {
    address: shapes.address,
    after: shapes.hex.max(MAX_KEY_TEXT).optional().describe('raw key of the last entry that was seen'),
    limit: contractPage,
  },
  result: z.object({
    height: shapes.height,
    entries: z
      .array(
        z.object({
          raw: shapes.hex.describe('the key as bytes behind the address'),
          name: z.string().describe('of the map, value or list'),
          key: z.unknown().describe('as a value of the type any; 0 of a state.value, and of the length of a list'),
          value: z.unknown().describe('as a value of the type any'),
        }),
      )
      .max(MAX_CONTRACT_PAGE),
    next: shapes.hex.nullable(),
  }),
  weight: 20,
  handle(node, { address: text, after, limit }) {
    const address = addressOf(text)
    const { reader, height } = node.state()
    getContract(reader, address)
    const entries: { raw: string; name: string; key: unknown; value: unknown }[] = []
    const from = after === undefined ? {} : { after: Buffer.from(after, 'hex') }
    let sizeBytes = 0
    // One entry more than the page says whether there is a next one.
    for (const { raw, name, key, value } of entriesOf(reader, address, { limit: limit + 1, ...from })) {
      sizeBytes += raw.length + encodeParameters([{ name, type: 'any' }], [value]).length
      if (entries.length === limit || (entries.length > 0 && sizeBytes > MAX_STATE_PAGE_BYTES)) {
        return { height, entries, next: entries.at(-1)?.raw ?? null }
      }
      entries.push({ raw: toHex(raw), name, key: valueToJson('any', key), value: valueToJson('any', value) })
    }
    return { height, entries, next: null }
  },
})

const check = method({
  name: 'contract_check',
  summary: 'What a source would offer if it were published, or CONTRACT_SOURCE with what is wrong and where',
  params: {
    source: shapes.base64.min(4).max(Math.ceil(MAX_SOURCE_BYTES / 3) * 4),
  },
  result: z.object({ abi: abiShape, loadGas: z.int() }),
  weight: 20,
  handle: (_, params) =>
    withMachines((engine) => {
      const code = bytesOfBase64(params.source)
      const { abi, loadGas } = engine.load(engine.slot(0), code, new GasMeter(MAX_LOAD_GAS))
      return { abi: abiView(abi), loadGas }
    }),
})

export const contractMethods: readonly RpcMethod[] = [get, source, list, view, state, check]
