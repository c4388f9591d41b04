import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples } from '../session.ts'
import { withStorage } from '../storage-session.ts'
import { tableText, timeText } from '../text.ts'

interface ListedObject {
  readonly object: string
  /** Null: stored by this account, but sealed by another wallet, or the memo is gone. */
  readonly name: string | null
  readonly sizeBytes: number
  readonly mediaType: string | null
  readonly storedMs: number | null
  readonly copies: number
  readonly agreements: readonly number[]
}

export function addLs(program: Command): void {
  const command = clientCommand(program, 'ls', 'the objects that the wallet keeps in storage')
  command.addHelpText('after', examples('smartshare ls', 'smartshare ls --json'))
  command.action(() =>
    withStorage(command, async (owner, session) => {
      const objects: ListedObject[] = []
      for await (const { object, sizeBytes, metadata, agreements } of owner.list()) {
        objects.push({
          object: toHex(object),
          name: metadata?.name ?? null,
          sizeBytes,
          mediaType: metadata?.mediaType ?? null,
          storedMs: metadata?.storedMs ?? null,
          copies: agreements.length,
          agreements: agreements.map(({ agreement }) => agreement),
        })
      }
      session.output.result(objects, () =>
        tableText(
          ['object', 'size', 'copies', 'stored', 'name'],
          objects.map(({ object, sizeBytes, copies, storedMs, name }) => [
            object,
            String(sizeBytes),
            String(copies),
            storedMs === null ? '' : timeText(storedMs),
            name ?? '?',
          ]),
          'nothing is stored',
        ),
      )
    }),
  )
}
