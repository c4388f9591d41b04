import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { type ProvenBalance, verifyBalanceProof } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

const MAX_FILE_BYTES = 64 * 1024 * 1024

export function addProof(program: Command): void {
  const proof = program.command('proof').description('proofs that need no trust in a node')
  addBalanceProof(proof)
  addVerify(proof)
}

function addBalanceProof(proof: Command): void {
  const command = clientCommand(proof, 'balance [address]', 'a proof of a balance, checked, for anybody to check again')
  command
    .option('-o, --output <file>', 'write the proof to a file')
    .addHelpText(
      'after',
      examples('smartshare proof balance alice -o proof.json', 'smartshare proof balance alice --json > proof.json'),
    )
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const client = await session.client()
      const proven = await client.proveBalance(formatAddress(session.address(text)))
      const { output: path } = command.opts<{ output?: string }>()
      if (path !== undefined) write(path, `${JSON.stringify(proven.proof, null, 2)}\n`)
      session.output.result(proven.proof, () => provenText(proven))
    }),
  )
}

function addVerify(proof: Command): void {
  const command = clientCommand(proof, 'verify <file>', 'check a proof; only the chain id must be right')
  command
    .option('--chain-id <id>', 'network that is meant (default: that of the folder)')
    .addHelpText(
      'after',
      examples('smartshare proof verify proof.json', 'smartshare proof verify proof.json --chain-id 4be1… --json'),
    )
  command.action((path: string) =>
    withSession(command, async (session) => {
      const chainId = command.opts<{ chainId?: string }>().chainId ?? session.settings.chainId
      if (chainId === '') {
        throw new SmartshareError('USAGE', 'nothing says which network is meant: give --chain-id or --dir')
      }
      const proven = verifyBalanceProof(readProof(path), chainId)
      const { address, grains, height } = proven
      session.output.result({ valid: true, chainId, address, grains, height }, () => provenText(proven))
    }),
  )
}

function provenText({ address, grains, height, proof }: ProvenBalance): string {
  return factsText([
    ['address', address],
    ['balance', sspText(grains)],
    ['height', `${height}, certified by the delegates of the chain`],
    ['chain', proof.chainId],
  ])
}

function readProof(path: string): unknown {
  let text: string
  try {
    if (statSync(path).size > MAX_FILE_BYTES)
      throw new SmartshareError('PROOF_FILE', `${path} is too large for a proof`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (SmartshareError.is(error)) throw error
    throw new SmartshareError('CLI_FILE', `cannot read ${path}: ${(error as Error).message}`, { path }, error)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new SmartshareError('PROOF_FILE', `${path} is not JSON`)
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new SmartshareError('CLI_FILE', `cannot write ${path}: ${(error as Error).message}`, { path }, error)
  }
}
