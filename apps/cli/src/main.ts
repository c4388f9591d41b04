import type { EventEmitter } from 'node:events'
import { SmartshareError } from '@smartshare/codec'
import { Command, CommanderError } from 'commander'
import { commands } from './commands/index.ts'
import { type Io, io, withIo } from './io.ts'
import { reportError } from './output.ts'

export const VERSION = '0.1.0'

/** All commands, not yet run. */
export function createProgram(): Command {
  const program = new Command('smartshare')
    .description('Sell what your devices have idle, buy what others have; with nobody in the middle.')
    .version(VERSION)
    .showHelpAfterError('(run with --help for the usage)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeOut: (text) => io().stdout.write(text), writeErr: (text) => io().stderr.write(text) })
    // What follows a subcommand's name is the subcommand's.
    .enablePositionalOptions()
  for (const add of commands) add(program)
  giveExamples(program)
  refuseStray(program)
  return program
}

/** An option before a subcommand's name would be the parent's, and silently do nothing. */
function refuseStray(parent: Command): void {
  for (const child of parent.commands) refuseStray(child as Command)
  parent.hook('preSubcommand', (_, child) => {
    const stray = parent.options.find((option) => parent.getOptionValueSource(option.attributeName()) === 'cli')
    if (stray === undefined) return
    throw new SmartshareError('USAGE', `${stray.long} belongs behind "${child.name()}", whose option it is`)
  })
}

/** A command that needs no more than its name shows at least that as an example. */
function giveExamples(command: Command, path = command.name()): void {
  for (const child of command.commands) giveExamples(child as Command, `${path} ${child.name()}`)
  // Commander's types leave out that a command is an emitter; what has its own examples listens for `afterHelp`.
  const emitter = command as unknown as EventEmitter
  if (command.commands.length > 0 || emitter.listenerCount('afterHelp') > 0) return
  if (!command.registeredArguments.some(({ required }) => required)) {
    command.addHelpText('after', `\nExample:\n  ${path}`)
  }
}

/**
 * The whole command line; `argv` as Node gives it. Sets the exit code and returns when the command is done. What it reads and
 * says goes by `own`, so that a program can run commands without a process for each.
 */
export function main(argv: readonly string[], own: Io = process): Promise<void> {
  return withIo(own, () => run(argv))
}

async function run(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json')
  // Whoever reads our output may stop early, as `head` does: that is no error.
  const { stdout } = io()
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    await createProgram().parseAsync(argv as string[])
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong with the words already; with --json the answer is still one JSON value.
      io().exitCode = error.exitCode
      if (error.exitCode !== 0 && json) {
        const cure = 'run the command with --help'
        stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message: error.message, cure } })}\n`)
      }
      return
    }
    io().exitCode = reportError(error, json)
  }
}
