import type { Call } from '@smartshare/chain'
import { callOf, type FinalTransaction, type LateSigner, type Sender, type SignedTransaction } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { meantChainId, networkState, onOpened, openNetwork } from './network.ts'
import type { CallDraft, Payment, PaymentRequest, SignedBytes } from './payment-types.ts'
import { plainError, tell } from './serve.ts'
import { store } from './store.ts'
import { signerOf } from './vault.ts'

const MAX_KEPT = 500
const OPEN_STATES = new Set<Payment['state']>(['signing', 'sent'])
/** Told about a payment whose fate is open: it goes on by itself when a node answers again. */
const STILL_OPEN = new Set(['TX_UNCERTAIN', 'CLIENT_CLOSED'])

/** A sender counts the nonces of its account, so there is one for each. */
let senders = new Map<string, Sender>()
onOpened(() => {
  senders = new Map()
  void resume()
})

async function senderOf(signer: LateSigner, address: string): Promise<Sender> {
  const { client } = await openNetwork()
  const known = senders.get(address) ?? client.sender(signer)
  senders.set(address, known)
  return known
}

async function put(payment: Payment): Promise<Payment> {
  await (await store()).put('payments', payment)
  tell({ news: 'payments' })
  return payment
}

function callsOf(drafts: readonly CallDraft[]): Call[] {
  return drafts.map(({ module, method, args }) => callOf(module, method, args))
}

function lockOf(id: string): string {
  return `payment ${id}`
}

/** Only one tab at a time works on a payment; undefined if another one does. */
async function alone<T>(id: string, work: () => Promise<T>): Promise<T | undefined> {
  return await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) =>
    lock === null ? undefined : await work(),
  )
}

async function send(request: PaymentRequest): Promise<Payment> {
  const signer = await signerOf(request.account)
  const done = await alone(request.id, async () => {
    const known = await (await store()).get('payments', request.id)
    if (known !== undefined) return known
    return await sendNew(request, signer)
  })
  if (done !== undefined) return done
  return await known(request.id)
}

async function known(id: string): Promise<Payment> {
  const found = await (await store()).get('payments', id)
  if (found === undefined) throw new SmartshareError('WALLET_PAYMENT', 'another tab is making this payment')
  return found
}

async function sendNew({ id, account, subject, calls }: PaymentRequest, signer: LateSigner): Promise<Payment> {
  const sender = await senderOf(signer, account)
  const drafted = callsOf(calls)
  let payment = await put({
    ...{ id, chainId: networkState().chainId, account, subject, createdMs: Date.now(), state: 'signing' },
    ...{ signed: null, height: null, feeGrains: null, code: null },
  })
  await forgetOld()
  try {
    const final = await sender.sendAndWait(
      { calls: drafted },
      {
        // On disk before it leaves: after a crash only these same bytes are ever sent again.
        onSigned: async (transaction) => {
          payment = await put({ ...payment, state: 'sent', signed: bytesOf(transaction) })
        },
      },
    )
    return await put(executed(payment, final))
  } catch (error) {
    const ended = endedBy(payment, error)
    await put(ended)
    if (OPEN_STATES.has(ended.state)) return ended
    throw error
  }
}

function bytesOf({ id, sender, wire, lane, nonce, expiryHeight }: SignedTransaction): SignedBytes {
  return { id, sender, wire, lane, nonce, expiryHeight }
}

function executed(payment: Payment, { height, receipt }: FinalTransaction): Payment {
  const isDone = receipt.status === 'done'
  const code = isDone ? null : (receipt.error?.code ?? 'TX_FAILED')
  return { ...payment, state: isDone ? 'done' : 'failed', height, feeGrains: receipt.feeGrains, code }
}

/** What an error says about a payment. What may have been taken by a node stays open. */
function endedBy(payment: Payment, error: unknown): Payment {
  const { code, details } = plainError(error)
  if (STILL_OPEN.has(code)) return { ...payment, code }
  if (code === 'TX_NOT_PACKED' || code === 'TX_DISPLACED') return { ...payment, state: 'expired', code }
  if (typeof details.height === 'number') {
    const feeGrains = typeof details.feeGrains === 'bigint' ? details.feeGrains : null
    return { ...payment, state: 'failed', height: details.height, feeGrains, code }
  }
  return { ...payment, state: 'refused', code }
}

/** Goes on with what an earlier run of the app left open. */
async function resume(): Promise<void> {
  const { chainId } = networkState()
  const open = (await (await store()).getAll('payments')).filter(
    (payment) => payment.chainId === chainId && OPEN_STATES.has(payment.state),
  )
  // Each once the tab that works on it, if one does, is done or gone.
  await Promise.all(open.map(({ id }) => navigator.locks.request(lockOf(id), () => goOn(id))))
}

async function goOn(id: string): Promise<void> {
  const payment = await known(id)
  if (!OPEN_STATES.has(payment.state)) return
  if (payment.signed === null) {
    // It was never signed, so nothing has left this browser.
    await put({ ...payment, state: 'refused', code: 'WALLET_ABANDONED' })
    return
  }
  const { client } = await openNetwork()
  try {
    await put(executed(payment, await client.follow(payment.signed)))
  } catch (error) {
    await put(endedBy(payment, error))
  }
}

async function forgetOld(): Promise<void> {
  const database = await store()
  const ended = (await database.getAll('payments')).filter(({ state }) => !OPEN_STATES.has(state))
  ended.sort((a, b) => a.createdMs - b.createdMs)
  for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_KEPT))) await database.delete('payments', id)
}

/** What the page can do with payments. */
export const payments = {
  /** Sends once, whatever happens; resolves when it is final. A payment whose fate is open comes back in the state `sent`. */
  send,

  /** What calls would cost now. Throws what they would fail with. Asks no key. */
  async estimate(account: string, drafts: readonly CallDraft[]) {
    const sender = await senderOf(await signerOf(account), account)
    return await sender.estimate({ calls: callsOf(drafts) })
  },

  /** The latest first. */
  async list(account?: string): Promise<Payment[]> {
    const chainId = await meantChainId()
    const all = await (await store()).getAll('payments')
    return all
      .filter((payment) => payment.chainId === chainId && (account === undefined || payment.account === account))
      .sort((a, b) => b.createdMs - a.createdMs)
  },
}
