import { toHex } from '@smartshare/crypto'
import { balanceOf, getAccount, locksOf, unbondingOf, vestedGrains } from '@smartshare/runtime'
import { z } from 'zod'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf } from './texts.ts'

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
    policy: z.object({ threshold: z.int(), keys: z.array(shapes.hex) }).nullable(),
  }),
  handle(node, params) {
    const address = addressOf(params.address)
    const { reader, height } = node.state()
    const account = getAccount(reader, address)
    const { withdrawal, policy } = account
    return {
      address: params.address,
      height,
      grains: `${balanceOf(reader, address)}`,
      reserveGrains: `${account.reserve}`,
      withdrawal: withdrawal === null ? null : { grains: `${withdrawal.amount}`, height: withdrawal.height },
      nonces: account.nonces.map(String),
      policy: policy === null ? null : { threshold: policy.threshold, keys: policy.keys.map(toHex) },
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

export const accountMethods: readonly RpcMethod[] = [get, locks]
