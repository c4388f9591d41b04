import { Host, modules, runCall } from '@smartshare/runtime'
import { TestChain } from '@smartshare/runtime/testing'
import { StateJournal } from '@smartshare/state'
import { processorMs } from './report.ts'

const ACCOUNTS = 32
const ROUND = 20_000
const ROUNDS = 4
/** The token of bench/peers/evm/token.sol, line by line. */
const TOKEN = `
local balances = state.map('balances')
local Transfer = abi.event('Transfer(from: address, to: address, value: amount)')
abi.constructor('(supply: amount)', function(supply) balances[system.sender()] = supply end)
abi.method('transfer(to: address, value: amount): boolean', function(to, value)
  local from = system.caller()
  local balance = balances[from] or 0
  if balance < value then error('balance too small') end
  balances[from] = balance - value
  balances[to] = (balances[to] or 0) + value
  Transfer(from, to, value)
  return true
end)
abi.view('balanceOf(owner: address): amount', function(owner) return balances[owner] or 0 end)`
const SUPPLY = 10n ** 12n
const SHARE = 10n ** 9n

/**
 * Calls per second of a token's transfer between accounts, each reading and writing two balances in the state of a block and
 * saying its event: what the EVM beside it does with its own state.
 */
export function tokenTransfersPerSecond(): number {
  const names = Array.from({ length: ACCOUNTS }, (_, i) => `holder ${i}`)
  const chain = new TestChain({ accounts: names })
  const address = (i: number) => chain.account(names[i % ACCOUNTS]!).address
  const token = chain.publish(names[0]!, TOKEN, { arguments: [SUPPLY] })
  for (let i = 1; i < ACCOUNTS; i++) chain.run(names[0]!, chain.contractCall(token, 'transfer', [address(i), SHARE]))
  const calls = names.map((_, i) => ({
    call: chain.contractCall(token, 'transfer', [address(i + 7), 1n]),
    from: address(i),
  }))
  const rates = Array.from({ length: ROUNDS }, () => {
    const host = new Host(new StateJournal(chain.state), chain.head, chain.parameters, chain.engine)
    const startMs = processorMs()
    for (let i = 0; i < ROUND; i++) {
      const { call, from } = calls[i % ACCOUNTS]!
      host.beginTransaction()
      host.actor = { sender: from, floorGrains: 0n, calls: 1 }
      host.attempt(() => runCall(host, modules, call, from))
    }
    const perSecond = (ROUND * 1000) / (processorMs() - startMs)
    if (host.events.length === 0) throw new Error('a transfer said nothing')
    return perSecond
  })
  return Math.max(...rates)
}
