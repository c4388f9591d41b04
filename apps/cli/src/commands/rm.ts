import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples } from '../session.ts'
import { findObject, withStorage } from '../storage-session.ts'

export function addRm(program: Command): void {
  const command = clientCommand(program, 'rm <object>', 'end the agreements of an object before their term')
  command.addHelpText(
    'after',
    `\nEnding early costs the price of seven periods at most; the rest of what was locked returns.\n${examples(
      'smartshare rm photos.tar',
      'smartshare rm 00112233445566778899aabbccddeeff --json',
    )}`,
  )
  command.action((text: string) =>
    withStorage(command, async (owner, session) => {
      const { object } = await findObject(owner, text)
      const after = await owner.remove(object)
      const of = (state: string) => after.filter((one) => one.state === state).map(({ agreement }) => agreement)
      const value = { object: toHex(object), ended: of('ended'), cancelled: of('cancelled') }
      session.output.result(value, () => `ended ${value.ended.length} agreements of ${value.object}`)
    }),
  )
}
