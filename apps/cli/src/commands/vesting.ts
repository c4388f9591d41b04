import type { Call } from '@smartshare/chain'
import { calls } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { sspText, tableText, timeText } from '../text.ts'

/** Calls in one transaction; what is beyond waits for the next claim. */
const MAX_CALLS = 16

export function addVesting(program: Command): void {
  const vesting = program.command('vesting').description('money that is released by time')
  addList(vesting)
  addClaim(vesting)
}

function addList(vesting: Command): void {
  const command = clientCommand(vesting, 'list [address]', 'locks, and stakes and bonds on their way back')
  command.addHelpText('after', examples('smartshare vesting list', 'smartshare vesting list team --json'))
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const address = formatAddress(session.address(text))
      const locks = await rpc.locks(address)
      session.output.result({ address, ...locks }, () =>
        tableText(
          ['what', 'locked', 'may be claimed', 'from', 'until'],
          [
            ...locks.vesting.map((one) => [
              `lock ${one.lock}${one.cliff ? ', all at the end' : ''}`,
              sspText(one.grains - one.claimedGrains),
              sspText(one.freeGrains),
              timeText(one.startMs),
              timeText(one.endMs),
            ]),
            ...locks.unbonding.map((one) => ['stake or bond', sspText(one.grains), '', '', timeText(one.freeMs)]),
          ],
          'nothing is locked',
        ),
      )
    }),
  )
}

function addClaim(vesting: Command): void {
  const command = clientCommand(vesting, 'claim', 'take whatever is free into the balance')
  command.addHelpText('after', examples('smartshare vesting claim --wallet team'))
  command.action(() =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const address = formatAddress(session.address(undefined))
      const [locks, { timeMs }] = await Promise.all([rpc.locks(address), rpc.status()])
      const claims: Call[] = locks.vesting
        .filter(({ freeGrains }) => freeGrains > 0n)
        .map(({ lock }) => calls.claimVesting(lock))
      if (locks.unbonding.some(({ freeMs }) => freeMs <= timeMs)) claims.unshift(calls.claimUnbonded())
      if (claims.length === 0) throw new SmartshareError('VESTING_LOCKED', 'nothing is free yet')
      const { id, height, receipt } = await session.send({ calls: claims.slice(0, MAX_CALLS) })
      const claimedGrains = receipt.events
        .filter((event) => event.from === 'tokens' && event.name === 'transfer' && event.data?.to === address)
        .reduce((sum, event) => sum + BigInt(String(event.data?.amount)), 0n)
      const value = { tx: id, height, final: true, feeGrains: receipt.feeGrains, claimedGrains }
      session.output.result(value, () => `claimed ${sspText(claimedGrains)}, final at height ${height}\n${id}`)
    }),
  )
}
