import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { io } from '../io.ts'
import { createOutput } from '../output.ts'
import { ProgressBar } from '../progress-bar.ts'
import { examples } from '../session.ts'
import { factsText } from '../text.ts'

const DEFAULT_NODE = 'http://127.0.0.1:21000'
const DEFAULT_DIR = '.smartshare/index'
const DEFAULT_PORT = 21_910
const MOST_PORT = 65_535

interface PlaceFlags {
  readonly node: string
  readonly dir: string
  readonly postgres?: string
}

interface RunFlags extends PlaceFlags {
  readonly host: string
  readonly port: string
  readonly origins?: string
}

export function addIndexer(program: Command): void {
  const indexer = withPlaces(program.command('indexer'))
    .description('keep history, search and charts of a chain in SQL, and answer questions about them over HTTP')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0: any', `${DEFAULT_PORT}`)
    .option('--origins <origins>', 'web pages that may ask, separated by commas: whole origins, `local` or `*`')
    .addHelpText(
      'after',
      examples(
        'smartshare indexer --node http://127.0.0.1:21000',
        'PGPASSWORD=… smartshare indexer --postgres postgres://index@127.0.0.1/index',
      ),
    )
    .action(async ({ host, port, origins, ...places }: RunFlags) => {
      // Loaded here: other commands should not wait for it.
      const { runIndexer } = await import('@smartshare/indexer')
      const settings = { ...placesOf(places), host, port: portOf(port) }
      await runIndexer({ ...settings, ...(origins !== undefined && { origins: origins.split(',') }) })
    })
  withPlaces(indexer.command('rebuild'))
    .description('drop the index and bring all blocks in again; the indexer itself must be stopped')
    .option('--json', 'print exactly one JSON value')
    .addHelpText('after', examples('smartshare indexer rebuild', 'smartshare indexer rebuild --dir index --json'))
    .action(async ({ json, ...places }: PlaceFlags & { json?: boolean }) => {
      const { rebuildIndex } = await import('@smartshare/indexer')
      const bar = new ProgressBar('indexing', io().stderr, 'blocks')
      const { chainId, height, transactions, events, seconds } = await rebuildIndex(placesOf(places), (done, total) =>
        bar.show(done, total),
      ).finally(() => bar.end())
      createOutput(json === true).result({ chainId, height, transactions, events, seconds }, () =>
        factsText([
          ['chain', chainId],
          ['height', `${height}`],
          ['transactions', `${transactions}`],
          ['events', `${events}`],
          ['took', `${seconds.toFixed(1)} s`],
        ]),
      )
    })
}

function withPlaces(command: Command): Command {
  return command
    .option('--node <urls>', 'RPC of nodes that keep all blocks, separated by commas', DEFAULT_NODE)
    .option('--dir <folder>', 'folder of the embedded database', DEFAULT_DIR)
    .option('--postgres <url>', 'a database of PostgreSQL instead, in its schema smartshare')
}

function placesOf({ node, dir, postgres }: PlaceFlags) {
  return { nodes: node.split(','), dir, postgres }
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= MOST_PORT) return port
  throw new SmartshareError('USAGE', `--port takes a number from 0 to ${MOST_PORT}`)
}
