import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { io } from '../io.ts'
import { ProgressBar } from '../progress-bar.ts'
import { clientCommand, examples } from '../session.ts'
import { findObject, withStorage } from '../storage-session.ts'

export function addGet(program: Command): void {
  const command = clientCommand(program, 'get <object>', 'read a stored object back, from any of its copies')
  command
    .option('-o, --output <file>', 'file to write, - for standard output (default: the name it was stored under)')
    .addHelpText(
      'after',
      `\nOBJECT is its id, or its name if only one object has it. Every byte is checked.\n${examples(
        'smartshare get photos.tar -o back.tar',
        'smartshare get 00112233445566778899aabbccddeeff -o - | tar x',
      )}`,
    )
  command.action((text: string) =>
    withStorage(command, async (owner, session) => {
      const { output } = command.opts<{ output?: string }>()
      const { object, metadata, sizeBytes } = await findObject(owner, text)
      if (output === '-') {
        if (session.output.json) throw new SmartshareError('USAGE', '--json and -o - both want standard output')
        await pipeline(owner.getRange(object), io().stdout, { end: false })
        return
      }
      const file = resolve(output ?? freeName(metadata?.name ?? ''))
      const bar = new ProgressBar('reading')
      await owner
        .getFile(object, file, { onProgress: ({ doneBytes, totalBytes }) => bar.show(doneBytes, totalBytes) })
        .finally(() => bar.end())
      session.output.result({ object: toHex(object), name: metadata?.name ?? null, file, sizeBytes }, () => file)
    }),
  )
}

/** The stored name, if a file can be made of it here that is not there yet. */
function freeName(name: string): string {
  // Whoever stored it chose the name: it must not lead out of this folder.
  const own = basename(name)
  if (own === '' || own === '.' || own === '..') {
    throw new SmartshareError('USAGE', 'the object was stored without a name: say where to write it with -o')
  }
  if (!existsSync(own)) return own
  throw new SmartshareError('CLI_FILE', `${own} is there already: say where to write with -o`, { path: own })
}
