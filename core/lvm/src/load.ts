import { SmartshareError } from '@smartshare/codec'
import { sha256, toHex } from '@smartshare/crypto'
import { BUILT_WASM } from './generated/lvm-wasm.ts'

/** SHA-256 of the counted module. It decides what every contract costs and answers, so it belongs to the protocol. */
export const LVM_HASH = 'f87c1be20ee06edfa79a3da16945e393844a6f557e59a58d86cdd6bfb46f6f6b'

let loaded: WebAssembly.Module | undefined

/** The counted module, compiled once per thread. Throws LVM_OTHER_BUILD if it is not the one of the protocol. */
export function lvmModule(): WebAssembly.Module {
  if (loaded !== undefined) return loaded
  const wasm = Uint8Array.from(atob(BUILT_WASM), (character) => character.charCodeAt(0))
  const hash = toHex(sha256(wasm))
  if (hash !== LVM_HASH) {
    throw new SmartshareError('LVM_OTHER_BUILD', `the Lua machine has hash ${hash} and not ${LVM_HASH}`)
  }
  loaded = new WebAssembly.Module(wasm)
  return loaded
}
