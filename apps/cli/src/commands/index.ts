import type { Command } from 'commander'
import { addNode } from './node.ts'

/** Every command adds itself to the program. */
export const commands: readonly ((program: Command) => void)[] = [addNode]
