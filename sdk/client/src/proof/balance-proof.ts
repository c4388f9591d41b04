import { decodeHeader } from '@smartshare/chain'
import { amount, decode, encode, SmartshareError } from '@smartshare/codec'
import { equalBytes, formatAddress, fromHex, parseAddress, toHex } from '@smartshare/crypto'
import { encodeEntryProof, handOverAll, type LightRules, type LightState, verifyEntry } from '@smartshare/light'
import { balanceKey, chainIdOf, decodeGenesis, encodeGenesis, type Genesis, holdingKey } from '@smartshare/runtime'
import { z } from 'zod'
import { base64OfBytes, bytesOfBase64 } from '../rpc/base64.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import { genesisState, handOverRecord, MAX_TERMS, type Trust } from './trust.ts'

const MAX_SEATS = 256
const SSP_TEXT = 'SSP'

/** A balance at a height, as the delegates certified it. */
export interface ProvenBalance {
  readonly address: string
  /** SSP or the address of a token. */
  readonly token: string
  /** Smallest units of the token: of SSP, grains. */
  readonly grains: bigint
  /** The state that is proven is that after the block of this height. */
  readonly height: number
  /** What the verifier knows from now on, to begin with the next time. */
  readonly trust: LightState
  /** Everything that a stranger needs to check it, who knows only the chain id. */
  readonly proof: BalanceProofFile
}

/** A balance that a node showed and a light client has checked. */
export type CheckedBalance = Omit<ProvenBalance, 'proof'>

/** What a verifier brings along. */
export interface ProofOptions extends Partial<LightRules> {
  /** What is believed already, of an earlier proof or of checkpoints; otherwise trust begins with the genesis record. */
  readonly trust?: LightState
}

/** Which balance is asked for. */
export interface ProveOptions extends ProofOptions {
  /** SSP if not said, or the address of a token. */
  readonly token?: string
}

const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
const certified = { header: base64, certificate: base64 }

const fileSchema = z.strictObject({
  kind: z.literal('smartshare balance proof'),
  version: z.literal(1),
  chainId: hex.length(64),
  address: z.string().length(62),
  /** Absent: SSP. */
  token: z.string().length(62).optional(),
  grains: z.string().regex(/^(0|[1-9][0-9]{0,18})$/),
  height: z.int().min(0),
  /** The genesis record: its hash is the chain id, and it names the first set. */
  genesis: base64,
  handOvers: z
    .array(
      z.strictObject({
        members: z.array(z.strictObject({ address: z.string(), key: hex })).max(MAX_SEATS),
        ...certified,
      }),
    )
    .max(MAX_TERMS),
  ...certified,
  proof: base64,
})

/** A proof as it is written to a file: hexadecimal, base64 and decimal text. */
export type BalanceProofFile = z.output<typeof fileSchema>

/** Asks a node for a balance and checks the proof. Throws LIGHT_*, PROOF_* or RPC_*. */
export async function proveBalance(
  rpc: RpcClient,
  chainId: Uint8Array,
  address: string,
  { token = SSP_TEXT, ...options }: ProveOptions = {},
): Promise<ProvenBalance> {
  const genesis = await rpc.genesis()
  const answer = await rpc.accountProof(address, token)
  const { term } = decodePart(answer.header.encoded, decodeHeader)
  if (term > MAX_TERMS) throw new SmartshareError('PROOF_TERM', 'the proof leads through too many terms', { term })
  const handOvers: BalanceProofFile['handOvers'] = []
  for (let next = 1; next <= term; next++) {
    const { members, header, certificate } = await rpc.handOver(next)
    handOvers.push({ members, header: header.encoded, certificate: certificate.encoded })
  }
  const file: BalanceProofFile = {
    kind: 'smartshare balance proof',
    version: 1,
    chainId: toHex(chainId),
    address,
    ...(token === SSP_TEXT ? {} : { token }),
    grains: answer.value === null ? '0' : `${decodeBalance(answer.value)}`,
    height: answer.height,
    genesis: base64OfBytes(genesis),
    handOvers,
    header: answer.header.encoded,
    certificate: answer.certificate.encoded,
    proof: answer.proof,
  }
  return verifyBalanceProof(file, toHex(chainId), options)
}

/**
 * Asks a node for a balance as a light client does that goes on from what it knows: only hand-overs to later terms are fetched,
 * and `trust` learns them. Throws LIGHT_*, PROOF_* or RPC_*.
 */
export async function checkBalance(
  rpc: RpcClient,
  trust: Trust,
  address: string,
  { token = SSP_TEXT, ...rules }: LightRules & { readonly token?: string },
): Promise<CheckedBalance> {
  const { header, certificate, proof, value, height } = await rpc.accountProof(address, token)
  await trust.catchUp(rpc, decodePart(header.encoded, decodeHeader).term, rules)
  const grains = value === null ? 0n : decodeBalance(value)
  const told = { address, token, grains, height, header: header.encoded, certificate: certificate.encoded, proof }
  const checked = checkEntry(trust.latest, told, rules)
  trust.take(checked.trust)
  return checked
}

/**
 * Checks a proof from a file or from anybody, as a light client does (docs/spec/light.md). `chainId` (hexadecimal) is all that
 * the verifier trusts, and `options.trust` if there is any. Throws PROOF_FILE for what is no proof, PROOF_* for what does not
 * hold, LIGHT_* where trust or clock do not reach.
 */
export function verifyBalanceProof(raw: unknown, chainId: string, options: ProofOptions = {}): ProvenBalance {
  const parsed = fileSchema.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new SmartshareError('PROOF_FILE', `not a proof: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
  const file = parsed.data
  if (file.chainId !== chainId) throw new SmartshareError('PROOF_OTHER_CHAIN', 'the proof is of another network')
  const genesis = genesisOf(file.genesis, chainId)
  const rules = { nowMs: Date.now(), ...options }
  const first = options.trust ?? genesisState(genesis)
  if (toHex(first.chainId) !== chainId) {
    throw new SmartshareError('PROOF_OTHER_CHAIN', 'what is trusted is of another network')
  }
  const trusted = handOverAll(first, recordsOf(file, first.term), rules)
  const told = { ...file, token: file.token ?? SSP_TEXT, grains: BigInt(file.grains) }
  return { ...checkEntry(trusted, told, rules), proof: file }
}

/** What somebody says about a balance: the parts of the proof in base64. */
interface Told extends Pick<BalanceProofFile, 'address' | 'height' | 'header' | 'certificate' | 'proof'> {
  readonly token: string
  readonly grains: bigint
}

function checkEntry(state: LightState, told: Told, rules: LightRules): CheckedBalance {
  const { grains } = told
  const address = parseAddress(told.address)
  const record = orNoProof(() =>
    encodeEntryProof({
      header: bytesOfBase64(told.header),
      certificate: bytesOfBase64(told.certificate),
      value: grains === 0n ? null : encode(amount, grains),
      path: bytesOfBase64(told.proof),
    }),
  )
  const key = told.token === SSP_TEXT ? balanceKey(address) : holdingKey(parseAddress(told.token), address)
  const found = verifyEntry(state, record, key, rules)
  if (found.height !== told.height) throw new SmartshareError('PROOF_HEIGHT', 'the header names another height')
  return { address: formatAddress(address), token: told.token, grains, height: found.height, trust: found.state }
}

/** The hand-overs of a file to the terms after `term`. */
function recordsOf(file: BalanceProofFile, term: number): Uint8Array[] {
  return file.handOvers
    .slice(term)
    .map(({ members, header, certificate }) =>
      orNoProof(() => handOverRecord({ members, header: { encoded: header }, certificate: { encoded: certificate } })),
    )
}

function decodeBalance(value: string): bigint {
  try {
    return decode(amount, fromHex(value))
  } catch (error) {
    throw new SmartshareError('PROOF_FILE', 'not a proof: the balance is no amount', {}, error)
  }
}

/** Checks that a genesis record is that of a network. Throws PROOF_OTHER_CHAIN, PROOF_FILE. */
function genesisOf(text: string, chainId: string): Genesis {
  const genesis = decodePart(text, decodeGenesis)
  // Encoded again: the hash must be that of the record itself.
  if (toHex(chainIdOf(genesis)) !== chainId || !equalBytes(encodeGenesis(genesis), bytesOfBase64(text))) {
    throw new SmartshareError('PROOF_OTHER_CHAIN', 'the genesis record is not that of the network')
  }
  return genesis
}

function decodePart<T>(text: string, decoder: (encoded: Uint8Array) => T): T {
  return orNoProof(() => decoder(bytesOfBase64(text)))
}

function orNoProof<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new SmartshareError('PROOF_FILE', 'not a proof: a part of it cannot be decoded', {}, error)
  }
}
