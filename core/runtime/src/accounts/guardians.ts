import { ADDRESS_BYTES } from '@smartshare/chain'
import { array, fixedBytes, optional, record, SmartshareError, uint } from '@smartshare/codec'
import { checkPolicy, compareBytes, equalBytes, type Policy } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind, Host } from '../host.ts'
import type { Method } from '../module.ts'
import { Table } from '../table.ts'
import { ACCOUNTS, getAccount, policyEvent, policySchema, setAccount } from './account.ts'

export const MAX_GUARDIANS = 10
/** A year: longer waits would only be a way to lose an account for good. */
const MAX_RECOVERY_DELAY_MS = 365 * 24 * 60 * 60 * 1000

const address = fixedBytes(ADDRESS_BYTES)
const rule = record({
  /** Of how many guardians the same new keys must come; more than half of them, so that two answers cannot both be right. */
  threshold: uint(MAX_GUARDIANS, 1),
  /** Ascending. */
  guardians: array(address, MAX_GUARDIANS, 1),
  /** Time of blocks that the owner has to say no. */
  delayMs: uint(MAX_RECOVERY_DELAY_MS, 1),
})

/** Who may give an account new keys when its owner has lost them. */
export interface GuardianRule {
  threshold: number
  guardians: Uint8Array[]
  delayMs: number
}

/** The rule of an account, and what guardians have said since it was set or since the last recovery. */
export interface Guardianship {
  rule: GuardianRule
  /** One of each guardian at most: the keys that shall act, in the order of the guardians. */
  approvals: { guardian: Uint8Array; policy: Policy }[]
  /** Enough guardians name this policy; from this time of blocks on it may be put in place. */
  ready: { policy: Policy; timeMs: number } | null
}

const guardianships = new Table<Guardianship>(
  ACCOUNTS,
  2,
  record({
    rule,
    approvals: array(record({ guardian: address, policy: policySchema }), MAX_GUARDIANS),
    ready: optional(record({ policy: policySchema, timeMs: uint() })),
  }),
)

export const guardiansEvent = {
  target: ACCOUNTS,
  name: 'guardians',
  schema: record({ account: address, rule: optional(rule) }),
} satisfies EventKind<unknown>

/** A guardian named keys (`approvals` now agree on them), or the owner said no (null). `readyMs`: since enough agree. */
export const recoveryEvent = {
  target: ACCOUNTS,
  name: 'recovery',
  schema: record({ account: address, policy: optional(policySchema), approvals: uint(), readyMs: optional(uint()) }),
} satisfies EventKind<unknown>

/** `accounts.setGuardians`: these accounts together may give the sender new keys; null: nobody may. Forgets what guardians said. */
export const setGuardians: Method<{ rule: GuardianRule | null }> = {
  id: 6,
  name: 'setGuardians',
  arguments: record({ rule: optional(rule) }),
  gas: 0,
  check: (args) => {
    if (args.rule !== null) checkRule(args.rule)
  },
  execute(host, args, sender) {
    if (args.rule === null) {
      guardianshipOf(host, sender)
      guardianships.delete(host, sender)
    } else {
      if (args.rule.guardians.some((guardian) => equalBytes(guardian, sender))) {
        throw new SmartshareError('GUARDIAN_RULE', 'nobody is a guardian of his own account')
      }
      guardianships.set(host, { rule: args.rule, approvals: [], ready: null }, sender)
    }
    host.emit(guardiansEvent, { account: sender, rule: args.rule })
  },
}

/** `accounts.approveRecovery`: the sender, a guardian of `account`, says which keys shall act for it, instead of what it said before. */
export const approveRecovery: Method<{ account: Uint8Array; policy: Policy }> = {
  id: 7,
  name: 'approveRecovery',
  arguments: record({ account: address, policy: policySchema }),
  gas: 0,
  check: ({ policy }) => checkPolicy(policy),
  execute(host, { account, policy }, sender) {
    const { rule, approvals, ready } = guardianshipOf(host, account)
    if (!rule.guardians.some((guardian) => equalBytes(guardian, sender))) {
      throw new SmartshareError('GUARDIAN_STRANGER', 'the sender is no guardian of this account')
    }
    const others = approvals.filter(({ guardian }) => !equalBytes(guardian, sender))
    const said = [...others, { guardian: sender, policy }].sort((a, b) => compareBytes(a.guardian, b.guardian))
    const enough = said.map((one) => one.policy).find((one) => countOf(said, one) >= rule.threshold)
    const isReady = ready !== null && enough !== undefined && isSame(ready.policy, enough)
    const since = isReady ? ready.timeMs : host.block.timeMs + rule.delayMs
    const next = enough === undefined ? null : { policy: enough, timeMs: since }
    guardianships.set(host, { rule, approvals: said, ready: next }, account)
    const readyMs = next !== null && isSame(next.policy, policy) ? next.timeMs : null
    const named = { threshold: policy.threshold, keys: [...policy.keys] }
    host.emit(recoveryEvent, { account, policy: named, approvals: countOf(said, policy), readyMs })
  },
}

/** `accounts.vetoRecovery`: the sender still has its keys; whatever its guardians said is forgotten. */
export const vetoRecovery: Method<Record<string, never>> = {
  id: 8,
  name: 'vetoRecovery',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    guardianshipOf(host, sender)
    forgetRecovery(host, sender)
  },
}

/** `accounts.recover`: once the delay has passed, the keys that the guardians named act for the account. Anybody may call it. */
export const recover: Method<{ account: Uint8Array }> = {
  id: 9,
  name: 'recover',
  arguments: record({ account: address }),
  gas: 0,
  check: () => undefined,
  execute(host, { account }) {
    const { rule, ready } = guardianshipOf(host, account)
    if (ready === null) throw new SmartshareError('GUARDIAN_WAIT', 'too few guardians named the same keys')
    if (host.block.timeMs < ready.timeMs) {
      const details = { readyMs: ready.timeMs }
      throw new SmartshareError('GUARDIAN_WAIT', 'the owner may still say no', details)
    }
    setAccount(host, account, { ...getAccount(host, account), policy: ready.policy })
    guardianships.set(host, { rule, approvals: [], ready: null }, account)
    host.emit(policyEvent, { account, policy: ready.policy })
  },
}

/** The guardians of an account and what they said; undefined if it has none. */
export function getGuardianship(reader: Pick<StateReader, 'get'>, account: Uint8Array): Guardianship | undefined {
  return guardianships.get(reader, account)
}

/** The owner acted in a way that shows that no keys are lost: whatever guardians said is forgotten. */
export function forgetRecovery(host: Host, account: Uint8Array): void {
  const found = getGuardianship(host, account)
  if (found === undefined || found.approvals.length === 0) return
  guardianships.set(host, { rule: found.rule, approvals: [], ready: null }, account)
  host.emit(recoveryEvent, { account, policy: null, approvals: 0, readyMs: null })
}

function guardianshipOf(host: Host, account: Uint8Array): Guardianship {
  const found = getGuardianship(host, account)
  if (found === undefined) throw new SmartshareError('GUARDIAN_NONE', 'the account has no guardians')
  return found
}

function checkRule({ threshold, guardians }: GuardianRule): void {
  const refuse = (why: string) => new SmartshareError('GUARDIAN_RULE', `not a rule for guardians: ${why}`)
  if (threshold > guardians.length) throw refuse('more of them must agree than there are')
  if (2 * threshold <= guardians.length) throw refuse('more than half of them must agree')
  for (let i = 1; i < guardians.length; i++) {
    if (compareBytes(guardians[i - 1]!, guardians[i]!) >= 0) throw refuse('addresses are ascending and distinct')
  }
}

function countOf(approvals: Guardianship['approvals'], policy: Policy): number {
  return approvals.filter((approval) => isSame(approval.policy, policy)).length
}

function isSame(a: Policy, b: Policy): boolean {
  return (
    a.threshold === b.threshold &&
    a.keys.length === b.keys.length &&
    a.keys.every((key, i) => equalBytes(key, b.keys[i]!))
  )
}
