import { SSP } from '@smartshare/chain'
import { type callOf, calls, parseUnits, type SignedPermit, signPermit, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, parseAddress, toHex } from '@smartshare/crypto'
import { ROLES, type Role } from '@smartshare/runtime'
import type { Command } from 'commander'
import { z } from 'zod'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { durationMs, factsText, timeText } from '../text.ts'
import { readBounded } from '../trust-file.ts'

const MAX_PERMIT_BYTES = 64 * 1024
const DEFAULT_PERMIT_LIFE = '1h'

/** A token other than SSP, with which these commands work. */
async function issuedToken(session: Session, text: string) {
  const found = await session.token(text)
  if (found.token === SSP) {
    throw new SmartshareError(
      'USAGE',
      'this is for tokens that somebody issued; SSP has no minter, freezer or allowances',
    )
  }
  return { ...found, token: found.token }
}

type Issued = Awaited<ReturnType<typeof issuedToken>>

/** Sends one call about a token and says what came of it. */
async function act(
  session: Session,
  { text: token, symbol }: Issued,
  call: ReturnType<typeof callOf>,
  value: object,
  text: string,
): Promise<void> {
  const { id, height, receipt } = await session.send({ calls: [call] })
  session.output.result(
    { tx: id, height, final: true, feeGrains: receipt.feeGrains, token, symbol, ...value },
    () => `${text}\ntoken ${token}\nfinal at height ${height}\n${id}`,
  )
}

/** Adds the commands of those who have a role, or a balance. */
export function addTokenRights(token: Command): void {
  addMint(token)
  addBurn(token)
  addFreezing(token, 'freeze', 'let nothing leave the balance of an account any more, as the freezer of the token')
  addFreezing(token, 'unfreeze', 'give a frozen balance back to its owner, as the freezer of the token')
  addRole(token)
  addApprove(token)
  addPermit(token)
}

function addMint(parent: Command): void {
  const command = clientCommand(parent, 'mint <token> <amount> [to]', 'create units, as the minter of the token')
  command.addHelpText(
    'after',
    examples('smartshare token mint ACME 500', 'smartshare token mint ssp1… 500 alice --wallet acme --json'),
  )
  command.action((text: string, amountText: string, toText: string | undefined) =>
    withSession(command, async (session) => {
      const found = await issuedToken(session, text)
      const amount = parseUnits(amountText, found)
      const to = session.address(toText)
      const value = { to: formatAddress(to), amount }
      await act(session, found, calls.mint(found.token, to, amount), value, `minted ${unitsText(amount, found)}`)
    }),
  )
}

function addBurn(parent: Command): void {
  const command = clientCommand(parent, 'burn <token> <amount>', 'destroy units that you have')
  command.addHelpText('after', examples('smartshare token burn ACME 500', 'smartshare token burn ssp1… 1 --json'))
  command.action((text: string, amountText: string) =>
    withSession(command, async (session) => {
      const found = await issuedToken(session, text)
      const amount = parseUnits(amountText, found)
      await act(session, found, calls.burn(found.token, amount), { amount }, `burnt ${unitsText(amount, found)}`)
    }),
  )
}

function addFreezing(parent: Command, verb: 'freeze' | 'unfreeze', description: string): void {
  const command = clientCommand(parent, `${verb} <token> <account>`, description)
  command.addHelpText(
    'after',
    examples(`smartshare token ${verb} ACME ssp1…`, `smartshare token ${verb} ACME alice --json`),
  )
  command.action((text: string, accountText: string) =>
    withSession(command, async (session) => {
      const found = await issuedToken(session, text)
      const account = session.address(accountText)
      const value = { account: formatAddress(account), frozen: verb === 'freeze' }
      await act(
        session,
        found,
        calls[verb](found.token, account),
        value,
        `${verb} of ${formatAddress(account)} is in force`,
      )
    }),
  )
}

function addRole(parent: Command): void {
  const command = clientCommand(
    parent,
    'role <token> <role> [to]',
    `hand over a role (${ROLES.join(', ')}), or give it up`,
  )
  command
    .option('--give-up', 'nobody shall have the role, for ever')
    .addHelpText(
      'after',
      examples('smartshare token role ACME minter ssp1…', 'smartshare token role ACME freezer --give-up --json'),
    )
  command.action((text: string, roleText: string, toText: string | undefined) =>
    withSession(command, async (session) => {
      const givesUp = command.opts<{ giveUp?: boolean }>().giveUp === true
      if (givesUp === (toText !== undefined)) throw new SmartshareError('USAGE', 'name the new holder, or --give-up')
      const role = ROLES.find((known) => known === roleText)
      if (role === undefined) throw new SmartshareError('USAGE', `a role is one of ${ROLES.join(', ')}`)
      await hand(session, await issuedToken(session, text), role, givesUp ? null : session.address(toText))
    }),
  )
}

async function hand(session: Session, found: Issued, role: Role, to: Uint8Array | null): Promise<void> {
  const holder = to === null ? null : formatAddress(to)
  const call = calls.setRole(found.token, role, to)
  await act(session, found, call, { role, holder }, `${role} is ${holder ?? 'nobody, for ever'}`)
}

function addApprove(parent: Command): void {
  const command = clientCommand(
    parent,
    'approve <token> <spender> <amount>',
    'let somebody move up to an amount of yours',
  )
  command.addHelpText(
    'after',
    `\nIt replaces what the spender might move before; 0 ends it. The spender uses \`smartshare send --from\`.\n${examples(
      'smartshare token approve ACME ssp1… 100',
      'smartshare token approve ACME shop 0 --json',
    )}`,
  )
  command.action((text: string, spenderText: string, amountText: string) =>
    withSession(command, async (session) => {
      const found = await issuedToken(session, text)
      const spender = session.address(spenderText)
      const amount = parseUnits(amountText, found)
      const value = { spender: formatAddress(spender), amount }
      const words = `${formatAddress(spender)} may move ${unitsText(amount, found)}`
      await act(session, found, calls.approve(found.token, spender, amount), value, words)
    }),
  )
}

const hex = z.string().regex(/^([0-9a-f]{2})+$/)
const permitSchema = z.strictObject({
  kind: z.literal('smartshare token permit'),
  chainId: hex.length(64),
  token: z.string(),
  owner: z.string(),
  spender: z.string(),
  amount: z.string().regex(/^(0|[1-9][0-9]{0,18})$/),
  nonce: z.string().regex(/^(0|[1-9][0-9]{0,19})$/),
  expiryMs: z.int().min(0),
  signatures: z
    .array(z.strictObject({ key: hex, signature: hex }))
    .min(1)
    .max(16),
})

function addPermit(parent: Command): void {
  const command = clientCommand(
    parent,
    'permit <token-or-file> [spender] [amount]',
    'sign, without any fee, that somebody may move up to an amount of yours; or present such a permit',
  )
  command
    .option('--expires <time>', 'how long it may be presented, like 30m or 7d', DEFAULT_PERMIT_LIFE)
    .option('--present', 'hand the permit in the file to the chain; anybody may')
    .addHelpText(
      'after',
      examples(
        'smartshare token permit ACME ssp1… 100 --expires 1d --json > permit.json',
        'smartshare token permit permit.json --present --wallet shop',
      ),
    )
  command.action((first: string, spenderText: string | undefined, amountText: string | undefined) =>
    withSession(command, async (session) => {
      const flags = command.opts<{ expires: string; present?: boolean }>()
      if (flags.present === true) return present(session, first)
      if (spenderText === undefined || amountText === undefined) {
        throw new SmartshareError('USAGE', 'name the token, the spender and the amount')
      }
      await sign(session, { tokenText: first, spenderText, amountText, lifeMs: durationMs(flags.expires) })
    }),
  )
}

interface Wish {
  readonly tokenText: string
  readonly spenderText: string
  readonly amountText: string
  readonly lifeMs: number
}

async function sign(session: Session, { tokenText, spenderText, amountText, lifeMs }: Wish): Promise<void> {
  const found = await issuedToken(session, tokenText)
  const spender = session.address(spenderText)
  const amount = parseUnits(amountText, found)
  const account = await session.account()
  const { rpc, chainId } = await session.client()
  const { permitNonce: nonce } = await rpc.tokens.allowance(found.text, account.text, formatAddress(spender))
  const expiryMs = (await rpc.status()).timeMs + lifeMs
  const { signatures } = signPermit(account, chainId, { token: found.token, spender, amount, nonce, expiryMs })
  const value = {
    kind: 'smartshare token permit',
    chainId: toHex(chainId),
    token: found.text,
    owner: account.text,
    spender: formatAddress(spender),
    amount,
    nonce,
    expiryMs,
    signatures: signatures.map(({ key, signature }) => ({ key: toHex(key), signature: toHex(signature) })),
  }
  session.output.result(value, () =>
    factsText([
      ['permit', `${formatAddress(spender)} may move ${unitsText(amount, found)}`],
      ['token', found.text],
      ['until', timeText(expiryMs)],
      ['nonce', `${nonce}`],
      ['signatures', value.signatures.map(({ signature }) => signature).join(' ')],
    ]),
  )
}

async function present(session: Session, path: string): Promise<void> {
  const client = await session.client()
  const permit = readPermit(path)
  if (permit.chainId !== toHex(client.chainId)) {
    throw new SmartshareError('TOKENS_PERMIT', 'the permit is refused: it is for another network')
  }
  const found = await issuedToken(session, permit.token)
  const signed: SignedPermit = {
    token: found.token,
    owner: parseAddress(permit.owner),
    spender: parseAddress(permit.spender),
    amount: BigInt(permit.amount),
    nonce: BigInt(permit.nonce),
    expiryMs: permit.expiryMs,
    signatures: permit.signatures.map(({ key, signature }) => ({ key: fromHex(key), signature: fromHex(signature) })),
  }
  const { owner, spender } = permit
  const words = `${spender} may move ${unitsText(signed.amount, found)} of ${owner}`
  await act(session, found, calls.permit(signed), { owner, spender, amount: signed.amount }, words)
}

/** Throws CLI_FILE, TOKENS_PERMIT. */
function readPermit(path: string): z.output<typeof permitSchema> {
  const text = new TextDecoder().decode(readBounded(path, MAX_PERMIT_BYTES, 'TOKENS_PERMIT'))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SmartshareError('TOKENS_PERMIT', `${path} is not JSON`)
  }
  const parsed = permitSchema.safeParse(value)
  if (!parsed.success) throw new SmartshareError('TOKENS_PERMIT', `${path} is no permit`)
  return parsed.data
}
