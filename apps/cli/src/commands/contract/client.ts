import { basename } from 'node:path'
import { type Abi, generateClient } from '@smartshare/client'
import { ContractEngine, GasMeter, MAX_LOAD_GAS } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../../session.ts'
import { writeOutput } from '../../trust-file.ts'
import { contractAddress } from './call.ts'
import { readSource } from './publish.ts'

export function addClient(contract: Command): void {
  const command = clientCommand(contract, 'client <address-or-file>', 'TypeScript with a typed method for each method')
  command
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .option('--name <name>', 'name of the class (default: the name of the contract)')
    .addHelpText(
      'after',
      `\nOf a contract on the chain, or of a source in a file, which needs no network.\n${examples(
        'smartshare contract client ssp1… -o counter.ts',
        'smartshare contract client counter.lua -o counter.ts --json',
      )}`,
    )
  command.action((target: string) =>
    withSession(command, async (session) => {
      const { output, name } = command.opts<{ output?: string; name?: string }>()
      const found = target.endsWith('.lua')
        ? { name: basename(target).replace(/\.lua$/, ''), abi: abiOfFile(target) }
        : await (await session.client()).contract(contractAddress(target)).info()
      const source = generateClient(found.abi, name ?? found.name)
      if (output === undefined) session.output.result({ source }, () => source)
      else {
        writeOutput(output, source)
        const methods = found.abi.methods.filter(({ kind }) => kind !== 'constructor').length
        session.output.result({ file: output, methods }, () => `wrote ${output} with ${methods} methods`)
      }
    }),
  )
}

/** Loads a source as the chain does. Throws CLI_FILE, CONTRACT_SOURCE. */
function abiOfFile(path: string): Abi {
  const engine = new ContractEngine()
  return engine.load(engine.slot(0), readSource(path), new GasMeter(MAX_LOAD_GAS)).abi
}
