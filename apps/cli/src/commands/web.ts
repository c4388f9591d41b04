import type { Command } from 'commander'
import { createOutput } from '../output.ts'
import { examples } from '../session.ts'

export function addWeb(program: Command): void {
  program
    .command('web')
    .description('serve the web app until it is told to stop')
    .requiredOption('--config <file>', 'where it listens and which network it opens, web.json')
    .addHelpText('after', examples('smartshare web --config .smartshare/web/web.json'))
    .action(async ({ config }: { readonly config: string }) => {
      // Loaded here: other commands should not wait for it.
      const { runWebServer } = await import('@smartshare/web-server')
      const output = createOutput(false)
      await runWebServer(config, (url) => output.note(`the web app is at ${url}`))
    })
}
