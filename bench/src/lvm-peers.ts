import { LUA_PROGRAMS, type LuaProgram, type LuaRun, luaProgramPath } from './native-lua.ts'
import { installPeer, runPeer } from './peer.ts'

export { LUA_PROGRAMS, type LuaProgram, type LuaRun, luaProgramPath, nativeLua } from './native-lua.ts'

/** Transfers per second of the token contract `bench/peers/evm/token.sol` in @ethereumjs/evm, in one thread. */
export interface EvmRates {
  /** State in plain maps, without a root. */
  readonly simplePerS: number
  /** State in cached Merkle tries, with a root every 100 transfers. */
  readonly merklePerS: number
}

/** Takes some 12 s. */
export async function evmTransfersPerSecond(): Promise<EvmRates> {
  await installPeer('evm')
  const rates = JSON.parse(await runPeer('evm', process.execPath, ['bench.js']))
  return { simplePerS: rates.simple_per_s, merklePerS: rates.merkle_per_s }
}

/** Runs a program once with fengari, a Lua in JavaScript; takes some 5 to 15 s. Its checksum equals that of native Lua. */
export async function fengari(name: LuaProgram): Promise<LuaRun> {
  await installPeer('fengari')
  const { n, warmUp } = LUA_PROGRAMS[name]
  const args = ['run.js', luaProgramPath(name), String(n), String(warmUp)]
  return JSON.parse(await runPeer('fengari', process.execPath, args))
}
