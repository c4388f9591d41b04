import { once } from 'node:events'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { io } from '../io.ts'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText } from '../text.ts'

const DEFAULT_PORT = '21920'
const DEFAULT_APP = 'http://localhost:21900'
const MOST_PORT = 65_535
const GIB = 2 ** 30

interface ServeFlags {
  readonly port: string
  readonly app: string
  readonly quota?: string
  readonly newToken?: boolean
}

// The agent's package brings the whole of libp2p along: commands that do not need it should not wait for it.

/** The local API for an owner's browser, and what pairs one with it. */
export function addAgentServe(agent: Command): void {
  const serve = clientCommand(agent, 'serve', 'answer the storage page of the web app, on this machine only')
  serve
    .option('--port <port>', 'port on 127.0.0.1; 0: any', DEFAULT_PORT)
    .option('--app <addresses>', 'where the web app is opened that may ask, separated by commas', DEFAULT_APP)
    .option('--quota <gib>', 'most GiB that all objects may take together (default: as the money lasts)')
    .option('--new-token', 'draw another pairing token: every browser must be paired anew')
    .addHelpText(
      'after',
      `\nThe web app stores and reads files through it with the wallet in use; keys never leave this program.\n${examples(
        'smartshare agent serve',
        'smartshare agent serve --wallet alice --quota 50',
      )}`,
    )
    .action(() => withSession(serve, (session) => run(session, serve.opts<ServeFlags>())))
  const pair = clientCommand(agent, 'pair', 'the link and the token that pair a browser with `agent serve`')
  pair.addHelpText(
    'after',
    `\nWhoever has the token can read, store and remove all objects of the wallet.\n${examples('smartshare agent pair')}`,
  )
  pair.action(() =>
    withSession(pair, async (session) => {
      const { pairingLink, readPairing } = await import('@smartshare/agent/owner-api')
      const pairing = readPairing(pairingPathOf(session))
      const link = pairingLink(pairing) ?? null
      session.output.result({ link, token: pairing.token, agent: pairing.agent }, () =>
        factsText([
          ...(link === null ? [] : [['link', link] as const]),
          ['token', pairing.token],
          ['agent', pairing.agent],
        ]),
      )
    }),
  )
}

async function run(session: Session, flags: ServeFlags): Promise<void> {
  const { pairingLink, serveOwner } = await import('@smartshare/agent/owner-api')
  const wallet = session.wallets.choose(session.settings.wallet)
  const served = await serveOwner({
    client: await session.client(),
    account: await session.account(),
    wallet,
    folder: join(session.settings.wallets, `${wallet}.puts`),
    pairingPath: pairingPathOf(session),
    isNewToken: flags.newToken === true,
    port: portOf(flags.port),
    apps: appsOf(flags.app),
    quotaBytes: flags.quota === undefined ? undefined : bytesOf(flags.quota),
  })
  // For people alone: what is written to a file or another program must not hold the token.
  session.progress(`open this once to pair your browser: ${pairingLink(served.pairing) ?? served.pairing.token}`)
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort())
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  if (io().stderr.isTTY === true) session.output.note('stopping: uploads under way are undone')
  await served.close()
}

/** Beside the key file, whose secrets it opens. */
function pairingPathOf({ settings, wallets }: Session): string {
  return join(settings.wallets, `${wallets.choose(settings.wallet)}.pairing`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= MOST_PORT) return port
  throw new SmartshareError('USAGE', `--port takes a number from 0 to ${MOST_PORT}`)
}

function appsOf(text: string): string[] {
  return text.split(',').map((app) => {
    if (URL.canParse(app) && /^https?:$/.test(new URL(app).protocol)) return app
    throw new SmartshareError('USAGE', `--app takes addresses like ${DEFAULT_APP}, not ${app}`)
  })
}

function bytesOf(text: string): number {
  const bytes = Math.floor(Number(text) * GIB)
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new SmartshareError('USAGE', `--quota is a number of GiB above 0, not ${text}`)
}
