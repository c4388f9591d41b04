import type { Account, Client } from '@smartshare/client'
import { LogOutput } from '@smartshare/link/log-output'
import { pino } from 'pino'
import { OwnerDesk } from './owner-desk.ts'
import { type Pairing, writePairing } from './pairing.ts'
import { OwnerApi } from './server.ts'

/** File descriptor of the log. */
const STDOUT = 1

export interface ServeOwnerRequest {
  readonly client: Client
  readonly account: Account
  /** Name of the wallet, for people. */
  readonly wallet: string
  /** For puts under way. */
  readonly folder: string
  /** Where what browsers need is written, for this user alone to read. */
  readonly pairingPath: string
  /** Another token than before: browsers must be paired anew. */
  readonly isNewToken?: boolean
  /** 0: any free port. */
  readonly port: number
  /** Where the app is opened that may ask; the first is named in links. */
  readonly apps: readonly string[]
  readonly quotaBytes?: number | undefined
  /** Where the log goes, a line of JSON at a time; standard output if not said. */
  readonly logTo?: { write(line: string): void }
}

/** A running API for an owner's account. */
export interface ServedOwner {
  readonly url: string
  readonly pairing: Pairing
  close(): Promise<void>
}

/** Serves the storage of an account to its owner's browser (docs/spec/agent-api.md). Throws PORT_IN_USE, AGENT_LISTEN, AGENT_PAIRING. */
export async function serveOwner(request: ServeOwnerRequest): Promise<ServedOwner> {
  const { client, account, wallet, folder, quotaBytes, apps, port, pairingPath, isNewToken } = request
  const log = pino({ name: 'agent', base: null }, request.logTo ?? new LogOutput(STDOUT))
  const desk = new OwnerDesk({ client, account, wallet, folder, quotaBytes, log })
  const origins = apps.map((app) => new URL(app).origin)
  const [app = null] = origins
  // The token is drawn first: the port is known only once it is open.
  const before = writePairing(pairingPath, { agent: `http://127.0.0.1:${port}`, app }, isNewToken)
  const api = await OwnerApi.start({ desk, port, token: before.token, origins, log })
  const pairing = writePairing(pairingPath, { agent: api.url, app })
  log.info({ url: api.url, origins, account: account.text }, 'the agent answers its owner')
  void desk.recover().catch((error: unknown) => log.warn({ err: error }, 'what was left half done stays for now'))
  return {
    url: api.url,
    pairing,
    async close() {
      await api.close()
      await desk.close()
      log.info({}, 'the agent has stopped')
    },
  }
}
