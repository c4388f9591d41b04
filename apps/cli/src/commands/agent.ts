import { resolve } from 'node:path'
import type { AgentSettingsInput } from '@smartshare/agent'
import { Client, findToken, parseUnits, SSP_UNIT } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { z } from 'zod'
import { io } from '../io.ts'
import { createOutput } from '../output.ts'
import { examples } from '../session.ts'
import { findSettings } from '../settings.ts'
import { factsText, sspText, tableText } from '../text.ts'
import { addAgentServe } from './agent-serve.ts'

const DEFAULT_DIR = 'smartshare-agent'
const DEFAULT_LISTEN = '/ip4/0.0.0.0/tcp/4101'
const DEFAULT_STATUS_PORT = 4102
const GIB = 2 ** 30
const ASK_TIMEOUT_MS = 5_000

const grains = z.string().transform(BigInt)
/** What a running agent says of itself, as far as commands show it. */
const statusAnswer = z.looseObject({
  name: z.string(),
  address: z.string(),
  healthy: z.boolean(),
  problem: z.string().nullable(),
  height: z.number().nullable(),
  balanceGrains: grains.nullable(),
  offer: z.string().nullable(),
  storedBytes: z.number(),
  agreements: z.number(),
  inspections: z.object({ passed: z.number(), missed: z.number() }),
  earnings: z.object({
    paidGrains: grains,
    paidTokens: z.record(z.string(), grains),
    lostGrains: grains,
    bountyGrains: grains,
    periods: z.number(),
    ended: z.number(),
    breached: z.number(),
    cancelled: z.number(),
  }),
  services: z.array(
    z.looseObject({
      kind: z.string(),
      unit: z.string(),
      token: z.string(),
      priceGrains: grains,
      freeUnits: z.number(),
      terms: z.string(),
    }),
  ),
})

interface DirFlags {
  readonly dir: string
  readonly json?: boolean
}

interface InitFlags extends DirFlags {
  readonly name: string
  readonly network?: string
  readonly rpc?: string
  readonly ws?: string
  readonly listen: string
  readonly statusPort: string
  readonly capacity: string
  readonly price?: string
  readonly token: string
  readonly pledge?: string
  readonly region: string
}

export function addAgent(program: Command): void {
  const agent = program
    .command('agent')
    .description('the program that sells what a device has idle, and that stores for its owner')
  const command = (name: string, description: string) =>
    agent
      .command(name)
      .description(description)
      .option('--dir <folder>', "the agent's own folder", DEFAULT_DIR)
      .option('--json', 'print exactly one JSON value')

  command('init', 'make an agent: its wallet and its settings')
    .option('--name <name>', 'what to call it', 'agent')
    .option('--network <folder>', 'folder of the network to join (default: .smartshare)')
    .option('--rpc <urls>', 'nodes of the network instead, separated by commas')
    .option('--ws <urls>', 'nodes to hear news from, separated by commas')
    .option('--listen <multiaddress>', 'where buyers reach it', DEFAULT_LISTEN)
    .option('--status-port <port>', 'port of its status, on this machine only', String(DEFAULT_STATUS_PORT))
    .option('--capacity <gib>', 'GiB for sale', '10')
    .option('--price <amount>', 'price per GiB and period (default: 0.01 SSP)')
    .option('--token <token>', 'what the price is in: SSP, or a token by its address or symbol', SSP_UNIT.text)
    .option('--pledge <amount>', 'with --token: what you answer for in SSP, per GiB and period')
    .option('--region <text>', 'where it stands, as coarse as you like', '')
    .addHelpText(
      'after',
      examples(
        'smartshare agent init --capacity 100',
        'smartshare agent init --token ssp1… --price 2.5 --pledge 0.01',
        'smartshare agent up',
      ),
    )
    .action(init)
  command('up', 'run the agent until it is told to stop')
    .addHelpText('after', examples('smartshare agent up --dir smartshare-agent'))
    .action(({ dir }: DirFlags) => up(dir))
  command('status', 'how a running agent is').action(showStatus)
  command('earnings', 'what a running agent has earned and lost').action(showEarnings)
  command('services', 'what a running agent sells').action(showServices)
  addAgentServe(agent)
}

// The agent's package brings the whole of libp2p along: commands that do not run it should not wait for it.

async function init(flags: InitFlags): Promise<void> {
  const { initAgent } = await import('@smartshare/agent')
  const dir = resolve(flags.dir)
  const settings: AgentSettingsInput = {
    name: flags.name,
    network: await networkOf(flags),
    listen: [flags.listen],
    status: { port: Number(flags.statusPort) },
    localNetwork: flags.listen.startsWith('/ip4/127.'),
    storage: {
      capacityBytes: Math.floor(Number(flags.capacity) * GIB),
      region: flags.region,
      ...(await priceOf(flags)),
    },
  }
  const { address, words } = await initAgent({ dir, settings })
  createOutput(flags.json === true).result({ dir, address, ...(words === undefined ? {} : { words }) }, () =>
    factsText([
      ['folder', dir],
      ['address', address],
      ...(words === undefined ? [] : [['words', words] as const]),
      ['next', `write the words down, send it some SSP, then: smartshare agent up --dir ${flags.dir}`],
    ]),
  )
}

/** Price and pledge as settings say them. Throws USAGE, TOKENS_*. */
async function priceOf(
  flags: InitFlags,
): Promise<Pick<NonNullable<AgentSettingsInput['storage']>, 'token' | 'priceGrains' | 'pledgeGrains'>> {
  const { price, pledge } = flags
  if (flags.token === SSP_UNIT.text) {
    if (pledge !== undefined)
      throw new SmartshareError('USAGE', '--pledge is for a price in a token: in SSP the price is the pledge')
    return price === undefined ? {} : { priceGrains: parseUnits(price, SSP_UNIT).toString() }
  }
  if (price === undefined || pledge === undefined) {
    throw new SmartshareError('USAGE', 'with --token say the price in it, and with --pledge what you answer for in SSP')
  }
  const { rpc, ws } = await networkOf(flags)
  const client = await Client.connect({ rpc, ws: ws ?? [] })
  try {
    const unit = await findToken(client.rpc, flags.token)
    const pledgeGrains = parseUnits(pledge, SSP_UNIT).toString()
    return { token: unit.text, priceGrains: parseUnits(price, unit).toString(), pledgeGrains }
  } finally {
    client.close()
  }
}

async function networkOf(flags: InitFlags): Promise<AgentSettingsInput['network']> {
  const found = findSettings(
    {
      ...(flags.network === undefined ? {} : { dir: flags.network }),
      ...(flags.rpc === undefined ? {} : { rpc: flags.rpc }),
      ...(flags.ws === undefined ? {} : { ws: flags.ws }),
    },
    io().env,
  ).settings
  const { rpc, ws, dir } = found
  if (rpc.length === 0) throw new SmartshareError('CLI_NO_NETWORK', `there is no network in ${dir}`, { dir })
  if (found.chainId !== '') return { chainId: found.chainId, rpc: [...rpc], ws: [...ws] }
  // Nobody said which network is meant: the one that answers is, from now on.
  const client = await Client.connect({ rpc, ws })
  client.close()
  return { chainId: toHex(client.chainId), rpc: [...rpc], ws: [...ws] }
}

async function up(dir: string): Promise<void> {
  const { startAgent } = await import('@smartshare/agent')
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopping.abort())
  const { signal } = stopping
  const agent = await startAgent({ dir: resolve(dir), signal }).catch((error: unknown) => {
    // Told to stop while it started: that is no failure.
    if (signal.aborted) return undefined
    throw error
  })
  if (agent === undefined) return
  if (!signal.aborted) await new Promise((stop) => signal.addEventListener('abort', stop))
  await agent.stop()
}

async function showStatus({ dir, json }: DirFlags): Promise<void> {
  const { text, status } = await askAgent(dir)
  createOutput(json === true).result(JSON.parse(text), () =>
    factsText([
      ['name', status.name],
      ['address', status.address],
      ['healthy', status.healthy ? 'yes' : `no: ${status.problem ?? ''}`],
      ['height', String(status.height ?? '?')],
      ['balance', status.balanceGrains === null ? '?' : sspText(status.balanceGrains)],
      ['offer', status.offer ?? 'none'],
      ['stored', `${status.storedBytes} bytes in ${status.agreements} agreements`],
      ['inspections', `${status.inspections.passed} passed, ${status.inspections.missed} missed since the start`],
    ]),
  )
}

async function showEarnings({ dir, json }: DirFlags): Promise<void> {
  const { earnings } = (await askAgent(dir)).status
  createOutput(json === true).result(earnings, () =>
    factsText([
      ['paid', `${sspText(earnings.paidGrains)} for ${earnings.periods} periods`],
      ...Object.entries(earnings.paidTokens).map(([token, units]) => ['paid', priceText(units, token)] as const),
      ['bounties', sspText(earnings.bountyGrains)],
      ['lost', sspText(earnings.lostGrains)],
      ['agreements', `${earnings.ended} ended, ${earnings.breached} breached, ${earnings.cancelled} never began`],
    ]),
  )
}

/** The agent knows the address of a token alone, not how its amounts are written. */
function priceText(units: bigint, token: string): string {
  return token === 'SSP' ? sspText(units) : `${units} smallest units of ${token}`
}

async function showServices({ dir, json }: DirFlags): Promise<void> {
  const { services } = (await askAgent(dir)).status
  createOutput(json === true).result(services, () =>
    tableText(
      ['kind', 'unit', 'price', 'free', 'terms'],
      services.map((one) => [
        one.kind,
        one.unit,
        priceText(one.priceGrains, one.token),
        one.freeUnits.toFixed(2),
        one.terms,
      ]),
      'nothing is sold',
    ),
  )
}

/** What the agent of a folder says of itself. Throws AGENT_MISSING, AGENT_DOWN. */
async function askAgent(folder: string): Promise<{ text: string; status: z.output<typeof statusAnswer> }> {
  const dir = resolve(folder)
  const { readSettings } = await import('@smartshare/agent')
  const { status } = await readSettings(dir)
  try {
    const response = await fetch(`http://${status.host}:${status.port}/status`, {
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    })
    const text = await response.text()
    return { text, status: statusAnswer.parse(JSON.parse(text)) }
  } catch (error) {
    throw new SmartshareError('AGENT_DOWN', `the agent in ${dir} does not answer`, { dir, port: status.port }, error)
  }
}
