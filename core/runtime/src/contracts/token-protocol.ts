import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import type { Host } from '../host.ts'
import { allowanceOf, approve, transferFrom } from '../tokens/allowances.ts'
import { burn, mint } from '../tokens/coin-methods.ts'
import { releaseToken, spendToken, type TokenInfo, tokenBalanceOf, tokenInfo } from '../tokens/coins.ts'
import { type AbiMethod, type MethodKind, parseSignature } from './abi.ts'

// The protocol of tokens (docs/spec/tokens.md, "Called like a contract"): tokens of module 2 answer it as contracts do, so that
// whoever calls a token need not know which of the two it is.

/** A call of a token by its address. */
interface TokenCall {
  readonly host: Host
  readonly token: TokenInfo
  readonly caller: Uint8Array
}

interface TokenMethod {
  readonly method: AbiMethod
  run(call: TokenCall, args: readonly LuaValue[]): LuaValue
}

const bytes = (value: LuaValue | undefined) => value as Uint8Array
const units = (value: LuaValue | undefined) => value as bigint

const methods = new Map<string, TokenMethod>()
function add(kind: MethodKind, signature: string, run: TokenMethod['run']): void {
  const { name, inputs, output } = parseSignature(signature)
  methods.set(name, { method: { name, kind, inputs, output, reentrant: true, heavy: null }, run })
}

add('view', 'name(): string', ({ token }) => textBytes(token.name))
add('view', 'symbol(): string', ({ token }) => textBytes(token.symbol))
add('view', 'decimals(): integer', ({ token }) => BigInt(token.decimals))
add('view', 'totalSupply(): amount', ({ token }) => token.supply)
add('view', 'cap(): amount', ({ token }) => token.cap)
add('view', 'minter(): address?', ({ token }) => token.minter)
add('view', 'balanceOf(owner: address): amount', ({ host, token }, [owner]) => {
  return tokenBalanceOf(host, token.token, bytes(owner))
})
add('view', 'allowance(owner: address, spender: address): amount', ({ host, token }, [owner, spender]) => {
  return allowanceOf(host, token.token, bytes(owner), bytes(spender))
})
add('method', 'transfer(to: address, amount: amount): boolean', ({ host, token, caller }, [to, amount]) => {
  const isAccount = host.actor !== undefined && equalBytes(host.actor.sender, caller)
  const pay = isAccount ? spendToken : releaseToken
  pay(host, token.token, caller, bytes(to), units(amount))
  return true
})
add('method', 'approve(spender: address, amount: amount): boolean', ({ host, token, caller }, [spender, amount]) => {
  approve.execute(host, { token: token.token, spender: bytes(spender), amount: units(amount) }, caller)
  return true
})
add(
  'method',
  'transferFrom(from: address, to: address, amount: amount): boolean',
  ({ host, token, caller }, [from, to, amount]) => {
    const args = { token: token.token, from: bytes(from), to: bytes(to), amount: units(amount) }
    transferFrom.execute(host, args, caller)
    return true
  },
)
add('method', 'mint(to: address, amount: amount)', ({ host, token, caller }, [to, amount]) => {
  mint.execute(host, { token: token.token, to: bytes(to), amount: units(amount) }, caller)
  return null
})
add('method', 'burn(amount: amount)', ({ host, token, caller }, [amount]) => {
  burn.execute(host, { token: token.token, amount: units(amount) }, caller)
  return null
})

/** A method of a token of module 2, ready to run; undefined if there is no such token. Throws CONTRACT_METHOD. */
export function tokenMethod(
  host: Host,
  address: Uint8Array,
  name: string,
): { method: AbiMethod; run(caller: Uint8Array, args: readonly LuaValue[]): LuaValue } | undefined {
  const token = tokenInfo(host, address)
  if (token === undefined) return undefined
  const found = methods.get(name)
  if (found === undefined) throw new SmartshareError('CONTRACT_METHOD', `tokens have no method ${name}`)
  return { method: found.method, run: (caller, args) => found.run({ host, token, caller }, args) }
}
