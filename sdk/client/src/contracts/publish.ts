import type { Call } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress } from '@smartshare/crypto'
import { type Abi, encodeParameters, parametersFromJson } from '@smartshare/runtime'
import type { RpcClient } from '../rpc/rpc-client.ts'
import { calls } from '../transactions/calls.ts'
import type { FinalTransaction } from '../transactions/fate.ts'

/** A contract that is to be published. */
export interface PublishOptions {
  /** For people; letters, digits, spaces and . _ - */
  readonly name: string
  readonly source: string | Uint8Array
  /** Arguments of its constructor, in their order or by their names. */
  readonly args?: unknown
  /** Grains that go to the constructor. */
  readonly value?: bigint
  /** Who may upgrade it, and how long before that must be announced; nobody if not said. Never changes. */
  readonly upgrade?: { readonly by: string; readonly delayMs: number }
  /** Who may pause it; nobody if not said. Never changes. */
  readonly pauser?: string
  /** Free text: a link, or what compiled it. */
  readonly metadata?: string
}

/**
 * The call that publishes a contract. The node loads the source to say what the constructor takes; nothing is paid yet. Throws
 * CONTRACT_SOURCE with what is wrong and where, ABI_VALUE, CONTRACT_NAME.
 */
export async function publishCall(rpc: RpcClient, options: PublishOptions): Promise<Call> {
  const { name, args, value = 0n, upgrade, pauser, metadata = '' } = options
  const source = sourceBytes(options.source)
  const { abi } = await rpc.contracts.check(source)
  return calls.publishContract({
    ...{ name, source, metadata, value },
    arguments: constructorArguments(abi, args),
    upgrade: upgrade === undefined ? null : { by: parseAddress(upgrade.by), delayMs: upgrade.delayMs },
    pauser: pauser === undefined ? null : parseAddress(pauser),
  })
}

/** A constructor is always run: a contract that was not set up would be nobody's. */
function constructorArguments({ methods }: Abi, args: unknown): Uint8Array | null {
  const found = methods.find(({ kind }) => kind === 'constructor')
  if (found !== undefined) return encodeParameters(found.inputs, parametersFromJson(found.inputs, args ?? []))
  if (args === undefined || (Array.isArray(args) && args.length === 0)) return null
  throw new SmartshareError('ABI_VALUE', 'the contract has no constructor that takes arguments')
}

/** The address at which a transaction published a contract. Throws RPC_ANSWER. */
export function publishedAddress({ receipt }: FinalTransaction): string {
  const event = receipt.events.find(({ from, name }) => from === 'contracts' && name === 'published')
  const address = event?.data?.contract
  if (typeof address === 'string') return address
  throw new SmartshareError('RPC_ANSWER', 'the receipt does not say where the contract was published')
}

/** The bytes that are published. */
function sourceBytes(source: string | Uint8Array): Uint8Array {
  return typeof source === 'string' ? new TextEncoder().encode(source) : source
}
