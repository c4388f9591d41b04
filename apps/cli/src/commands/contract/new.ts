import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { createOutput } from '../../output.ts'
import { examples } from '../../session.ts'
import { writeOutput } from '../../trust-file.ts'
import { HOST_DEFINITIONS } from './lua-definitions.ts'
import { CONTRACT, EDITOR_SETTINGS, readmeOf, TEST } from './template.ts'
import { TEST_DEFINITIONS } from './test-definitions.ts'

export function addNew(contract: Command): void {
  contract
    .command('new <folder>')
    .description('make a folder with a first contract, its test, and what editors need to know')
    .option('--json', 'print exactly one JSON value')
    .addHelpText('after', examples('smartshare contract new tip-jar', 'smartshare contract new tip-jar --json'))
    .action((folder: string, { json }: { json?: boolean }) => {
      if (existsSync(folder) && readdirSync(folder).length > 0) {
        throw new SmartshareError('CLI_FILE', `there is something in ${folder} already`, { folder })
      }
      const files: Record<string, string> = {
        'contract.lua': CONTRACT,
        'contract.test.lua': TEST,
        'README.md': readmeOf(basename(folder)),
        '.luarc.json': EDITOR_SETTINGS,
        '.definitions/contracts.lua': HOST_DEFINITIONS,
        '.definitions/tests.lua': TEST_DEFINITIONS,
      }
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder, name)
        makeFolder(dirname(path))
        writeOutput(path, content)
      }
      createOutput(json === true).result({ folder, files: Object.keys(files) }, () =>
        [
          `made ${folder}`,
          ...Object.keys(files).map((name) => `  ${name}`),
          'next:',
          `  smartshare contract test ${folder}`,
          `  smartshare contract publish ${join(folder, 'contract.lua')} --name ${basename(folder)} --arg alice`,
        ].join('\n'),
      )
    })
}

/** Throws CLI_FILE. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw new SmartshareError('CLI_FILE', `cannot make ${path}: ${(error as Error).message}`, { path }, error)
  }
}
