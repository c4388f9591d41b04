import { ADDRESS_BYTES, SIGNATURE_BYTES } from '@smartshare/chain'
import {
  amount,
  array,
  bytes,
  encode,
  fixedBytes,
  type Infer,
  record,
  SmartshareError,
  u64,
  uint,
} from '@smartshare/codec'
import {
  compareBytes,
  ED25519_PUBLIC_KEY_BYTES,
  HASH_BYTES,
  hashTagged,
  MAX_POLICY_KEYS,
  P256_PUBLIC_KEY_BYTES,
  verify,
} from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { getAccount, mayAct } from '../accounts/account.ts'
import { GAS } from '../gas.ts'
import type { EventKind, Host } from '../host.ts'
import type { Method } from '../module.ts'
import { Table } from '../table.ts'
import { TOKENS } from './balances.ts'
import { getCoin, moveUnits } from './coins.ts'

const address = fixedBytes(ADDRESS_BYTES)

/** What a spender may move, by token, owner and spender. SSP has no allowances: only who acts can be made to pay it. */
const allowances = new Table(TOKENS, 9, amount)
/** Number of permits of an owner of a token that were used: the next one's nonce. */
const permitNonces = new Table(TOKENS, 10, u64)

/** What a spender may move from now on. */
const approvedEvent = {
  target: TOKENS,
  name: 'approved',
  schema: record({ token: address, owner: address, spender: address, amount }),
} satisfies EventKind<unknown>

export const allowanceEvents = [approvedEvent]

/** What `spender` may still move of the owner's balance. */
export function allowanceOf(
  reader: Pick<StateReader, 'get'>,
  token: Uint8Array,
  owner: Uint8Array,
  spender: Uint8Array,
): bigint {
  return allowances.get(reader, token, owner, spender) ?? 0n
}

/** The nonce of an owner's next permit of a token. */
export function permitNonce(reader: Pick<StateReader, 'get'>, token: Uint8Array, owner: Uint8Array): bigint {
  return permitNonces.get(reader, token, owner) ?? 0n
}

function setAllowance(host: Host, token: Uint8Array, owner: Uint8Array, spender: Uint8Array, units: bigint): void {
  if (units === 0n) allowances.delete(host, token, owner, spender)
  else allowances.set(host, units, token, owner, spender)
  host.emit(approvedEvent, { token, owner, spender, amount: units })
}

/** `tokens.approve`: lets a spender move up to an amount of the sender's balance; replaces what it might move before. */
export const approve: Method<{ token: Uint8Array; spender: Uint8Array; amount: bigint }> = {
  id: 9,
  name: 'approve',
  arguments: record({ token: address, spender: address, amount }),
  gas: 0,
  check: () => undefined,
  execute(host, { token, spender, amount: units }, sender) {
    getCoin(host, token)
    setAllowance(host, token, sender, spender, units)
  },
}

interface FromArguments {
  token: Uint8Array
  from: Uint8Array
  to: Uint8Array
  amount: bigint
}

/** `tokens.transferFrom`: the sender moves what the owner `from` allowed it to move. */
export const transferFrom: Method<FromArguments> = {
  id: 10,
  name: 'transferFrom',
  arguments: record({ token: address, from: address, to: address, amount }),
  gas: 0,
  check(args) {
    if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'a transfer of nothing')
  },
  execute(host, { token, from, to, amount: units }, sender) {
    const allowed = allowanceOf(host, token, from, sender)
    if (allowed < units) {
      throw new SmartshareError('TOKENS_ALLOWANCE', `the owner allows ${allowed} units and not ${units}`, {
        allowed,
        needed: units,
      })
    }
    moveUnits(host, token, from, to, units)
    setAllowance(host, token, from, sender, allowed - units)
  },
}

const permitFields = {
  token: address,
  owner: address,
  spender: address,
  amount,
  /** Of the owner and token; each serves once, in order. */
  nonce: u64,
  /** Time of the first block in which it no longer counts. */
  expiryMs: uint(),
}
const permitSchema = record(permitFields)
const signedSchema = record({ chainId: fixedBytes(HASH_BYTES), ...permitFields })

/** What an owner signs off the chain. */
export type Permit = Infer<typeof permitSchema>

const signaturesSchema = array(
  record({
    key: bytes(P256_PUBLIC_KEY_BYTES, ED25519_PUBLIC_KEY_BYTES),
    signature: fixedBytes(SIGNATURE_BYTES),
  }),
  MAX_POLICY_KEYS,
  1,
)

interface PermitArguments extends Permit {
  signatures: Infer<typeof signaturesSchema>
}

/** What the owner's keys sign: H("token/permit", CBOR([chain id, token, owner, spender, amount, nonce, expiryMs])). */
export function permitHash(chainId: Uint8Array, permitted: Permit): Uint8Array {
  return hashTagged('token/permit', encode(signedSchema, { chainId, ...permitted }))
}

/**
 * `tokens.permit`: the same as `approve`, by an owner who signed it off the chain and need not have SSP. Anybody may present
 * it: it does nothing but what the owner wanted.
 */
export const permit: Method<PermitArguments> = {
  id: 11,
  name: 'permit',
  arguments: record({ ...permitFields, signatures: signaturesSchema }),
  gas: 0,
  check({ signatures }) {
    for (let i = 1; i < signatures.length; i++) {
      if (compareBytes(signatures[i - 1]!.key, signatures[i]!.key) >= 0) throw refuse('keys are ascending and distinct')
    }
  },
  execute(host, { signatures, ...permitted }) {
    const { token, owner, spender, nonce, expiryMs } = permitted
    getCoin(host, token)
    if (host.block.timeMs >= expiryMs) throw refuse('it has expired')
    const next = permitNonce(host, token, owner)
    if (nonce !== next) throw refuse(`the next nonce of its owner is ${next}`)
    if (!mayAct(getAccount(host, owner), owner, owner, signatures)) throw refuse('these keys may not act for its owner')
    host.gas.charge(GAS.verify * signatures.length)
    const signed = permitHash(host.block.chainId, permitted)
    for (const { key, signature } of signatures) {
      if (!verify(key, signed, signature)) throw refuse('a signature does not hold')
    }
    permitNonces.set(host, nonce + 1n, token, owner)
    setAllowance(host, token, owner, spender, permitted.amount)
  },
}

function refuse(why: string): SmartshareError {
  return new SmartshareError('TOKENS_PERMIT', `the permit is refused: ${why}`)
}
