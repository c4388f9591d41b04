import { type Client, type Holding, type ProvenBalance, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText, sspText, timeText } from '../text.ts'
import { keepTrust, knownTrust, type TrustFlags, withTrust } from '../trust-file.ts'

/** Tokens that one answer lists. */
const MAX_HELD = 1000

/** Money that its owner cannot spend now: why, how much, until when. */
interface Locked {
  readonly kind: 'vesting' | 'unbonding' | 'stake' | 'reserve'
  readonly grains: bigint
  /** Of that free to be claimed now. */
  readonly freeGrains: bigint
  /** Null: until its owner asks for it. */
  readonly untilMs: number | null
  /** Number of a vesting lock. */
  readonly lock?: number
}

export function addBalance(program: Command): void {
  const command = clientCommand(program, 'balance [address]', 'what an account has, and what of it is locked')
  withTrust(command)
    .option('--proof', 'ask for a proof and check it, so that the node need not be trusted')
    .addHelpText(
      'after',
      examples(
        'smartshare balance',
        'smartshare balance alice --json',
        'smartshare balance --proof --trust trust.cbor',
      ),
    )
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const client = await session.client()
      const address = formatAddress(session.address(text))
      const { grains } = await client.rpc.account(address)
      const locked = await lockedOf(session, address)
      const flags = command.opts<TrustFlags & { proof?: boolean }>()
      if (flags.proof !== true && (flags.trust !== undefined || flags.checkpoint !== undefined)) {
        throw new SmartshareError('USAGE', '--trust and --checkpoint are for --proof')
      }
      const proven = flags.proof === true ? await provenBalance(client, address, flags) : undefined
      const held = await heldTokens(session, address)
      const tokens = Object.fromEntries(held.map(({ token, ...rest }) => [token, rest]))
      const value = { address, grains, tokens, locked, ...(proven && { proof: proven.proof }) }
      session.output.result(value, () =>
        factsText([
          ['address', address],
          ['balance', sspText(grains)],
          ...held.map((one) => ['token', `${unitsText(one.amount, one)} (${one.token})`] as const),
          ...locked.map((one) => [one.kind, lockedText(one)] as const),
          ...(proven ? [['proven', `${sspText(proven.grains)} at height ${proven.height}`] as const] : []),
        ]),
      )
    }),
  )
}

/** What an account has in tokens of vendors. Anybody may send some of a worthless one: the list is cut somewhere. */
async function heldTokens(session: Session, address: string): Promise<Holding[]> {
  const held: Holding[] = []
  const { tokens } = (await session.client()).rpc
  for await (const one of tokens.holdings(address)) {
    held.push(one)
    if (held.length >= MAX_HELD) break
  }
  return held
}

/** The balance with a proof that was checked from what is trusted already, which is kept for the next time. */
async function provenBalance(client: Client, address: string, flags: TrustFlags): Promise<ProvenBalance> {
  const trust = knownTrust(flags, client.chainId)
  const proven = await client.proveBalance(address, trust === undefined ? {} : { trust })
  keepTrust(flags, proven.trust)
  return proven
}

async function lockedOf(session: Session, address: string): Promise<Locked[]> {
  const { rpc } = await session.client()
  const [locks, voter, account] = await Promise.all([rpc.locks(address), rpc.voter(address), rpc.account(address)])
  const { timeMs } = await rpc.status()
  return [
    ...locks.vesting.map(({ lock, grains, claimedGrains, freeGrains, endMs }) => ({
      kind: 'vesting' as const,
      grains: grains - claimedGrains,
      freeGrains,
      untilMs: endMs,
      lock,
    })),
    ...locks.unbonding.map(({ grains, freeMs }) => ({
      kind: 'unbonding' as const,
      grains,
      freeGrains: freeMs <= timeMs ? grains : 0n,
      untilMs: freeMs,
    })),
    ...(voter.stakeGrains > 0n
      ? [{ kind: 'stake' as const, grains: voter.stakeGrains, freeGrains: 0n, untilMs: null }]
      : []),
    ...(account.reserveGrains > 0n
      ? [{ kind: 'reserve' as const, grains: account.reserveGrains, freeGrains: 0n, untilMs: null }]
      : []),
  ]
}

function lockedText({ grains, freeGrains, untilMs }: Locked): string {
  const until = untilMs === null ? '' : ` until ${timeText(untilMs)}`
  return `${sspText(grains)}${until}${freeGrains > 0n ? `, ${sspText(freeGrains)} may be claimed` : ''}`
}
