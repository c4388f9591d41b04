import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { agreedState, decodeLightState, encodeLightState, type LightState, MAX_STATE_BYTES } from '@smartshare/light'
import type { Command } from 'commander'

/** What a command that checks proofs is told of the time before. */
export interface TrustFlags {
  readonly trust?: string
  readonly checkpoint?: readonly string[]
}

/** Gives a command the options by which it goes on from what was trusted before. */
export function withTrust(command: Command): Command {
  return command
    .option('--trust <file>', 'what is known of the delegates from the time before; it is kept there')
    .option('--checkpoint <files...>', 'two such files from sources that do not know of each other, after a long time')
}

/** What is trusted before anything is asked: two checkpoints that agree, or else what was kept; undefined: genesis alone. */
export function knownTrust({ checkpoint, trust }: TrustFlags, chainId: Uint8Array): LightState | undefined {
  if (checkpoint !== undefined) {
    const [one, other, ...more] = checkpoint
    if (one === undefined || other === undefined || more.length > 0) {
      throw new SmartshareError('USAGE', 'give two checkpoints')
    }
    return agreedState(chainId, readTrust(one), readTrust(other))
  }
  return trust !== undefined && existsSync(trust) ? readTrust(trust) : undefined
}

function readTrust(path: string): LightState {
  return decodeLightState(readBounded(path, MAX_STATE_BYTES, 'LIGHT_STATE'))
}

/** Never leaves half a file behind: the next run would have nothing to go on from. */
export function keepTrust({ trust: path }: TrustFlags, state: LightState): void {
  if (path === undefined) return
  const next = `${path}.next`
  writeOutput(next, encodeLightState(state))
  try {
    renameSync(next, path)
  } catch (error) {
    throw new SmartshareError('CLI_FILE', `cannot write ${path}: ${(error as Error).message}`, { path }, error)
  }
}

/** Throws CLI_FILE, or `code` if the file is too large for what it should be. */
export function readBounded(path: string, mostBytes: number, code: string): Uint8Array {
  try {
    if (statSync(path).size > mostBytes) throw new SmartshareError(code, `${path} is too large`)
    return readFileSync(path)
  } catch (error) {
    if (SmartshareError.is(error)) throw error
    throw new SmartshareError('CLI_FILE', `cannot read ${path}: ${(error as Error).message}`, { path }, error)
  }
}

/** Throws CLI_FILE. */
export function writeOutput(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content)
  } catch (error) {
    throw new SmartshareError('CLI_FILE', `cannot write ${path}: ${(error as Error).message}`, { path }, error)
  }
}
