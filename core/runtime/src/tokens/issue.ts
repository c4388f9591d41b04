import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, bool, fixedBytes, type Infer, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import { MAX_DECIMALS } from '@smartshare/crypto'
import type { EventKind } from '../host.ts'
import type { Method } from '../module.ts'
import { pools, spend, TOKENS } from './balances.ts'
import { createUnits } from './coin-methods.ts'
import { addCoin, getCoin, MAX_CAP, MAX_NAME_BYTES, MAX_SYMBOL_BYTES, metadataSchema, scheduleSchema } from './coins.ts'
import { checkSymbol, checkUri, checkWords } from './words.ts'

const address = fixedBytes(ADDRESS_BYTES)
const names = { name: text(MAX_NAME_BYTES, 1), symbol: text(MAX_SYMBOL_BYTES, 1), decimals: uint(MAX_DECIMALS) }

const issueArguments = record({
  ...names,
  /** Most that there may be at a time. */
  cap: amount,
  /** What the issuer gets at once. */
  initial: amount,
  /** At most so much is minted per period; what is not used adds up. */
  schedule: optional(scheduleSchema),
  /** Who names minter and freezer anew; who mints; who freezes balances. What is absent here is absent for ever. */
  admin: optional(address),
  minter: optional(address),
  freezer: optional(address),
  /** Whether holders may destroy what they have. */
  burnable: bool,
  /** Whether only devices may be minted to. */
  deviceOnlyRewards: bool,
  metadata: metadataSchema,
})

/** A token as its issuer declares it, once and for all. */
export type TokenDraft = Infer<typeof issueArguments>

const issuedEvent = {
  target: TOKENS,
  name: 'issued',
  schema: record({ token: address, issuer: address, ...names, cap: amount }),
} satisfies EventKind<unknown>

export const issueEvents = [issuedEvent]

/**
 * `tokens.issue`: a new token, in one step, for a price beside the gas, so that symbols are not taken by the thousand. Its
 * address is H("address/token", issuer ‖ how many it issued before).
 */
export const issue: Method<TokenDraft> = {
  id: 2,
  name: 'issue',
  arguments: issueArguments,
  gas: 0,
  check(draft) {
    checkWords('name', draft.name)
    checkSymbol(draft.symbol)
    checkWords('description', draft.metadata.description)
    checkUri(draft.metadata.uri)
    checkAmounts(draft)
  },
  execute(host, draft, issuer) {
    const { name, symbol, decimals, cap, initial, schedule, metadata, ...rules } = draft
    spend(host, issuer, pools.mining, host.parameters.tokenIssueGrains)
    const token = addCoin(
      host,
      issuer,
      { name, symbol, decimals, metadata },
      {
        supply: 0n,
        cap,
        schedule: schedule && { ...schedule, period: 0, available: schedule.amount < cap ? schedule.amount : cap },
        ...rules,
      },
    )
    host.emit(issuedEvent, { token, issuer, name, symbol, decimals, cap })
    if (initial > 0n) createUnits(host, token, getCoin(host, token), issuer, initial)
  },
}

function checkAmounts({ cap, initial, schedule, minter }: TokenDraft): void {
  const refuse = (why: string) => new SmartshareError('TOKENS_TERMS', why)
  if (cap === 0n || cap > MAX_CAP) throw refuse(`the cap is 1 … ${MAX_CAP} units`)
  if (initial > cap) throw refuse('the initial supply is above the cap')
  if (initial === 0n && minter === null)
    throw refuse('a token without supply and without a minter would be empty for ever')
  if (schedule === null) return
  if (minter === null) throw refuse('a schedule of minting without a minter')
  if (schedule.amount === 0n) throw refuse('a schedule that never lets anything be minted')
}
