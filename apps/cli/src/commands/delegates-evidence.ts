import { readFileSync } from 'node:fs'
import { decodeEvidence } from '@smartshare/chain'
import { calls } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText, tableText } from '../text.ts'

/** Evidence reported by one command: as many calls as one transaction takes. */
const MOST_REPORTS = 16
const MOST_FILE_BYTES = 1024 * 1024

/** `delegates evidence`, `delegates evidence report FILE` and `delegates release`. */
export function addEvidence(delegates: Command): void {
  const command = clientCommand(delegates, 'evidence', 'signatures by which delegates contradicted themselves')
  command.addHelpText('after', examples('smartshare delegates evidence', 'smartshare delegates evidence --json > FILE'))
  command.action(() =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const found = await rpc.evidence()
      session.output.result(found, () =>
        [
          tableText(
            ['term', 'of', 'kind', 'accused', 'reported', 'why not'],
            found.pending.map((one) => [
              `${one.term}`,
              one.job === null ? `slot ${one.slot}` : `job ${one.job}`,
              one.kind,
              one.accused.map(({ name, address }) => name ?? address).join(' '),
              one.transaction ?? '-',
              one.error?.message ?? '',
            ]),
            'nothing is known that is not reported already',
          ),
          found.cure === null ? `reported by ${found.reporter}` : found.cure,
        ].join('\n'),
      )
    }),
  )
  addReport(command)
  addRelease(delegates)
}

function addReport(evidence: Command): void {
  const command = clientCommand(
    evidence,
    'report <file>',
    'hand evidence in by hand; the wallet in use gets the reward',
  )
  command.addHelpText('after', examples('smartshare delegates evidence report evidence.json'))
  command.action((file: string) =>
    withSession(command, async (session) => {
      const done = await session.send({ calls: readEvidence(file).map((one) => calls.reportEvidence(one)) })
      const { id: tx, height, receipt } = done
      session.output.result({ tx, height, final: true, feeGrains: receipt.feeGrains }, () =>
        factsText([['final', `at height ${height}, fee ${sspText(receipt.feeGrains)}`]]),
      )
    }),
  )
}

function addRelease(delegates: Command): void {
  const command = clientCommand(
    delegates,
    'release',
    'leave jail, so that the delegate of the wallet in use can be elected',
  )
  command.action(() =>
    withSession(command, async (session) => {
      const { id: tx, height, receipt } = await session.send({ calls: [calls.releaseDelegate()] })
      session.output.result({ tx, height, final: true, feeGrains: receipt.feeGrains }, () =>
        factsText([['final', `at height ${height}, fee ${sspText(receipt.feeGrains)}`]]),
      )
    }),
  )
}

/** The evidence in a file as `smartshare delegates evidence --json` prints it, or in a part of that. Throws USAGE or CODEC_*. */
function readEvidence(file: string): Uint8Array[] {
  let content: unknown
  try {
    const text = readFileSync(file)
    if (text.length > MOST_FILE_BYTES) throw new TypeError('it is too large')
    content = JSON.parse(text.toString('utf8'))
  } catch (error) {
    throw new SmartshareError('USAGE', `${file} cannot be read: ${(error as Error).message}`, { file }, error)
  }
  const pieces = piecesIn(content)
  if (pieces.length === 0 || pieces.length > MOST_REPORTS) {
    throw new SmartshareError('USAGE', `${file} holds ${pieces.length} pieces of evidence, not 1 to ${MOST_REPORTS}`)
  }
  const bytes = pieces.map((text) => new Uint8Array(Buffer.from(text, 'base64')))
  for (const one of bytes) decodeEvidence(one)
  return bytes
}

function piecesIn(content: unknown): string[] {
  if (Array.isArray(content)) return content.flatMap(piecesIn)
  if (typeof content !== 'object' || content === null) return []
  const { pending, encoded } = content as { pending?: unknown; encoded?: unknown }
  if (typeof encoded === 'string') return [encoded]
  return piecesIn(pending)
}
