import { type Call, SSP, type Token } from '@smartshare/chain'
import { encode, SmartshareError } from '@smartshare/codec'
import { compareBytes, type Policy } from '@smartshare/crypto'
import { changeable, type GuardianRule, modules, ROLES, type Role, type TokenDraft } from '@smartshare/runtime'
import type { SignedPermit } from '../tokens.ts'

/**
 * A call of a system module by names: `callOf('tokens', 'transfer', { to, token: 0, amount, memo: null })`. The
 * arguments are those of the method's schema in core/runtime. Throws CALL_UNKNOWN, CODEC_*, or what the method says
 * about arguments that can never be right.
 */
export function callOf(moduleName: string, methodName: string, args: object): Call {
  const module = modules.find(({ name }) => name === moduleName)
  const method = module?.methods.find(({ name }) => name === methodName)
  if (module === undefined || method === undefined) {
    throw new SmartshareError('CALL_UNKNOWN', `there is no method ${moduleName}.${methodName}`)
  }
  method.check(args)
  return { target: module.id, method: method.id, arguments: encode(method.arguments, args), funds: [] }
}

/** Calls that people make, ready to be signed. Amounts in grains, addresses as bytes. */
export const calls = {
  transfer: (to: Uint8Array, amount: bigint, memo: Uint8Array | null = null, token: Token = SSP) =>
    callOf('tokens', 'transfer', { to, token, amount, memo }),
  transferMany: (payments: readonly { to: Uint8Array; amount: bigint }[], token: Token = SSP) =>
    callOf('tokens', 'transferMany', { token, payments: [...payments], memo: null }),
  issueToken: (draft: TokenDraft) => callOf('tokens', 'issue', draft),
  mint: (token: Uint8Array, to: Uint8Array, amount: bigint) => callOf('tokens', 'mint', { token, to, amount }),
  burn: (token: Uint8Array, amount: bigint) => callOf('tokens', 'burn', { token, amount }),
  freeze: (token: Uint8Array, account: Uint8Array) => callOf('tokens', 'freeze', { token, account }),
  unfreeze: (token: Uint8Array, account: Uint8Array) => callOf('tokens', 'unfreeze', { token, account }),
  /** Hands a role over, or gives it up for ever with null. */
  setRole: (token: Uint8Array, role: Role, to: Uint8Array | null) =>
    callOf('tokens', 'setRole', { token, role: ROLES.indexOf(role), to }),
  approve: (token: Uint8Array, spender: Uint8Array, amount: bigint) =>
    callOf('tokens', 'approve', { token, spender, amount }),
  /** Moves what the owner `from` allowed the sender to move. */
  transferFrom: (token: Uint8Array, from: Uint8Array, to: Uint8Array, amount: bigint) =>
    callOf('tokens', 'transferFrom', { token, from, to, amount }),
  /** Presents a permit that its owner signed (`signPermit`). */
  permit: (permit: SignedPermit) => callOf('tokens', 'permit', permit),
  setPolicy: (policy: Policy) => callOf('accounts', 'setPolicy', { policy }),
  revealPolicy: (policy: Policy) => callOf('accounts', 'revealPolicy', { policy }),
  /** Guardians in any order; null for none. */
  setGuardians: (rule: GuardianRule | null) =>
    callOf('accounts', 'setGuardians', {
      rule: rule && { ...rule, guardians: [...rule.guardians].sort(compareBytes) },
    }),
  /** A guardian names the keys that shall act for an account whose owner lost his. */
  approveRecovery: (account: Uint8Array, policy: Policy) => callOf('accounts', 'approveRecovery', { account, policy }),
  vetoRecovery: () => callOf('accounts', 'vetoRecovery', {}),
  recover: (account: Uint8Array) => callOf('accounts', 'recover', { account }),
  depositReserve: (amount: bigint) => callOf('accounts', 'depositReserve', { amount }),
  withdrawReserve: (amount: bigint) => callOf('accounts', 'withdrawReserve', { amount }),
  claimReserve: () => callOf('accounts', 'claimReserve', {}),
  claimVesting: (lock: number) => callOf('vesting', 'claim', { lock }),
  grant: (to: Uint8Array, amount: bigint) => callOf('vesting', 'grant', { to, amount }),
  registerDelegate: (name: string, key: Uint8Array, proof: Uint8Array, bond: bigint) =>
    callOf('delegates', 'register', { name, key, proof, bond }),
  raiseBond: (amount: bigint) => callOf('delegates', 'raiseBond', { amount }),
  retire: () => callOf('delegates', 'retire', {}),
  stake: (amount: bigint) => callOf('delegates', 'stake', { amount }),
  unstake: (amount: bigint) => callOf('delegates', 'unstake', { amount }),
  /** The ballot in any order; the chain wants it sorted. */
  vote: (ballot: readonly Uint8Array[]) => callOf('delegates', 'vote', { ballot: [...ballot].sort(compareBytes) }),
  /** Leaves jail. */
  releaseDelegate: () => callOf('delegates', 'release', {}),
  /** Reports evidence (docs/spec/bytes.md §8). */
  reportEvidence: (evidence: Uint8Array) => callOf('evidence', 'report', { evidence }),
  claimUnbonded: () => callOf('delegates', 'claim', {}),
  /** Thousandths of its pay that the sender, a delegate, keeps for itself. */
  setCommission: (thousandths: number) => callOf('delegates', 'setCommission', { thousandths }),
  collectRewards: () => callOf('delegates', 'collect', {}),
  /** Changes by the names of parameters, in any order. Throws GOVERNANCE_PARAMETER for one that no vote may change. */
  propose: ({ changes, ...draft }: ProposalDraft) =>
    callOf('governance', 'propose', {
      ...draft,
      changes: changes
        .map(({ name, value }) => ({ parameter: parameterOf(name), value }))
        .sort((a, b) => a.parameter - b.parameter),
    }),
  /** Arguments of the constructor as `encodeParameters` of @smartshare/runtime gives them; null if there is none. */
  publishContract: (contract: ContractDraft) => callOf('contracts', 'publish', contract),
  announceUpgrade: (contract: Uint8Array, codeHash: Uint8Array) =>
    callOf('contracts', 'announceUpgrade', { contract, codeHash }),
  upgradeContract: (contract: Uint8Array, source: Uint8Array, metadata = '') =>
    callOf('contracts', 'upgrade', { contract, source, metadata }),
  pauseContract: (contract: Uint8Array, paused: boolean) => callOf('contracts', 'setPaused', { contract, paused }),
  voteProposal: (proposal: number, approve: boolean) => callOf('governance', 'vote', { proposal, approve }),
} as const

/** A contract that is to be published, in bytes and grains. */
export interface ContractDraft {
  readonly name: string
  readonly source: Uint8Array
  readonly metadata: string
  readonly upgrade: { readonly by: Uint8Array; readonly delayMs: number } | null
  readonly pauser: Uint8Array | null
  readonly arguments: Uint8Array | null
  readonly value: bigint
}

/** What a delegate proposes to the others. */
export interface ProposalDraft {
  readonly version: number
  readonly changes: readonly { readonly name: string; readonly value: bigint }[]
  readonly activationTerm: number
  readonly memo: string
}

function parameterOf(name: string): number {
  const known = changeable.find((candidate) => candidate.name === name)
  if (known !== undefined) return known.number
  throw new SmartshareError('GOVERNANCE_PARAMETER', `no vote may change ${name}`)
}
