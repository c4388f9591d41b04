import { basename } from 'node:path'
import { type Client, parseUnits, SSP_UNIT, type TokenUnit, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAmount, SSP_DECIMALS, toHex } from '@smartshare/crypto'
import type { PutProgress, PutSource, StoredObject } from '@smartshare/storage'
import type { Command } from 'commander'
import { io } from '../io.ts'
import { ProgressBar } from '../progress-bar.ts'
import { clientCommand, examples } from '../session.ts'
import { withStorage } from '../storage-session.ts'
import { factsText, sspText } from '../text.ts'

const DEFAULT_COPIES = 4

interface PutFlags {
  readonly copies: string
  readonly periods?: string
  readonly token: string
  readonly maxPrice?: string
  readonly leastPledge: string
  readonly name?: string
  readonly type?: string
}

export function addPut(program: Command): void {
  const command = clientCommand(program, 'put <file>', 'store a file, encrypted, with several providers')
  command
    .option('--copies <count>', 'copies, each with another provider', String(DEFAULT_COPIES))
    .option('--periods <count>', 'how long, in periods of the network (default: 30 days)')
    .option('--token <token>', 'what to pay with: SSP, an address or a symbol', SSP_UNIT.text)
    .option('--max-price <amount>', 'highest price per GiB and period (default: a little above the market)')
    .option('--least-pledge <amount>', 'least that a provider answers for in SSP, per GiB and period', '0')
    .option('--name <text>', 'name to store it under (default: that of the file)')
    .option('--type <media-type>', 'media type to store with it')
    .addHelpText(
      'after',
      `\nReturns when all copies are active. FILE - reads from standard input. Only the wallet can read it again.\n${examples(
        'smartshare put photos.tar --copies 4',
        'tar c photos | smartshare put - --name photos.tar --json',
        'smartshare put photos.tar --token ACME --least-pledge 0.01',
      )}`,
    )
  command.action((file: string) =>
    withStorage(command, async (owner, session) => {
      const flags = command.opts<PutFlags>()
      const copies = countOf('--copies', flags.copies)
      const client = await session.client()
      // Loaded here: it brings the whole of libp2p along, which help should not wait for.
      const { defaultPeriods } = await import('@smartshare/storage')
      const unit = await session.token(flags.token)
      const leastPledgeGrains = parseAmount(flags.leastPledge, SSP_DECIMALS)
      await owner.recover(Date.now())
      const bar = new ProgressBar('storing')
      const source: PutSource = file === '-' ? { stream: io().stdin } : { path: file }
      const stored = await owner
        .put(source, {
          name: flags.name ?? (file === '-' ? '' : basename(file)),
          mediaType: flags.type ?? '',
          copies,
          periods: flags.periods === undefined ? defaultPeriods(client) : countOf('--periods', flags.periods),
          token: unit.token,
          maxPriceGrains:
            flags.maxPrice === undefined
              ? await priceOf(client, unit, copies, leastPledgeGrains)
              : parseUnits(flags.maxPrice, unit),
          leastPledgeGrains,
          onProgress: (progress) => bar.show(progress.storedBytes, progress.totalBytes, noteOf(progress)),
        })
        .finally(() => bar.end())
      const value = { ...asJson(stored), token: unit.text }
      session.output.result(value, () =>
        factsText([
          ['object', value.object],
          ['size', `${value.sizeBytes} bytes, ${value.copies} copies`],
          ['agreements', value.agreements.join(' ')],
          ['paid', `${unitsText(value.paidGrains, unit)}, deposits included`],
          ['expected', `${unitsText(value.expectedGrains, unit)} to the end of the term`],
          ['collateral', `${sspText(value.collateralGrains)} of the providers`],
          ...(unit === SSP_UNIT ? [] : [['token', unit.text] as const]),
        ]),
      )
    }),
  )
}

function asJson({ object, sizeBytes, agreements }: StoredObject) {
  const sum = (read: (one: StoredObject['agreements'][number]) => bigint) =>
    agreements.reduce((total, one) => total + read(one), 0n)
  return {
    object: toHex(object),
    sizeBytes,
    copies: agreements.length,
    agreements: agreements.map(({ agreement }) => agreement),
    paidGrains: sum((one) => one.escrowGrains + one.heldGrains + one.paidGrains + one.feeGrains),
    expectedGrains: sum((one) => one.expectedGrains),
    collateralGrains: sum((one) => one.collateralGrains),
  }
}

function noteOf({ ready, copies }: PutProgress): string {
  return ready === 0 ? '' : `${ready} of ${copies} copies`
}

function countOf(flag: string, text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new SmartshareError('USAGE', `${flag} is a whole number above 0, not ${text}`)
}

/** A price at which so many copies find providers now. Throws STORAGE_NO_PROVIDER where nobody sells for this token. */
async function priceOf(client: Client, unit: TokenUnit, copies: number, leastPledgeGrains: bigint): Promise<bigint> {
  const { marketPrice } = await import('@smartshare/storage')
  const { priceGrains, providers } = await marketPrice(client.rpc.market.offers(unit.text), copies, leastPledgeGrains)
  if (providers > 0) return priceGrains
  throw new SmartshareError('STORAGE_NO_PROVIDER', `nobody offers storage for ${unit.symbol} on this network`)
}
