import { textBytes } from '@smartshare/lvm'
import type { TestChain } from '../testing.ts'
import { entriesOf } from './contract-state.ts'
import { contractsFrom, getCode } from './registry.ts'

/** Bytes for which grains must be locked, counted from the state itself. */
export function storedBytes(chain: TestChain): number {
  let bytes = 0
  for (const address of contractsFrom(chain.state, 0, 100)) {
    const { name, source, abi, metadata } = getCode(chain.state, address)
    bytes += textBytes(name).length + source.length + abi.length + textBytes(metadata).length
    for (const { raw } of entriesOf(chain.state, address, { limit: 10_000 })) {
      const key = Uint8Array.of(11, 3, ...address, ...raw)
      bytes += key.length + chain.state.get(key)!.length
    }
  }
  return bytes
}
