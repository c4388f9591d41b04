import { decodeCertificate, decodeHeader, parseTransaction, STATUS_DONE, seatsOf } from '@smartshare/chain'
import {
  type BlockHeader,
  base64OfBytes,
  bytesOfBase64,
  type Client,
  checkReceipt,
  genesisState,
  type TransactionState,
  Trust,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, toHex } from '@smartshare/crypto'
import type { LightRules } from '@smartshare/light'
import { modules } from '@smartshare/runtime'
import { checked, networkState, openNetwork } from '../../../worker/network.ts'
import type { CheckedUnits } from '../../../worker/protocol.ts'

/** Whether the light client has checked what is shown. */
export type Proof = Pick<CheckedUnits, 'state' | 'height' | 'code' | 'node'>

/** A final block as a node tells it. */
export interface NodeBlock {
  readonly header: BlockHeader
  /** Seats that signed the certificate; null where the node has none yet. */
  readonly signers: readonly number[] | null
  readonly proof: Proof
}

/** A call as it was signed; what its arguments say is in the index. */
export interface SignedCall {
  readonly to: string
  readonly method: string
  readonly argumentBytes: number
}

export interface NodeTransaction extends TransactionState {
  readonly proof: Proof | null
  readonly sizeBytes: number | null
  readonly calls: readonly SignedCall[]
}

/** Trust that begins with genesis, for blocks of terms before those that the light client still knows. */
let old: Trust | undefined

/** Checks against what is believed now; where that is too young for an old block, from genesis on. */
async function atAnyAge<T>(
  subject: string,
  check: (client: Client, trust: Trust, rules: LightRules) => Promise<T>,
): Promise<T> {
  return await checked(subject, async (client, trust, { nowMs }) => {
    try {
      return await check(client, trust, { nowMs })
    } catch (error) {
      if (!SmartshareError.is(error, 'LIGHT_STALE')) throw error
      old ??= new Trust(genesisState(client.genesis))
      return await check(client, old, { nowMs })
    }
  })
}

async function proofOf(subject: string, check: () => Promise<number>): Promise<Proof> {
  try {
    const height = await check()
    return { state: 'verified', height, code: null, node: networkState().node }
  } catch (error) {
    if (!SmartshareError.is(error)) throw error
    const state = error.code.startsWith('PROOF_') ? 'lie' : 'unverified'
    return { state, height: networkState().height, code: error.code, node: networkState().node || subject }
  }
}

/** A block by its height, with who certified it. Throws RPC_NOT_FOUND. */
export async function block(height: number): Promise<NodeBlock> {
  const { rpc } = (await openNetwork()).client
  const { header, certificate } = await rpc.block(height, { limit: 0 })
  if (certificate === null) {
    const proof: Proof = { state: 'unverified', height, code: 'RPC_NOT_READY', node: networkState().node }
    return { header, signers: null, proof }
  }
  const encoded = bytesOfBase64(certificate.encoded)
  const { bitmap } = decodeCertificate(encoded)
  const proof = await proofOf(`block ${height}`, () =>
    atAnyAge(`block ${height}`, async (client, trust, rules) => {
      const bytes = decodeHeader(bytesOfBase64(header.encoded))
      if (bytes.height !== height) throw new SmartshareError('PROOF_HEADER', 'the header is of another block')
      await trust.catchUp(client.rpc, bytes.term, rules)
      trust.checkFinal(bytes, decodeCertificate(encoded), rules)
      return height
    }),
  )
  return { header, signers: seatsOf(bitmap, bitmap.length * 8) ?? [], proof }
}

/** What a node tells of a transaction, held against a proof of its receipt. */
export async function transaction(id: string): Promise<NodeTransaction> {
  const { rpc } = (await openNetwork()).client
  const told = await rpc.transaction(id)
  if (told.height === null || told.index === null) return { ...told, proof: null, sizeBytes: null, calls: [] }
  const [signed, proof] = await Promise.all([signedAt(id, told.height, told.index), proofOf(id, () => prove(id, told))])
  return { ...told, ...signed, proof }
}

async function prove(id: string, told: TransactionState): Promise<number> {
  return await atAnyAge(id, async (client, trust, rules) => {
    const { receipt, height } = await checkReceipt(client.rpc, trust, id, rules)
    const shown = told.receipt
    const isSame =
      shown !== null &&
      height === told.height &&
      (shown.status === 'done') === (receipt.status === STATUS_DONE) &&
      shown.gasUsed === receipt.gasUsed &&
      shown.feeGrains === receipt.feeGrains &&
      (shown.error?.code ?? null) === (receipt.error?.code ?? null) &&
      shown.events.length === receipt.events.length &&
      receipt.events.every(({ name, data }, i) => {
        const event = shown.events[i]
        return event?.name === name && event.encoded === base64OfBytes(data)
      })
    if (!isSame) throw new SmartshareError('PROOF_RECEIPT', 'the node told another receipt than the one it can prove')
    return height
  })
}

/** The signed bytes of a transaction, found at its place and recognised by its id. */
async function signedAt(id: string, height: number, index: number) {
  const { client } = await openNetwork()
  const { transactions } = await client.rpc.block(height, { skip: index, limit: 1 })
  const [text] = transactions
  if (text === undefined) return { sizeBytes: null, calls: [] }
  const wire = bytesOfBase64(text)
  const parsed = parseTransaction(wire, fromHex(networkState().chainId))
  if (toHex(parsed.id) !== id) return { sizeBytes: null, calls: [] }
  const calls = parsed.body.calls.map(({ target, method, arguments: bytes }): SignedCall => {
    const module = modules.find(({ id: number }) => number === target)
    return {
      to: typeof target === 'number' ? (module?.name ?? String(target)) : formatAddress(target),
      method: module?.methods.find(({ id: number }) => number === method)?.name ?? String(method),
      argumentBytes: bytes.length,
    }
  })
  return { sizeBytes: wire.length, calls }
}
