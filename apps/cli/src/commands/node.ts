import { type Command, Option } from 'commander'
import { ProgressBar } from '../progress-bar.ts'

interface NodeFlags {
  readonly config: string
  readonly sync?: 'state' | 'blocks'
  readonly checkpoint?: readonly string[]
  readonly follow?: 'auto' | 'never'
}

export function addNode(program: Command): void {
  program
    .command('node')
    .description('run a node of the chain until it is told to stop')
    .requiredOption('--config <file>', 'settings of the node, node.json')
    .addOption(
      new Option('--sync <how>', 'how a new node begins: with a snapshot of its peers or with all blocks').choices([
        'state',
        'blocks',
      ]),
    )
    .option('--checkpoint <files...>', 'two files of whom to believe, from sources that do not know of each other')
    .addOption(
      new Option(
        '--follow <when>',
        'take from peers what blocks changed while the chain is busy, or execute them always; a delegate always does',
      ).choices(['auto', 'never']),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  smartshare node --config .smartshare/delegates/d1/node.json\n  smartshare node --config node.json --sync state --checkpoint one.cbor other.cbor',
    )
    .action(async ({ config, sync, checkpoint, follow }: NodeFlags) => {
      // Loaded here: other commands should not wait for it.
      const { runNode } = await import('@smartshare/daemon')
      const bar = new ProgressBar('fetching the state')
      await runNode(config, {
        ...(sync !== undefined && { sync }),
        ...(follow !== undefined && { follow }),
        ...(checkpoint !== undefined && { checkpoints: checkpoint }),
        onProgress: ({ chunks, totalChunks, sizeBytes }) => {
          // How many bytes there are is only known at the end.
          bar.show(sizeBytes, (sizeBytes * totalChunks) / chunks, `${chunks} of ${totalChunks} chunks`)
          if (chunks === totalChunks) bar.end()
        },
      })
    })
}
