import { decodeCertificate, decodeHeader } from '@smartshare/chain'
import { bytesOfBase64, type Client, genesisState, Trust } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { TurnChecker } from '@smartshare/consensus'
import { bls, formatAddress } from '@smartshare/crypto'
import { firstSet } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText, tableText } from '../text.ts'

const PAGE = 100
/** Blocks below the wanted one among which one with a certificate of its own is looked for. */
const MOST_BACK = 200
/** The whole past is recomputed, so old sets count too: what is asked is whose turn it was, not whom to trust with money. */
const FOR_EVER_MS = Number.MAX_SAFE_INTEGER

/** What a delegate did with its turns. */
interface Turns {
  made: number
  missed: number
}

export function addRounds(program: Command): void {
  const rounds = program.command('rounds').description('whose turn each slot was, recomputed from the chain')
  const command = clientCommand(rounds, 'verify', 'check from genesis on that each block was made by whose turn it was')
  command
    .option('--to <height>', 'last block to check (default: the latest)')
    .addHelpText('after', examples('smartshare rounds verify', 'smartshare rounds verify --to 5000 --json'))
  command.action(() => withSession(command, (session) => verify(session, command.opts<{ to?: string }>().to)))
}

async function verify(session: Session, wanted: string | undefined): Promise<void> {
  const client = await session.client()
  const { height: last } = await client.rpc.status()
  const to = wanted === undefined ? last : Number(wanted)
  if (!Number.isSafeInteger(to) || to < 1 || to > last) {
    throw new SmartshareError('USAGE', `--to takes a height from 1 to ${last}, the latest block`)
  }
  const anchor = await certifiedAt(client, to)
  const trust = new Trust(genesisState(client.genesis))
  const rules = { nowMs: Date.now(), trustPeriodMs: FOR_EVER_MS }
  const checker = new TurnChecker(client.chainId, firstSet(client.genesis), bls)
  const turns = new Map<string, Turns>()
  while (checker.height < anchor.height) {
    const page = await client.rpc.blocks(checker.height + 1, Math.min(PAGE, anchor.height - checker.height))
    if (page.headers.length === 0) throw new SmartshareError('RPC_ANSWER', 'the node leaves out blocks that it has')
    for (const { encoded } of page.headers) {
      const header = decodeHeader(bytesOfBase64(encoded))
      await trust.catchUp(client.rpc, header.term, rules)
      const { members } = trust.at(header.term)
      const { leader, missed } = checker.next(header, { term: header.term, members: [...members] })
      const of = (seat: number) => turnsOf(turns, formatAddress((members[seat] as { address: Uint8Array }).address))
      of(leader).made += 1
      for (const seat of missed) of(seat).missed += 1
      // The headers hang together by their hashes: with the last one all of them are certified.
      if (header.height === anchor.height) trust.checkFinal(header, anchor.certificate, rules)
    }
    session.progress(`checked ${checker.height} of ${anchor.height} blocks`)
  }
  const delegates = [...turns].map(([address, counts]) => ({ address, ...counts }))
  const missed = delegates.reduce((sum, one) => sum + one.missed, 0)
  const result = { valid: true, blocks: checker.height, terms: checker.term + 1, missed, delegates }
  session.output.result(result, () =>
    [
      factsText([
        ['blocks', `1 to ${checker.height}: each was made by the delegate whose turn it was`],
        ['terms', `${checker.term + 1}`],
        ['missed turns', `${missed}`],
      ]),
      '',
      tableText(
        ['delegate', 'blocks', 'missed'],
        delegates.map(({ address, made, missed }) => [address, `${made}`, `${missed}`]),
        'no blocks yet',
      ),
    ].join('\n'),
  )
}

function turnsOf(turns: Map<string, Turns>, address: string): Turns {
  const known = turns.get(address) ?? { made: 0, missed: 0 }
  turns.set(address, known)
  return known
}

/** The latest block up to `to` that has a certificate of its own. */
async function certifiedAt(client: Client, to: number) {
  for (let height = to; height >= Math.max(1, to - MOST_BACK); height--) {
    const { certificate } = await client.rpc.block(height, { limit: 0 })
    if (certificate !== null) return { height, certificate: decodeCertificate(bytesOfBase64(certificate.encoded)) }
  }
  throw new SmartshareError('RPC_ANSWER', `the node shows no certificate for the ${MOST_BACK} blocks up to ${to}`)
}
