import type { Call } from '@smartshare/chain'
import { calls, type RpcClient } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, parseAddress, parseAmount, SSP_DECIMALS } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

const MAX_BALLOT = 10

interface VoteFlags {
  readonly stake?: string
  readonly unstake?: string
  readonly nobody?: boolean
}

export function addVote(program: Command): void {
  const command = clientCommand(program, 'vote [delegates...]', 'vote for up to 10 delegates with what you stake')
  command
    .option('--stake <amount>', 'lock so much SSP, which then votes')
    .option('--unstake <amount>', 'take so much back; free after the unbonding time (smartshare vesting)')
    .option('--nobody', 'vote for nobody from now on')
    .addHelpText(
      'after',
      `\nDelegates by name or address. The stake backs all of them in equal parts. Without any: shows the vote as it is.\n${examples(
        'smartshare vote delegate-1 delegate-2 --stake 1000',
        'smartshare vote --unstake 500',
        'smartshare vote --json',
      )}`,
    )
  command.action((names: string[]) =>
    withSession(command, async (session) => {
      const { stake, unstake, nobody } = command.opts<VoteFlags>()
      const { rpc } = await session.client()
      if (nobody === true && names.length > 0) {
        throw new SmartshareError('USAGE', '--nobody and names of delegates contradict each other')
      }
      if (names.length > MAX_BALLOT)
        throw new SmartshareError('USAGE', `a ballot names at most ${MAX_BALLOT} delegates`)
      const wanted: Call[] = []
      if (stake !== undefined) wanted.push(calls.stake(parseAmount(stake, SSP_DECIMALS)))
      if (unstake !== undefined) wanted.push(calls.unstake(parseAmount(unstake, SSP_DECIMALS)))
      if (names.length > 0 || nobody === true) wanted.push(calls.vote(await ballotOf(rpc, names)))
      const done = wanted.length === 0 ? undefined : await session.send({ calls: wanted })
      const address = formatAddress(session.address(undefined))
      const { stakeGrains, ballot } = await rpc.voter(address)
      const sent = done && { tx: done.id, height: done.height, final: true, feeGrains: done.receipt.feeGrains }
      session.output.result({ ...sent, voter: address, stakeGrains, ballot }, () =>
        factsText([
          ['voter', address],
          ['stake', sspText(stakeGrains)],
          ...(ballot.length === 0 ? [['votes for', 'nobody'] as const] : []),
          ...ballot.map((one) => ['votes for', one] as const),
          ...(done ? [['final', `at height ${done.height}, fee ${sspText(done.receipt.feeGrains)}`] as const] : []),
        ]),
      )
    }),
  )
}

/** Addresses of delegates that are named by name or address. Throws RPC_NOT_FOUND. */
async function ballotOf(rpc: RpcClient, names: readonly string[]): Promise<Uint8Array[]> {
  const addresses = await Promise.all(names.map(async (name) => (await rpc.delegate(name)).address))
  return [...new Set(addresses)].map(parseAddress)
}
