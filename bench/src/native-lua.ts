import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { peerFolder, runPeer } from './peer.ts'

const LUA = '/usr/bin/lua5.4'

/**
 * Each program defines `run(n)`, which gives a checksum that is the same in every Lua. With this `n` native Lua takes
 * some 0.3 to 0.6 s and holds less than 1 MiB.
 */
export const LUA_PROGRAMS = {
  fib: { n: 34, warmUp: 20 },
  string: { n: 4_000, warmUp: 10 },
  table: { n: 300, warmUp: 5 },
  loop: { n: 6_000_000, warmUp: 1_000 },
} as const

export type LuaProgram = keyof typeof LUA_PROGRAMS

export interface LuaRun {
  readonly checksum: string
  /** Processor time of `run(n)`. */
  readonly ms: number
}

export function luaProgramPath(name: LuaProgram): string {
  return join(peerFolder('lua'), `${name}.lua`)
}

/**
 * Runs a program with Debian's Lua 5.4 after a small warm-up, three times, and gives the least time. Undefined where that
 * Lua is not installed.
 */
export async function nativeLua(name: LuaProgram): Promise<LuaRun | undefined> {
  if (!existsSync(LUA)) {
    console.error(`bench: there is no ${LUA}, native Lua is left out; \`apt-get install lua5.4\` brings it`)
    return undefined
  }
  const { n, warmUp } = LUA_PROGRAMS[name]
  const printed = await runPeer('lua', LUA, ['driver.lua', `${name}.lua`, String(n), String(warmUp)])
  const [checksum, ms] = printed.split('\n')
  if (checksum === undefined || !(Number(ms) > 0)) throw new Error(`Lua gave no time for ${name}: ${printed}`)
  return { checksum, ms: Number(ms) }
}
