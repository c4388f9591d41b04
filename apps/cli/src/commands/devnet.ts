import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DevnetOptions } from '@smartshare/devnet'
import { type Command, Option } from 'commander'
import { createOutput } from '../output.ts'

const DEFAULT_DIR = '.smartshare'
/** How the network's processes are called: as this command is, by the same Node. */
const PROGRAM = [process.execPath, fileURLToPath(new URL('../../bin/smartshare.js', import.meta.url))] as const
/** Exit code of a program that ended on an interrupt, as shells count. */
const INTERRUPTED = 130

interface DirFlags {
  readonly dir: string
  readonly json?: boolean
}

interface UpFlags extends DirFlags {
  readonly detach?: boolean
  readonly basePort?: number
  readonly delegates?: number
  readonly providers?: number
  readonly indexers?: number
  readonly slotMs?: number
}

// The package is loaded by the actions: other commands should not wait for it.

export function addDevnet(program: Command): void {
  const devnet = program.command('devnet').description('a whole network on this machine')
  const command = (name: string, description: string) =>
    devnet
      .command(name)
      .description(description)
      .addOption(new Option('--dir <folder>', 'folder of the network').env('SMARTSHARE_DIR').default(DEFAULT_DIR))
      .option('--json', 'print exactly one JSON value')

  command('up', 'set up, start or resume a network; stays and shows how it is, Ctrl-C stops it')
    .option('--detach', 'return when final blocks are made and every service answers')
    .option('--base-port <port>', 'first port (default: 21000)', Number)
    .option('--delegates <count>', 'how many delegates, if the network is new (default: 4)', Number)
    .option('--providers <count>', 'how many storage providers, if the network is new (default: 6)', Number)
    .option('--indexers <count>', '1: also an indexer for search, history and charts; 0: none (default: 1)', Number)
    .option('--slot-ms <ms>', 'least time between two blocks, if the network is new (default: 500)', Number)
    .addHelpText(
      'after',
      '\nExamples:\n  smartshare devnet up\n  smartshare devnet up --detach --dir /tmp/net --base-port 22000 --delegates 7',
    )
    .action(up)

  command('status', 'what runs, how far the chain is, where it answers')
    .addHelpText('after', '\nExample:\n  smartshare devnet status --json')
    .action(async ({ dir, json }: DirFlags) => {
      const { devnetStatus, statusText } = await import('@smartshare/devnet')
      const status = await devnetStatus(resolve(dir))
      createOutput(json === true).result(status, () => statusText(status))
    })

  command('down', 'stop the network; its data stay').action(async ({ dir, json }: DirFlags) => {
    const { devnetDown } = await import('@smartshare/devnet')
    const done = await devnetDown(resolve(dir))
    createOutput(json === true).result(done, () => stoppedText(done.stopped))
  })

  command('reset', 'stop the network and remove it, wallets and all').action(async ({ dir, json }: DirFlags) => {
    const { devnetReset } = await import('@smartshare/devnet')
    const done = await devnetReset(resolve(dir))
    createOutput(json === true).result(done, () => `${stoppedText(done.stopped)}; removed ${done.removed}`)
  })
}

async function up({ dir: folder, json, detach, ...flags }: UpFlags): Promise<void> {
  const { banner, devnetDown, devnetUp, watchNetwork } = await import('@smartshare/devnet')
  const output = createOutput(json === true)
  const dir = resolve(folder)
  const options: Partial<DevnetOptions> = {
    ...(flags.basePort !== undefined && { basePort: flags.basePort }),
    ...(flags.delegates !== undefined && { delegates: flags.delegates }),
    ...(flags.providers !== undefined && { providers: flags.providers }),
    ...(flags.indexers !== undefined && { indexers: flags.indexers }),
    ...(flags.slotMs !== undefined && { slotMs: flags.slotMs }),
  }
  const interrupt = interruption()
  const status = await devnetUp({ dir, options, program: PROGRAM, progress: output.note, signal: interrupt })
  output.result(status, () => banner(status, dir === resolve(DEFAULT_DIR) ? '' : ` --dir ${dir}`))
  if (detach) return
  output.note('Ctrl-C stops the network; its data stay')
  if ((await watchNetwork(dir, process.stderr, interrupt)) === 'stopped') {
    output.note('the network was stopped by another command')
    return
  }
  output.note('stopping')
  output.note(stoppedText((await devnetDown(dir)).stopped))
}

/** Aborted by the first Ctrl-C (or the like); the second one ends us at once and leaves the network as it is. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED)
      controller.abort()
    })
  }
  return controller.signal
}

function stoppedText(stopped: readonly string[]): string {
  return stopped.length === 0 ? 'nothing was running' : `stopped ${stopped.join(' ')}`
}
