import { z } from 'zod'
import { MAX_WATCHED_PER_REQUEST } from './limits.ts'
import * as shapes from './shapes.ts'

/** Parameters of `chain_subscribe`: one of three topics. */
export const subscribeParams = z.strictObject({
  topic: z
    .enum(['blocks', 'transactions', 'account'])
    .describe('every executed block; receipts of the given transactions; receipts that name the address'),
  ids: z.array(shapes.hash).min(1).max(MAX_WATCHED_PER_REQUEST).optional().describe('with topic transactions'),
  address: shapes.address.optional().describe('with topic account'),
})

export const unsubscribeParams = z.strictObject({ subscription: z.int().min(1) })
