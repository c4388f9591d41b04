import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { tableText } from '../text.ts'

export function addConfig(program: Command): void {
  const config = program.command('config').description('settings of the client commands')
  const command = clientCommand(config, 'show', 'every setting, its value and where it comes from')
  command.addHelpText(
    'after',
    `\nA later source wins: default, network (network.json in the folder), file (settings.json in the folder),\nenvironment (SMARTSHARE_DIR, SMARTSHARE_RPC, …), flag.\n${examples('smartshare config show', 'SMARTSHARE_WALLET=alice smartshare config show --json')}`,
  )
  command.action(() =>
    withSession(command, async ({ found, output }) => {
      const { settings, sources } = found
      const entries = (Object.keys(settings) as (keyof typeof settings)[]).map(
        (name) => [name, { value: settings[name], source: sources[name] }] as const,
      )
      output.result(Object.fromEntries(entries), () =>
        tableText(
          ['setting', 'value', 'from'],
          entries.map(([name, { value, source }]) => [
            name,
            Array.isArray(value) ? value.join(',') : `${value}`,
            source,
          ]),
          'no settings',
        ),
      )
    }),
  )
}
