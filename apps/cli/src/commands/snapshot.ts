import { toHex } from '@smartshare/crypto'
import type { SnapshotFacts } from '@smartshare/daemon'
import type { Command } from 'commander'
import { createOutput } from '../output.ts'
import { ProgressBar } from '../progress-bar.ts'
import { factsText } from '../text.ts'

interface SnapshotFlags {
  readonly config: string
  readonly output: string
  readonly json?: boolean
}

interface RestoreFlags {
  readonly config: string
  readonly checkpoint?: readonly string[]
  readonly json?: boolean
}

export function addSnapshot(program: Command): void {
  program
    .command('snapshot')
    .description('copy the newest snapshot of a node, checked; one is taken at the end of each term')
    .requiredOption('--config <file>', 'settings of the node, node.json')
    .requiredOption('-o, --output <folder>', 'where to copy it')
    .option('--json', 'print exactly one JSON value')
    .addHelpText('after', '\nExample:\n  smartshare snapshot --config .smartshare/delegates/d1/node.json -o backup')
    .action(async ({ config, output: target, json }: SnapshotFlags) => {
      const { exportSnapshot, readConfig } = await import('@smartshare/daemon')
      tell(await withBar('copying', (show) => exportSnapshot(readConfig(config), target, show)), json === true)
    })
}

export function addRestore(program: Command): void {
  program
    .command('restore <folder>')
    .description('fill the empty data folder of a node from a snapshot')
    .requiredOption('--config <file>', 'settings of the node, node.json')
    .option('--checkpoint <files...>', 'two files of whom to believe, from sources that do not know of each other')
    .option('--json', 'print exactly one JSON value')
    .addHelpText('after', '\nExample:\n  smartshare restore backup --config node.json --checkpoint one.cbor other.cbor')
    .action(async (folder: string, { config, checkpoint, json }: RestoreFlags) => {
      const { readConfig, restoreSnapshot } = await import('@smartshare/daemon')
      const settings = readConfig(config, checkpoint === undefined ? {} : { checkpoints: checkpoint })
      tell(await withBar('restoring', (show) => restoreSnapshot(settings, folder, show)), json === true)
    })
}

async function withBar<T>(
  what: string,
  work: (show: (doneBytes: number, chunk: number, chunks: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new ProgressBar(what)
  try {
    return await work((bytes, chunk, chunks) =>
      bar.show(bytes, (bytes * chunks) / chunk, `${chunk} of ${chunks} chunks`),
    )
  } finally {
    bar.end()
  }
}

function tell({ height, stateRoot, chunks, sizeBytes, folder }: SnapshotFacts, json: boolean): void {
  const value = { height, stateRoot: toHex(stateRoot), chunks, sizeBytes, folder }
  createOutput(json).result(value, () =>
    factsText([
      ['height', `${height}`],
      ['state root', value.stateRoot],
      ['chunks', `${chunks}, ${sizeBytes} bytes`],
      ['folder', folder],
    ]),
  )
}
