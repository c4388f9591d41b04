import { type DelegateSet, decodeCertificate, decodeHeader } from '@smartshare/chain'
import { amount, decode, encode, SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, parseAddress, toHex } from '@smartshare/crypto'
import { balanceKey, chainIdOf, decodeGenesis, encodeGenesis, type Genesis } from '@smartshare/runtime'
import { decodeProof, verifyProof } from '@smartshare/state'
import { z } from 'zod'
import { base64OfBytes, bytesOfBase64, type RpcClient } from '../rpc/rpc-client.ts'
import { type HandOver, TrustedSets } from './trusted-sets.ts'

/** Terms that a proof may lead through; a client that knows a later set needs fewer. */
const MAX_HAND_OVERS = 10_000
const MAX_SEATS = 256

/** A balance at a height, as the delegates certified it. */
export interface ProvenBalance {
  readonly address: string
  readonly grains: bigint
  /** The state that is proven is that after the block of this height. */
  readonly height: number
  /** Everything that a stranger needs to check it, who knows only the chain id. */
  readonly proof: BalanceProofFile
}

const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
const certified = { header: base64, certificate: base64 }

const fileSchema = z.strictObject({
  kind: z.literal('smartshare balance proof'),
  version: z.literal(1),
  chainId: hex.length(64),
  address: z.string().length(62),
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
    .max(MAX_HAND_OVERS),
  ...certified,
  proof: base64,
})

/** A proof as it is written to a file: hexadecimal, base64 and decimal text. */
export type BalanceProofFile = z.output<typeof fileSchema>

/** Asks a node for a balance and checks the proof. Throws PROOF_* or RPC_*. */
export async function proveBalance(rpc: RpcClient, sets: TrustedSets, address: string): Promise<ProvenBalance> {
  const genesis = await rpc.genesis()
  const answer = await rpc.accountProof(address)
  const { term } = decodeHeader(bytesOfBase64(answer.header.encoded))
  if (term > MAX_HAND_OVERS) throw new SmartshareError('PROOF_TERM', 'the proof leads through too many terms', { term })
  const handOvers: BalanceProofFile['handOvers'] = []
  for (let next = 1; next <= term; next++) {
    const { members, header, certificate } = await rpc.handOver(next)
    handOvers.push({ members, header: header.encoded, certificate: certificate.encoded })
  }
  const file: BalanceProofFile = {
    kind: 'smartshare balance proof',
    version: 1,
    chainId: toHex(sets.chainId),
    address,
    grains: answer.value === null ? '0' : `${decodeBalance(answer.value)}`,
    height: answer.height,
    genesis: base64OfBytes(genesis),
    handOvers,
    header: answer.header.encoded,
    certificate: answer.certificate.encoded,
    proof: answer.proof,
  }
  return verifyBalanceProof(file, toHex(sets.chainId))
}

/**
 * Checks a proof from a file or from anybody. `chainId` (hexadecimal) is all that the verifier trusts. Throws PROOF_FILE for
 * what is no proof, PROOF_* for what does not hold.
 */
export function verifyBalanceProof(raw: unknown, chainId: string): ProvenBalance {
  const parsed = fileSchema.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new SmartshareError('PROOF_FILE', `not a proof: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
  const file = parsed.data
  if (file.chainId !== chainId) throw new SmartshareError('PROOF_OTHER_CHAIN', 'the proof is of another network')
  const sets = new TrustedSets(genesisOf(file.genesis, chainId))
  for (const [i, handOver] of file.handOvers.entries()) sets.advance(decodeHandOver(handOver, i + 1))
  const header = decodePart(file.header, decodeHeader)
  sets.checkFinal(header, decodePart(file.certificate, decodeCertificate))
  if (header.rootHeight !== file.height) throw new SmartshareError('PROOF_HEIGHT', 'the header names another height')
  const grains = BigInt(file.grains)
  const address = parseAddress(file.address)
  const value = grains === 0n ? undefined : encode(amount, grains)
  const proof = decodePart(file.proof, decodeProof)
  if (!verifyProof(header.stateRoot, balanceKey(address), value, proof)) {
    throw new SmartshareError('PROOF_STATE', 'the certified state does not hold this balance')
  }
  return { address: formatAddress(address), grains, height: file.height, proof: file }
}

function decodeBalance(value: string): bigint {
  try {
    return decode(amount, fromHex(value))
  } catch (error) {
    throw new SmartshareError('PROOF_FILE', 'not a proof: the balance is no amount', {}, error)
  }
}

function genesisOf(text: string, chainId: string): Genesis {
  const genesis = decodePart(text, decodeGenesis)
  // Encoded again: the hash must be that of the record itself.
  if (toHex(chainIdOf(genesis)) !== chainId || base64OfBytes(encodeGenesis(genesis)) !== text) {
    throw new SmartshareError('PROOF_OTHER_CHAIN', 'the genesis record is not that of the network')
  }
  return genesis
}

function decodeHandOver(raw: BalanceProofFile['handOvers'][number], term: number): HandOver {
  const members = raw.members.map(({ address, key }) => ({ address: parseAddress(address), key: fromHex(key) }))
  const set: DelegateSet = { term, members }
  return {
    set,
    header: decodePart(raw.header, decodeHeader),
    certificate: decodePart(raw.certificate, decodeCertificate),
  }
}

function decodePart<T>(text: string, decoder: (encoded: Uint8Array) => T): T {
  try {
    return decoder(bytesOfBase64(text))
  } catch (error) {
    throw new SmartshareError('PROOF_FILE', 'not a proof: a part of it cannot be decoded', {}, error)
  }
}
