import { formatAddress, type Policy, toHex } from '@smartshare/crypto'
import { balanceOf, getAccount, getGuardianship, locksOf, unbondingOf, vestedGrains } from '@smartshare/runtime'
import { z } from 'zod'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf } from './texts.ts'

const policy = z.object({ threshold: z.int(), keys: z.array(shapes.hex) })

const get = method({
  name: 'account_get',
  summary: 'Balance, fee reserve, next nonces and keys of an account at the latest executed block',
  params: { address: shapes.address },
  result: z.object({
    address: shapes.address,
    height: shapes.height,
    grains: shapes.grains.describe('balance; its first grains serve as fee reserve'),
    reserveGrains: shapes.grains.describe('explicit fee reserve, beside the balance'),
    withdrawal: z.object({ grains: shapes.grains, height: shapes.height }).nullable(),
    nonces: z.array(shapes.decimal).describe('next nonce of each lane; lanes beyond the list have not been used'),
    policy: policy.nullable(),
  }),
  handle(node, params) {
    const address = addressOf(params.address)
    const { reader, height } = node.state()
    const account = getAccount(reader, address)
    const { withdrawal } = account
    return {
      address: params.address,
      height,
      grains: `${balanceOf(reader, address)}`,
      reserveGrains: `${account.reserve}`,
      withdrawal: withdrawal === null ? null : { grains: `${withdrawal.amount}`, height: withdrawal.height },
      nonces: account.nonces.map(String),
      policy: account.policy === null ? null : policyView(account.policy),
    }
  },
})

const locks = method({
  name: 'account_locks',
  summary: 'What an account owns but cannot spend yet: vesting locks, and stakes and bonds on their way back',
  params: { address: shapes.address },
  result: z.object({
    height: shapes.height,
    vesting: z.array(
      z.object({
        lock: z.int(),
        grains: shapes.grains,
        claimedGrains: shapes.grains,
        freeGrains: shapes.grains.describe('free and not claimed yet'),
        startMs: shapes.timeMs,
        endMs: shapes.timeMs,
        cliff: z.boolean().describe('all at the end, or evenly'),
      }),
    ),
    unbonding: z.array(z.object({ grains: shapes.grains, freeMs: shapes.timeMs })),
  }),
  weight: 2,
  handle(node, params) {
    const address = addressOf(params.address)
    const { reader, height, timeMs } = node.state()
    return {
      height,
      vesting: locksOf(reader, address).map((lock) => ({
        lock: lock.lock,
        grains: `${lock.grains}`,
        claimedGrains: `${lock.claimed}`,
        freeGrains: `${vestedGrains(lock, timeMs) - lock.claimed}`,
        startMs: lock.startMs,
        endMs: lock.endMs,
        cliff: lock.cliff,
      })),
      unbonding: unbondingOf(reader, address).map(({ grains, freeMs }) => ({ grains: `${grains}`, freeMs })),
    }
  },
})

const guardians = method({
  name: 'account_guardians',
  summary: 'Who may give an account new keys when its owner has lost them, and what they have said',
  params: { address: shapes.address },
  result: z.object({
    height: shapes.height,
    rule: z
      .object({
        threshold: z.int().describe('so many of them must name the same keys'),
        guardians: z.array(shapes.address),
        delayMs: z.int().describe('time of blocks that the owner has to say no'),
      })
      .nullable()
      .describe('null: the account has no guardians'),
    approvals: z.array(z.object({ guardian: shapes.address, policy })),
    ready: z
      .object({ policy, timeMs: shapes.timeMs.describe('from then on anybody may put the keys in place') })
      .nullable()
      .describe('enough guardians agree'),
  }),
  handle(node, params) {
    const { reader, height } = node.state()
    const found = getGuardianship(reader, addressOf(params.address))
    if (found === undefined) return { height, rule: null, approvals: [], ready: null }
    const { rule, approvals, ready } = found
    return {
      height,
      rule: { ...rule, guardians: rule.guardians.map(formatAddress) },
      approvals: approvals.map((one) => ({
        guardian: formatAddress(one.guardian),
        policy: policyView(one.policy),
      })),
      ready: ready === null ? null : { policy: policyView(ready.policy), timeMs: ready.timeMs },
    }
  },
})

function policyView({ threshold, keys }: Policy) {
  return { threshold, keys: keys.map(toHex) }
}

export const accountMethods: readonly RpcMethod[] = [get, locks, guardians]
