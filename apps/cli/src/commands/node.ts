import type { Command } from 'commander'

export function addNode(program: Command): void {
  program
    .command('node')
    .description('run a node of the chain until it is told to stop')
    .requiredOption('--config <file>', 'settings of the node, node.json')
    .addHelpText('after', '\nExample:\n  smartshare node --config .smartshare/delegates/d1/node.json')
    .action(async ({ config }: { config: string }) => {
      // Loaded here: other commands should not wait for it.
      const { runNode } = await import('@smartshare/daemon')
      await runNode(config)
    })
}
