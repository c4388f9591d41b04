import { toHex } from '@smartshare/crypto'
import { type Abi, decodeAbi, findContract, getCode } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import type { NodeApi } from '../api.ts'
import { MAX_KEPT_ABIS } from './limits.ts'
import type { AbiOf } from './views.ts'

/** By the hash of the source, which decides the ABI; what was not used for longest goes first. */
const kept = new Map<string, Abi>()

/** ABIs of contracts as they are now; undefined where there is no contract, or while the node has halted. */
export function abisOf(node: Pick<NodeApi, 'halted' | 'state'>): AbiOf {
  return (address) => {
    if (node.halted !== undefined) return undefined
    const { reader } = node.state()
    const contract = findContract(reader, address)
    return contract === undefined ? undefined : abiAt(reader, address, contract.codeHash)
  }
}

/** ABI of a contract that exists. */
export function abiAt(reader: StateReader, address: Uint8Array, codeHash: Uint8Array): Abi {
  const name = toHex(codeHash)
  const abi = kept.get(name) ?? decodeAbi(getCode(reader, address).abi)
  kept.delete(name)
  kept.set(name, abi)
  if (kept.size > MAX_KEPT_ABIS) kept.delete(kept.keys().next().value as string)
  return abi
}
