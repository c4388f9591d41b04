import type { Command } from 'commander'
import { addDevnet } from './devnet.ts'
import { addNode } from './node.ts'

/** Every command adds itself to the program. */
export const commands: readonly ((program: Command) => void)[] = [addDevnet, addNode]
