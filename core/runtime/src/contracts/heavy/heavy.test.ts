import { STATUS_FAILED } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { beforeEach, describe, expect, it } from 'vitest'
import { banOf } from '../../delegates/punishment.ts'
import { currentTerm, nextSet } from '../../delegates/term.ts'
import { callOf, delegateName, type TestBlock, TestChain } from '../../testing.ts'
import { pools } from '../../tokens/tokens.ts'
import { entriesOf } from '../contract-state.ts'
import { ContractEngine } from '../engine.ts'
import { getContract } from '../registry.ts'
import { attestationOf, findRun, getJob, getRun, heavyTotals, queueOf, runningJobs } from './jobs.ts'
import { highestFeeOf, lockedBy } from './queue.ts'
import { PACKING_GAS } from './result.ts'
import { runJob } from './run-job.ts'
import { attest, commitCall, honestResult, openCall } from './testing-heavy.ts'

const SEATS = 4
const QUORUM = 3
const SOURCE = `
local total = state.value('total', 0)
local seen = state.map('seen')
local Summed = abi.event('Summed(by: address, total: integer)')

abi.heavy('sum(n: integer): integer', function(n)
  local sum = 0
  for i = 1, n do sum = sum + i end
  total:set(total:get() + sum)
  Summed(system.caller(), total:get())
  return sum
end, { gas = 40000000, deposit = 10000000 })

abi.heavy('spin()', function() total:set(-1) while true do end end, { gas = 3000000 })
abi.heavy('store(size: integer)', function(size) total:set(string.rep('x', size)) end, { gas = 3000000, deposit = 10000000 })
abi.heavy('free()', function() total:set(nil) end, { gas = 3000000 })
abi.heavy('many(n: integer)', function(n) for i = 1, n do seen[i] = i end end, { gas = 90000000, deposit = 100000000000 })
abi.heavy('tryMany(n: integer)', function(n)
  total:set(0)
  local done = 0
  for i = 1, n do
    if pcall(function() seen[i] = string.rep('x', 180) end) then done = done + 1 end
    pcall(function() seen[i] = string.rep('x', 180) end)
    pcall(Summed, system.caller(), i)
  end
  total:set(done)
end, { gas = 4000000000, deposit = 100000000000 })
abi.heavy('say(size: integer): string', function(size) total:set(1) return string.rep('x', size) end, { gas = 3000000, deposit = 10000000 })
abi.heavy('coin(token: address)', function(token) contract.send(token, 1, token) end, { gas = 3000000 })
abi.heavy('facts()', function()
  total:set(cbor.encode({ system.height(), system.time(), system.seed(), system.sender(), system.value(), contract.balance() }))
end, { gas = 3000000, deposit = 100000000 })
abi.heavy('split(a: address, b: address, each: amount)', function(a, b, each)
  contract.send(a, each)
  contract.pcall(function() contract.send(a, each) error('taken back') end)
  contract.send(b, each)
  Summed(a, contract.balance())
end, { gas = 3000000 })
abi.heavy('call(to: address)', function(to) contract.call(to, 'add', 1) end, { gas = 3000000 })
abi.heavy('look(to: address)', function(to) contract.balance(to) end, { gas = 3000000 })
abi.heavy('guarded(n: integer)', function(n) total:set(n) end, { gas = 3000000, deposit = 10000000, guard = 'mayGuarded' })
abi.view('mayGuarded(n: integer)', function(n) if n > 9 then error('too much', 0) end end)
abi.heavy('huge()', function() end, { gas = 7000000000 })

abi.method('add(n: integer)', function(n) total:set(total:get() + n) end)
abi.payable('pay()', function() end)
abi.method('forward(to: address)', function(to) contract.call(to, 'sum', 1) end)
abi.view('total(): any', function() return total:get() end)
`

let chain: TestChain
let contract: Uint8Array

beforeEach(() => {
  chain = new TestChain({ accounts: ['alice', 'bob'], delegates: SEATS })
  contract = chain.publish('alice', SOURCE)
})

function failure(act: () => unknown): SmartshareError {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** Orders a heavy call; its number. */
function order(method: string, args: readonly LuaValue[] = [], grains = 0n, who = 'bob'): number {
  const { receipt } = chain.run(who, chain.contractCall(contract, method, args, grains))
  return receipt.events.find(({ name }) => name === 'jobOrdered')!.data.job
}

function everybody(hash: Uint8Array, seats = SEATS): Map<number, Uint8Array> {
  return new Map(Array.from({ length: seats }, (_, seat) => [seat, hash]))
}

/** What an ordered call ends with, thrown if it is an error. */
function runAlone(method: string, args: readonly LuaValue[]): void {
  const { chainId, parameters, state } = chain
  const { error } = runJob(state, order(method, args), { chainId, parameters, engine: new ContractEngine() })
  if (error !== null) throw new SmartshareError(error.code, error.message)
}

/** A quorum certifies what an honest node computes. */
function certify(job: number): TestBlock {
  return attest(chain, job, everybody(honestResult(chain, job), QUORUM))
}

function eventsOf(block: TestBlock, name: string) {
  return block.receipts.flatMap(({ events }) => events.filter((event) => event.name === name).map(({ data }) => data))
}

/** What the pool of heavy calls must hold. */
function locked(): bigint {
  return queueOf(chain.state, contract).reduce((sum, number) => sum + lockedBy(getJob(chain.state, number)), 0n)
}

describe('a heavy call', () => {
  it('is ordered at once and changes nothing until a quorum certifies its result', () => {
    const job = order('sum', [1000n])
    expect(chain.view(contract, 'total')).toBe(0n)
    expect(runningJobs(chain.state, 10).map(({ number }) => number)).toEqual([job])
    expect(chain.balance(pools.heavyJobs)).toBe(locked())
    const before = chain.balance('bob')
    const highest = highestFeeOf(getJob(chain.state, job))
    const block = certify(job)
    expect(chain.view(contract, 'total')).toBe(500_500n)
    expect(eventsOf(block, 'Summed')).toEqual([{ by: chain.account('bob').address, total: 500_500n }])
    const [done] = eventsOf(block, 'jobDone')
    expect(done).toMatchObject({ job, contract, error: null })
    expect(done.output).toEqual(Uint8Array.of(0x1a, 0x00, 0x07, 0xa3, 0x14))
    expect(done.feeGrains).toBe(BigInt(done.gasUsed) * chain.parameters.leastBasePrice)
    // Place of the entry, 2 + 32 + 1 + 5 + 1 + 8 bytes, and 5 of its value.
    const bytes = 54n * chain.parameters.stateByteGrains
    expect(chain.balance('bob')).toBe(before + highest + 10_000_000n - done.feeGrains - bytes)
    expect([chain.balance(pools.heavyJobs), heavyTotals(chain.state)]).toEqual([0n, { ordered: job + 1, gas: 0 }])
    expect(runningJobs(chain.state, 10)).toEqual([])
    expect(attestationOf(chain.state, job, 0)).toBeUndefined()
  })

  it('pays the delegates who certified it', () => {
    const job = order('sum', [100_000n])
    const block = certify(job)
    const [{ feeGrains }] = eventsOf(block, 'jobDone')
    const each = (feeGrains * BigInt(chain.parameters.delegatesFeeShare)) / 1000n / BigInt(QUORUM)
    for (const seat of [0, 1, 2]) {
      const to = chain.account(delegateName(seat)).address
      expect(
        eventsOf(block, 'transfer').filter((event) => `${event.to}` === `${to}` && event.amount === each),
      ).toHaveLength(1)
    }
  })

  it('keeps all other writes of its contract out, and lets views go on', () => {
    const job = order('sum', [10n])
    expect(failure(() => chain.run('alice', chain.contractCall(contract, 'add', [1n]))).code).toBe('CONTRACT_BUSY')
    const other = chain.publish('bob', SOURCE)
    chain.run('alice', chain.contractCall(other, 'add', [1n]))
    expect([chain.view(contract, 'total'), chain.view(other, 'total')]).toEqual([0n, 1n])
    certify(job)
    chain.run('alice', chain.contractCall(contract, 'add', [1n]))
    expect(chain.view(contract, 'total')).toBe(56n)
  })

  it('waits behind another one, and then sees what that one wrote', () => {
    const [first, second] = [order('sum', [10n]), order('sum', [10n], 0n, 'alice')]
    expect(queueOf(chain.state, contract)).toEqual([first, second])
    expect(findRun(chain.state, second)).toBeUndefined()
    expect(chain.balance(pools.heavyJobs)).toBe(locked())
    expect(failure(() => chain.run('delegate', commitCall(chain, 0, second, contract))).code).toBe('HEAVY_UNKNOWN')
    expect(eventsOf(certify(first), 'jobBegan')).toMatchObject([{ job: second }])
    certify(second)
    expect(chain.view(contract, 'total')).toBe(110n)
    expect(getContract(chain.state, contract).jobs).toBe(0)
  })

  it('sees the facts of the block that ordered it, and its contract’s balance of that time', () => {
    chain.run('alice', chain.contractCall(contract, 'pay', [], 1_000n))
    const job = order('facts', [], 77n)
    const { height, timeMs, accumulator } = chain.head
    chain.run('alice', callOf('tokens', 'transfer', { to: contract, token: 0, amount: 5n, memo: null }))
    certify(job)
    const numbers = [BigInt(height), BigInt(timeMs), accumulator, chain.account('bob').address, 77n, 1_077n]
    const other = chain.publish('alice', "abi.view('decode(s: bytes): any', function(s) return cbor.decode(s) end)")
    expect(chain.view(other, 'decode', chain.view(contract, 'total') as Uint8Array)).toEqual(numbers)
    expect(chain.balance(contract)).toBe(1_082n)
  })

  it('pays when its result is packed, from what came with it too', () => {
    chain.run('alice', chain.contractCall(contract, 'pay', [], 100n))
    const [a, b] = [chain.account('x').address, chain.account('y').address]
    const job = order('split', [a, b, 100n], 150n)
    const block = certify(job)
    expect(eventsOf(block, 'jobDone')).toMatchObject([{ error: null }])
    expect([chain.balance(a), chain.balance(b), chain.balance(contract)]).toEqual([100n, 100n, 50n])
    expect(eventsOf(block, 'Summed')).toEqual([{ by: a, total: 50n }])
  })

  it('fails as a whole if it sends more than its contract has', () => {
    const [a, b] = [chain.account('x').address, chain.account('y').address]
    const before = chain.balance('bob')
    const job = order('split', [a, b, 100n], 150n)
    const block = certify(job)
    const [done] = eventsOf(block, 'jobDone')
    expect(done.error).toBe('CONTRACT_FAILED')
    expect([chain.balance(a), chain.balance(b), chain.balance(contract), chain.balance(pools.heavyJobs)]).toEqual([
      ...[0n, 0n, 0n, 0n],
    ])
    expect(chain.balance('bob')).toBeLessThan(before)
    expect(chain.balance('bob')).toBeGreaterThan(before - done.feeGrains - 100_000_000n)
    expect(eventsOf(block, 'Summed')).toEqual([])
  })

  it('that runs out of gas fails and costs all of it', () => {
    const job = order('spin')
    const { gas, price } = getJob(chain.state, job)
    const [done] = eventsOf(certify(job), 'jobDone')
    expect(done).toMatchObject({ error: 'GAS_EXHAUSTED', gasUsed: gas, feeGrains: BigInt(gas) * price })
    expect([chain.view(contract, 'total'), chain.balance(pools.heavyJobs)]).toEqual([0n, 0n])
  })

  it.each([
    ['calls another contract', 'call', 'CONTRACT_FAILED'],
    ['asks for the balance of others', 'look', 'CONTRACT_FAILED'],
  ])('fails if it %s', (_, method, code) => {
    const other = chain.publish('alice', SOURCE)
    expect(eventsOf(certify(order(method, [other])), 'jobDone')).toMatchObject([{ error: code }])
  })

  it('pays for new bytes from its deposit, and its caller gets those that it frees', () => {
    const big = order('store', [2_000n])
    expect(eventsOf(certify(big), 'jobDone')).toMatchObject([{ error: 'HEAVY_DEPOSIT' }])
    const pool = chain.balance(pools.contractState)
    certify(order('store', [500n]))
    const grown = chain.balance(pools.contractState) - pool
    expect(grown).toBe((49n + 503n) * chain.parameters.stateByteGrains)
    const freed = certify(order('free', [], 0n, 'alice'))
    expect(eventsOf(freed, 'transfer')).toContainEqual({
      ...{ token: 0, from: pools.contractState, to: chain.account('alice').address, amount: grown },
    })
    expect(chain.balance(pools.contractState)).toBe(pool)
  })

  it('writes and says no more than one transaction can pack, whatever it catches', () => {
    const tries = certify(order('tryMany', [4_000n]))
    expect(eventsOf(tries, 'jobDone')).toMatchObject([{ error: null }])
    expect(chain.view(contract, 'total')).toBe(2_048n - 1n)
    expect([...entriesOf(chain.state, contract, { limit: 10_000 })]).toHaveLength(2_048)
    expect(eventsOf(tries, 'Summed')).toHaveLength(128)
    expect(tries.receipts[0]?.gasUsed).toBeGreaterThan((PACKING_GAS * 2) / 3)
  })

  it('is refused a write beyond that', () => {
    const { message } = failure(() => runAlone('many', [2_049n]))
    expect(message).toContain('HEAVY_SIZE')
  })

  it('fails if it returns more than its event holds', () => {
    expect(eventsOf(certify(order('say', [20_000n])), 'jobDone')).toMatchObject([{ error: 'HEAVY_SIZE' }])
    expect(chain.view(contract, 'total')).toBe(0n)
    // The head of a text of this length takes three bytes.
    const [{ error, output }] = eventsOf(certify(order('say', [16_381n])), 'jobDone')
    expect([error, output.length]).toEqual([null, 16_384])
  })

  it('takes and pays no token but SSP, which its issuer could freeze meanwhile', () => {
    const funds = [{ token: contract, amount: 1n }]
    const call = { ...chain.contractCall(contract, 'sum', [1n]), funds }
    expect(failure(() => chain.run('bob', call)).code).toBe('CONTRACT_FUNDS')
    expect(failure(() => runAlone('coin', [contract])).message).toContain('no token but SSP')
  })

  it('is let in by the guard of its method alone', () => {
    const refused = failure(() => order('guarded', [10n]))
    expect([refused.code, refused.message]).toEqual(['CONTRACT_FAILED', 'too much'])
    expect(queueOf(chain.state, contract)).toEqual([])
    certify(order('guarded', [9n]))
    expect(chain.view(contract, 'total')).toBe(9n)
  })

  it('is refused from a contract, beyond the gas of the network, and when too many wait', () => {
    const other = chain.publish('alice', SOURCE)
    expect(failure(() => chain.run('bob', chain.contractCall(other, 'forward', [contract]))).message).toContain(
      'CONTRACT_HEAVY',
    )
    expect(failure(() => order('huge')).code).toBe('HEAVY_SIZE')
    for (let i = 0; i < chain.parameters.heavyQueue; i++) order('sum', [1n])
    expect(failure(() => order('sum', [1n])).code).toBe('HEAVY_FULL')
    expect(failure(() => chain.view(contract, 'sum', 1n)).code).toBe('CONTRACT_METHOD')
  })

  it('bounds the gas of all that wait on the network', () => {
    const small = new TestChain({ accounts: ['alice'], parameters: { heavyBacklogGas: 50_000_000 } })
    const [one, two] = [small.publish('alice', SOURCE), small.publish('alice', SOURCE)]
    small.run('alice', small.contractCall(one, 'sum', [1n]))
    expect(failure(() => small.run('alice', small.contractCall(two, 'sum', [1n]))).code).toBe('HEAVY_FULL')
    small.run('alice', small.contractCall(two, 'spin'))
  })

  it('lets no upgrade change the source under it', () => {
    const alice = chain.account('alice').address
    const open = chain.publish('alice', SOURCE, { upgrade: { by: alice, delayMs: 0 } })
    chain.run('bob', chain.contractCall(open, 'sum', [1n]))
    const upgrade = callOf('contracts', 'upgrade', { contract: open, source: textBytes(SOURCE), metadata: '' })
    expect(failure(() => chain.run('alice', upgrade)).code).toBe('CONTRACT_BUSY')
  })

  it.each([
    ['no options', "abi.heavy('f()', function() end)"],
    ['no gas', "abi.heavy('f()', function() end, { deposit = 1 })"],
    ['gas below one', "abi.heavy('f()', function() end, { gas = 0 })"],
  ])('cannot be declared with %s', (_, source) => {
    expect(failure(() => chain.publish('alice', source))).toMatchObject({ code: 'CONTRACT_SOURCE' })
  })
})

describe('results', () => {
  const wrong = sha256(textBytes('wrong'))

  it('are committed before they are opened, and the slower ones have as long again', () => {
    const job = order('sum', [10n])
    const hash = honestResult(chain, job)
    for (let i = 0; i < 5; i++) chain.makeBlock()
    chain.run('delegate', commitCall(chain, 0, job, hash))
    expect(failure(() => chain.run('delegate', openCall(0, job, hash))).code).toBe('HEAVY_PHASE')
    chain.run('delegate 1', commitCall(chain, 1, job, hash))
    chain.run('delegate 2', commitCall(chain, 2, job, hash))
    const { beganHeight, openHeight } = getRun(chain.state, job)
    expect(openHeight).toBe(2 * chain.head.height - beganHeight)
    while (chain.head.height + 1 < openHeight!) chain.makeBlock()
    expect(failure(() => chain.run('delegate 3', commitCall(chain, 3, job, hash))).code).toBe('HEAVY_PHASE')
    chain.run('delegate', openCall(0, job, hash))
    expect(failure(() => chain.run('delegate', openCall(0, job, hash))).code).toBe('HEAVY_REPEATED')
  })

  it('are opened at once when all have committed', () => {
    const job = order('sum', [10n])
    const hash = honestResult(chain, job)
    for (let i = 0; i < 20; i++) chain.makeBlock()
    const commits = [0, 1, 2, 3].map((seat) =>
      chain.transaction(delegateName(seat), [commitCall(chain, seat, job, hash)]),
    )
    chain.makeBlock(commits)
    chain.run('delegate', openCall(0, job, hash))
    expect(getRun(chain.state, job).opens).toBe(1)
  })

  it('come only from delegates, and only as they committed', () => {
    const job = order('sum', [10n])
    const hash = honestResult(chain, job)
    const commitment = commitCall(chain, 0, job, hash)
    expect(failure(() => chain.run('alice', commitment)).code).toBe('HEAVY_SEAT')
    expect(failure(() => chain.run('delegate', openCall(0, job, hash))).code).toBe('HEAVY_OPENING')
    for (const seat of [0, 1, 2, 3]) {
      chain.run(delegateName(seat), commitCall(chain, seat, job, hash))
    }
    expect(failure(() => chain.run('delegate', openCall(0, job, wrong))).code).toBe('HEAVY_OPENING')
    expect(failure(() => chain.run('delegate', openCall(1, job, hash))).code).toBe('HEAVY_OPENING')
    expect(failure(() => chain.run('delegate', commitment)).code).toBe('HEAVY_REPEATED')
  })

  it('copied from another delegate’s commitment cannot be opened', () => {
    const job = order('sum', [10n])
    const copied = commitCall(chain, 0, job, honestResult(chain, job))
    for (const seat of [1, 2, 3]) chain.run(`delegate ${seat}`, copied)
    chain.makeBlock()
    for (let i = 0; i < 10; i++) chain.makeBlock()
    expect(failure(() => chain.run('delegate 1', openCall(1, job, honestResult(chain, job)))).code).toBe(
      'HEAVY_OPENING',
    )
  })

  it('of a quorum are packed in spite of one who says another', () => {
    const job = order('sum', [10n])
    const honest = honestResult(chain, job)
    const block = attest(
      chain,
      job,
      new Map([
        [3, wrong],
        [0, honest],
        [1, honest],
        [2, honest],
      ]),
    )
    expect(eventsOf(block, 'jobDone')).toMatchObject([{ resultHash: honest }])
    expect(banOf(chain.state, chain.account('delegate 3').address)).toBeUndefined()
  })

  it('that no quorum can agree on freeze the job, and all goes back', () => {
    const before = chain.balance('bob')
    const fee = chain.run('bob', chain.contractCall(contract, 'sum', [10n])).receipt.feeGrains
    const [job] = queueOf(chain.state, contract) as [number]
    const honest = honestResult(chain, job)
    const block = attest(
      chain,
      job,
      new Map([
        [0, honest],
        [2, wrong],
        [3, sha256(wrong)],
      ]),
    )
    expect(eventsOf(block, 'jobFrozen')).toEqual([{ job, contract }])
    expect([chain.balance('bob'), chain.balance(pools.heavyJobs)]).toEqual([before - fee, 0n])
    chain.run('alice', chain.contractCall(contract, 'add', [1n]))
    expect(chain.view(contract, 'total')).toBe(1n)
  })

  it('that a node does not get itself stop it, although a quorum signed them', () => {
    const job = order('sum', [10n])
    expect(failure(() => attest(chain, job, everybody(wrong, QUORUM))).code).toBe('HEAVY_DIVERGED')
    // Nothing of that block is in the state.
    expect([chain.view(contract, 'total'), getRun(chain.state, job).opens]).toEqual([0n, QUORUM - 1])
  })

  it('contradicted by the same delegate convict it', () => {
    const job = order('sum', [10n])
    const { address } = chain.account('delegate 2')
    const mining = chain.balance(pools.mining)
    chain.run('delegate 2', commitCall(chain, 2, job, honestResult(chain, job)))
    const { receipt } = chain.run('delegate 2', commitCall(chain, 2, job, wrong))
    expect(receipt.events.map(({ name }) => name)).toContain('jobContradicted')
    expect(banOf(chain.state, address)).toMatchObject({ term: 0 })
    const slashed = receipt.events.find(({ name }) => name === 'slashed')!.data
    expect(slashed.amount).toBe((chain.parameters.leastBondGrains * BigInt(chain.parameters.slashShare)) / 1000n)
    expect(chain.balance(pools.mining)).toBeGreaterThan(mining)
    expect(failure(() => chain.run('delegate 2', commitCall(chain, 2, job, wrong))).code).toBe('HEAVY_SEAT')
  })
})

describe('a heavy call that outlasts a term', () => {
  it('is attested by the delegates with whom it began', () => {
    const parameters = { termBlocks: 12, freezeBlock: 8, electionBlock: 9, leastSeats: 1 }
    chain = new TestChain({ accounts: ['alice', 'bob'], delegates: SEATS, parameters })
    contract = chain.publish('alice', SOURCE)
    const job = order('sum', [10n])
    const hash = honestResult(chain, job)
    const commit = (seat: number, of = hash) => chain.run(delegateName(seat), commitCall(chain, seat, job, of))
    // Convicted, so the next set has three members; but those of the job stay four.
    for (const of of [hash, sha256(hash)]) commit(3, of)
    while (nextSet(chain.state) === undefined) chain.makeBlock()
    chain.head = { ...chain.head, term: 1, slot: 0 }
    chain.makeBlock()
    expect(currentTerm(chain.state).term).toBe(1)
    expect(currentTerm(chain.state).members).toHaveLength(SEATS - 1)
    for (const seat of [0, 1]) commit(seat)
    // Two and the convicted one make no quorum of four, nor are two one of three.
    expect(getRun(chain.state, job)).toMatchObject({ term: 0, commits: 2, openHeight: null })
    commit(2)
    const { openHeight } = getRun(chain.state, job)
    expect(openHeight).toBeGreaterThan(chain.head.height + 1)
    while (chain.head.height + 1 < openHeight!) chain.makeBlock()
    expect(failure(() => chain.run(delegateName(3), openCall(3, job, hash))).code).toBe('HEAVY_SEAT')
    for (const seat of [0, 1, 2]) chain.run(delegateName(seat), openCall(seat, job, hash))
    expect(chain.view(contract, 'total')).toBe(55n)
  })
})

describe('a heavy call without a certificate', () => {
  beforeEach(() => {
    chain = new TestChain({ accounts: ['alice', 'bob'], delegates: SEATS, parameters: { heavyDeadlineBlocks: 5 } })
    contract = chain.publish('alice', SOURCE)
  })

  it('expires: its fee goes to the mining pool, and anybody may end it', () => {
    const job = order('sum', [10n], 33n)
    const { deadlineHeight } = getRun(chain.state, job)
    expect(failure(() => chain.run('alice', callOf('contracts', 'expireJob', { job }))).code).toBe('HEAVY_DEADLINE')
    while (chain.head.height < deadlineHeight) chain.makeBlock()
    const hash = honestResult(chain, job)
    expect(failure(() => chain.run('delegate', commitCall(chain, 0, job, hash))).code).toBe('HEAVY_DEADLINE')
    const fee = highestFeeOf(getJob(chain.state, job))
    const { receipt } = chain.run('alice', callOf('contracts', 'expireJob', { job }))
    const transfers = receipt.events.filter(({ name }) => name === 'transfer').map(({ data }) => data)
    expect(transfers).toEqual([
      { token: 0, from: pools.heavyJobs, to: pools.mining, amount: fee },
      { token: 0, from: pools.heavyJobs, to: chain.account('bob').address, amount: 10_000_033n },
    ])
    expect(receipt.events.map(({ name }) => name)).toContain('jobExpired')
    expect(chain.view(contract, 'total')).toBe(0n)
    expect(failure(() => chain.run('alice', callOf('contracts', 'expireJob', { job }))).code).toBe('HEAVY_UNKNOWN')
  })

  it('is ended by whoever calls its contract next, and the one behind it begins', () => {
    const [first, second] = [order('sum', [10n]), order('sum', [20n])]
    for (let i = 0; i < 6; i++) chain.makeBlock()
    const block = chain.makeBlock([chain.transaction('alice', [chain.contractCall(contract, 'add', [1n])])])
    // The second one keeps the call out; so the end of the first one is taken back with it.
    expect(block.receipts[0]).toMatchObject({ status: STATUS_FAILED, error: { code: 'CONTRACT_BUSY' } })
    chain.run('alice', callOf('contracts', 'expireJob', { job: first }))
    expect(runningJobs(chain.state, 10).map(({ number }) => number)).toEqual([second])
    for (let i = 0; i < 6; i++) chain.makeBlock()
    chain.run('alice', chain.contractCall(contract, 'add', [1n]))
    expect([queueOf(chain.state, contract), chain.view(contract, 'total')]).toEqual([[], 1n])
  })
})
