import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AgreementEvent } from './chain.ts'
import { Ledger } from './ledger.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'smartshare-ledger-'))
})
afterEach(() => rm(dir, { recursive: true }))

const grains = fc.bigInt({ min: 0n, max: 10n ** 17n })
/** In SSP, or in a token. */
const TOKEN = `ssp1${'q'.repeat(58)}`
const token = fc.constantFrom('SSP', TOKEN)
const event = (name: string, data: Record<string, unknown>): AgreementEvent => ({
  name,
  agreement: 1,
  data: Object.fromEntries(
    Object.entries(data).map(([field, value]) => [field, typeof value === 'bigint' ? value.toString() : value]),
  ),
  after: { height: 1, skip: 1 },
})
const passed = fc
  .record({ paidGrains: grains, feeGrains: grains, heldGrains: grains, token })
  .map((data) => event('passed', data))
const closed = fc
  .record({
    state: fc.constantFrom(2, 3, 4),
    providerGrains: grains,
    compensationGrains: grains,
    bountyGrains: grains,
    poolGrains: grains,
    forfeitGrains: grains,
    token,
  })
  .map((data) => event('closed', data))

describe('the ledger of an agent', () => {
  it('adds up what events say, also when it is closed and opened at any place in between', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(passed, closed), { maxLength: 20 }), fc.nat(20), async (events, cut) => {
        const path = join(dir, `ledger ${run++}`)
        let ledger = await Ledger.open(path, async () => ({ height: 5, skip: 0 }))
        for (const [i, one] of events.entries()) {
          if (i === cut) {
            await ledger.save()
            ledger = await Ledger.open(path, () => Promise.reject(new Error('it is there already')))
          }
          ledger.own(one)
        }
        const field = (one: AgreementEvent, name: string) => BigInt(String(one.data[name] ?? 0))
        const ofState = (state: number) => events.filter(({ data }) => data.state === state)
        const sum = (list: AgreementEvent[], ...names: string[]) =>
          list.reduce((total, one) => names.reduce((part, name) => part + field(one, name), total), 0n)
        const inToken = (list: AgreementEvent[], name: string) => list.filter(({ data }) => data.token === name)
        const paidInToken = inToken(events, TOKEN)
        expect(ledger.earnings).toEqual({
          paidGrains: sum(inToken(events, 'SSP'), 'paidGrains', 'providerGrains'),
          paidTokens: paidInToken.some(({ data }) => data.state !== undefined || data.paidGrains !== undefined)
            ? { [TOKEN]: sum(paidInToken, 'paidGrains', 'providerGrains') }
            : {},
          lostGrains:
            sum(ofState(3), 'compensationGrains', 'bountyGrains', 'forfeitGrains') +
            sum(inToken(ofState(3), 'SSP'), 'poolGrains'),
          bountyGrains: 0n,
          periods: events.filter(({ name }) => name === 'passed').length,
          ended: ofState(2).length,
          breached: ofState(3).length,
          cancelled: ofState(4).length,
        })
      }),
      { numRuns: 30 },
    )
  })

  it('remembers place, watched agreements and bounties, for its owner alone', async () => {
    const path = join(dir, 'ledger')
    const ledger = await Ledger.open(path, async () => ({ height: 5, skip: 0 }))
    ledger.place = { height: 9, skip: 4 }
    ledger.watched = [3, 1]
    ledger.bounty(10n ** 18n)
    await ledger.save()
    const again = await Ledger.open(path, async () => ({ height: 0, skip: 0 }))
    expect([again.place, again.watched, again.earnings.bountyGrains]).toEqual([
      { height: 9, skip: 4 },
      [3, 1],
      10n ** 18n,
    ])
    expect((await stat(path)).mode & 0o077).toBe(0)
  })

  it('that is damaged is never taken for a new one', async () => {
    const path = join(dir, 'ledger')
    for (const text of ['', '{', '{"version":1}', '[]']) {
      await writeFile(path, text)
      await expect(Ledger.open(path, async () => ({ height: 0, skip: 0 }))).rejects.toMatchObject({
        code: 'AGENT_LEDGER',
      })
    }
  })
})
