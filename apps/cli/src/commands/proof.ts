import {
  type CheckedBalance,
  type CheckedReceipt,
  type Client,
  checkBalance,
  checkReceipt,
  genesisState,
  Trust,
  verifyBalanceProof,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, parseAddress, toHex } from '@smartshare/crypto'
import type { LightRules, LightState } from '@smartshare/light'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'
import { keepTrust, knownTrust, readBounded, type TrustFlags, withTrust, writeOutput } from '../trust-file.ts'

const MAX_FILE_BYTES = 64 * 1024 * 1024
const DEFAULT_MAX_AGE_S = 600

export function addProof(program: Command): void {
  const proof = program.command('proof').description('proofs that need no trust in a node')
  addBalanceProof(proof)
  addVerify(proof)
}

interface VerifyFlags extends TrustFlags {
  readonly chainId?: string
  readonly account?: string
  readonly token?: string
  readonly transaction?: string
  readonly maxAge?: string
}

function addBalanceProof(proof: Command): void {
  const command = clientCommand(proof, 'balance [address]', 'a proof of a balance, checked, for anybody to check again')
  withTrust(command)
    .option('--token <token>', 'of which token: SSP, an address or a symbol', 'SSP')
    .option('-o, --output <file>', 'write the proof to a file')
    .addHelpText(
      'after',
      examples('smartshare proof balance alice -o proof.json', 'smartshare proof balance alice --json > proof.json'),
    )
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const client = await session.client()
      const flags = command.opts<TrustFlags & { output?: string; token: string }>()
      const { output: path } = flags
      const trust = knownTrust(flags, client.chainId)
      const address = formatAddress(session.address(text))
      const { text: token } = await session.token(flags.token)
      const proven = await client.proveBalance(address, { token, ...(trust === undefined ? {} : { trust }) })
      keepTrust(flags, proven.trust)
      if (path !== undefined) writeOutput(path, `${JSON.stringify(proven.proof, null, 2)}\n`)
      session.output.result(proven.proof, () => checkedText(proven))
    }),
  )
}

function addVerify(proof: Command): void {
  const command = clientCommand(
    proof,
    'verify [file]',
    'check a proof, or what a node says; only the chain id must be right',
  )
  withTrust(command)
    .option('--chain-id <id>', 'network that is meant (default: that of the folder)')
    .option('--account <address>', 'ask a node that is not trusted for this balance, instead of reading a file')
    .option('--token <address>', 'with --account: of which token (default: SSP)')
    .option('--transaction <id>', 'ask a node that is not trusted what this transaction did')
    .option('--max-age <seconds>', `age from which a node's answer is refused (default: ${DEFAULT_MAX_AGE_S})`)
    .addHelpText(
      'after',
      examples(
        'smartshare proof verify proof.json',
        'smartshare proof verify proof.json --chain-id 4be1… --json',
        'smartshare proof verify --account alice --rpc http://203.0.113.7:8080 --chain-id 4be1… --trust trust.cbor',
      ),
    )
  command.action((path: string | undefined) =>
    withSession(command, async (session) => {
      const flags = command.opts<VerifyFlags>()
      const chainId = flags.chainId ?? session.settings.chainId
      if (chainId === '') {
        throw new SmartshareError('USAGE', 'nothing says which network is meant: give --chain-id or --dir')
      }
      if ([path, flags.account, flags.transaction].filter((one) => one !== undefined).length !== 1) {
        throw new SmartshareError('USAGE', 'give a file, --account or --transaction')
      }
      const trust = knownTrust(flags, fromHex(chainId))
      if (flags.transaction !== undefined) {
        const { client, from, rules } = await asking(session, flags, chainId, trust)
        const checked = await checkReceipt(client.rpc, from, flags.transaction, rules)
        keepTrust(flags, checked.trust)
        const { id, height, index, isDone, receipt } = checked
        const { feeGrains, gasUsed, error } = receipt
        const status = isDone ? 'done' : 'failed'
        const value = { valid: true, chainId, tx: id, height, index, status, feeGrains, gasUsed, error }
        session.output.result(value, () => `VERIFIED\n${receiptText(checked)}`)
        return
      }
      const checked =
        path === undefined
          ? await askBalance(session, flags, chainId, trust)
          : verifyBalanceProof(readProof(path), chainId, trust === undefined ? {} : { trust })
      keepTrust(flags, checked.trust)
      const { address, token, grains, height, trust: known } = checked
      const value = {
        valid: true,
        chainId,
        address,
        token,
        grains,
        height,
        term: known.term,
        trustedHeight: known.height,
      }
      session.output.result(value, () => `VERIFIED\n${checkedText(checked)}`)
    }),
  )
}

/** What a node that is not trusted is asked with. Throws PROOF_OTHER_CHAIN, RPC_*. */
async function asking(
  session: Session,
  flags: VerifyFlags,
  chainId: string,
  trust: LightState | undefined,
): Promise<{ client: Client; from: Trust; rules: LightRules }> {
  const client = await session.client()
  if (toHex(client.chainId) !== chainId) {
    throw new SmartshareError('PROOF_OTHER_CHAIN', 'the node is of another network, or shows another genesis record')
  }
  const first = trust ?? genesisState(client.genesis)
  // A node that knows less than what was checked before hides something or is behind.
  const rules = { nowMs: Date.now(), maxAgeMs: maxAgeSeconds(flags) * 1000, leastHeight: first.height }
  return { client, from: new Trust(first), rules }
}

/** Follows the chain of delegate sets as a node tells it, and checks its balance against them. Throws LIGHT_*, PROOF_*, RPC_*. */
async function askBalance(
  session: Session,
  flags: VerifyFlags,
  chainId: string,
  trust: LightState | undefined,
): Promise<CheckedBalance> {
  const { client, from, rules } = await asking(session, flags, chainId, trust)
  const token = flags.token === undefined || flags.token === 'SSP' ? 'SSP' : formatAddress(parseAddress(flags.token))
  return checkBalance(client.rpc, from, formatAddress(session.address(flags.account)), { ...rules, token })
}

function maxAgeSeconds({ maxAge }: VerifyFlags): number {
  if (maxAge === undefined) return DEFAULT_MAX_AGE_S
  if (!/^[1-9][0-9]{0,9}$/.test(maxAge)) throw new SmartshareError('USAGE', '--max-age is a number of seconds above 0')
  return Number(maxAge)
}

function checkedText({ address, token, grains, height, trust }: CheckedBalance): string {
  return factsText([
    ['address', address],
    ['balance', token === 'SSP' ? sspText(grains) : `${grains} smallest units of ${token}`],
    ['height', `${height}, certified by the delegates of term ${trust.term}`],
    ['chain', toHex(trust.chainId)],
  ])
}

function receiptText({ id, height, index, isDone, receipt, trust }: CheckedReceipt): string {
  const { error } = receipt
  return factsText([
    ['transaction', id],
    ['status', isDone ? 'done' : `failed: ${error?.code ?? ''} ${error?.message ?? ''}`],
    ['fee', sspText(receipt.feeGrains)],
    ['height', `${height}, place ${index}, certified by the delegates of term ${trust.term}`],
    ['chain', toHex(trust.chainId)],
  ])
}

function readProof(path: string): unknown {
  const text = new TextDecoder().decode(readBounded(path, MAX_FILE_BYTES, 'PROOF_FILE'))
  try {
    return JSON.parse(text)
  } catch {
    throw new SmartshareError('PROOF_FILE', `${path} is not JSON`)
  }
}
