import {
  approve,
  approvedTransaction,
  base64OfBytes,
  bytesOfBase64,
  callOf,
  mergeApprovals,
  proposer,
  readApproval,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import {
  addressOfPolicy,
  checkPolicy,
  compareBytes,
  formatAddress,
  fromHex,
  type KeyPair,
  type Policy,
  parseAddress,
  toHex,
} from '@smartshare/crypto'
import { z } from 'zod'
import { meantChainId, networkState, openNetwork } from './network.ts'
import type { CallDraft } from './payment-types.ts'
import { payments } from './payments.ts'
import { tell } from './serve.ts'
import type { ProposalInfo, StoredProposal } from './shared-types.ts'
import { store } from './store.ts'
import { keyPairOf, vault } from './vault.ts'
import type { PolicyAccount, StoredAccount } from './vault-types.ts'

const MAX_TEXT_CHARACTERS = 200_000
const MAX_PROPOSALS = 200

const accountSchema = z.strictObject({
  kind: z.literal('smartshare shared account'),
  version: z.literal(1),
  threshold: z.int(),
  keys: z
    .array(z.string().regex(/^([0-9a-f]{2}){33,34}$/))
    .min(1)
    .max(16),
})
const proposalSchema = z.strictObject({
  kind: z.literal('smartshare approval'),
  version: z.literal(1),
  chainId: z.string(),
  account: z.string(),
  threshold: z.int(),
  keys: accountSchema.shape.keys,
  transaction: z.string(),
})

function parse<T>(text: string, schema: z.ZodType<T>): T {
  const refuse = () =>
    new SmartshareError('APPROVAL_INVALID', 'this is not what another owner of the account has given')
  if (text.length > MAX_TEXT_CHARACTERS) throw refuse()
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    throw refuse()
  }
}

function policyOf({ threshold, keys }: { readonly threshold: number; readonly keys: readonly string[] }): Policy {
  const sorted = [...new Set(keys)].map(fromHex).sort(compareBytes)
  const policy = { threshold, keys: sorted }
  checkPolicy(policy)
  return policy
}

async function sharedAccount(address: string): Promise<PolicyAccount> {
  const found = await (await store()).get('accounts', address)
  if (found?.kind === 'policy') return found
  throw new SmartshareError('WALLET_MISSING', 'there is no such shared account in this browser')
}

/** Keys of this browser that belong to a policy, and the account of each. */
async function ownersOf({ policy }: PolicyAccount): Promise<{ key: string; account: StoredAccount }[]> {
  const known = new Set(policy.keys.map(toHex))
  const accounts = await (await store()).getAll('accounts')
  return accounts.flatMap((account) =>
    account.kind === 'key' && known.has(account.publicKey) ? [{ key: account.publicKey, account }] : [],
  )
}

async function ownKeys(account: PolicyAccount): Promise<KeyPair> {
  const [owner] = await ownersOf(account)
  if (owner === undefined)
    throw new SmartshareError('APPROVAL_INVALID', 'no key of this browser belongs to the account')
  return await keyPairOf(owner.account.address)
}

async function infoOf(proposal: StoredProposal): Promise<ProposalInfo> {
  const account = await sharedAccount(proposal.account)
  const { client } = await openNetwork()
  const read = readApproval(proposal.wire, client.chainId, account.policy)
  const keys = account.policy.keys.map(toHex)
  const { threshold } = account.policy
  const text = JSON.stringify({
    ...{
      kind: 'smartshare approval',
      version: 1,
      chainId: proposal.chainId,
      account: proposal.account,
      threshold,
      keys,
    },
    transaction: base64OfBytes(proposal.wire),
  })
  const owners = await ownersOf(account)
  return {
    ...read,
    threshold,
    keys,
    ownKeys: owners.map(({ key }) => key),
    state: await stateOf(read, threshold),
    text,
  }
}

async function stateOf(read: ReturnType<typeof readApproval>, threshold: number): Promise<ProposalInfo['state']> {
  const { client } = await openNetwork()
  const { state, receipt } = await client.rpc.transaction(read.id)
  if (state === 'executed') return receipt?.status === 'done' ? 'done' : 'failed'
  const { nonces, height } = await client.rpc.account(read.account)
  if ((nonces[read.lane] ?? 0n) > read.nonce || height > read.expiryHeight) return 'over'
  return read.signedBy.length >= threshold ? 'ready' : 'collecting'
}

async function keep(account: string, id: string, wire: Uint8Array): Promise<ProposalInfo> {
  const database = await store()
  const { chainId } = networkState()
  const known = await database.get('proposals', id)
  if (known === undefined && (await database.count('proposals')) >= MAX_PROPOSALS) {
    throw new SmartshareError('WALLET_LIMIT', `at most ${MAX_PROPOSALS} proposals in one browser`)
  }
  const { client } = await openNetwork()
  const whole = known === undefined ? wire : mergeApprovals(known.wire, wire, client.chainId)
  const proposal = { id, chainId, account, wire: whole, createdMs: known?.createdMs ?? Date.now() }
  await database.put('proposals', proposal)
  tell({ news: 'payments' })
  return await infoOf(proposal)
}

async function stored(id: string): Promise<StoredProposal> {
  const found = await (await store()).get('proposals', id)
  if (found === undefined) throw new SmartshareError('WALLET_MISSING', 'there is no such proposal in this browser')
  return found
}

/** What the page can do with accounts of k of n keys. */
export const shared = {
  /** An account for which `threshold` of these keys act. Its address follows from them; the chain learns of it by `reveal`. */
  create: (keys: readonly string[], threshold: number, name: string): Promise<StoredAccount> =>
    vault.addPolicyAccount(policyOf({ keys, threshold }), name),

  /** The account in a text that another owner gave. */
  join: (text: string, name: string): Promise<StoredAccount> =>
    vault.addPolicyAccount(policyOf(parse(text, accountSchema)), name),

  /** What the other owners need to see the account. */
  async accountText(address: string): Promise<string> {
    const { policy } = await sharedAccount(address)
    const { threshold, keys } = policy
    return JSON.stringify({ kind: 'smartshare shared account', version: 1, threshold, keys: keys.map(toHex) })
  },

  /** Whether the chain knows the keys of the account. */
  async isRevealed(address: string): Promise<boolean> {
    const { client } = await openNetwork()
    return (await client.rpc.account(address)).policy !== null
  },

  /** Tells the chain the keys of the account; an account of this browser pays the fee. */
  async reveal(address: string, payer: string): Promise<void> {
    const { policy } = await sharedAccount(address)
    const { client } = await openNetwork()
    const call = { module: 'accounts', method: 'revealPolicy', args: { policy } }
    if ((await client.rpc.account(address)).policy !== null) return
    await payments.send({
      id: crypto.randomUUID(),
      account: payer,
      subject: { kind: 'revealPolicy', to: address },
      calls: [call],
    })
  },

  /** Makes a transaction of the account with the first approval: that of a key of this browser. */
  async propose(address: string, drafts: readonly CallDraft[]): Promise<ProposalInfo> {
    const account = await sharedAccount(address)
    const { client } = await openNetwork()
    const signer = proposer(parseAddress(address), account.policy, await ownKeys(account))
    const request = { calls: drafts.map(({ module, method, args }) => callOf(module, method, args)) }
    const { id, wire } = await client.propose(signer, request)
    return await keep(address, id, wire)
  },

  /** Takes what another owner gave: a proposal, or the same one with more approvals. */
  async receive(text: string): Promise<ProposalInfo> {
    const { threshold, keys, transaction, chainId } = parse(text, proposalSchema)
    if (chainId !== networkState().chainId)
      throw new SmartshareError('TX_OTHER_CHAIN', 'the proposal is for another network')
    const policy = policyOf({ threshold, keys })
    const address = formatAddress(addressOfPolicy(policy))
    const account = await (await store()).get('accounts', address)
    if (account === undefined)
      throw new SmartshareError('WALLET_MISSING', 'the account of this proposal is not in this browser')
    const { client } = await openNetwork()
    const wire = bytesOfBase64(transaction)
    const read = readApproval(wire, client.chainId, policy)
    if (read.account !== address) throw new SmartshareError('APPROVAL_INVALID', 'the proposal is of another account')
    return await keep(address, read.id, wire)
  },

  /** Adds the approval of a key of this browser. */
  async approve(id: string): Promise<ProposalInfo> {
    const proposal = await stored(id)
    const account = await sharedAccount(proposal.account)
    const { client } = await openNetwork()
    const wire = approve(proposal.wire, client.chainId, account.policy, await ownKeys(account))
    return await keep(proposal.account, id, wire)
  },

  /** Hands it over and waits until it is final; the same bytes may be handed over by every owner. */
  async execute(id: string): Promise<ProposalInfo> {
    const proposal = await stored(id)
    const { policy } = await sharedAccount(proposal.account)
    const { client } = await openNetwork()
    await client.follow(approvedTransaction(proposal.wire, client.chainId, policy))
    tell({ news: 'payments' })
    return await infoOf(proposal)
  },

  async list(address: string): Promise<ProposalInfo[]> {
    const chainId = await meantChainId()
    const all = (await (await store()).getAll('proposals')).filter(
      (one) => one.account === address && one.chainId === chainId,
    )
    all.sort((a, b) => b.createdMs - a.createdMs)
    return await Promise.all(all.map(infoOf))
  },

  async forget(id: string): Promise<void> {
    await (await store()).delete('proposals', id)
    tell({ news: 'payments' })
  },
}
