import { SSP, type Token } from '@smartshare/chain'
import { SmartshareError, sharedBytes } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { type HostFunction, LuaError, type LuaRecord, type LuaValue, LvmFault } from '@smartshare/lvm'
import type { Attempt } from '../host.ts'
import { releaseToken, tokenBalanceOf } from '../tokens/coins.ts'
import { encodeParameters } from './abi.ts'
import { callFromContract } from './call.ts'
import { prefixOf, readEntry, scanEntries, writeEntry } from './contract-state.ts'
import { type Frame, type Funds, fundsOf } from './frame.ts'
import { jobBalance, sendFromJob } from './heavy/sends.ts'
import { addressOf, amountOf, textOf, tools } from './tools.ts'

/** Errors that mean the node or the call itself cannot go on: no program may catch them. */
const FATAL = new Set(['STATE_DAMAGED', 'LVM_BROKEN', 'LVM_OTHER_BUILD'])
/** What contracts can ask of their host; the prelude gives each its name for people. `current`: the call under way. */
export function hostFunctions(current: () => Frame): Record<string, HostFunction> {
  const attempts: { attempt: Attempt; frame: Frame }[] = []
  const forWriting = (): Frame => {
    const frame = current()
    if (frame.isView) throw new LuaError('a view cannot write, pay or say events')
    return frame
  }
  const functions: Record<string, HostFunction> = {
    __get: ([part, key]) => {
      const frame = current()
      return readEntry(frame.host, prefixAt(frame, part), key ?? null)
    },
    __put: ([part, key, value]) => {
      const frame = forWriting()
      writeEntry(frame.host, prefixAt(frame, part), key ?? null, value ?? null)
      const { contract, host } = frame
      host.engine.watch?.write({ contract, name: nameAt(frame, Number(part)), key: key ?? null, value: value ?? null })
      return undefined
    },
    __scan: ([part, from, to, reverse, last]) => {
      const frame = current()
      const options = { from: from ?? null, to: to ?? null, reverse: reverse === true, last: last ?? null }
      return scanEntries(frame.host, prefixAt(frame, part), options)
    },
    __emit: ([number, ...values]) => {
      const { host, contract, program } = forWriting()
      const event = program.abi.events[Number(number)]
      if (event === undefined) throw new LuaError('there is no such event')
      host.pushEvent({ target: contract, name: event.name, data: encodeParameters(event.fields, values, sharedBytes) })
      return undefined
    },
    __fact: ([name]) => factOf(current(), textOf(name)),
    __funds: ([token]) => fundsOf(current(), tokenOf(token)),
    __balance: ([address, token]) => {
      const frame = current()
      const of = address === undefined || address === null ? frame.contract : addressOf(address)
      const { job } = frame.host
      if (job === undefined) return tokenBalanceOf(frame.host, tokenOf(token), of)
      checkJobToken(tokenOf(token))
      if (!equalBytes(of, frame.contract)) throw new LuaError('a heavy call knows no balance but that of its contract')
      return jobBalance(frame.host, job, of)
    },
    __send: ([to, amount, token]) => {
      const { host, contract } = forWriting()
      if (host.job === undefined) {
        releaseToken(host, tokenOf(token), contract, addressOf(to), amountOf(amount))
        return undefined
      }
      checkJobToken(tokenOf(token))
      sendFromJob(host, host.job, contract, addressOf(to), amountOf(amount))
      return undefined
    },
    __call: ([target, method, ...args]) => {
      const frame = current()
      if (frame.host.job !== undefined)
        throw new LuaError('a heavy call cannot call contracts: its state is all it sees')
      const { to, funds, isView, gas } = callOptions(target)
      if (!isView && frame.isView) throw new LuaError('a view can call views alone: contract.view')
      return callFromContract(frame, { to, funds, isView, gas, method: textOf(method), args })
    },
    __begin: () => {
      const frame = current()
      // What a call left that ended in the middle.
      while (attempts.length > 0 && attempts[attempts.length - 1]?.frame !== frame) attempts.pop()
      attempts.push({ attempt: frame.host.begin(), frame })
      return BigInt(attempts.length)
    },
    __finish: ([level, isGood]) => {
      const frame = current()
      const entry = attempts[attempts.length - 1]
      if (entry?.frame !== frame || BigInt(attempts.length) !== level || frame.host.depth !== entry.attempt.depth) {
        throw new SmartshareError(
          'CONTRACT_ATTEMPTS',
          'attempts of contract.pcall must end in the order in which they began',
        )
      }
      attempts.pop()
      if (isGood === true) frame.host.keep()
      else frame.host.takeBack(entry.attempt)
      return undefined
    },
    ...tools(current),
  }
  return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, catchable(run)]))
}

/** Lets errors of the chain be caught in Lua, but not those that end the call. */
export function catchable(run: HostFunction): HostFunction {
  return (args) => {
    try {
      return run(args)
    } catch (error) {
      if (!SmartshareError.is(error) || error instanceof LvmFault || FATAL.has(error.code)) throw error
      throw new LuaError(error.code === 'CONTRACT_FAILED' ? error.message : `${error.code}: ${error.message}`)
    }
  }
}

function factOf({ host: { block } }: Frame, name: string): LuaValue {
  switch (name) {
    case 'height':
      return BigInt(block.height)
    case 'time':
      return BigInt(block.timeMs)
    case 'seed':
      return block.accumulator
    case 'chain':
      return block.chainId
    default:
      throw new LuaError(`there is no fact ${name}`)
  }
}

/** Where a part of the contract's state lies; its number was given when it was declared. */
function prefixAt(frame: Frame, part: LuaValue | undefined): Uint8Array {
  const number = Number(part)
  let prefix = frame.prefixes[number]
  if (prefix === undefined) {
    prefix = prefixOf(frame.contract, nameAt(frame, number))
    frame.prefixes[number] = prefix
  }
  return prefix
}

function nameAt({ program, lateNames }: Frame, number: number): Uint8Array {
  const name = program.names[number] ?? lateNames[number - program.names.length]
  if (name === undefined) throw new LuaError('this is no part of the state')
  return name
}

function callOptions(target: LuaValue | undefined): {
  to: Uint8Array
  funds: Funds[]
  isView: boolean
  gas: number | undefined
} {
  if (!(target instanceof Map)) return { to: addressOf(target), funds: [], isView: false, gas: undefined }
  const options = target as LuaRecord
  const value = options.get('value')
  const gas = options.get('gas')
  const token = tokenOf(options.get('token'))
  return {
    to: addressOf(options.get('to')),
    funds: value === undefined ? [] : [{ token, amount: amountOf(value) }],
    isView: options.get('view') === true,
    gas: typeof gas === 'bigint' && gas >= 0n ? Number(gas) : undefined,
  }
}

function tokenOf(value: LuaValue | undefined): Token {
  return value === undefined || value === null || value === 0n ? SSP : addressOf(value)
}

/** Whoever issued a token may freeze it meanwhile, and a payment of a job must not fail when its result is packed. */
function checkJobToken(token: Token): void {
  if (token !== SSP) throw new LuaError('a heavy call knows and pays no token but SSP')
}
