import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TestSession, type Who } from '@smartshare/contract-kit'
import type { LuaRecord } from '@smartshare/lvm'
import { ContractEngine } from '@smartshare/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

// Money is conserved whatever people do in whatever order: random calls, most of them refused, against what must hold.
const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'contracts')
const engine = new ContractEngine()
const RUNS = 20
const STEPS = { minLength: 25, maxLength: 40 }
const DAY_MS = 24 * 3_600_000

function source(name: string) {
  const path = `${name}/contract.lua`
  return { path, text: readFileSync(join(folder, path), 'utf8') }
}

/** A step of anybody: true if the chain let it happen. */
function attempt(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch (error) {
    // Nothing else than a contract's own refusal may stop a step.
    expect(error).toMatchObject({ code: 'CONTRACT_FAILED' })
    return false
  }
}

/** Who may call a method of escrow. */
const FITTING: Record<string, string> = {
  ...{ release: 'buyer', giveBack: 'seller', reclaim: 'buyer' },
  ...{ dispute: 'seller', halve: 'buyer', split: 'arbiter' },
}

describe('escrow', () => {
  it('holds exactly what open deals are about, and closes each once', () => {
    const people = ['buyer', 'seller', 'arbiter', 'other']
    const person = fc.constantFrom(...people)
    const id = fc.integer({ min: 1, max: 2 })
    const amount = fc.integer({ min: 0, max: 1000 })
    const fits = fc.integer({ min: 0, max: 2 }).map((n) => n > 0)
    // Mostly deals that can be: the parties are three different people but for a shift of zero.
    const shift = fc.integer({ min: 0, max: 3 })
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constant('open'), who: person, shift, amount, days: fc.nat(5) }) },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constantFrom(...Object.keys(FITTING)), fits, who: person, id, amount }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), days: fc.integer({ min: 1, max: 20 }) }) },
    )
    let closedInAll = 0
    fc.assert(
      fc.property(fc.array(step, STEPS), (steps) => {
        const session = new TestSession({ engine })
        const escrow = session.publish('other', source('escrow'), {})
        const before = people.reduce((sum, name) => sum + session.balance(name), 0n)
        const open = new Map<bigint, bigint>()
        for (const one of steps) {
          if ('days' in one && one.do === 'advance') session.advance({ ms: one.days * DAY_MS })
          else if ('shift' in one) {
            const partner = (places: number) => people[(people.indexOf(one.who) + places) % people.length] as string
            const { address: seller } = session.account(partner(one.shift))
            const { address: arbiter } = session.account(partner(one.shift + 1))
            const deadline = BigInt(session.chain.head.timeMs + one.days * DAY_MS)
            const options = { from: one.who, value: BigInt(one.amount) }
            attempt(() => session.call(escrow, 'open', [seller, arbiter, deadline, new Uint8Array()], options))
          } else if ('id' in one) {
            const args = one.do === 'split' ? [BigInt(one.id), BigInt(one.amount)] : [BigInt(one.id)]
            const deal = session.call(escrow, 'deal', [BigInt(one.id)]) as LuaRecord | null
            const from = (one.fits ? deal?.get(FITTING[one.do] as string) : undefined) ?? one.who
            attempt(() => session.call(escrow, one.do, args, { from: from as Who }))
          }
          for (const { name, data } of session.events) {
            if (name === 'Opened') open.set(data.id, data.amount)
            if (name !== 'Closed') continue
            expect(data.toBuyer + data.toSeller).toBe(open.get(data.id))
            open.delete(data.id)
            closedInAll++
          }
          session.events = []
          const held = [...open.values()].reduce((sum, amount) => sum + amount, 0n)
          expect(session.balance(escrow)).toBe(held)
          expect(people.reduce((sum, name) => sum + session.balance(name), held)).toBe(before)
        }
      }),
      { numRuns: RUNS },
    )
    // Else the property would hold because nothing ever happened.
    expect(closedInAll).toBeGreaterThan(RUNS)
  })
})

describe('token sale', () => {
  it('gives everybody tokens or the money back, to the grain', () => {
    const buyers = ['ann', 'ben', 'cat']
    const buyer = fc.constantFrom(...buyers)
    const rate = 7n
    const ssp = 100_000_000n
    const [soft, hard] = [40n, 100n]
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('buy'), who: buyer, grains: fc.integer({ min: 0, max: 600_000_000 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('claim', 'refund', 'finish'), who: buyer }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), hours: fc.integer({ min: 1, max: 12 }) }) },
    )
    const ends = new Set<string>()
    fc.assert(
      fc.property(fc.array(step, STEPS), (steps) => {
        const session = new TestSession({ engine })
        const text = (value: string) => new TextEncoder().encode(value)
        const address = (name: string) => session.account(name).address
        const goods = [text('Rain'), text('RAIN'), 0n, hard, hard, null]
        const token = session.publish('vendor', source('token'), { arguments: goods })
        const start = BigInt(session.chain.head.timeMs)
        const end = start + BigInt(DAY_MS)
        const terms = [token, rate, soft, hard, start, end, address('treasury'), address('pool'), text('research')]
        const sale = session.publish('vendor', source('token-sale'), { arguments: terms })
        session.call(token, 'transfer', [sale, hard], { from: 'vendor' })
        session.call(sale, 'open', [])
        const before = new Map([...buyers, 'treasury'].map((name) => [name, session.balance(name)]))
        const paid = new Map(buyers.map((name) => [name, 0n]))
        const bought = new Map(buyers.map((name) => [name, 0n]))
        const ask = (contract: Uint8Array, method: string, ...args: Uint8Array[]) =>
          session.call(contract, method, args) as bigint
        const spent = (name: string) => before.get(name)! - session.balance(name)
        const total = (of: Map<string, bigint>) => [...of.values()].reduce((sum, amount) => sum + amount, 0n)
        const check = () => {
          const everywhere = [...buyers.map(spent), spent('treasury')].reduce((sum, amount) => sum + amount, 0n)
          expect(session.balance(sale)).toBe(everywhere)
          const held = [...buyers, 'pool'].map((name) => ask(token, 'balanceOf', address(name)))
          expect(held.reduce((sum, amount) => sum + amount, ask(token, 'balanceOf', sale))).toBe(hard)
          expect(ask(sale, 'sold')).toBe(total(bought))
          expect(ask(sale, 'raised')).toBe(total(paid))
        }
        for (const one of steps) {
          if ('hours' in one) session.advance({ ms: one.hours * 3_600_000 })
          else if ('grains' in one) {
            const value = BigInt(one.grains)
            if (attempt(() => session.call(sale, 'buy', [], { from: one.who, value }))) {
              paid.set(one.who, paid.get(one.who)! + value)
              bought.set(one.who, bought.get(one.who)! + (value * rate) / ssp)
            }
          } else attempt(() => session.call(sale, one.do, [], { from: one.who }))
          check()
        }
        session.advance({ ms: DAY_MS })
        for (const method of ['claim', 'refund', 'finish', 'finish', 'refund', 'claim']) {
          for (const who of buyers) attempt(() => session.call(sale, method, [], { from: who }))
        }
        check()
        const succeeded = total(bought) >= soft
        ends.add(succeeded ? 'succeeded' : 'failed')
        for (const name of buyers) {
          expect(spent(name)).toBe(succeeded ? paid.get(name) : 0n)
          expect(ask(token, 'balanceOf', address(name))).toBe(succeeded ? bought.get(name) : 0n)
        }
        expect(-spent('treasury')).toBe(succeeded ? total(paid) : 0n)
        expect([session.balance(sale), ask(token, 'balanceOf', sale)]).toEqual([0n, 0n])
      }),
      { numRuns: RUNS },
    )
    // Both ways to end came up.
    expect([...ends].sort()).toEqual(['failed', 'succeeded'])
  })
})
